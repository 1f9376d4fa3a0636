//! A backup that is made while everybody is at it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use bellwether_tests::both_databases;
use serde_json::json;

use super::{RECORD, backed_up, beside, restored, signal};
use crate::place::{PASSWORD, Place};
use crate::server::until;

/// How many sessions there are more than were signed in to.
const UNSIGNED: &str =
    "SELECT count(*) - (SELECT count(*) FROM audit_log WHERE action = 'LOGIN_SUCCEEDED') AS figure FROM sessions";

/// Clients at once.
const CLIENTS: i64 = 8;

both_databases! {
    /// What is in the backup is what was committed at one moment: everything of each recording, and no gap.
    async fn it_is_of_one_moment(app: Place) {
        let app = app.founded();
        let server = app.serve().await;
        let trader = server.register("trader@acme.test").await;
        let unsigned = app.figure(UNSIGNED).await;
        let (next, is_over) = (Arc::new(AtomicI64::new(0)), Arc::new(AtomicBool::new(false)));
        let tasks: Vec<_> = (0..CLIENTS).map(|number| {
            let (trader, next, is_over) = (trader.clone(), Arc::clone(&next), Arc::clone(&is_over));
            let (anonymous, email) = (server.anonymous(), "owner@acme.test");
            tokio::spawn(async move {
                while !is_over.load(Ordering::Relaxed) {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let data = trader.data(RECORD, json!({"input": signal(at)})).await;
                    assert_eq!(data["recordSignal"]["outcome"], "INSERTED", "{data}");
                    // Signing in makes a session and an entry in the audit log.
                    if number == 0 {
                        anonymous.clone().sign_in(email, PASSWORD).await;
                    }
                }
            })
        }).collect();
        let recorded = async |least: i64| {
            let enough = async || (next.load(Ordering::Relaxed) > least).then_some(());
            until(Duration::from_secs(120), "signals are recorded", enough).await;
        };
        recorded(100).await;
        let before = app.count("signals").await;
        let backup = { let app = &app; tokio::task::block_in_place(|| backed_up(app)) };
        let at_end = next.load(Ordering::Relaxed);
        recorded(at_end + 20).await;
        is_over.store(true, Ordering::Relaxed);
        for task in tasks {
            task.await.unwrap();
        }
        let after = app.count("signals").await;

        let Some(other) = beside(&app, app.backend).await else { return };
        restored(&other, &backup);
        let there = other.count("signals").await;
        assert!(before <= there && there <= at_end && at_end < after, "{before} ≤ {there} ≤ {at_end} < {after}");
        for (nothing, query) in [
            ("gap among the sequences", "SELECT max(sequence) - count(*) AS figure FROM signals"),
            ("sequence beyond the counter", "SELECT (SELECT value FROM signal_sequence) - max(sequence) AS figure FROM signals"),
            ("signal without its strategy", "SELECT count(*) AS figure FROM signals WHERE strategy_id IS NULL"),
            ("signal of a strategy that is not there", "SELECT count(*) AS figure FROM signals s \
              WHERE NOT EXISTS (SELECT 1 FROM strategies t WHERE t.id = s.strategy_id)"),
        ] {
            assert_eq!(other.figure(query).await, 0, "a {nothing}");
        }
        assert_eq!(other.figure(UNSIGNED).await, unsigned, "a session without its entry in the audit log, or one without it");
        other.done(&["check"]);
        let server = other.serve().await;
        let trader = server.sign_in("trader@acme.test", PASSWORD).await;
        // The next one takes the next number.
        let data = trader.data(RECORD, json!({"input": signal(500_000)})).await;
        assert_eq!(data["recordSignal"]["outcome"], "INSERTED", "{data}");
        assert_eq!(other.figure("SELECT max(sequence) AS figure FROM signals").await, there + 1);
    }
}
