//! Webhooks: kept first, judged then.

use bellwether_domain::paging::PageArgs;
use bellwether_domain::permission::Role;
use bellwether_domain::signals::{
    Audience, Delivery, DeliveryFilter, NewSignal, NewSource, Source, SourceChange, Timeframe, Verdict,
};
use bellwether_domain::viewer::ClientInfo;
use bellwether_domain::{Error, Fault, Viewer};
use bellwether_tests::{TestDomain, both_databases};
use chrono::TimeDelta;

use crate::record::signal;

async fn source(app: &TestDomain, viewer: &Viewer, new: NewSource) -> (Source, String) {
    let new = NewSource { name: "alerts".to_owned(), ..new };
    let (source, token) = app.domain.create_source(viewer, new, &ClientInfo::default()).await.unwrap();
    (source, token.expose().to_owned())
}

/// Delivers, judges what waits, and returns the newest entry of the journal.
async fn deliver(app: &TestDomain, viewer: &Viewer, token: &str, body: &str) -> Delivery {
    // Ids are sorted by time: the next delivery is a moment later.
    app.clock.advance(TimeDelta::milliseconds(1));
    app.domain.accept_delivery(token, Some("text/plain"), body.as_bytes().to_vec()).await.unwrap();
    app.domain.judge_waiting().await.unwrap();
    let args = PageArgs { first: Some(1), ..PageArgs::default() };
    app.domain.deliveries_page(viewer, &DeliveryFilter::default(), &args).await.unwrap().items.remove(0)
}

both_databases! {
    async fn an_alert_becomes_a_signal_once(app: TestDomain) {
        let viewer = app.viewer("a", Role::Seller).await;
        let new = NewSource { audience: Some(Audience::Tenant), confidence: Some(64), ..NewSource::default() };
        let (_, token) = source(&app, &viewer, new).await;
        let body = r#"{"ticker": "NASDAQ:AAPL", "action": "buy", "interval": "60", "price": "189.50", "time": "2026-03-02T11:00:00Z"}"#;
        let first = deliver(&app, &viewer, &token, body).await;
        assert_eq!((first.verdict, first.reason.as_deref()), (Some(Verdict::Inserted), None));
        let again = deliver(&app, &viewer, &token, body).await;
        assert_eq!(again.verdict, Some(Verdict::Duplicate));
        assert_eq!(again.signal_id, first.signal_id);
        assert_eq!(again.body, body.as_bytes(), "the journal keeps the body as it came");
        let other = app.viewer("a", Role::Trader).await;
        let seen = app.domain.signal(&other, first.signal_id.unwrap()).await.unwrap().expect("it is the tenant's");
        assert_eq!((seen.asset.symbol.as_str(), seen.signal.confidence), ("AAPL", 64));
        assert_eq!(seen.signal.entry.unwrap().to_string(), "189.5");
    }

    async fn every_refusal_has_its_verdict_and_reason(app: TestDomain) {
        let viewer = app.viewer("a", Role::Trader).await;
        let (_, token) = source(&app, &viewer, NewSource::default()).await;
        for (body, verdict, part) in [
            ("", Verdict::Rejected, ""),
            ("{\"ticker\": \"AAPL\", \"action\": \"buy\", \"price\": NaN}", Verdict::Rejected, "NaN"),
            ("{\"ticker\": \"AAPL\"", Verdict::Rejected, ""),
            ("[1]", Verdict::Rejected, ""),
            ("hello world", Verdict::Rejected, ""),
            ("BUY APPL 1h", Verdict::Rejected, "AAPL"),
            ("{\"ticker\": \"AAPL\", \"action\": \"hodl\"}", Verdict::Rejected, "hodl"),
            ("{\"ticker\": \"AAPL\", \"action\": \"buy\", \"time\": \"2026-03-01T11:00:00Z\"}", Verdict::Stale, "closed"),
            ("{\"ticker\": \"AAPL\", \"action\": \"buy\", \"time\": \"2026-03-02T15:00:00Z\"}", Verdict::Rejected, "future"),
        ] {
            let delivery = deliver(&app, &viewer, &token, body).await;
            assert_eq!(delivery.verdict, Some(verdict), "{body}: {:?}", delivery.reason);
            assert!(delivery.reason.as_deref().unwrap().contains(part), "{body}: {:?}", delivery.reason);
            assert_eq!(delivery.signal_id, None);
        }
    }

    async fn a_strategy_too_many_is_rejected(app: TestDomain) {
        let viewer = app.viewer("a", Role::Trader).await;
        let named = |number: i64| NewSignal { strategy: Some(format!("strategy {number}")), ..signal(number % 500) };
        app.domain.record_signals(&viewer, (0..1_000).map(named).collect()).await.unwrap();
        let (_, token) = source(&app, &viewer, NewSource::default()).await;
        for (strategy, verdict) in [("one more", Verdict::Rejected), ("strategy 7", Verdict::Inserted)] {
            let body = format!("{{\"ticker\": \"MSFT\", \"action\": \"buy\", \"strategy\": \"{strategy}\"}}");
            let delivery = deliver(&app, &viewer, &token, &body).await;
            assert_eq!(delivery.verdict, Some(verdict), "{:?}", delivery.reason);
            let is_told = delivery.reason.is_some_and(|reason| reason.contains("1000 strategies"));
            assert_eq!(is_told, verdict == Verdict::Rejected, "{strategy}");
        }
    }

    async fn plain_text_takes_what_it_lacks_from_the_source(app: TestDomain) {
        let viewer = app.viewer("a", Role::Trader).await;
        let new = NewSource {
            timeframe: Some(Timeframe::M15),
            strategy: Some("my alerts".to_owned()),
            ..NewSource::default()
        };
        let (_, token) = source(&app, &viewer, new).await;
        app.clock.advance(TimeDelta::minutes(7));
        let delivery = deliver(&app, &viewer, &token, "sell BINANCE:BTCUSDT").await;
        assert_eq!(delivery.verdict, Some(Verdict::Inserted), "{:?}", delivery.reason);
        let view = app.domain.signal(&viewer, delivery.signal_id.unwrap()).await.unwrap().unwrap();
        assert_eq!(view.asset.symbol, "BTC-USD");
        assert_eq!(view.strategy.as_deref(), Some("my alerts"));
        assert_eq!(view.signal.signal_time.to_rfc3339(), "2026-03-02T12:00:00+00:00", "the candle it came in");
        assert_eq!(view.signal.audience, Audience::Private);
    }

    async fn a_mended_mapping_lets_a_delivery_be_redriven(app: TestDomain) {
        let viewer = app.viewer("a", Role::Trader).await;
        let (source, token) = source(&app, &viewer, NewSource::default()).await;
        let refused = deliver(&app, &viewer, &token, "BUY OANDA:WTICOUSD 1h").await;
        assert_eq!(refused.verdict, Some(Verdict::Rejected));
        let change = SourceChange {
            symbols: Some(vec![("oanda:wticousd".to_owned(), "cl=f".to_owned())]),
            ..SourceChange::default()
        };
        app.domain.update_source(&viewer, source.id, change, &ClientInfo::default()).await.unwrap();
        let mended = app.domain.redrive_delivery(&viewer, refused.id).await.unwrap();
        assert_eq!(mended.verdict, Some(Verdict::Inserted), "{:?}", mended.reason);
        let again = app.domain.redrive_delivery(&viewer, refused.id).await;
        assert!(matches!(again, Err(Error::Problems(_))), "it is a signal by now");
        let stranger = app.viewer("b", Role::Admin).await;
        assert!(matches!(app.domain.redrive_delivery(&stranger, refused.id).await, Err(Error::Problems(_))));
    }

    async fn directions_alternate_where_the_source_says_so(app: TestDomain) {
        let viewer = app.viewer("a", Role::Trader).await;
        let (_, token) = source(&app, &viewer, NewSource { alternates: true, ..NewSource::default() }).await;
        let mut verdicts = Vec::new();
        for text in ["BUY AAPL 1m", "BUY AAPL 1m", "BUY AAPL 5m", "BUY MSFT 1m", "SELL AAPL 5m", "BUY AAPL 15m"] {
            verdicts.push(deliver(&app, &viewer, &token, text).await.verdict.unwrap());
        }
        use Verdict::{Duplicate, Inserted, Rejected};
        assert_eq!(verdicts, [Inserted, Duplicate, Rejected, Inserted, Inserted, Inserted]);
    }

    async fn a_token_opens_its_source_until_it_is_revoked(app: TestDomain) {
        let viewer = app.viewer("a", Role::Trader).await;
        let (source, token) = source(&app, &viewer, NewSource::default()).await;
        let wrong = app.domain.accept_delivery("tvw_wrong", None, b"BUY AAPL 1h".to_vec()).await;
        assert!(matches!(wrong, Err(Error::Fault(Fault::NotFound))));
        app.domain.revoke_source(&viewer, source.id, &ClientInfo::default()).await.unwrap();
        let revoked = app.domain.accept_delivery(&token, None, b"BUY AAPL 1h".to_vec()).await;
        assert!(matches!(revoked, Err(Error::Fault(Fault::NotFound))));
    }

    async fn silence_beyond_the_cadence_is_flagged(app: TestDomain) {
        let viewer = app.viewer("a", Role::Trader).await;
        let new = NewSource { cadence_seconds: Some(900), ..NewSource::default() };
        let (source, token) = source(&app, &viewer, new).await;
        assert!(!source.is_silent(app.clock_now()));
        app.clock.advance(TimeDelta::seconds(901));
        assert!(source.is_silent(app.clock_now()));
        deliver(&app, &viewer, &token, "BUY AAPL 1h").await;
        let heard = app.domain.source(&viewer, source.id).await.unwrap().unwrap();
        assert!(!heard.is_silent(app.clock_now()));
    }

    /// Sixty at once, each twice: every one in the journal, thirty signals.
    async fn a_burst_is_kept_whole(app: TestDomain) {
        let viewer = app.viewer("a", Role::Trader).await;
        let (_, token) = source(&app, &viewer, NewSource::default()).await;
        let tasks: Vec<_> = (0..60).map(|number| {
            let (domain, token) = (app.domain.clone(), token.clone());
            let body = format!(r#"{{"ticker": "AAPL", "action": "buy", "interval": "1", "time": "2026-03-02T11:{:02}:00Z"}}"#, number % 30 + 20);
            tokio::spawn(async move { domain.accept_delivery(&token, None, body.into_bytes()).await })
        }).collect();
        for task in tasks {
            task.await.unwrap().unwrap();
        }
        // Two workers at once, as two processes would have.
        let (one, two) = tokio::join!(app.domain.judge_waiting(), app.domain.judge_waiting());
        one.unwrap();
        two.unwrap();
        let count = async |verdict| {
            let filter = DeliveryFilter {
                verdict: Some(bellwether_domain::signals::Compare::equal(verdict)),
                ..DeliveryFilter::default()
            };
            app.domain.count_deliveries(&viewer, &filter).await.unwrap()
        };
        assert_eq!((count(Verdict::Inserted).await, count(Verdict::Duplicate).await), (30, 30));
    }
}
