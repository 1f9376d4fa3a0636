//! What is asked by machines and browsers beside GraphQL: health, readiness, keys, and the page of GraphiQL.

use bellwether_domain::permission::Role;
use bellwether_migrations::Migrator;
use bellwether_tests::{Backend, TestApp, both_databases};
use sea_orm_migration::MigratorTrait;
use serde_json::{Value, json};

use crate::support::{Wire, answer, assert_refused, member};

both_databases! {
    async fn a_server_with_all_it_needs_is_ready(app: TestApp) {
        let wire = Wire::to(&app);
        let health = answer(wire.get("/health")).await;
        assert_eq!((health.status.as_u16(), health.body.is_object()), (200, true));
        let ready = answer(wire.get("/ready")).await;
        assert_eq!(ready.status, 200, "{}", ready.body);
        assert_eq!(
            (&ready.body["failed"], &ready.body["checks"]["database"], &ready.body["checks"]["migrations"]),
            (&json!([]), &json!("ok"), &json!("ok"))
        );
        assert_eq!(ready.headers["cache-control"], "no-store");
    }

    async fn a_migration_that_is_pending_is_named(app: TestApp) {
        let wire = Wire::to(&app);
        let writer = app.domain.db().writer();
        Migrator::down(writer, Some(1)).await.unwrap();
        let behind = answer(wire.get("/ready")).await;
        assert_eq!((behind.status.as_u16(), &behind.body["failed"]), (503, &json!(["migrations"])), "{}", behind.body);
        assert_eq!(behind.body["checks"]["database"], "ok");
        assert!(behind.body["checks"]["migrations"].as_str().unwrap().starts_with("1 "), "{}", behind.body);
        assert_eq!(behind.leaks(), None);
        Migrator::down(writer, None).await.unwrap();
        let empty = answer(wire.get("/ready")).await;
        assert_eq!((empty.status.as_u16(), &empty.body["failed"]), (503, &json!(["migrations"])), "{}", empty.body);
        assert_eq!(answer(wire.get("/health")).await.status, 200, "the process serves");
        Migrator::up(writer, None).await.unwrap();
        assert_eq!(answer(wire.get("/ready")).await.status, 200, "ready again without a restart");
    }

    async fn a_database_that_is_gone_is_named(app: TestApp) {
        let wire = Wire::to(&app);
        app.domain.db().clone().close().await.unwrap();
        let gone = answer(wire.get("/ready")).await;
        assert_eq!(gone.status, 503, "{}", gone.body);
        assert!(gone.body["failed"].as_array().unwrap().contains(&json!("database")), "{}", gone.body);
        assert_ne!(gone.body["checks"]["database"], "ok");
        assert_eq!(gone.leaks(), None, "{}", gone.body);
        assert_eq!(answer(wire.get("/health")).await.status, 200, "the process serves");
    }
}

#[tokio::test]
async fn the_keys_are_public_and_nothing_but_public() {
    let app = TestApp::start(Backend::Sqlite).await.unwrap();
    let keys = answer(Wire::to(&app).get("/.well-known/jwks.json")).await;
    assert_eq!(keys.headers["content-type"], "application/jwk-set+json");
    assert!(keys.headers["cache-control"].to_str().unwrap().contains("max-age"));
    let set = keys.body["keys"].as_array().unwrap();
    assert!(!set.is_empty());
    for key in set {
        assert_eq!((&key["kty"], &key["crv"]), (&json!("OKP"), &json!("Ed25519")), "{key}");
        assert!(key["kid"].is_string() && key["x"].is_string(), "{key}");
        assert!(key.get("d").is_none(), "the private half stays here");
    }
    assert_eq!(
        member(&app, Role::Trader).await.data("{ viewer { role } }", Value::Null).await["viewer"]["role"],
        "TRADER"
    );
}

#[tokio::test]
async fn graphiql_comes_from_here_alone_and_runs_under_its_policy() {
    let app = TestApp::start(Backend::Sqlite).await.unwrap();
    let wire = Wire::to(&app);
    let page = answer(wire.get("/graphiql")).await;
    assert_eq!(page.status, 200);
    assert!(page.headers["content-type"].to_str().unwrap().starts_with("text/html"));
    let html = page.body.as_str().unwrap();
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    for part in
        ["default-src 'none'", "script-src 'self'", "connect-src 'self'", "base-uri 'none'", "frame-ancestors 'none'"]
    {
        assert!(policy.contains(part), "{policy}");
    }
    assert!(!policy.contains("unsafe") && !policy.contains("http"), "{policy}");
    assert!(
        !html.contains("<style") && !html.contains(" style=") && !html.contains(" onload="),
        "the policy would refuse it"
    );
    for script in html.split("<script").skip(1) {
        assert!(
            script.split_once('>').unwrap().0.contains("src=\"/graphiql/"),
            "a script of the page's own: {script:.80}"
        );
    }
    let files: Vec<&str> = ["src=\"", "href=\""]
        .iter()
        .flat_map(|attribute| html.split(attribute).skip(1))
        .map(|rest| rest.split('"').next().unwrap())
        .collect();
    assert!(files.len() >= 7, "{files:?}");
    let mut tags = vec![page.headers["etag"].clone()];
    for file in files {
        assert!(file.starts_with("/graphiql/"), "{file} is from elsewhere");
        let asset = answer(wire.get(file)).await;
        assert_eq!(asset.status, 200, "{file}");
        let kind = asset.headers["content-type"].to_str().unwrap();
        let expected = match file.rsplit('.').next().unwrap() {
            "js" => "text/javascript",
            "css" => "text/css",
            "svg" => "image/svg+xml",
            other => panic!("{other}"),
        };
        assert!(kind.starts_with(expected), "{file}: {kind}");
        let tag = asset.headers["etag"].clone();
        let known = wire.get(file).header("if-none-match", tag.clone()).send().await.unwrap();
        assert_eq!((known.status().as_u16(), known.headers()["etag"].clone()), (304, tag.clone()), "{file}");
        assert_eq!(known.bytes().await.unwrap().len(), 0);
        let other = wire.get(file).header("if-none-match", "W/\"0\"").send().await.unwrap();
        assert_eq!(other.status(), 200, "{file}");
        if !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    assert!(tags.len() >= 7, "different files have different tags");
    let again = wire.get("/graphiql").header("if-none-match", tags[0].clone()).send().await.unwrap();
    assert_eq!(again.status(), 304);
}

#[tokio::test]
async fn graphiql_is_not_there_where_it_is_turned_off() {
    let app = TestApp::start_with(Backend::Sqlite, |config, _| config.server.graphiql = false).await.unwrap();
    let wire = Wire::to(&app);
    for path in ["/graphiql", "/graphiql/graphiql.min.js", "/graphiql/LICENSES"] {
        assert_refused(&answer(wire.get(path)).await, 404, "NOT_FOUND");
    }
    assert_eq!(answer(wire.get("/health")).await.status, 200);
}
