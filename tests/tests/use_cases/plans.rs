//! The plans, put again and again as their file changes.

use bellwether_domain::billing::{NewPlan, Plan, SubscriptionTier};
use bellwether_seeds::catalog::Catalog;
use bellwether_tests::{TestDomain, both_databases};
use chrono::TimeDelta;

/// The codes, in order.
fn codes(plans: &[Plan]) -> Vec<&'static str> {
    plans.iter().map(|plan| plan.code.as_str()).collect()
}

both_databases! {
    async fn seeding_twice_changes_nothing(app: TestDomain) {
        let before = app.domain.plans().await.unwrap();
        assert_eq!(codes(&before), ["FREE", "BASIC", "PRO", "ENTERPRISE"]);
        app.clock.advance(TimeDelta::days(1));
        bellwether_seeds::reference(&app.domain).await.unwrap();
        assert_eq!(bellwether_seeds::offers(&app.domain).await.unwrap(), 0);
        assert_eq!(app.domain.plans().await.unwrap(), before);
    }

    /// What the file says otherwise is otherwise, and says since when; the rest is as it was.
    async fn a_changed_file_changes_what_it_says(app: TestDomain) {
        let file = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../site/data/plans.toml")).unwrap();
        let changed = file
            .replace("monthly_cents = 9900", "monthly_cents = 10901")
            .replace("yearly_cents = 95040", "yearly_cents = 104649")
            .replace("pipelines = 20\n", "")
            .replace("external_signals_per_day = 100", "external_signals_per_day = 50");
        // 12 * 10901 less 20 % is no whole number of cents.
        assert!(Catalog::parse(&changed).is_err());
        let changed = changed.replace("10901", "10900").replace("104649", "104640");
        let before = app.domain.plans().await.unwrap();
        app.clock.advance(TimeDelta::days(1));
        let now = app.clock_now();
        assert_eq!(app.domain.put_plans(&Catalog::parse(&changed).unwrap().plans).await.unwrap(), 2);
        let after = app.domain.plans().await.unwrap();
        let [free, basic, pro, enterprise] = &before[..] else { panic!("{before:?}") };
        let free = Plan { external_signals_per_day: Some(50), updated_at: now, ..free.clone() };
        let pro = Plan {
            monthly_price: "109".parse().unwrap(),
            yearly_price: "1046.4".parse().unwrap(),
            max_pipelines: None,
            updated_at: now,
            ..pro.clone()
        };
        assert_eq!(after, [free, basic.clone(), pro, enterprise.clone()]);
    }

    async fn a_plan_that_the_file_has_no_more_is_gone_and_comes_again(app: TestDomain) {
        let all = Catalog::built_in().unwrap().plans;
        let basic = |plan: &NewPlan| plan.code == SubscriptionTier::Basic;
        let fewer: Vec<NewPlan> = all.iter().filter(|plan| !basic(plan)).cloned().collect();
        // One is gone, and two stand a place higher.
        assert_eq!(app.domain.put_plans(&fewer).await.unwrap(), 3);
        assert_eq!(codes(&app.domain.plans().await.unwrap()), ["FREE", "PRO", "ENTERPRISE"]);
        let backwards: Vec<NewPlan> = all.iter().rev().cloned().collect();
        // PRO is second as it was.
        assert_eq!(app.domain.put_plans(&backwards).await.unwrap(), 3);
        assert_eq!(codes(&app.domain.plans().await.unwrap()), ["ENTERPRISE", "PRO", "BASIC", "FREE"]);
        assert_eq!(app.domain.put_plans(&[]).await.unwrap(), 4);
        assert_eq!(app.domain.plans().await.unwrap(), []);
    }
}
