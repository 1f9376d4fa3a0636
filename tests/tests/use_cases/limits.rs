//! Limits on credentials, counted in the database by all who share it, or in memory by each.

use bellwether_domain::analysis::Analysis;
use bellwether_domain::error::LimitScope;
use bellwether_domain::limits::LimitStoreKind;
use bellwether_domain::permission::Role;
use bellwether_domain::signals::{Mode, Timeframe};
use bellwether_domain::viewer::ClientInfo;
use bellwether_domain::{Domain, DomainConfig, Error, Fault, Viewer};
use bellwether_tests::app::test_config;
use bellwether_tests::{TestDomain, both_databases};
use chrono::TimeDelta;
use sea_orm::{ConnectionTrait, Statement};

fn five_logins(store: LimitStoreKind) -> DomainConfig {
    let mut config = test_config();
    config.limits.logins_per_minute = 5;
    config.limits.resets_per_minute = 3;
    config.limits.store = store;
    config
}

/// Counts one login; the seconds to wait where it is refused.
async fn count(domain: &Domain, key: &str) -> Option<u32> {
    match domain.limits().logins.check(key).await {
        Ok(()) => None,
        Err(Fault::RateLimited { retry_after_seconds, .. }) => Some(retry_after_seconds),
        Err(fault) => panic!("{fault}"),
    }
}

async fn keys(domain: &Domain) -> i64 {
    let query = Statement::from_string(domain.db().backend(), "SELECT COUNT(*) AS n FROM rate_limits");
    domain.db().reader().query_one_raw(query).await.unwrap().unwrap().try_get("", "n").unwrap()
}

both_databases! {
    async fn two_processes_on_one_database_share_the_count(app: TestDomain) {
        let first = app.another_with(five_logins(LimitStoreKind::Database)).await;
        let second = app.another_with(five_logins(LimitStoreKind::Database)).await;
        for number in 0..5 {
            let domain = if number % 2 == 0 { &first } else { &second };
            assert_eq!(count(domain, "email:a").await, None, "number {number}");
        }
        assert_eq!((count(&first, "email:a").await, count(&second, "email:a").await), (Some(12), Some(12)));
        assert_eq!(count(&second, "email:b").await, None, "others are not held up");
        assert!(first.limits().resets.check("email:a").await.is_ok(), "another limit counts for itself");
        // One share of the minute later there is one more, for both together.
        app.clock.advance(TimeDelta::seconds(12));
        assert_eq!((count(&second, "email:a").await, count(&first, "email:a").await), (None, Some(12)));
        app.clock.advance(TimeDelta::seconds(60));
        for _ in 0..5 {
            assert_eq!(count(&first, "email:a").await, None, "all of them, after a minute");
        }
        assert_eq!(count(&second, "email:a").await, Some(12));
    }

    async fn in_memory_each_process_counts_for_itself(app: TestDomain) {
        let first = app.another_with(five_logins(LimitStoreKind::Memory)).await;
        let second = app.another_with(five_logins(LimitStoreKind::Memory)).await;
        for domain in [&first, &second] {
            for _ in 0..5 {
                assert_eq!(count(domain, "email:a").await, None);
            }
            assert!(count(domain, "email:a").await.is_some());
        }
        assert_eq!(keys(&first).await, 0);
    }

    /// Forty at once in two processes: five are counted.
    async fn however_many_come_at_once_no_more_are_let_through(app: TestDomain) {
        let first = app.another_with(five_logins(LimitStoreKind::Database)).await;
        let second = app.another_with(five_logins(LimitStoreKind::Database)).await;
        let tasks: Vec<_> = (0..40).map(|number| {
            let domain = if number % 2 == 0 { first.clone() } else { second.clone() };
            tokio::spawn(async move { count(&domain, "email:a").await.is_none() })
        }).collect();
        let mut through = 0;
        for task in tasks {
            through += usize::from(task.await.unwrap());
        }
        assert_eq!(through, 5);
    }

    /// Thirty a minute by user, whatever comes of them; another user is not held up.
    async fn analyses_are_limited_by_user(app: TestDomain) {
        let mut config = test_config();
        config.limits.analyses_per_minute = bellwether_domain::limits::LimitSettings::default().analyses_per_minute;
        let domain = app.another_with(config).await;
        let ask = async |viewer: &Viewer| {
            let analysis = Analysis {
                symbol: "NOWHERE".to_owned(), timeframe: Timeframe::H1, mode: Mode::Swing, strategy: None,
            };
            match domain.analyze(viewer, analysis).await {
                Err(Error::Fault(Fault::RateLimited { scope, retry_after_seconds })) => Some((scope, retry_after_seconds)),
                Err(Error::Problems(_)) => None,
                other => panic!("{other:?}"),
            }
        };
        let (trader, admin) = (app.viewer("a", Role::Trader).await, app.viewer("a", Role::Admin).await);
        for number in 0..30 {
            assert_eq!(ask(&trader).await, None, "number {number}");
        }
        let (scope, seconds) = ask(&trader).await.unwrap();
        assert_eq!(scope, LimitScope::Analyses);
        assert!((1..=60).contains(&seconds), "{seconds}");
        assert_eq!(ask(&admin).await, None);
    }

    async fn what_is_counted_is_forgotten_in_a_minute_and_says_no_name(app: TestDomain) {
        let domain = app.another_with(five_logins(LimitStoreKind::Database)).await;
        let client = ClientInfo { address: "192.0.2.7".parse().ok(), user_agent: None };
        domain.limits().logins.check_person(&client, Some("ana@example.com")).await.unwrap();
        assert_eq!(keys(&domain).await, 2, "the address and the email");
        let sizes = "SELECT COUNT(*) AS n FROM rate_limits WHERE length(key) = 32";
        let sizes = Statement::from_string(domain.db().backend(), sizes);
        let sizes = domain.db().reader().query_one_raw(sizes).await.unwrap().unwrap();
        assert_eq!(sizes.try_get::<i64>("", "n").unwrap(), 2);
        domain.limits().forget_idle().await.unwrap();
        assert_eq!(keys(&domain).await, 2, "they still count");
        app.clock.advance(TimeDelta::seconds(13));
        domain.limits().forget_idle().await.unwrap();
        assert_eq!(keys(&domain).await, 0);
    }
}
