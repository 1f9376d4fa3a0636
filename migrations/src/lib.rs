//! The database's schema, forward and back, for SQLite and PostgreSQL.
//!
//! Each migration is a folder with `up.sql` and `down.sql`: one text for both databases, in which a few type words
//! (see `dialect.rs`) stand for what the two call differently. An applied migration is never edited.
//!
//! A migration runs in one transaction on both databases, and must be run over a single connection: on SQLite every
//! statement of a wider pool could take another one.

mod dialect;
mod m20261122_000001_foundation;
mod m20261122_000002_people;
mod m20261122_000003_identity;
mod m20261122_000004_scheduler;
mod m20261122_000005_site_forms;
mod m20261122_000006_market;
mod m20261122_000007_analysis;
mod m20261122_000008_trading;
mod m20261128_000001_market;
mod m20261128_000002_analysis;
mod m20261128_000003_trading;
mod m20261128_000004_judging;
mod m20261128_000005_retention;
mod m20261129_000001_plans;
mod m20261129_000002_challenges;
mod m20261129_000004_ranking;

use sea_orm_migration::prelude::*;

/// Every migration, oldest first.
#[derive(Debug)]
pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261122_000001_foundation::Migration),
            Box::new(m20261122_000002_people::Migration),
            Box::new(m20261122_000003_identity::Migration),
            Box::new(m20261122_000004_scheduler::Migration),
            Box::new(m20261122_000005_site_forms::Migration),
            Box::new(m20261122_000006_market::Migration),
            Box::new(m20261122_000007_analysis::Migration),
            Box::new(m20261122_000008_trading::Migration),
            Box::new(m20261128_000001_market::Migration),
            Box::new(m20261128_000002_analysis::Migration),
            Box::new(m20261128_000003_trading::Migration),
            Box::new(m20261128_000004_judging::Migration),
            Box::new(m20261128_000005_retention::Migration),
            Box::new(m20261129_000001_plans::Migration),
            Box::new(m20261129_000002_challenges::Migration),
            Box::new(m20261129_000004_ranking::Migration),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Their names are kept in the database and in backups, and read in their order.
    #[test]
    fn migrations_stand_in_the_order_of_their_names() {
        let names: Vec<String> = Migrator::migrations().iter().map(|migration| migration.name().to_owned()).collect();
        assert!(names.is_sorted_by(|a, b| a < b), "{names:?}");
    }
}
