//! Challenges: tiers, challenges with their frozen rules, and the evidence of how each was judged.

use sea_orm_migration::prelude::*;

use crate::dialect;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sqlite = include_str!("m20261129_000002_challenges/sqlite_up.sql");
        let postgres = include_str!("m20261129_000002_challenges/postgres_up.sql");
        dialect::run_either(manager, sqlite, postgres).await?;
        dialect::run(manager, include_str!("m20261129_000002_challenges/up.sql")).await?;
        dialect::raise_wall(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sqlite = include_str!("m20261129_000002_challenges/sqlite_down.sql");
        let postgres = include_str!("m20261129_000002_challenges/postgres_down.sql");
        dialect::run_either(manager, sqlite, postgres).await?;
        dialect::run(manager, include_str!("m20261129_000002_challenges/down.sql")).await
    }
}
