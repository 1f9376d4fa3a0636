//! The same questions in plain SQL.

use bellwether_domain::challenges::Challenge;
use bellwether_domain::ids::Id;
use bellwether_tests::TestDomain;
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use sha2::{Digest, Sha256};

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

/// Reads the rows that judging needs, in batches of the same size; tells how many.
pub async fn read(app: &TestDomain) -> u64 {
    let db = app.domain.db();
    let (mut count, mut after) = (0_u64, uuid::Uuid::nil());
    loop {
        let challenges = "SELECT id, account_id, rules_hash, state, seq, evidence_hash, expires_at FROM challenges \
                          WHERE status = 'ACTIVE' AND id > $1 ORDER BY id LIMIT 1000";
        let statement = Statement::from_sql_and_values(db.backend(), challenges, [after.into()]);
        let rows = db.reader().query_all_raw(statement).await.unwrap();
        let Some(last) = rows.last() else { return count };
        after = last.try_get("", "id").unwrap();
        let accounts: Vec<uuid::Uuid> = rows.iter().map(|row| row.try_get("", "account_id").unwrap()).collect();
        let places: Vec<String> = (1..=accounts.len()).map(|place| format!("${place}")).collect();
        let trades = format!(
            "SELECT id, account_id, asset_id, side, quantity, entry_price, margin FROM trades \
             WHERE status = 'OPEN' AND account_id IN ({})",
            places.join(", ")
        );
        let values = accounts.into_iter().map(Into::into);
        let trades =
            db.reader().query_all_raw(Statement::from_sql_and_values(db.backend(), trades, values)).await.unwrap();
        count += (rows.len() + trades.len()) as u64;
    }
}

/// Writes as much as raising every peak does: a change of every challenge, and a row of evidence of the usual length.
pub async fn advance(app: &TestDomain) {
    let db = app.domain.db();
    let (hash, length) = match db.backend() {
        DbBackend::Sqlite => ("zeroblob(32)", "substr(hex(zeroblob(600)), 1, 1100)"),
        _ => ("decode(repeat('00', 32), 'hex')", "repeat('0', 1100)"),
    };
    let insert = format!(
        "INSERT INTO challenge_evidence (challenge_id, seq, tenant_id, at, cause, status, body, previous_hash, hash)
         SELECT id, seq + 1000000, tenant_id, updated_at, 'QUOTE', 'ACTIVE', {length}, {hash}, {hash}
         FROM challenges WHERE status = 'ACTIVE'"
    );
    for sql in [insert.as_str(), "UPDATE challenges SET state = state, updated_at = updated_at WHERE status = 'ACTIVE'"]
    {
        db.writer().execute_unprepared(sql).await.unwrap();
    }
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
