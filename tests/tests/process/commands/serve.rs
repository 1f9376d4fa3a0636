//! What `serve` needs, and says where it is missing.

use std::net::TcpListener;

use bellwether_tests::both_databases;

use crate::place::{PASSWORD, Place};

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
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let place = Place::sqlite().with("METRICS__LISTEN", &free.to_string()).founded();
    let server = place.serve().await;
    server.sign_in("owner@acme.test", PASSWORD).await;
    let answer = crate::server::http().get(format!("http://{free}/metrics")).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let text = answer.text().await.unwrap();
    assert!(text.contains("bellwether_http_requests_total"), "{text}");
    assert_eq!(server.get("/metrics").await.unwrap().0, 404);
}
