//! What a trader is told by letter: each step once, in its own figures, and with what it tells of or not at all.

use bellwether_domain::challenges::{
    ChallengeStatus as Status, Change, News, OnDailyBreach, PastAct, PastEvent, PhaseKind, RuleKind, Rules, Steer,
    Verdict, Which,
};
use bellwether_domain::db::{Db, DbConfig};
use bellwether_domain::identity::ProfileChange;
use bellwether_domain::locale::Locale;
use bellwether_domain::mail::{MailError, Notice};
use bellwether_domain::outbox::{Delivered, Topic};
use bellwether_domain::paging::PageArgs;
use bellwether_domain::permission::Role;
use bellwether_domain::trading::{PastPrice, Side};
use bellwether_domain::viewer::ClientInfo;
use bellwether_tests::app::{PASSWORD, email};
use bellwether_tests::{TestDomain, both_databases};
use chrono::TimeDelta;
use sea_orm::ConnectionTrait;
use tokio::task::JoinSet;

use super::steering::steer;
use super::support::*;
use crate::trading::support::*;

/// What the trader was told of their challenges, in the order in which it happened.
async fn told(app: &TestDomain) -> Vec<News> {
    app.deliver().await;
    let letters = app.mail.to(&email("a", Role::Trader)).into_iter();
    let mut news: Vec<News> = letters
        .filter_map(|letter| match letter.notice {
            Notice::Challenge(news) => Some(*news),
            _ => None,
        })
        .collect();
    news.sort_by_key(|news| news.at);
    news
}

/// What happened, by name.
fn changes(news: &[News]) -> Vec<&'static str> {
    news.iter().map(|news| news.change.as_str()).collect()
}

/// Calls a table something else, so that nothing can be written to it, or so again.
async fn rename(app: &TestDomain, from: &str, to: &str) {
    let db = Db::connect(&DbConfig { row_level_security: false, ..app.database.config() }).await.unwrap();
    db.writer().execute_unprepared(&format!("ALTER TABLE {from} RENAME TO {to}")).await.unwrap();
}

both_databases! {
    async fn a_grant_is_told_with_where_to_begin_and_a_pass_once_with_the_next_phase(app: TestDomain) {
        open_market(&app);
        quote(&app.domain, "AAPL", "199.98", "200").await;
        let funded = Rules { phase: PhaseKind::Funded, profit_target: None, ..usual() };
        let (viewer, started) = begun(&app, vec![usual(), funded]).await;
        let news = told(&app).await;
        assert_eq!(changes(&news), ["challenge_granted"], "beginning is no news");
        let [granted] = news.as_slice() else { panic!("{news:?}") };
        assert_eq!((granted.challenge, granted.tier.as_str(), granted.phase, granted.phases), (started.id, "Test", 1, 2));
        assert_eq!((&granted.rules, granted.profit), (&usual(), None));
        assert_eq!(granted.reason.as_deref(), Some("Invoice 7"));
        assert_eq!(granted.link.as_deref(), Some("http://127.0.0.1:8080"));

        let account = account_of(&app, &viewer, &started).await;
        let trade = open(&app, &viewer, market(&account, Side::Buy, "100", "AAPL")).await;
        requote(&app, "AAPL", "215.1", "215.12").await;
        judge_quotes(&app, &["AAPL"]).await;
        assert_eq!(told(&app).await.len(), 1, "a peak is no news");
        close(&app, &viewer, &trade, None).await;
        let passed = now(&app, &viewer, &started).await;
        let news = told(&app).await;
        assert_eq!(changes(&news), ["challenge_granted", "challenge_passed"]);
        let certificate = passed.certificate.clone().unwrap();
        assert_eq!(news[1].change, Change::Passed { certificate, next: Some(PhaseKind::Funded) });
        assert_eq!(news[1].profit, Some(passed.state.as_ref().unwrap().profit(&usual())));
        assert!(news[1].profit.unwrap() >= money("1000") && news[1].reason.is_none() && news[1].link == granted.link);
        let next = app.domain.next_phase(&passed).await.unwrap().unwrap();
        app.domain.start_challenge(&viewer, next.id, &ClientInfo::default()).await.unwrap();
        app.domain.judge_challenges(Which::All).await;
        assert_eq!(told(&app).await.len(), 2);
    }

    async fn a_limit_that_was_broken_is_told_as_its_evidence_says_it(app: TestDomain) {
        open_market(&app);
        quote(&app.domain, "BTC-USD", "19999", "20000").await;
        let rules = Rules { on_daily_breach: OnDailyBreach::LockUntilReset, ..usual() };
        let (viewer, started) = begun(&app, vec![rules]).await;
        let account = account_of(&app, &viewer, &started).await;
        open(&app, &viewer, market(&account, Side::Buy, "1", "BTC-USD")).await;
        requote(&app, "BTC-USD", "19400", "19401").await;
        judge_quotes(&app, &["BTC-USD"]).await;
        app.domain.judge_challenges(Which::All).await;
        // Nothing of it is sent before the challenge is lost, two days later.
        wait_until(&app, "2026-03-04T00:00:10Z");
        quote(&app.domain, "BTC-USD", "19400", "19401").await;
        open(&app, &viewer, market(&account, Side::Buy, "1", "BTC-USD")).await;
        requote(&app, "BTC-USD", "17900", "17901").await;
        judge_quotes(&app, &["BTC-USD"]).await;
        let failed = now(&app, &viewer, &started).await;
        assert_eq!(failed.status, Status::Failed);
        let news = told(&app).await;
        assert_eq!(changes(&news), ["challenge_granted", "challenge_locked", "challenge_failed"]);
        let verdicts: Vec<_> = evidence(&app, &failed).await.iter().map(|row| row.read().unwrap().verdict).collect();
        let broken: Vec<_> = verdicts.iter().flatten().filter_map(|verdict| match verdict {
            Verdict::Lock(breach) | Verdict::Fail(breach) => Some(*breach),
            _ => None,
        }).collect();
        let [day, whole] = broken[..] else { panic!("{broken:?}") };
        assert_eq!((day.rule, day.limit.to_string()), (RuleKind::DailyLoss, "5".to_owned()));
        assert_eq!((whole.rule, whole.limit.to_string()), (RuleKind::MaxDrawdown, "10".to_owned()));
        // As of its own day, however late it is sent.
        let until = "2026-03-03T00:00:00Z".parse().unwrap();
        assert_eq!(news[1].change, Change::Locked { breach: day, until });
        assert_eq!(news[2].change, Change::Failed(Some(whole)));
        assert!(news.iter().skip(1).all(|news| news.link.is_none() && news.reason.is_none()));
    }

    async fn a_day_that_is_locked_and_lost_at_once_is_told_as_lost(app: TestDomain) {
        open_market(&app);
        quote(&app.domain, "BTC-USD", "19999", "20000").await;
        let drawdown = Some("5.15".parse().unwrap());
        let rules = Rules { on_daily_breach: OnDailyBreach::LockUntilReset, drawdown, ..usual() };
        let (viewer, started) = begun(&app, vec![rules]).await;
        let account = account_of(&app, &viewer, &started).await;
        open(&app, &viewer, market(&account, Side::Buy, "1", "BTC-USD")).await;
        // Below 9,500 before it is closed, and by what closing costs below 9,485.
        requote(&app, "BTC-USD", "19513", "19514").await;
        judge_quotes(&app, &["BTC-USD"]).await;
        let rules: Vec<_> = history(&app, &started).await.iter().filter_map(|row| row.rule).collect();
        assert_eq!(rules, [RuleKind::DailyLoss, RuleKind::MaxDrawdown]);
        assert_eq!(changes(&told(&app).await), ["challenge_granted", "challenge_failed"]);
    }

    async fn days_that_are_over_are_told(app: TestDomain) {
        open_market(&app);
        let (viewer, started) = begun(&app, vec![Rules { duration_days: Some(7), ..usual() }]).await;
        app.clock.advance(TimeDelta::days(7));
        for _ in 0..2 {
            app.domain.judge_challenges(Which::Due).await;
        }
        assert_eq!(now(&app, &viewer, &started).await.status, Status::Expired);
        let news = told(&app).await;
        assert_eq!(changes(&news), ["challenge_granted", "challenge_expired"]);
        assert_eq!((news[1].profit, news[1].at), (Some(money("0")), started.expires_at.unwrap()));
    }

    async fn what_somebody_decided_is_told_with_their_reason(app: TestDomain) {
        for (decision, change) in [(Steer::Cancel, "challenge_cancelled"), (Steer::Fail, "challenge_failed"), (Steer::Pass, "challenge_passed")] {
            let (_, started) = begun(&app, vec![usual()]).await;
            for quiet in [Steer::Evaluate, Steer::Adjust(money("12.5"))] {
                steer(&app, &started, quiet).await.unwrap();
            }
            steer(&app, &started, decision).await.unwrap();
            let mut news = told(&app).await;
            news.retain(|news| news.challenge == started.id && news.change != Change::Granted);
            let [decided] = news.as_slice() else { panic!("{news:?}") };
            assert_eq!((decided.change.as_str(), decided.reason.as_deref()), (change, Some("Ticket 12")));
            assert_eq!((decided.profit, &decided.link), (Some(money("12.5")), &None));
        }
        let (_, waiting) = granted(&app, vec![usual()]).await;
        steer(&app, &waiting, Steer::Cancel).await.unwrap();
        let news = told(&app).await;
        let cancelled = news.iter().find(|news| news.challenge == waiting.id && news.change == Change::Cancelled).unwrap();
        assert_eq!((cancelled.profit, cancelled.reason.as_deref()), (None, Some("Ticket 12")));
        assert_eq!(news.len(), 8);
        // A limit that a correction broke is a limit, and no decision.
        let (_, corrected) = begun(&app, vec![usual()]).await;
        steer(&app, &corrected, Steer::Adjust(money("-500.01"))).await.unwrap();
        let news = told(&app).await;
        let failed = news.iter().find(|news| news.challenge == corrected.id && news.change != Change::Granted).unwrap();
        assert!(matches!(failed.change, Change::Failed(Some(_))) && failed.reason.is_none(), "{failed:?}");
    }

    async fn of_many_who_look_at_once_one_writes_the_letter(app: TestDomain) {
        open_market(&app);
        quote(&app.domain, "AAPL", "199.98", "200").await;
        for _ in 0..4 {
            let (viewer, challenge) = begun(&app, vec![usual()]).await;
            let account = account_of(&app, &viewer, &challenge).await;
            open(&app, &viewer, market(&account, Side::Buy, "100", "AAPL")).await;
        }
        requote(&app, "AAPL", "193.9", "193.92").await;
        let (domains, mut tasks) = ([app.domain.clone(), app.another().await], JoinSet::new());
        for domain in domains.iter().cycle().take(6) {
            let domain = domain.clone();
            tasks.spawn(async move { assert_eq!(domain.judge_challenges(Which::All).await.failed, 0) });
        }
        while let Some(done) = tasks.join_next().await {
            done.unwrap();
        }
        let news = told(&app).await;
        let mut failed: Vec<_> = news.iter().filter(|news| news.change != Change::Granted).map(|news| news.challenge).collect();
        assert_eq!(failed.len(), 4, "{news:?}");
        failed.sort_unstable();
        failed.dedup();
        assert_eq!(failed.len(), 4, "each its own");
    }

    async fn a_step_and_its_letter_are_written_together_or_not_at_all(app: TestDomain) {
        open_market(&app);
        quote(&app.domain, "AAPL", "199.98", "200").await;
        let (viewer, started) = begun(&app, vec![usual()]).await;
        assert_eq!(told(&app).await.len(), 1);
        // A decision that can't be audited is none, and nobody is written to.
        let (admin, nobody) = (app.viewer("a", Role::Admin).await, ClientInfo::default());
        rename(&app, "audit_log", "audit_gone").await;
        assert!(app.domain.steer_challenge(&admin, started.id, Steer::Fail, "Ticket 12", &nobody).await.is_err());
        rename(&app, "audit_gone", "audit_log").await;
        assert_eq!(now(&app, &viewer, &started).await, started);
        assert_eq!(told(&app).await.len(), 1);
        // And a verdict that nobody could be told of is left to the next look.
        let account = account_of(&app, &viewer, &started).await;
        open(&app, &viewer, market(&account, Side::Buy, "100", "AAPL")).await;
        requote(&app, "AAPL", "193.9", "193.92").await;
        rename(&app, "outbox", "outbox_gone").await;
        assert_eq!(app.domain.judge_challenges(Which::All).await.failed, 1);
        rename(&app, "outbox_gone", "outbox").await;
        assert_eq!(now(&app, &viewer, &started).await.status, Status::Active);
        assert_eq!(app.domain.judge_challenges(Which::All).await.failed, 0);
        assert_eq!(changes(&told(&app).await), ["challenge_granted", "challenge_failed"]);
    }

    async fn it_is_in_the_language_of_its_reader_and_nobody_reads_who_left(app: TestDomain) {
        let nobody = ClientInfo::default();
        let (trader, first) = granted(&app, vec![usual()]).await;
        let spanish = ProfileChange { locale: Some(Locale::Es), ..ProfileChange::default() };
        app.domain.update_profile(&trader, spanish, &nobody).await.unwrap();
        app.deliver().await;
        let letters = app.mail.to(&email("a", Role::Trader));
        let [letter] = letters.as_slice() else { panic!("{letters:?}") };
        assert_eq!((letter.locale, letter.tenant.as_str()), (Locale::Es, "Tenant a"));

        let admin = app.viewer("a", Role::Admin).await;
        let id = app.user("a", Role::Trader);
        app.domain.suspend_user(&admin, id, "Ticket 3", &nobody).await.unwrap();
        steer(&app, &first, Steer::Cancel).await.unwrap();
        assert_eq!(told(&app).await.len(), 1);
        app.domain.activate_user(&admin, id, &nobody).await.unwrap();
        assert_eq!(told(&app).await.len(), 1, "not later either");
        let (trader, _) = granted(&app, vec![usual()]).await;
        app.domain.close_account(&trader, &PASSWORD.into(), &nobody).await.unwrap();
        assert_eq!(told(&app).await.len(), 1);
    }

    async fn one_that_was_given_up_is_listed_with_what_it_is_about(app: TestDomain) {
        let (_, challenge) = granted(&app, vec![usual()]).await;
        app.mail.fail([MailError::Refused("550 no such user".to_owned())]);
        assert_eq!(app.domain.deliver_outbox(10).await.unwrap(), Delivered { done: 0, failed: 0, dead: 1 });
        let owner = app.viewer("a", Role::Owner).await;
        let page = app.domain.dead_letters(&owner, &PageArgs::default()).await.unwrap();
        let [dead] = page.items.as_slice() else { panic!("{page:?}") };
        assert_eq!((dead.topic, dead.tenant_id), (Some(Topic::ChallengeGranted), Some(app.tenant("a"))));
        assert_eq!(dead.to, Some(email("a", Role::Trader)));
        // Sent again, it is the same letter.
        app.domain.redrive_letter(&owner, dead.id, &ClientInfo::default()).await.unwrap();
        let news = told(&app).await;
        assert_eq!((changes(&news), news[0].challenge), (vec!["challenge_granted"], challenge.id));
    }

    async fn nobody_is_written_to_about_what_is_taken_to_have_been(app: TestDomain) {
        open_market(&app);
        app.domain.put_challenge_tiers(&[tier("PAST", vec![usual()])]).await.unwrap();
        let begun_at = app.clock_now() - TimeDelta::days(3);
        let at = |hours, bid: &str, act| {
            let (at, bid) = (begun_at + TimeDelta::hours(hours), bid.parse().unwrap());
            PastEvent { at, prices: vec![("BTC-USD", PastPrice { at, bid, ask: bid })], act }
        };
        let buy = PastAct::Open { symbol: "BTC-USD", side: Side::Buy, quantity: "1".to_owned() };
        let events = [at(1, "20000", buy), at(2, "19400", PastAct::Look)];
        let owner = (app.tenant("a"), app.user("a", Role::Trader));
        let past = app.domain.put_past_challenge(owner, ("PAST", "Demo"), begun_at, &events).await.unwrap().unwrap();
        assert_eq!(past.status, Status::Failed);
        assert_eq!(app.domain.deliver_outbox(10).await.unwrap(), Delivered::default());
    }
}
