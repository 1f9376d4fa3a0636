//! What an archive says of itself.

use std::collections::BTreeMap;

use anyhow::{Context, bail};
use bellwether_migrations::Migrator;
use chrono::{DateTime, Utc};
use sea_orm_migration::MigratorTrait;
use serde::{Deserialize, Serialize};

use super::catalog::Catalog;

/// The form of archives that this version writes, and the newest that it reads.
pub(super) const FORMAT: u32 = 1;

/// The last entry of an archive: one without it is not whole.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Manifest {
    /// The form of the archive.
    pub(super) format: u32,
    /// The version of Bellwether that made it.
    pub(crate) product: String,
    /// Which installation it is of.
    pub(super) installation: String,
    /// The database that it was read from.
    pub(crate) backend: String,
    /// The migrations that were applied there, oldest first.
    pub(super) migrations: Vec<String>,
    /// When reading began: what was committed before is in it.
    pub(crate) started_at: DateTime<Utc>,
    /// When it was written.
    pub(super) finished_at: DateTime<Utc>,
    /// What is in it, by table.
    pub(super) tables: BTreeMap<String, Contents>,
}

/// A table in an archive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Contents {
    /// The columns, in the order of the values of a line.
    pub(super) columns: Vec<String>,
    /// The columns of the primary key, which the lines are sorted by.
    pub(super) key: Vec<String>,
    /// How many rows there are.
    pub(super) rows: u64,
    /// SHA-256 of the lines, each with the newline at its end.
    pub(super) sha256: String,
}

/// What is looked at first: a newer format may have anything else.
#[derive(Deserialize)]
struct Head {
    format: u32,
}

impl Manifest {
    /// Reads one.
    ///
    /// # Errors
    /// When it is of a newer format, or none.
    pub(super) fn parse(json: &[u8]) -> anyhow::Result<Self> {
        let damaged = "the archive is damaged: its manifest cannot be read";
        let Head { format } = serde_json::from_slice(json).context(damaged)?;
        if format > FORMAT {
            bail!(
                "the archive has format {format}, and this version of Bellwether reads up to format {FORMAT}: \
                 restore it with the version that made it, or a newer one"
            );
        }
        serde_json::from_slice(json).context(damaged)
    }

    /// How many of this version's migrations the archive's database had.
    ///
    /// # Errors
    /// When it had others.
    pub(super) fn migration_steps(&self) -> anyhow::Result<u32> {
        steps_of(&self.migrations)
    }

    /// Looks whether it has the tables that its migrations make, with their columns, and no others.
    ///
    /// # Errors
    /// The first table in which they differ.
    pub(super) fn agree_with(&self, made: &Catalog) -> anyhow::Result<()> {
        if let Some(lacking) = made.keys().find(|name| !self.tables.contains_key(*name)) {
            bail!("the archive lacks the table {lacking}, which its migrations make");
        }
        for (name, contents) in &self.tables {
            let Some(table) = made.get(name) else {
                bail!("the archive has the table {name}, which its migrations do not make");
            };
            let mut columns: Vec<&str> = contents.columns.iter().map(String::as_str).collect();
            columns.sort_unstable();
            if columns != table.sorted_columns() {
                let (has, makes) = (columns.join(", "), table.sorted_columns().join(", "));
                bail!("the archive's table {name} has the columns {has}, and its migrations make {makes}");
            }
        }
        Ok(())
    }

    /// How many rows there are in all.
    pub(crate) fn rows(&self) -> u64 {
        self.tables.values().map(|table| table.rows).sum()
    }

    /// How many tables there are.
    pub(crate) fn table_count(&self) -> usize {
        self.tables.len()
    }
}

/// How many of this version's migrations these are, oldest first.
///
/// # Errors
/// When they are not the first ones.
pub(super) fn steps_of(applied: &[String]) -> anyhow::Result<u32> {
    let known: Vec<String> = Migrator::migrations().iter().map(|migration| migration.name().to_owned()).collect();
    if let Some(unknown) = applied.iter().find(|name| !known.contains(name)) {
        bail!("it has the migration {unknown}, which this version of Bellwether does not know: use a newer version");
    }
    if !known.starts_with(applied) {
        bail!("its migrations are not the first ones of this version of Bellwether: {}", applied.join(", "));
    }
    Ok(u32::try_from(applied.len())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_migrations_are_taken() {
        let known: Vec<String> = Migrator::migrations().iter().map(|migration| migration.name().to_owned()).collect();
        assert_eq!(steps_of(&known).unwrap() as usize, known.len());
        assert_eq!(steps_of(&known[..2]).unwrap(), 2);
        let newer = [known.as_slice(), &["m20990101_000001_wonders".to_owned()]].concat();
        assert!(steps_of(&newer).unwrap_err().to_string().contains("m20990101_000001_wonders"));
        assert!(steps_of(&known[1..]).unwrap_err().to_string().contains("not the first ones"));
    }

    #[test]
    fn a_newer_format_is_told_from_damage() {
        let newer = Manifest::parse(br#"{"format": 2, "wonders": []}"#).unwrap_err().to_string();
        assert!(newer.contains("format 2"), "{newer}");
        for damaged in [&b""[..], b"{}", br#"{"format": 1}"#, br#"{"format": "#] {
            assert!(Manifest::parse(damaged).unwrap_err().to_string().contains("damaged"));
        }
    }
}
