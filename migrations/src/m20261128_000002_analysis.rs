//! Which signals were given when the future was known already, and which rest on simulated prices.

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
        dialect::run(manager, include_str!("m20261128_000002_analysis/up.sql")).await?;
        dialect::run_either(
            manager,
            include_str!("m20261128_000002_analysis/backfill_sqlite.sql"),
            include_str!("m20261128_000002_analysis/backfill_postgres.sql"),
        )
        .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::run(manager, include_str!("m20261128_000002_analysis/down.sql")).await
    }
}
