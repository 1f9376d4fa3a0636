//! The work in hand-written SQL through sqlx.

use chrono::{DateTime, Utc};
use sea_orm::sqlx::{self, Row};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::data::{Bare, Bench};

const COLUMNS: &str = "s.id, s.timeframe, s.mode, s.signal_time, s.direction, s.confidence, s.entry, s.reasons, \
    a.symbol, a.name, u.first_name, u.last_name";

/// What the page is made of, from a row of either database.
macro_rules! row_to_json {
    ($row:expr) => {{
        let row = $row;
        let entry: Option<i64> = row.get("entry");
        let reasons: sqlx::types::Json<Value> = row.get("reasons");
        json!({
            "id": row.get::<Uuid, _>("id").to_string(),
            "symbol": row.get::<String, _>("symbol"),
            "timeframe": row.get::<String, _>("timeframe"),
            "mode": row.get::<String, _>("mode"),
            "signalTime": row.get::<DateTime<Utc>, _>("signal_time").to_rfc3339(),
            "direction": row.get::<String, _>("direction"),
            "confidence": row.get::<i32, _>("confidence"),
            "entry": entry.map(|entry| format!("{}.{:08}", entry / 100_000_000, entry % 100_000_000)),
            "reasons": reasons.0,
            "asset": {"symbol": row.get::<String, _>("symbol"), "name": row.get::<String, _>("name")},
            "author": {"firstName": row.get::<String, _>("first_name"), "lastName": row.get::<String, _>("last_name")},
        })
    }};
}

/// The newest fifty with asset and author, joined.
pub async fn page(bare: &Bare, tenant: Uuid, user: Uuid) -> Value {
    let sql = format!(
        "SELECT {COLUMNS} FROM signals s JOIN assets a ON a.id = s.asset_id LEFT JOIN users u ON u.id = s.author_id \
         WHERE s.tenant_id = $1 AND (s.audience = 'TENANT' OR s.author_id = $2) \
         ORDER BY s.signal_time DESC, s.id DESC LIMIT 51"
    );
    let nodes: Vec<Value> = match bare {
        Bare::Sqlite(readers, _) => {
            let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(tenant).bind(user).fetch_all(readers).await.unwrap();
            rows.iter().take(50).map(|row| row_to_json!(row)).collect()
        }
        Bare::Postgres(pool) => {
            let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(tenant).bind(user).fetch_all(pool).await.unwrap();
            rows.iter().take(50).map(|row| row_to_json!(row)).collect()
        }
    };
    json!({"data": {"signals": {"nodes": nodes}}})
}

/// Inserts so many signals of different keys in one statement and one transaction.
pub async fn insert(bench: &Bench, rows: usize, next: impl Fn() -> i64) {
    let mut sql = String::from(
        "INSERT INTO signals (id, tenant_id, sequence, idempotency_key, author_id, audience, asset_id, timeframe, mode, \
         signal_time, direction, confidence, entry, reasons, source, created_at, updated_at) VALUES ",
    );
    for row in 0..rows {
        let place = row * 6;
        if row > 0 {
            sql.push(',');
        }
        sql.push_str(&format!(
            "(${}, ${}, ${}, ${}, ${}, 'PRIVATE', ${}, '1m', 'INTRADAY', '2026-01-01T00:00:00+00:00', 'BUY', 50, \
             18950000000, '[]', 'API', '2026-01-01T00:00:00+00:00', '2026-01-01T00:00:00+00:00')",
            place + 1,
            place + 2,
            place + 3,
            place + 4,
            place + 5,
            place + 6
        ));
    }
    sql.push_str(" ON CONFLICT (idempotency_key) DO NOTHING");
    macro_rules! run {
        ($pool:expr) => {{
            let mut query = sqlx::query(sqlx::AssertSqlSafe(sql));
            for _ in 0..rows {
                let sequence = next();
                let mut key = [7_u8; 32];
                key[..8].copy_from_slice(&sequence.to_le_bytes());
                let id = Uuid::from_u128((0x0190_0000_0000_7000_u128 << 64) | u128::from(sequence.unsigned_abs()));
                query = query
                    .bind(id)
                    .bind(bench.tenant)
                    .bind(sequence)
                    .bind(key.to_vec())
                    .bind(bench.user)
                    .bind(bench.asset);
            }
            query.execute($pool).await.unwrap();
        }};
    }
    match &bench.bare {
        Bare::Sqlite(_, writer) => run!(writer),
        Bare::Postgres(pool) => run!(pool),
    }
}

/// Reads a signal by its key.
pub async fn lookup(bench: &Bench, key: &[u8]) {
    let sql = "SELECT * FROM signals WHERE idempotency_key = $1";
    let found = match &bench.bare {
        Bare::Sqlite(readers, _) => sqlx::query(sql).bind(key).fetch_optional(readers).await.unwrap().is_some(),
        Bare::Postgres(pool) => sqlx::query(sql).bind(key).fetch_optional(pool).await.unwrap().is_some(),
    };
    assert!(found);
}
