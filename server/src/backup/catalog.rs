//! Which tables and columns a database has, as it tells itself.

use std::collections::BTreeMap;

use anyhow::{Context, bail};
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend, Statement};

/// What a column holds, by what the database calls its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Integer,
    Bytes,
    Uuid,
    Time,
    Boolean,
    Json,
}

/// A table of a database.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Table {
    /// Its columns, in order, but for those that the database computes.
    pub(super) columns: Vec<(String, Kind)>,
    /// The columns of its primary key, in order.
    pub(super) key: Vec<String>,
}

impl Table {
    /// What a column holds; none where there is no such column.
    pub(super) fn kind(&self, column: &str) -> Option<Kind> {
        self.columns.iter().find(|(name, _)| name == column).map(|(_, kind)| *kind)
    }

    /// The names of the columns, sorted.
    pub(super) fn sorted_columns(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.columns.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        names
    }
}

/// Tables by name.
pub(super) type Catalog = BTreeMap<String, Table>;

const SQLITE: &str = "\
    SELECT tables.name AS table_name, columns.name AS column_name, columns.type AS type_name, columns.pk AS key_place \
    FROM sqlite_master AS tables JOIN pragma_table_info(tables.name) AS columns \
    WHERE tables.type = 'table' AND substr(tables.name, 1, 7) <> 'sqlite_' AND tables.name <> 'seaql_migrations' \
    ORDER BY tables.name, columns.cid";

/// Partitions are read and written through the table that they are of.
const POSTGRES: &str = "\
    SELECT tables.relname::text AS table_name, columns.attname::text AS column_name, \
           format_type(columns.atttypid, NULL) AS type_name, \
           COALESCE(array_position(keys.indkey::smallint[], columns.attnum) + 1, 0)::integer AS key_place \
    FROM pg_class AS tables \
    JOIN pg_attribute AS columns ON columns.attrelid = tables.oid AND columns.attnum > 0 \
         AND NOT columns.attisdropped AND columns.attgenerated = '' \
    LEFT JOIN pg_index AS keys ON keys.indrelid = tables.oid AND keys.indisprimary \
    WHERE tables.relnamespace = current_schema()::regnamespace AND tables.relkind IN ('r', 'p') \
          AND NOT tables.relispartition AND tables.relname <> 'seaql_migrations' \
    ORDER BY tables.relname, columns.attnum";

/// Asks the database which tables it has. Those of others are among them, where it holds some.
///
/// # Errors
/// When it does not answer.
pub(super) async fn read(db: &impl ConnectionTrait) -> anyhow::Result<BTreeMap<String, RawTable>> {
    let backend = db.get_database_backend();
    let query = if backend == DbBackend::Sqlite { SQLITE } else { POSTGRES };
    let rows = db.query_all_raw(Statement::from_string(backend, query)).await.context("the tables cannot be listed")?;
    let mut tables = BTreeMap::<String, RawTable>::new();
    for row in rows {
        let column = RawColumn {
            name: row.try_get("", "column_name")?,
            type_name: row.try_get::<String>("", "type_name")?.to_lowercase(),
            key_place: row.try_get("", "key_place")?,
        };
        tables.entry(row.try_get("", "table_name")?).or_default().0.push(column);
    }
    Ok(tables)
}

/// The columns of a table that may be anybody's.
#[derive(Debug, Default)]
pub(super) struct RawTable(Vec<RawColumn>);

#[derive(Debug)]
struct RawColumn {
    name: String,
    type_name: String,
    key_place: i32,
}

impl RawTable {
    /// The table as one of ours.
    ///
    /// # Errors
    /// When it has a type that no table of ours has, or no primary key.
    pub(super) fn understand(&self, name: &str) -> anyhow::Result<Table> {
        let mut key: Vec<_> = self.0.iter().filter(|column| column.key_place > 0).collect();
        key.sort_by_key(|column| column.key_place);
        if key.is_empty() {
            bail!("the table {name} has no primary key: it cannot be backed up");
        }
        let key = key.into_iter().map(|column| column.name.clone()).collect();
        let columns = self.0.iter().map(|column| match kind(&column.type_name) {
            Some(kind) => Ok((column.name.clone(), kind)),
            None => {
                bail!("the column {name}.{} has the type {}: it cannot be backed up", column.name, column.type_name)
            }
        });
        Ok(Table { columns: columns.collect::<anyhow::Result<_>>()?, key })
    }
}

/// Every table, for a database that holds ours alone.
///
/// # Errors
/// When it does not answer, or holds what no table of ours has.
pub(super) async fn read_ours(db: &impl ConnectionTrait) -> anyhow::Result<Catalog> {
    let tables = read(db).await?;
    tables.into_iter().map(|(name, table)| Ok((name.clone(), table.understand(&name)?))).collect()
}

/// SQLite's tables are STRICT: a type is a storage class.
fn kind(type_name: &str) -> Option<Kind> {
    Some(match type_name {
        "text" => Kind::Text,
        "integer" | "bigint" | "smallint" => Kind::Integer,
        "blob" | "bytea" => Kind::Bytes,
        "uuid" => Kind::Uuid,
        "timestamp with time zone" => Kind::Time,
        "boolean" => Kind::Boolean,
        "jsonb" => Kind::Json,
        _ => return None,
    })
}
