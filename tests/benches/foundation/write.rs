//! Recording: one signal, a thousand, and duplicates.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use bellwether_domain::Viewer;
use bellwether_domain::signals::{Direction, Mode, NewSignal, RecordOutcome, Timeframe};
use chrono::{DateTime, TimeDelta};
use serde_json::json;

use crate::data::Bench;
use crate::load::{self, compare, http_rate, rate};
use crate::{Plan, raw};

const CLIENTS: usize = 16;

fn signal(number: i64) -> NewSignal {
    NewSignal {
        symbol: "AAPL".to_owned(),
        mode: Some(Mode::Intraday),
        timeframe: Some(Timeframe::M1),
        signal_time: DateTime::from_timestamp(number, 0),
        direction: Some(Direction::Buy),
        confidence: 50,
        entry: Some("189.5".to_owned()),
        ..NewSignal::default()
    }
}

/// Measures it.
pub async fn measure(bench: &Arc<Bench>, plan: &Plan) {
    let viewer = bench.app.domain.authenticate(bench.client.token.as_deref().unwrap()).await.unwrap();
    // The bare inserts count from far above the sequences that are given out.
    let (ours, theirs) = (Arc::new(AtomicI64::new(1)), Arc::new(AtomicI64::new(1 << 40)));
    for (title, rows, clients) in [
        ("recordSignal, 16 at once", 1, CLIENTS),
        ("recordSignal, alone", 1, 1),
        ("recordSignals of 1,000 (calls)", 1_000, 1),
    ] {
        compare(
            title,
            async || {
                let (bench, viewer, ours) = (Arc::clone(bench), viewer.clone(), Arc::clone(&ours));
                rate(clients, plan.seconds, move |_| {
                    let (bench, viewer, ours) = (Arc::clone(&bench), viewer.clone(), Arc::clone(&ours));
                    async move {
                        let first = ours.fetch_add(rows, Ordering::Relaxed);
                        record(&bench, &viewer, (first..first + rows).map(signal).collect(), RecordOutcome::Inserted)
                            .await;
                    }
                })
                .await
            },
            async || {
                let (bench, theirs) = (Arc::clone(bench), Arc::clone(&theirs));
                rate(clients, plan.seconds, move |_| {
                    let (bench, theirs) = (Arc::clone(&bench), Arc::clone(&theirs));
                    async move {
                        let next = || theirs.fetch_add(1, Ordering::Relaxed);
                        raw::insert(&bench, usize::try_from(rows).unwrap(), next).await;
                    }
                })
                .await
            },
        )
        .await;
    }
    duplicates(bench, &viewer, plan).await;
}

/// A signal that is there: against a lookup by its key. Nothing may be written.
async fn duplicates(bench: &Arc<Bench>, viewer: &Viewer, plan: &Plan) {
    let recorded = bench.app.domain.record_signals(viewer, vec![signal(1)]).await.unwrap().remove(0).unwrap();
    let log = bench.app.database.folder.path().join("test.db-wal");
    let size = || std::fs::metadata(&log).map(|log| log.len()).unwrap_or_default();
    let before = size();
    compare(
        "a refused duplicate, 16 at once",
        async || {
            let (bench, viewer) = (Arc::clone(bench), viewer.clone());
            rate(CLIENTS, plan.seconds, move |_| {
                let (bench, viewer) = (Arc::clone(&bench), viewer.clone());
                async move { record(&bench, &viewer, vec![signal(1)], RecordOutcome::Ignored).await }
            })
            .await
        },
        async || {
            let (bench, key) = (Arc::clone(bench), recorded.signal.idempotency_key.clone());
            rate(CLIENTS, plan.seconds, move |_| {
                let (bench, key) = (Arc::clone(&bench), key.clone());
                async move { raw::lookup(&bench, &key).await }
            })
            .await
        },
    )
    .await;
    assert_eq!(size(), before, "a duplicate was written");
    over_http(bench, plan).await;
}

/// The same through the whole server, beside the use case alone.
async fn over_http(bench: &Arc<Bench>, plan: &Plan) {
    let body = json!({
        "query": "mutation Record($input: RecordSignalInput!) { recordSignal(input: $input) { outcome userErrors { message } } }",
        "variables": {"input": {"symbol": "AAPL", "mode": "INTRADAY", "timeframe": "M1", "direction": "BUY", "confidence": 50,
            "signalTime": (DateTime::UNIX_EPOCH + TimeDelta::seconds(1)).to_rfc3339()}},
    });
    let request = load::post("/graphql", bench.client.token.as_deref(), &body.to_string());
    let key = bench
        .app
        .domain
        .record_signals(
            &bench.app.domain.authenticate(bench.client.token.as_deref().unwrap()).await.unwrap(),
            vec![signal(1)],
        )
        .await
        .unwrap()
        .remove(0)
        .unwrap()
        .signal
        .idempotency_key;
    compare(
        "a refused duplicate over HTTP",
        async || http_rate(bench.app.address, request.clone(), CLIENTS, plan.seconds).await,
        async || {
            let (bench, key) = (Arc::clone(bench), key.clone());
            rate(CLIENTS, plan.seconds, move |_| {
                let (bench, key) = (Arc::clone(&bench), key.clone());
                async move { raw::lookup(&bench, &key).await }
            })
            .await
        },
    )
    .await;
}

async fn record(bench: &Bench, viewer: &Viewer, signals: Vec<NewSignal>, expected: RecordOutcome) {
    for answer in bench.app.domain.record_signals(viewer, signals).await.unwrap() {
        assert_eq!(answer.unwrap().outcome, expected);
    }
}
