//! `bellwether demo`: everything from nothing, and again and again.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use bellwether_seeds::{DEMO_PASSWORD, demo_logins};
use bellwether_tests::both_databases;
use serde_json::json;

use crate::place::Place;
use crate::server::Server;

/// How many rows there are of what the demo makes.
async fn rows(place: &Place) -> [i64; 4] {
    let mut rows = [0; 4];
    // The engine's signals come as the jobs run.
    for (count, table) in rows.iter_mut().zip(["tenants", "users", "assets", "signals WHERE source = 'SEED'"]) {
        *count = place.count(table).await;
    }
    rows
}

/// How many assets have a year of candles; how many assets with timeframe and mode have twenty signals, and some that were
/// decided; how many outcomes there are, with none; open and closed trades of paper accounts; how many statuses challenges have.
async fn past(place: &Place) -> [i64; 7] {
    let mut past = [0; 7];
    let queries = [
        "SELECT count(*) AS figure FROM (SELECT 1 FROM candles WHERE timeframe = '1d' GROUP BY series_id \
         HAVING count(*) >= 245) AS years",
        "SELECT count(*) AS figure FROM (SELECT 1 FROM signals GROUP BY asset_id, timeframe, mode \
         HAVING count(*) >= 20) AS series",
        "SELECT count(*) AS figure FROM (SELECT DISTINCT asset_id, timeframe, mode FROM signals \
         WHERE outcome IN ('WIN', 'LOSS')) AS decided",
        "SELECT count(DISTINCT COALESCE(outcome, 'OPEN')) AS figure FROM signals",
        "SELECT count(*) AS figure FROM trades JOIN accounts ON accounts.id = account_id \
         WHERE trades.status = 'OPEN' AND challenge_id IS NULL",
        "SELECT count(*) AS figure FROM trades JOIN accounts ON accounts.id = account_id \
         WHERE trades.status = 'CLOSED' AND challenge_id IS NULL",
        "SELECT count(DISTINCT status) AS figure FROM challenges",
    ];
    for (figure, query) in past.iter_mut().zip(queries) {
        *figure = place.figure(query).await;
    }
    past
}

async fn stop(server: Server) {
    let (code, took) = server.terminate().await;
    assert_eq!(code, Some(0));
    eprintln!("the demo stopped within {took:?}");
}

both_databases! {
    async fn it_comes_up_stops_and_comes_up_again(app: Place) {
        let server = app.serve_with(&["demo"]).await;
        let (out, address) = (server.out(), server.address);
        assert!(out.contains(&format!("http://{address}/graphql\n")), "{out}");
        assert!(out.contains(&format!("http://{address}/graphiql\n")), "{out}");
        assert!(out.contains(DEMO_PASSWORD), "{out}");
        for (email, role) in demo_logins() {
            assert!(out.lines().any(|line| line.contains(email) && line.contains(role)), "{email} {role}: {out}");
            let client = server.sign_in(email, DEMO_PASSWORD).await;
            let data = client.data("{ viewer { role } signals(first: 1) { totalCount nodes { symbol } } }", json!({})).await;
            assert_eq!(data["viewer"]["role"], role);
            assert!(data["signals"]["totalCount"].as_u64().unwrap() > 100, "{email}: {data}");
        }
        assert_eq!(server.get("/graphiql").await.unwrap().0, 200);
        stop(server).await;

        let keys = app.path("data/keys.json");
        assert_eq!(keys.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        let (first, secret) = (rows(&app).await, std::fs::read(&keys).unwrap());
        assert_eq!(first[0..2], [2, 8]);

        let again = app.serve_with(&["demo"]).await;
        assert_eq!(rows(&app).await, first);
        assert_eq!(std::fs::read(&keys).unwrap(), secret, "whoever is signed in stays so");
        stop(again).await;

        let refusal = app.refused(1, &["serve", "--listen", "127.0.0.1:0"]);
        assert!(refusal.contains("--allow-demo"), "{refusal}");
        let allowed = app.serve_with(&["serve", "--allow-demo"]).await;
        allowed.sign_in("trader@rif.test", DEMO_PASSWORD).await;
        assert_eq!(allowed.out(), "", "serve tells what it does in its log alone");
        stop(allowed).await;
    }

    /// Before any server runs: what a demo shows is there when it is seeded, and again after a reset.
    async fn it_has_a_past(app: Place) {
        app.done(&["migrate", "up"]);
        app.done(&["seed", "--demo"]);
        let first = past(&app).await;
        let [years, series, decided, outcomes, open, closed, challenges] = first;
        assert!(years >= 20, "{years} assets have a year of daily candles");
        assert_eq!(series, 24, "eight assets, each in three timeframes and modes, with at least twenty signals");
        assert_eq!((decided, outcomes), (24, 4), "some of each were decided; there are hits, misses, expired and open ones");
        assert_eq!([open, closed], [3, 5]);
        assert_eq!(challenges, 4, "one was failed, one passed, one waits and one is under way");
        let again = app.done(&["seed", "--demo"]).out;
        assert!(again.contains(" 0 new signals,") && again.contains(" 0 trades"), "{again}");
        app.done(&["reset", "--demo"]);
        assert_eq!(past(&app).await, first);
    }

    async fn another_business_is_left_alone(app: Place) {
        app.done(&["migrate", "up"]);
        app.create_owner("owner@acme.test", "Own-Passw0rd!").expect_done();
        let before = rows(&app).await;
        let refusal = app.refused(1, &["demo", "--listen", "127.0.0.1:0"]);
        assert!(refusal.contains("--data-dir"), "{refusal}");
        assert_eq!(rows(&app).await, before);
        assert_eq!(app.count("installation").await, 0, "it is not marked as the demo's");
    }

    /// Whose passwords everybody knows.
    async fn no_demo_users_come_into_another_business(app: Place) {
        let app = app.founded();
        let before = rows(&app).await;
        app.refused(1, &["seed", "--demo"]);
        assert_eq!(rows(&app).await, before);
        assert_eq!(app.count("installation").await, 0);
        app.serve().await;
    }
}

/// Ended in the middle of its first start, it is whole after the next.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_that_was_cut_short_is_made_good() {
    let whole = Place::sqlite();
    stop(whole.serve_with(&["demo"]).await).await;
    let expected = rows(&whole).await;

    let place = Place::sqlite();
    let mut child = place.command(&["demo", "--listen", "127.0.0.1:0"]).spawn().unwrap();
    let some = crate::server::until(Duration::from_secs(120), "some users are there", async || {
        if !place.path("data/bellwether.db").exists() {
            return None;
        }
        let is_migrated = place.figure("SELECT count(*) AS figure FROM sqlite_master WHERE name = 'users'").await == 1;
        let users = if is_migrated { place.count("users").await } else { 0 };
        (users > 0).then_some(users)
    })
    .await;
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(some <= expected[1]);
    stop(place.serve_with(&["demo"]).await).await;
    assert_eq!(rows(&place).await, expected);
}
