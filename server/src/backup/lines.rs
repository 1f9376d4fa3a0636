//! The rows of a table as lines of text, the same from both databases.
//!
//! A line is a JSON array with a value for each column, as SQLite would store it: integers as they are (a boolean is 0
//! or 1), text as text, UUIDs and bytes as hexadecimal digits, a time as RFC 3339 in UTC with the fewest of 0, 3 and 6
//! decimals that hold it, JSON as its text. The databases themselves write and read them, each by one expression a
//! column, so that no value takes a way through types of this program.

use anyhow::{Context, bail};
use sea_orm_migration::sea_orm::DbBackend;
use serde_json::Value;

use super::catalog::{Kind, Table};
use super::manifest::Contents;

/// A query for the lines of a table, in the order of its key.
///
/// # Errors
/// When the table of this database has other columns.
pub(super) fn select(backend: DbBackend, name: &str, table: &Table, layout: &Contents) -> anyhow::Result<String> {
    let kinds = kinds(name, table, &layout.columns)?;
    let values = layout.columns.iter().zip(kinds).map(|(column, kind)| written(backend, &quoted(column), kind));
    let values = values.collect::<Vec<_>>().join(", ");
    let order = layout.key.iter().zip(self::kinds(name, table, &layout.key)?).map(|(column, kind)| {
        // By its bytes, as SQLite does, whatever the language of the database.
        let collation = if kind == Kind::Text && backend != DbBackend::Sqlite { " COLLATE \"C\"" } else { "" };
        format!("{}{collation}", quoted(column))
    });
    let order = order.collect::<Vec<_>>().join(", ");
    let table = quoted(name);
    Ok(match backend {
        DbBackend::Sqlite => format!("SELECT json_array({values}) FROM {table} ORDER BY {order}"),
        _ => format!("SELECT json_build_array({values})::text FROM {table} ORDER BY {order}"),
    })
}

/// A statement that puts lines into a table; its parameter is a JSON array of them.
///
/// # Errors
/// When the table of this database has other columns.
pub(super) fn insert(backend: DbBackend, name: &str, table: &Table, layout: &Contents) -> anyhow::Result<String> {
    let kinds = kinds(name, table, &layout.columns)?;
    let columns = layout.columns.iter().map(|column| quoted(column)).collect::<Vec<_>>().join(", ");
    let values = kinds.into_iter().enumerate().map(|(place, kind)| read(backend, place, kind));
    let values = values.collect::<Vec<_>>().join(", ");
    let source = match backend {
        DbBackend::Sqlite => "json_each($1) AS line",
        _ => "jsonb_array_elements($1::jsonb) AS lines (line)",
    };
    Ok(format!("INSERT INTO {} ({columns}) SELECT {values} FROM {source}", quoted(name)))
}

/// The JSON array of lines that [`insert`] takes.
pub(super) fn batch(lines: Vec<u8>) -> anyhow::Result<String> {
    let mut text = String::from_utf8(lines).context("the archive is damaged: it is not UTF-8")?;
    let last = text.pop();
    if last != Some('\n') {
        bail!("the archive is damaged: a line has no end");
    }
    // Within a line a newline is written as \n.
    let lines = text.replace('\n', ",");
    Ok(format!("[{lines}]"))
}

/// Writes a line as every database would have it: without spaces, and with a newline at its end.
///
/// # Errors
/// When it is not one.
pub(super) fn normalise(line: &str, columns: usize, into: &mut Vec<u8>) -> anyhow::Result<()> {
    let values: Vec<Value> = serde_json::from_str(line).context("the database wrote a row that is not JSON")?;
    let is_plain = |value: &Value| value.is_null() || value.is_string() || value.is_i64();
    if values.len() != columns || !values.iter().all(is_plain) {
        bail!("the database wrote a row with other values than were asked for");
    }
    serde_json::to_writer(&mut *into, &values)?;
    into.push(b'\n');
    Ok(())
}

fn kinds(name: &str, table: &Table, columns: &[String]) -> anyhow::Result<Vec<Kind>> {
    let kinds = columns.iter().map(|column| {
        table.kind(column).with_context(|| format!("the table {name} of this database has no column {column}"))
    });
    kinds.collect()
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The value of a column as it stands in a line.
fn written(backend: DbBackend, column: &str, kind: Kind) -> String {
    if backend == DbBackend::Sqlite {
        return match kind {
            // hex() makes an empty text of NULL.
            Kind::Bytes => format!("iif({column} IS NULL, NULL, lower(hex({column})))"),
            _ => column.to_owned(),
        };
    }
    match kind {
        Kind::Text | Kind::Integer => column.to_owned(),
        Kind::Bytes => format!("encode({column}, 'hex')"),
        Kind::Uuid => format!("encode(uuid_send({column}), 'hex')"),
        Kind::Boolean => format!("{column}::integer"),
        Kind::Json => format!("{column}::text"),
        // Six decimals, of which three or all are left out where they are zeros: text is compared as text on SQLite.
        Kind::Time => format!(
            "replace(replace(to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"+00:00\"'), \
             '.000000+', '+'), '000+', '+')"
        ),
    }
}

/// The value at a place of a line as the column takes it.
fn read(backend: DbBackend, place: usize, kind: Kind) -> String {
    if backend == DbBackend::Sqlite {
        let value = format!("line.value ->> {place}");
        return if kind == Kind::Bytes { format!("unhex({value})") } else { value };
    }
    let value = format!("(line ->> {place})");
    match kind {
        Kind::Text => value,
        Kind::Integer => format!("{value}::bigint"),
        Kind::Bytes => format!("decode({value}, 'hex')"),
        Kind::Uuid => format!("{value}::uuid"),
        Kind::Boolean => format!("{value}::integer::boolean"),
        Kind::Json => format!("{value}::jsonb"),
        Kind::Time => format!("{value}::timestamptz"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_written_alike_whoever_made_them() {
        let (mut sqlite, mut postgres) = (Vec::new(), Vec::new());
        normalise(r#"["a\u00e9\u0007\n",1,null,9223372036854775807]"#, 4, &mut sqlite).unwrap();
        normalise("[\"a\u{e9}\\u0007\\n\", 1, null, 9223372036854775807]", 4, &mut postgres).unwrap();
        assert_eq!(sqlite, postgres);
        assert!(sqlite.ends_with(b"]\n") && sqlite.iter().filter(|byte| **byte == b'\n').count() == 1);
    }

    #[test]
    fn a_row_with_other_values_is_refused() {
        for line in ["[1]", "[1,2,3]", "[1.5,2]", "[[],2]", "[true,2]", "{}", "[1,2"] {
            assert!(normalise(line, 2, &mut Vec::new()).is_err(), "{line}");
        }
    }

    #[test]
    fn lines_become_one_array() {
        assert_eq!(batch(b"[1,\"a\\nb\"]\n[2,null]\n".to_vec()).unwrap(), "[[1,\"a\\nb\"],[2,null]]");
        for broken in [&b""[..], b"[1]", b"\xff\n"] {
            assert!(batch(broken.to_vec()).is_err(), "{broken:?}");
        }
    }

    #[test]
    fn a_table_with_other_columns_is_told() {
        let table = Table { columns: vec![("id".to_owned(), Kind::Uuid)], key: vec!["id".to_owned()] };
        let layout = Contents {
            columns: vec!["id".to_owned(), "shape".to_owned()],
            key: vec!["id".to_owned()],
            rows: 0,
            sha256: String::new(),
        };
        for made in [select, insert] {
            let said = made(DbBackend::Postgres, "things", &table, &layout).unwrap_err().to_string();
            assert!(said.contains("things") && said.contains("shape"), "{said}");
        }
    }
}
