//! What `serve` needs, and says where it is missing.

use std::net::TcpListener;
use std::time::Duration;

use bellwether_tests::{Port, both_databases, far_from_the_hour};
use sea_orm::ConnectionTrait;
use serde_json::json;

use crate::place::{PASSWORD, Place};
use crate::server::until;

both_databases! {
    /// The advice is followed to the letter.
    async fn without_keys_it_says_how_to_make_them(app: Place) {
        app.done(&["migrate", "up"]);
        let said = app.refused(1, &["serve"]);
        let advice = said.lines().map(str::trim).find(|line| line.starts_with("bellwether keys new"));
        let advice = advice.unwrap_or_else(|| panic!("{said}"));
        assert!(said.contains("BELLWETHER__AUTH__KEYS_FILE"), "{said}");
        app.shell(advice).expect_done();
        app.serve().await;
    }

    async fn without_a_schema_it_says_so(app: Place) {
        app.make_keys();
        let said = app.refused(1, &["serve"]);
        assert!(said.contains("bellwether migrate up"), "{said}");
        app.shell("bellwether migrate up").expect_done();
        app.serve().await;
    }

    /// A new version's prices are there with its start, also where nobody seeds; the same version writes none again.
    async fn it_brings_the_plans_up_to_date(app: Place) {
        app.make_keys();
        app.done(&["migrate", "up"]);
        let prices = json!([
            {"code": "FREE", "monthlyPrice": "0"}, {"code": "BASIC", "monthlyPrice": "29"},
            {"code": "PRO", "monthlyPrice": "99"}, {"code": "ENTERPRISE", "monthlyPrice": "299"},
        ]);
        let change = "UPDATE plans SET monthly_price = 990001 WHERE code = 'PRO'";
        for (change, changed) in [(None, Some(7)), (None, None), (Some(change), Some(1))] {
            if let Some(change) = change {
                let db = app.database().await;
                assert_eq!(db.execute_unprepared(change).await.unwrap().rows_affected(), 1);
                db.close().await.unwrap();
            }
            let server = app.serve().await;
            let answer = server.anonymous().data("{ plans { code monthlyPrice } }", json!({})).await;
            assert_eq!(answer["plans"], prices);
            let told = server.lines().find(|line| line["message"] == "the plans and the tiers of challenges are those of this version now");
            assert_eq!(told.and_then(|line| line["changed"].as_u64()), changed);
            server.terminate().await;
        }
    }
}

#[tokio::test]
async fn keys_are_new_each_time_and_any_file_will_do() {
    let mut place = Place::sqlite();
    let keys = [place.done(&["keys", "new"]).out, place.done(&["keys", "new"]).out];
    assert_ne!(keys[0], keys[1]);
    place.done(&["migrate", "up"]);
    place.write("elsewhere.json", &keys[0]);
    place.set("AUTH__KEYS_FILE", "elsewhere.json");
    let server = place.serve().await;
    let (_, public) = server.get("/.well-known/jwks.json").await.unwrap();
    let kid = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap()["keys"][0]["kid"].clone();
    assert_eq!(kid(&public), kid(&keys[0]));
    for (content, part) in [("", "elsewhere.json"), ("{\"keys\": []}", "no key"), ("nonsense", "elsewhere.json")] {
        place.write("elsewhere.json", content);
        let said = place.refused(1, &["serve"]);
        assert!(said.contains(part) && said.contains("elsewhere.json"), "{said}");
    }
}

#[test]
fn an_address_in_use_is_told_with_a_way_out() {
    let place = Place::sqlite().founded();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for args in [&["serve"][..], &["demo", "--data-dir", "other"]] {
        let said = place.refused(1, &[args, &["--listen", &address]].concat());
        assert!(said.contains(&address) && said.contains("--listen"), "{said}");
    }
}

#[test]
fn an_address_for_metrics_in_use_is_told_with_a_way_out() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let place = Place::sqlite().with("METRICS__LISTEN", &address).founded();
    let said = place.refused(1, &["serve", "--listen", "127.0.0.1:0"]);
    assert!(said.contains(&address) && said.contains("BELLWETHER__METRICS__LISTEN"), "{said}");
}

/// The addresses are announced and answer; metrics have their own.
#[tokio::test]
async fn metrics_are_served_on_their_own_address() {
    let free = Port::hold();
    let place = Place::sqlite().with("METRICS__LISTEN", &free.address.to_string()).founded();
    let server = place.serve().await;
    server.sign_in("owner@acme.test", PASSWORD).await;
    let answer = crate::server::http().get(format!("http://{}/metrics", free.address)).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let text = answer.text().await.unwrap();
    assert!(text.contains("bellwether_http_requests_total"), "{text}");
    assert_eq!(server.get("/metrics").await.unwrap().0, 404);
}

both_databases! {
    /// Each metric that the scheduler, the pools and the people have, with the labels that tell them apart.
    async fn metrics_tell_of_jobs_pools_and_people(app: Place) {
        far_from_the_hour().await;
        let free = Port::hold();
        let app = app.with("METRICS__LISTEN", &free.address.to_string()).founded();
        let server = app.serve().await;
        let client = server.register("trader@acme.test").await;
        let query = "mutation Tell($input: RecordSignalInput!) { recordSignal(input: $input) { outcome } }";
        let input = json!({"symbol": "AAPL", "mode": "SWING", "timeframe": "D1", "direction": "BUY", "confidence": 50,
            "signalTime": "2026-01-05T00:00:00Z"});
        for outcome in ["INSERTED", "IGNORED"] {
            let recorded = client.data(query, json!({"input": input})).await;
            assert_eq!(recorded["recordSignal"]["outcome"], outcome);
        }
        client.send("query Refused { schedulerStatus { jobs { name } } }", json!({})).await;
        let wanted = [
            "bellwether_scheduler_lock_held 1",
            "bellwether_job_runs_total{job=\"audit_verification\",status=\"SUCCEEDED\"} 1",
            "bellwether_job_duration_seconds_count{job=\"audit_verification\"} 1",
            "bellwether_job_failures_in_a_row{job=\"audit_verification\"} 0",
            "bellwether_job_last_success_timestamp_seconds{job=\"audit_verification\"} 1",
            "bellwether_graphql_operations_total{operation=\"Refused\",type=\"query\",code=\"FORBIDDEN\"} 1",
            "bellwether_signals_recorded_total{outcome=\"inserted\",source=\"API\"} 1",
            "bellwether_signals_recorded_total{outcome=\"ignored\",source=\"API\"} 1",
            "bellwether_users{role=\"TRADER\",status=\"ACTIVE\"} ",
            "bellwether_users{role=\"OWNER\",status=\"ACTIVE\"} 1",
            "bellwether_tenants{status=\"ACTIVE\"} 1",
            "bellwether_tenants{status=\"SUSPENDED\"} 0",
            "bellwether_outbox_letters{state=\"dead\"} 0",
            "bellwether_outbox_delay_seconds 0",
            "bellwether_cache_entries{cache=\"sessions\"} ",
            "bellwether_db_connections{pool=\"writer\",state=\"idle\"} ",
        ];
        until(Duration::from_secs(60), "every metric is there", async || {
            let answer = crate::server::http().get(format!("http://{}/metrics", free.address)).send().await.unwrap();
            let text = answer.text().await.unwrap();
            let missing: Vec<_> = wanted.iter().filter(|wanted| !text.lines().any(|line| line.starts_with(**wanted))).collect();
            // More than the empty tables take, and less than a small business could.
            let size = text.lines().find_map(|line| line.strip_prefix("bellwether_db_size_bytes ")?.parse::<f64>().ok());
            let is_sized = size.is_some_and(|size| size > 100_000.0 && size < 100_000_000.0);
            if missing.is_empty() && is_sized { Some(()) } else { eprintln!("not yet: {missing:?} {size:?}"); None }
        })
        .await;
    }

    /// What cannot be looked up is told of once, and keeps nothing else from being told.
    async fn one_gauge_that_fails_stops_no_other(app: Place) {
        let free = Port::hold();
        let app = app.with("METRICS__LISTEN", &free.address.to_string()).with("SCHEDULER__ENABLED", "false").founded();
        let db = app.database().await;
        let broken = "UPDATE exchanges SET time_zone = 'Nowhere/Land'";
        assert!(db.execute_unprepared(broken).await.unwrap().rows_affected() > 0);
        db.close().await.unwrap();
        let server = app.serve().await;
        let text = until(Duration::from_secs(60), "the jobs are told of", async || {
            let text = crate::server::http().get(format!("http://{}/metrics", free.address)).send().await.unwrap().text().await.unwrap();
            text.contains("bellwether_job_failures_in_a_row{job=\"audit_verification\"} 0").then_some(text)
        })
        .await;
        assert!(!text.contains("bellwether_market_holidays_end_timestamp_seconds{"), "{text}");
        let told = "some gauges of /metrics could not be brought up to date; trying again";
        let warned = async || server.lines().find(|line| line["message"] == told);
        assert_eq!(until(Duration::from_secs(60), "it is told", warned).await["level"], "WARN");
    }

    /// Also an instance that takes no part in the jobs knows who runs none, and what the others have made of the market.
    async fn an_instance_without_jobs_tells_of_them_all_the_same(app: Place) {
        let free = Port::hold();
        let app = app.with("METRICS__LISTEN", &free.address.to_string()).with("SCHEDULER__ENABLED", "false").founded();
        let server = app.serve().await;
        let client = server.register("trader@acme.test").await;
        client.data("{ quote(symbol: \"AAPL\") { price } }", json!({})).await;
        let wanted = [
            "bellwether_scheduler_lock_held 0",
            "bellwether_job_failures_in_a_row{job=\"audit_verification\"} 0",
            "bellwether_job_last_success_timestamp_seconds{job=\"audit_verification\"} 0",
            "bellwether_market_wanted_assets 1",
            "bellwether_market_holidays_end_timestamp_seconds{exchange=\"NYSE\"} 1",
        ];
        until(Duration::from_secs(60), "every metric is there", async || {
            let answer = crate::server::http().get(format!("http://{}/metrics", free.address)).send().await.unwrap();
            let text = answer.text().await.unwrap();
            let missing: Vec<_> = wanted.iter().filter(|wanted| !text.lines().any(|line| line.starts_with(**wanted))).collect();
            if missing.is_empty() { Some(()) } else { eprintln!("not yet: {missing:?}"); None }
        })
        .await;
    }
}
