//! The second wall: what PostgreSQL hands out where the program's own scope is not there.
//!
//! All tests run on a role that is nobody special and owns its tables, so that the wall stands in every one of them.
//! Here the program's scope is taken away.

use bellwether_domain::identity::{UserFilter, UserOrder};
use bellwether_domain::paging::PageArgs;
use bellwether_domain::permission::Role;
use bellwether_domain::{Viewer, wall};
use bellwether_tests::{Backend, Client, TestApp, TestDomain};
use sea_orm::{ConnectionTrait, Database, Statement};
use serde_json::{Value, json};

use crate::follow::Socket;
use crate::isolation::trade;
use crate::world::{execute, make_api_key};

async fn domain() -> Option<TestDomain> {
    TestDomain::start(Backend::Postgres).await
}

/// The rows of each table that has tenants' rows, as one who forgot to ask for a tenant finds them: in all, and of others
/// than this one.
async fn rows(app: &TestDomain, tenant: uuid::Uuid) -> Vec<(String, i64, i64)> {
    let db = app.domain.db();
    let mut found = Vec::new();
    for (table, column) in walled() {
        let query =
            format!("SELECT COUNT(*) AS n, COUNT(*) FILTER (WHERE {column} <> '{tenant}') AS others FROM {table}");
        let row = db.reader().query_one_raw(Statement::from_string(db.backend(), query)).await.unwrap().unwrap();
        found.push((table.to_owned(), row.try_get("", "n").unwrap(), row.try_get("", "others").unwrap()));
    }
    found
}

const fn walled() -> [(&'static str, &'static str); 4] {
    [("users", "tenant_id"), ("sessions", "tenant_id"), ("audit_log", "tenant_id"), ("tenants", "id")]
}

fn tenant_of(viewer: &Viewer) -> uuid::Uuid {
    bellwether_domain::ids::Id::uuid(viewer.member().unwrap().tenant_id)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_table_with_a_tenant_has_its_wall() {
    let Some(app) = domain().await else { return };
    let db = app.domain.db();
    let query = "SELECT c.relname AS name, c.relrowsecurity AND c.relforcerowsecurity
            AND EXISTS (SELECT FROM pg_policies p WHERE p.tablename = c.relname AND p.schemaname = 'public'
                        AND p.cmd = 'ALL' AND p.qual LIKE '%bellwether.tenant%' AND p.with_check IS NOT NULL) AS walled
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
        WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
          AND (a.attname = 'tenant_id' OR (c.relname = 'tenants' AND a.attname = 'id'))";
    let tables = db.reader().query_all_raw(Statement::from_string(db.backend(), query)).await.unwrap();
    assert!(tables.len() >= 11, "{}", tables.len());
    let open: Vec<String> = tables
        .iter()
        .filter(|row| !row.try_get::<bool>("", "walled").unwrap())
        .map(|row| row.try_get("", "name").unwrap())
        .collect();
    assert_eq!(open, Vec::<String>::new(), "end their migration with dialect::raise_wall");
    assert!(!db.is_above_the_wall().await.unwrap(), "the tests' own role must not stand above it");
}

/// The work of a member finds their tenant's rows alone, where no statement has a tenant in it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_statement_without_a_scope_finds_one_tenant_alone() {
    let Some(app) = domain().await else { return };
    let mut trader = None;
    for tenant in ["a", "b"] {
        trader = Some(app.viewer(tenant, Role::Trader).await);
    }
    let trader = trader.unwrap();
    let tenant = tenant_of(&trader);
    for (table, all, others) in rows(&app, tenant).await {
        assert!(all > others && others > 0, "{table} has rows of both tenants: {all}, {others}");
    }
    for _ in 0..20 {
        // Again and again: a connection that was just another's is confined anew.
        for (table, all, others) in wall::confine(&trader, rows(&app, tenant)).await {
            assert!(all > 0 && others == 0, "{table} shows {others} rows of others among {all}");
        }
        let (table, _, others) = rows(&app, tenant).await.remove(0);
        assert!(others > 0, "{table}: who is not confined sees all");
    }
    let many: Vec<_> = (0..32)
        .map(|n| {
            let (app, viewer) = (app.domain.clone(), if n % 2 == 0 { trader.clone() } else { Viewer::System });
            tokio::spawn(async move {
                let query = "SELECT COUNT(DISTINCT tenant_id) AS n, pg_sleep(0.01)::text FROM users";
                let count = async {
                    let db = app.db();
                    let row =
                        db.reader().query_one_raw(Statement::from_string(db.backend(), query)).await.unwrap().unwrap();
                    row.try_get::<i64>("", "n").unwrap()
                };
                (n, wall::confine(&viewer, count).await)
            })
        })
        .collect();
    for task in many {
        let (n, tenants) = task.await.unwrap();
        assert_eq!(tenants, if n % 2 == 0 { 1 } else { 2 }, "side by side with others");
    }
}

/// The program's own scope lets an owner see every tenant: with the wall of a member around them they see that one's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_wall_holds_where_the_scope_is_switched_off() {
    let Some(app) = domain().await else { return };
    let (owner, trader) = (app.viewer("a", Role::Owner).await, app.viewer("b", Role::Trader).await);
    let (filter, order, args) = (UserFilter::default(), UserOrder::default(), PageArgs::default());
    let list = || app.domain.users_page(&owner, &filter, order, &args);
    assert_eq!(list().await.unwrap().items.len(), 10, "of both tenants");
    let walled = wall::confine(&trader, list()).await.unwrap();
    assert_eq!(walled.items.len(), 5);
    assert!(walled.items.iter().all(|user| user.tenant_id == trader.member().unwrap().tenant_id));
}

/// Nothing is written into another tenant either, nor is anything there changed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_written_through_the_wall() {
    let Some(app) = domain().await else { return };
    let trader = app.viewer("b", Role::Trader).await;
    let other = bellwether_domain::ids::Id::uuid(app.tenant("a"));
    let db = app.domain.db();
    let run = |statement: String| {
        db.write(move |tx| {
            let statement = statement.clone();
            Box::pin(async move { Ok(tx.execute_unprepared(&statement).await?) })
        })
    };
    let insert = || {
        run(format!(
            "INSERT INTO strategies (id, tenant_id, name, created_at) VALUES (gen_random_uuid(), '{other}', 'theirs', now())"
        ))
    };
    let error = format!("{:?}", wall::confine(&trader, insert()).await.unwrap_err());
    assert!(error.contains("row-level security"), "{error}");
    for statement in ["UPDATE users SET first_name = 'Taken'", "DELETE FROM audit_log"] {
        let statement = format!("{statement} WHERE tenant_id = '{other}'");
        assert_eq!(wall::confine(&trader, run(statement.clone())).await.unwrap().rows_affected(), 0, "{statement}");
    }
    assert!(insert().await.is_ok(), "the same statement is good for who is not confined");
}

/// Nor by a statement that is a transaction by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_written_through_the_wall_at_once() {
    let Some(app) = domain().await else { return };
    let trader = app.viewer("b", Role::Trader).await;
    let db = app.domain.db();
    let insert = async |tenant: &'static str| {
        let tenant = bellwether_domain::ids::Id::uuid(app.tenant(tenant));
        let insert = format!(
            "INSERT INTO strategies (id, tenant_id, name, created_at) \
             VALUES (gen_random_uuid(), '{tenant}', 'at once', now()) RETURNING id"
        );
        db.write_at_once(&Statement::from_string(db.backend(), insert)).await
    };
    let error = format!("{:?}", wall::confine(&trader, insert("a")).await.unwrap_err());
    assert!(error.contains("row-level security"), "{error}");
    assert!(wall::confine(&trader, insert("b")).await.unwrap().is_some(), "their own tenant's");
    assert!(insert("a").await.unwrap().is_some(), "of who is not confined");
}

/// Whoever writes, and for whomever: what two do at once comes out as if one had come after the other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_written_is_serializable() {
    let Some(app) = domain().await else { return };
    let level = || {
        app.domain.db().write(|tx| {
            Box::pin(async move {
                let show = Statement::from_string(tx.get_database_backend(), "SHOW transaction_isolation");
                let row = tx.query_one_raw(show).await?.unwrap();
                Ok(row.try_get::<String>("", "transaction_isolation")?)
            })
        })
    };
    let trader = app.viewer("b", Role::Trader).await;
    assert_eq!(level().await.unwrap(), "serializable");
    assert_eq!(wall::confine(&trader, level()).await.unwrap(), "serializable");
}

/// Over HTTP too, and for what is followed. Rows of the trader's own that are another tenant's now, which nobody but who
/// writes past the program can bring about, are let through by scopes that go by the user or the account, not by the wall.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_and_subscriptions_are_confined() {
    let Some(app) = TestApp::start(Backend::Postgres).await else { return };
    let trader = app.sign_in("a", Role::Trader).await;
    let (key, _) = make_api_key(&trader, &["SIGNALS_READ"]).await;
    let account = trade(&app, &trader).await.remove(0);
    let variables = json!({"id": account});
    let seen = async |client: &Client| {
        let query = "query ($id: ID!) { apiKeys { nodes { id } } account(id: $id) { usedMargin } }";
        let seen = client.data(query, variables.clone()).await;
        (seen["apiKeys"]["nodes"].clone(), seen["account"]["usedMargin"].clone())
    };
    let followed = async || {
        let query = "subscription ($id: ID!) { accountChanged(id: $id) { usedMargin } }";
        let heard = Socket::subscribe(&app, trader.token.as_deref(), query, &variables).await.next().await;
        heard.data().unwrap_or_else(|| panic!("{heard:?}"))["accountChanged"]["usedMargin"].clone()
    };
    let (keys, margin) = seen(&trader).await;
    assert_eq!((&keys, &margin), (&json!([{"id": key}]), &followed().await));
    for table in ["api_keys", "trades"] {
        execute(&app, &format!("UPDATE {table} SET tenant_id = (SELECT id FROM tenants WHERE slug = 'b')")).await;
    }
    let without = trader.at(app.another_without_wall().await);
    assert_eq!(seen(&without).await, (keys, margin.clone()), "the scopes alone let them through");
    let (keys, nothing) = seen(&trader).await;
    assert_eq!(keys, json!([]));
    assert_ne!(nothing, margin);
    assert_eq!(followed().await, nothing);
    let revoke = "mutation ($id: ID!) { revokeApiKey(input: {id: $id}) { userErrors { code } } }";
    let revoked = |done: &Value| done["revokeApiKey"]["userErrors"] == json!([]);
    assert!(!revoked(&trader.data(revoke, json!({"id": key})).await), "nor is anything done to them");
    assert!(revoked(&without.data(revoke, json!({"id": key})).await));
}

/// A connection that nobody has given a tenant sees nothing at all.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_without_a_tenant_sees_nothing() {
    let Some(app) = domain().await else { return };
    for unset in ["", "-c%20bellwether.tenant%3D"] {
        let url = app.database.url.replace("-c%20bellwether.tenant%3D*", unset);
        assert_ne!(url, app.database.url);
        let db = Database::connect(url).await.unwrap();
        for (table, _) in walled() {
            let query = Statement::from_string(db.get_database_backend(), format!("SELECT COUNT(*) AS n FROM {table}"));
            let row = db.query_one_raw(query).await.unwrap().unwrap();
            assert_eq!(row.try_get::<i64>("", "n").unwrap(), 0, "{table} with {unset:?}");
        }
        db.close().await.unwrap();
    }
}
