//! What is measured on.

use std::sync::Arc;

use bellwether_domain::challenges::{Challenge, NewChallenge, NewTier, PhaseKind, Rules, Which};
use bellwether_domain::ids::Id;
use bellwether_domain::market::{NewQuote, Quote, SourceName, Symbol};
use bellwether_domain::permission::Role;
use bellwether_domain::trading::{NewOrder, OrderType, Side};
use bellwether_domain::viewer::ClientInfo;
use bellwether_tests::TestDomain;
use chrono::TimeDelta;
use sea_orm::{ConnectionTrait, DbBackend, Statement};

/// Says what bitcoin costs, a moment later.
pub async fn quote(app: &TestDomain, price: &str) -> Vec<Arc<Quote>> {
    app.clock.advance(TimeDelta::seconds(1));
    let asset = app.domain.asset_by_symbol(&Symbol::try_from("BTC-USD").unwrap()).await.unwrap().unwrap();
    let (price, exchange_time) = (price.parse().unwrap(), app.domain.now());
    let quote = NewQuote { asset_id: asset.id, price, bid: None, ask: None, previous_close: None, exchange_time };
    app.domain.put_quotes(SourceName::Csv, vec![quote]).await.unwrap()
}

/// So many running challenges with an open trade each: one that was begun and traded on, and copies of it.
pub async fn many(app: &TestDomain, count: u64) -> Challenge {
    quote(app, "1000").await;
    let percent = |text: &str| Some(text.parse().unwrap());
    let rules = Rules {
        leverage: 10,
        profit_target: percent("10"),
        daily_loss: percent("5"),
        drawdown: percent("10"),
        ..Rules::unlimited(PhaseKind::Evaluation, "10000".parse().unwrap())
    };
    let (code, name) = ("BENCH".to_owned(), "Bench".to_owned());
    let tier = NewTier { code, name, is_recommended: false, price: None, is_refundable: false, phases: vec![rules] };
    app.domain.put_challenge_tiers(&[tier]).await.unwrap();
    let (admin, trader) = (app.viewer("a", Role::Admin).await, app.viewer("a", Role::Trader).await);
    let user_id = app.user("a", Role::Trader);
    let new = NewChallenge { user_id, tier: "BENCH".to_owned(), reason: "bench".to_owned() };
    let nobody = ClientInfo::default();
    let challenge = app.domain.grant_challenge(&admin, new, &nobody).await.unwrap();
    let challenge = app.domain.start_challenge(&trader, challenge.id, &nobody).await.unwrap();
    let order = NewOrder {
        account_id: challenge.account_id.unwrap(),
        symbol: "BTC-USD".to_owned(),
        side: Side::Buy,
        quantity: "2".to_owned(),
        order_type: OrderType::Market,
        limit_price: None,
        stop_price: None,
        stop_loss: None,
        take_profit: None,
        client_order_id: None,
        signal_id: None,
    };
    app.domain.place_order(&trader, order).await.unwrap();
    let challenge = app.domain.challenge(&trader, challenge.id).await.unwrap().unwrap();
    copy(app, &challenge, count - 1).await;
    challenge
}

async fn copy(app: &TestDomain, challenge: &Challenge, count: u64) {
    // Ids as they come with the time, a millisecond each: random ones would have each page of a large table touched by each
    // batch.
    let from = app.domain.now().timestamp_millis() + 1;
    let (new_id, number) = match app.domain.db().backend() {
        DbBackend::Sqlite => (
            format!(
                "unhex(printf('%012x', {from} + n) || '7' || substr(hex(randomblob(2)), 2) || '8' || substr(hex(randomblob(8)), 2))"
            ),
            "printf('PA-%011d', n)",
        ),
        _ => (
            format!(
                "(lpad(to_hex({from} + n), 12, '0') || '7' || right(md5(random()::text), 3) || '8' || right(md5(random()::text), 15))::uuid"
            ),
            "'PA-' || lpad(n::text, 11, '0')",
        ),
    };
    let new_id = new_id.as_str();
    let statements = [
        format!(
            "CREATE TABLE copies AS WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {count})
             SELECT n, {new_id} AS challenge_id, {new_id} AS account_id FROM numbers"
        ),
        columns("accounts", app, &[("id", "copies.account_id"), ("challenge_id", "copies.challenge_id"), ("number", number)])
            .await
            .replace("SOURCE", "accounts.challenge_id = $1"),
        columns("challenges", app, &[("id", "copies.challenge_id"), ("account_id", "copies.account_id")])
            .await
            .replace("SOURCE", "challenges.id = $1"),
        columns("ledger_entries", app, &[("account_id", "copies.account_id")])
            .await
            .replace("SOURCE", "ledger_entries.account_id = (SELECT account_id FROM challenges WHERE id = $1)"),
        columns("trades", app, &[("id", new_id), ("account_id", "copies.account_id")])
            .await
            .replace("SOURCE", "trades.account_id = (SELECT account_id FROM challenges WHERE id = $1)"),
        "DROP TABLE copies".to_owned(),
        "ANALYZE".to_owned(),
    ];
    let db = app.domain.db();
    for sql in statements {
        let values = if sql.contains("$1") { vec![challenge.id.uuid().into()] } else { Vec::new() };
        db.writer().execute_raw(Statement::from_sql_and_values(db.backend(), sql, values)).await.unwrap();
    }
}

/// A statement that copies a row of a table for each of the copies, but for these columns.
async fn columns(table: &str, app: &TestDomain, changed: &[(&str, &str)]) -> String {
    let db = app.domain.db();
    let sql = match db.backend() {
        DbBackend::Sqlite => format!("SELECT name FROM pragma_table_info('{table}')"),
        _ => format!("SELECT column_name::text AS name FROM information_schema.columns WHERE table_name = '{table}'"),
    };
    let rows = db.reader().query_all_raw(Statement::from_string(db.backend(), sql)).await.unwrap();
    let names: Vec<String> = rows.iter().map(|row| row.try_get("", "name").unwrap()).collect();
    let value = |name: &String| {
        let new = changed.iter().find(|(column, _)| column == name).map(|(_, value)| (*value).to_owned());
        new.unwrap_or_else(|| format!("{table}.{name}"))
    };
    let values: Vec<String> = names.iter().map(value).collect();
    format!("INSERT INTO {table} ({}) SELECT {} FROM {table}, copies WHERE SOURCE", names.join(", "), values.join(", "))
}

/// Lets a challenge's peak rise until it has so many rows of evidence.
pub async fn long_chain(app: &TestDomain, challenge: &Challenge, rows: i64) -> Challenge {
    // It alone: the others end.
    let end = "UPDATE challenges SET status = 'CANCELLED', next_look = NULL, ended_at = updated_at WHERE id <> $1";
    let db = app.domain.db();
    let end = Statement::from_sql_and_values(db.backend(), end, [challenge.id.uuid().into()]);
    db.writer().execute_raw(end).await.unwrap();
    let trader = app.viewer("a", Role::Trader).await;
    for step in 0.. {
        let now = app.domain.challenge(&trader, challenge.id).await.unwrap().unwrap();
        if now.seq >= rows {
            return now;
        }
        quote(app, &format!("{}.{:02}", 1_100 + step / 100, step % 100)).await;
        app.domain.judge_challenges(Which::All).await;
    }
    unreachable!("every step raises the peak")
}
