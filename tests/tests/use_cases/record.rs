//! Recording signals: each exists once.

use bellwether_domain::permission::Role;
use bellwether_domain::signals::{
    Audience, Direction, Mode, NewSignal, OnDuplicate, Reason, RecordOutcome, SignalFilter, Timeframe,
};
use bellwether_domain::{Domain, Error, Fault, ProblemCode, Viewer};
use bellwether_tests::{TestApp, TestDomain, both_databases};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

/// A signal that nothing is wrong with, of the `index`-th hour before the tests' present.
pub fn signal(index: i64) -> NewSignal {
    let now: DateTime<Utc> = "2026-03-02T12:00:00Z".parse().unwrap();
    NewSignal {
        symbol: "AAPL".to_owned(),
        mode: Some(Mode::Intraday),
        timeframe: Some(Timeframe::H1),
        signal_time: Some(now - TimeDelta::hours(index + 1)),
        direction: Some(Direction::Buy),
        confidence: 70,
        strategy: Some("breakout".to_owned()),
        entry: Some("189.5".to_owned()),
        target: Some("195".to_owned()),
        stop: Some("185.25".to_owned()),
        summary: Some("above its range".to_owned()),
        reasons: vec![Reason { indicator: "RSI".to_owned(), value: Some("61".to_owned()), says: "rising".to_owned() }],
        payload: Some(json!({"a": [1, "b"]})),
        ..NewSignal::default()
    }
}

async fn record_one(domain: &Domain, viewer: &Viewer, new: NewSignal) -> Result<RecordOutcome, Error> {
    let mut answers = domain.record_signals(viewer, vec![new]).await?;
    answers.pop().unwrap().map(|recorded| recorded.outcome)
}

async fn count(domain: &Domain, viewer: &Viewer) -> u64 {
    domain.count_signals(viewer, &SignalFilter::default()).await.unwrap()
}

both_databases! {
    async fn a_signal_is_inserted_then_ignored_then_updated(app: TestDomain) {
        let (domain, viewer) = (&app.domain, app.viewer("a", Role::Trader).await);
        assert_eq!(record_one(domain, &viewer, signal(0)).await.unwrap(), RecordOutcome::Inserted);
        assert_eq!(record_one(domain, &viewer, signal(0)).await.unwrap(), RecordOutcome::Ignored);
        let other = NewSignal { confidence: 80, ..signal(0) };
        assert_eq!(record_one(domain, &viewer, other.clone()).await.unwrap(), RecordOutcome::Ignored, "unless asked");
        let update = NewSignal { on_duplicate: OnDuplicate::Update, ..other };
        assert_eq!(record_one(domain, &viewer, update.clone()).await.unwrap(), RecordOutcome::Updated);
        assert_eq!(record_one(domain, &viewer, update).await.unwrap(), RecordOutcome::Ignored, "equal by now");
        assert_eq!(count(domain, &viewer).await, 1);
        let all = domain.signals_after(&viewer, 0, 10).await.unwrap();
        assert_eq!((all[0].signal.confidence, all[0].strategy.as_deref()), (80, Some("breakout")));
        assert_eq!(all[0].signal.payload, Some(json!({"a": [1, "b"]})));
        assert_eq!(all[0].signal.entry.unwrap().to_string(), "189.5");
    }

    /// Every part of the key makes another signal; nothing else does.
    async fn the_key_is_who_what_when_and_by_which_strategy(app: TestDomain) {
        let (domain, viewer) = (&app.domain, app.viewer("a", Role::Trader).await);
        let variants = [
            signal(0),
            signal(1),
            NewSignal { symbol: "msft".to_owned(), ..signal(0) },
            NewSignal { mode: Some(Mode::Swing), ..signal(0) },
            NewSignal { timeframe: Some(Timeframe::H4), ..signal(0) },
            NewSignal { strategy: None, ..signal(0) },
        ];
        for variant in &variants {
            assert_eq!(record_one(domain, &viewer, variant.clone()).await.unwrap(), RecordOutcome::Inserted);
        }
        let same = NewSignal { symbol: " aapl ".to_owned(), direction: Some(Direction::Sell), ..signal(0) };
        assert_eq!(record_one(domain, &viewer, same).await.unwrap(), RecordOutcome::Ignored);
        for (tenant, role) in [("a", Role::Seller), ("b", Role::Trader)] {
            let other = app.viewer(tenant, role).await;
            assert_eq!(record_one(domain, &other, signal(0)).await.unwrap(), RecordOutcome::Inserted);
        }
    }

    /// An answer for each, in order; a bad one holds up no other.
    async fn a_batch_answers_each_signal(app: TestDomain) {
        let (domain, viewer) = (&app.domain, app.viewer("a", Role::Trader).await);
        let batch = vec![
            signal(0),
            NewSignal { confidence: 101, entry: Some("NaN".to_owned()), ..signal(1) },
            signal(0),
            NewSignal { confidence: 90, on_duplicate: OnDuplicate::Update, ..signal(0) },
            NewSignal { symbol: "APPL".to_owned(), ..signal(2) },
            signal(3),
        ];
        let answers = domain.record_signals(&viewer, batch).await.unwrap();
        let outcomes: Vec<_> = answers.iter().map(|answer| answer.as_ref().ok().map(|r| r.outcome)).collect();
        use RecordOutcome::{Ignored, Inserted, Updated};
        assert_eq!(outcomes, [Some(Inserted), None, Some(Ignored), Some(Updated), None, Some(Inserted)]);
        let Err(Error::Problems(problems)) = &answers[1] else { panic!() };
        assert_eq!(problems.iter().map(|p| p.path.join(".")).collect::<Vec<_>>(), ["confidence", "entry"]);
        let Err(Error::Problems(problems)) = &answers[4] else { panic!() };
        assert_eq!(problems[0].code, ProblemCode::NotFound);
        assert!(problems[0].message.contains("AAPL"), "the nearest known: {}", problems[0].message);
        assert_eq!(count(domain, &viewer).await, 2);
    }

    async fn what_is_wrong_is_told_and_not_kept(app: TestDomain) {
        let (domain, viewer) = (&app.domain, app.viewer("a", Role::Trader).await);
        let long = "x".repeat(2_001);
        let cases: Vec<(NewSignal, &str)> = vec![
            (NewSignal { signal_time: Some("2026-03-02T12:01:01Z".parse().unwrap()), ..signal(0) }, "signalTime"),
            (NewSignal { signal_time: Some("1969-12-31T23:59:59Z".parse().unwrap()), ..signal(0) }, "signalTime"),
            (NewSignal { confidence: -1, ..signal(0) }, "confidence"),
            (NewSignal { entry: Some("0".to_owned()), ..signal(0) }, "entry"),
            (NewSignal { stop: Some("-5".to_owned()), ..signal(0) }, "stop"),
            (NewSignal { target: Some("1e999".to_owned()), ..signal(0) }, "target"),
            (NewSignal { entry: Some("0.123456789".to_owned()), ..signal(0) }, "entry"),
            (NewSignal { entry: Some("99999999999999".to_owned()), ..signal(0) }, "entry"),
            (NewSignal { strategy: Some("a\0b".to_owned()), ..signal(0) }, "strategy"),
            (NewSignal { summary: Some(long), ..signal(0) }, "summary"),
            (NewSignal { summary: Some("a\0b".to_owned()), ..signal(0) }, "summary"),
            (NewSignal { payload: Some(json!({"a\u{0}": 1})), ..signal(0) }, "payload"),
            (NewSignal { payload: Some(json!("x".repeat(17_000))), ..signal(0) }, "payload"),
            (NewSignal { symbol: "'; DROP TABLE signals; --".to_owned(), ..signal(0) }, "symbol"),
            (NewSignal { audience: Some(Audience::Tenant), ..signal(0) }, "audience"),
            (NewSignal { mode: None, ..signal(0) }, "mode"),
        ];
        for (case, path) in cases {
            match record_one(domain, &viewer, case.clone()).await {
                Err(Error::Problems(problems)) => assert_eq!(problems[0].path[0], path, "{problems:?}"),
                other => panic!("{case:?}: {other:?}"),
            }
        }
        assert_eq!(count(domain, &viewer).await, 0);
    }

    /// Names are kept for ever, so there is an end to new ones; the old ones go on, as does another tenant.
    async fn a_tenant_names_so_many_strategies(app: TestDomain) {
        let (domain, viewer) = (&app.domain, app.viewer("a", Role::Trader).await);
        let named = |number: i64| NewSignal { strategy: Some(format!("strategy {number}")), ..signal(number % 500) };
        let first = domain.record_signals(&viewer, (0..999).map(named).collect()).await.unwrap();
        assert!(first.iter().all(|answer| answer.as_ref().is_ok_and(|r| r.outcome == RecordOutcome::Inserted)));
        let admin = app.viewer("a", Role::Admin).await;
        let batch = vec![named(998), named(999), named(1_000), NewSignal { strategy: None, ..signal(0) }, named(0)];
        let mut answers = domain.record_signals(&admin, batch).await.unwrap();
        let Err(Error::Problems(problems)) = answers.remove(2) else { panic!("{answers:?}") };
        assert_eq!((problems[0].code, problems[0].path.join(".")), (ProblemCode::LimitExceeded, "strategy".to_owned()));
        let limit = problems[0].limit.as_ref().unwrap();
        assert_eq!((limit.key.as_str(), limit.used, limit.allowed), ("strategies", 1_000, 1_000));
        assert!(answers.iter().all(|answer| answer.as_ref().is_ok_and(|r| r.outcome == RecordOutcome::Inserted)), "{answers:?}");
        assert!(matches!(record_one(domain, &viewer, named(1_001)).await, Err(Error::Problems(_))));
        assert_eq!(record_one(domain, &viewer, named(999)).await.unwrap(), RecordOutcome::Inserted);
        let other = app.viewer("b", Role::Trader).await;
        assert_eq!(record_one(domain, &other, named(1_001)).await.unwrap(), RecordOutcome::Inserted);
    }

    async fn who_may_not_record_is_refused(app: TestDomain) {
        let support = app.viewer("a", Role::Support).await;
        let refused = app.domain.record_signals(&support, vec![signal(0)]).await;
        assert!(matches!(refused, Err(Error::Fault(Fault::Forbidden(_)))));
        let refused = app.domain.record_signals(&Viewer::Anonymous, vec![signal(0)]).await;
        assert!(matches!(refused, Err(Error::Fault(Fault::Unauthenticated(_)))));
        let trader = app.viewer("a", Role::Trader).await;
        let too_many = app.domain.record_signals(&trader, vec![signal(0); 1_001]).await;
        assert!(matches!(too_many, Err(Error::Problems(_))));
    }

    /// The same 1,000 signals from 8 clients at once, twice, to two servers on one database.
    async fn eight_clients_and_two_servers_make_each_signal_once(app: TestApp) {
        let (_second, address) = app.another().await;
        let client = app.sign_in("a", Role::Trader).await;
        let now = app.domain.now() - TimeDelta::hours(1);
        let input: Vec<_> = (0..1_000).map(|index| json!({
            "symbol": "AAPL", "mode": "INTRADAY", "timeframe": "M1", "direction": "BUY", "confidence": 50,
            "signalTime": (now - TimeDelta::minutes(index)).to_rfc3339(),
        })).collect();
        let query = "mutation ($signals: [RecordSignalInput!]!) { recordSignals(input: {signals: $signals}) {
            inserted ignored updated refused results { index outcome } userErrors { message } } }";
        let mut totals = [0; 4];
        for _round in 0..2 {
            let tasks: Vec<_> = (0..8).map(|number| {
                let client = if number % 2 == 0 { client.clone() } else { client.at(address) };
                let input = input.clone();
                tokio::spawn(async move { client.data(query, json!({"signals": input})).await })
            }).collect();
            for task in tasks {
                let payload = task.await.unwrap()["recordSignals"].clone();
                let results = payload["results"].as_array().unwrap();
                assert_eq!(results.len(), 1_000);
                assert!(results.iter().enumerate().all(|(index, result)| result["index"] == json!(index)));
                for (total, field) in totals.iter_mut().zip(["inserted", "ignored", "updated", "refused"]) {
                    *total += payload[field].as_u64().unwrap();
                }
            }
        }
        assert_eq!(totals, [1_000, 15_000, 0, 0]);
        let viewer = app.domain.authenticate(client.token.as_deref().unwrap()).await.unwrap();
        assert_eq!(count(&app.domain, &viewer).await, 1_000);
    }
}
