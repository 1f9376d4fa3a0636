//! The same questions in plain SQL.

use std::sync::Arc;

use bellwether_domain::Domain;
use bellwether_domain::challenges::Challenge;
use bellwether_domain::ids::Id;
use bellwether_tests::TestDomain;
use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbBackend, QueryResult, Statement, TryGetable, Value};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// How many running challenges are below the floor of their daily loss or drawdown at a price of what they hold.
pub async fn below_floor(app: &TestDomain, price: &str) -> u64 {
    let db = app.domain.db();
    let number = |field: &str| match db.backend() {
        DbBackend::Sqlite => format!("CAST(challenges.state ->> '{field}' AS REAL)"),
        _ => format!("(challenges.state ->> '{field}')::float8"),
    };
    let (balance, base, anchor) = (number("balance"), number("dayBase"), number("anchor"));
    let sql = format!(
        "SELECT COUNT(*) AS count FROM (
            SELECT {balance} + SUM(({price} - trades.entry_price / 1e8) * (trades.quantity / 1e8)) AS equity,
                {base} * 0.95 AS daily, {anchor} * 0.90 AS drawdown
            FROM challenges JOIN trades ON trades.account_id = challenges.account_id AND trades.status = 'OPEN'
            WHERE challenges.status = 'ACTIVE' GROUP BY challenges.id) AS judged
         WHERE equity < daily OR equity < drawdown"
    );
    let row = db.reader().query_one_raw(Statement::from_string(db.backend(), sql)).await.unwrap().unwrap();
    u64::try_from(row.try_get::<i64>("", "count").unwrap()).unwrap()
}

/// Challenges that are read, and written, at once.
const PAGE: u32 = 1_000;

/// Reads the rows that judging needs, page by page; tells how many.
pub async fn read(app: &TestDomain) -> u64 {
    let (mut count, mut after) = (0_u64, Uuid::nil());
    while let Some((page, trades, last)) = page(app, after).await {
        count += (page.len() + trades) as u64;
        after = last;
    }
    count
}

/// The next running challenges, how many trades they have open, and the last of them.
async fn page(app: &TestDomain, after: Uuid) -> Option<(Vec<QueryResult>, usize, Uuid)> {
    let db = app.domain.db();
    let challenges = format!(
        "SELECT id, tenant_id, account_id, rules_hash, {} AS state, seq, evidence_hash, expires_at, next_look
         FROM challenges WHERE status = 'ACTIVE' AND id > $1 ORDER BY id LIMIT {PAGE}",
        match db.backend() {
            DbBackend::Sqlite => "state",
            _ => "state::text",
        }
    );
    let statement = Statement::from_sql_and_values(db.backend(), challenges, [after.into()]);
    let rows = db.reader().query_all_raw(statement).await.unwrap();
    let last = rows.last()?.try_get("", "id").unwrap();
    let accounts: Vec<Uuid> = rows.iter().map(|row| row.try_get("", "account_id").unwrap()).collect();
    let places: Vec<String> = (1..=accounts.len()).map(|place| format!("${place}")).collect();
    let trades = format!(
        "SELECT id, account_id, asset_id, side, quantity, entry_price, notional FROM trades
         WHERE status = 'OPEN' AND account_id IN ({})",
        places.join(", ")
    );
    let values = accounts.into_iter().map(Into::into);
    let trades = db.reader().query_all_raw(Statement::from_sql_and_values(db.backend(), trades, values)).await.unwrap();
    Some((rows, trades.len(), last))
}

/// Reads those rows, and writes as much as raising every peak does: what changes of each challenge, and a row of evidence of
/// the usual length; a transaction a page.
pub async fn advance(app: &TestDomain) {
    let (db, mut after, body) = (app.domain.db(), Uuid::nil(), "0".repeat(1_100));
    while let Some((page, _, last)) = page(app, after).await {
        after = last;
        let statements = Arc::new([update(db.backend(), &page), insert(db.backend(), &page, &body)]);
        let write = db.write(|tx| {
            let statements = Arc::clone(&statements);
            Box::pin(async move {
                for statement in statements.iter() {
                    tx.execute_raw(statement.clone()).await?;
                }
                Ok(())
            })
        });
        write.await.unwrap();
    }
}

fn update(backend: DbBackend, rows: &[QueryResult]) -> Statement {
    let mut values: Vec<Value> = Vec::new();
    for row in rows {
        let (id, seq, hash): (Uuid, i64, Vec<u8>) = (get(row, "id"), get(row, "seq"), get(row, "evidence_hash"));
        let (state, next_look): (String, DateTime<Utc>) = (get(row, "state"), get(row, "next_look"));
        values.extend([id.into(), seq.into(), hash.into(), state.into(), next_look.into()]);
    }
    let json = if backend == DbBackend::Sqlite { "" } else { "::jsonb" };
    // A limit tells SQLite that these are few: it would read all challenges first.
    let sql = format!(
        "UPDATE challenges SET seq = v.column2, evidence_hash = v.column3, state = v.column4{json}, next_look = v.column5
         FROM (SELECT * FROM (VALUES {}) AS v LIMIT {PAGE}) AS v
         WHERE challenges.id = v.column1 AND challenges.seq = v.column2 AND challenges.status = 'ACTIVE'",
        places(rows.len(), "", 5)
    );
    Statement::from_sql_and_values(backend, sql, values)
}

fn insert(backend: DbBackend, rows: &[QueryResult], body: &str) -> Statement {
    let mut values: Vec<Value> = Vec::new();
    for row in rows {
        let (id, seq, tenant): (Uuid, i64, Uuid) = (get(row, "id"), get(row, "seq"), get(row, "tenant_id"));
        let (hash, at): (Vec<u8>, DateTime<Utc>) = (get(row, "evidence_hash"), get(row, "next_look"));
        let hashes = [hash.clone().into(), hash.into()];
        values.extend([id.into(), (seq + 1_000_000).into(), tenant.into(), at.into(), body.into()]);
        values.extend(hashes);
    }
    let sql = format!(
        "INSERT INTO challenge_evidence (cause, status, challenge_id, seq, tenant_id, at, body, previous_hash, hash) VALUES {}",
        places(rows.len(), "'QUOTE', 'ACTIVE', ", 7)
    );
    Statement::from_sql_and_values(backend, sql, values)
}

/// The places of so many rows with so many values each, after something that is the same in all.
fn places(rows: usize, before: &str, values: usize) -> String {
    let row = |row: usize| {
        let places: Vec<String> = (1..=values).map(|place| format!("${}", row * values + place)).collect();
        format!("({before}{})", places.join(", "))
    };
    (0..rows).map(row).collect::<Vec<_>>().join(", ")
}

fn get<T: TryGetable>(row: &QueryResult, column: &str) -> T {
    row.try_get("", column).unwrap()
}

/// Writes a row that nobody else needs.
pub async fn touch(domain: &Domain) {
    let sql = "UPDATE challenge_tiers SET updated_at = updated_at";
    domain.db().write_at_once(&Statement::from_string(domain.db().backend(), sql)).await.unwrap();
}

/// Removes what was written, which is no evidence of anything.
pub async fn forget(app: &TestDomain) {
    let db = app.domain.db();
    db.writer().execute_unprepared("DELETE FROM challenge_evidence WHERE seq > 1000000").await.unwrap();
}

/// Reads and hashes a challenge's evidence; tells how many rows there are.
pub async fn hash(app: &TestDomain, challenge: &Challenge) -> u64 {
    let db = app.domain.db();
    let sql = "SELECT body, previous_hash, hash FROM challenge_evidence WHERE challenge_id = $1 ORDER BY seq";
    let statement = Statement::from_sql_and_values(db.backend(), sql, [challenge.id.uuid().into()]);
    let rows = db.reader().query_all_raw(statement).await.unwrap();
    for row in &rows {
        let (body, previous): (String, Vec<u8>) =
            (row.try_get("", "body").unwrap(), row.try_get("", "previous_hash").unwrap());
        let hash = Sha256::new().chain_update(previous).chain_update(body).finalize().to_vec();
        assert_eq!(hash, row.try_get::<Vec<u8>>("", "hash").unwrap());
    }
    rows.len() as u64
}
