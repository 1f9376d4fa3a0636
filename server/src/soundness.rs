//! Whether a database is sound: its files, and that no row points to one that is not there.

use anyhow::Context;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend, Statement};

/// What is wrong with the database's files and indexes; nothing where they are sound.
///
/// # Errors
/// When the database does not answer.
pub(crate) async fn integrity(db: &impl ConnectionTrait) -> anyhow::Result<Vec<String>> {
    let query = match db.get_database_backend() {
        DbBackend::Sqlite => {
            "SELECT integrity_check AS complaint FROM pragma_integrity_check WHERE integrity_check <> 'ok' LIMIT 10"
        }
        _ => {
            "SELECT 'the index ' || indexrelid::regclass || ' is not valid' AS complaint \
             FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid \
             WHERE relnamespace = current_schema()::regnamespace AND NOT (indisvalid AND indisready) \
             UNION ALL SELECT 'the constraint ' || conname || ' of ' || conrelid::regclass || ' was never validated' \
             FROM pg_constraint WHERE connamespace = current_schema()::regnamespace AND NOT convalidated \
             UNION ALL SELECT 'PostgreSQL has met ' || checksum_failures || ' pages whose checksum is wrong' \
             FROM pg_stat_database WHERE datname = current_database() AND checksum_failures > 0"
        }
    };
    texts(db, query, "complaint").await
}

/// Which tables have rows that point to a row that is not there.
///
/// # Errors
/// When the database does not answer.
pub(crate) async fn foreign_keys(db: &impl ConnectionTrait) -> anyhow::Result<Vec<String>> {
    if db.get_database_backend() == DbBackend::Sqlite {
        let query = "SELECT count(*) || ' rows of ' || \"table\" || ' point to none of ' || parent AS complaint \
                     FROM pragma_foreign_key_check GROUP BY \"table\", parent";
        return texts(db, query, "complaint").await;
    }
    // PostgreSQL has no command for it: a query for each key, which it writes itself.
    let keys = "SELECT format('SELECT count(*) || '' rows of %1$s point to none of %2$s'' AS complaint FROM %1$s AS c \
                WHERE %3$s AND NOT EXISTS (SELECT 1 FROM %2$s AS p WHERE %4$s) HAVING count(*) > 0', \
                    conrelid::regclass, confrelid::regclass, \
                    string_agg(format('c.%I IS NOT NULL', child.attname), ' AND '), \
                    string_agg(format('c.%I = p.%I', child.attname, parent.attname), ' AND ')) AS query \
                FROM pg_constraint \
                CROSS JOIN LATERAL unnest(conkey, confkey) AS pair (child, parent) \
                JOIN pg_attribute AS child ON child.attrelid = conrelid AND child.attnum = pair.child \
                JOIN pg_attribute AS parent ON parent.attrelid = confrelid AND parent.attnum = pair.parent \
                WHERE contype = 'f' AND conparentid = 0 AND connamespace = current_schema()::regnamespace \
                GROUP BY pg_constraint.oid, conrelid, confrelid ORDER BY conrelid::regclass::text";
    let mut complaints = Vec::new();
    for query in texts(db, keys, "query").await? {
        complaints.extend(texts(db, &query, "complaint").await?);
    }
    Ok(complaints)
}

async fn texts(db: &impl ConnectionTrait, query: &str, column: &str) -> anyhow::Result<Vec<String>> {
    let rows = db.query_all_raw(Statement::from_string(db.get_database_backend(), query)).await;
    let rows = rows.context("the database does not answer")?;
    rows.iter().map(|row| Ok(row.try_get("", column)?)).collect()
}
