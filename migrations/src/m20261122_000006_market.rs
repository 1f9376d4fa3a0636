//! The market: exchanges, what an asset is traded as, candles, quotes, who asks for what, and watchlists.

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
        let sqlite = include_str!("m20261122_000006_market/sqlite_up.sql");
        let postgres = include_str!("m20261122_000006_market/postgres_up.sql");
        dialect::run_either(manager, sqlite, postgres).await?;
        dialect::run(manager, include_str!("m20261122_000006_market/up.sql")).await?;
        dialect::raise_wall(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::run(manager, include_str!("m20261122_000006_market/down.sql")).await?;
        let sqlite = include_str!("m20261122_000006_market/sqlite_down.sql");
        let postgres = include_str!("m20261122_000006_market/postgres_down.sql");
        dialect::run_either(manager, sqlite, postgres).await
    }
}
