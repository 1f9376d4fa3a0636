//! Paper trading: what a fill's rate and candle were, closing at the stop-out level, and how far each series of candles was
//! held against what waits.

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
        let sqlite = include_str!("m20261128_000003_trading/sqlite_up.sql");
        let postgres = include_str!("m20261128_000003_trading/postgres_up.sql");
        dialect::run_either(manager, sqlite, postgres).await?;
        dialect::run(manager, include_str!("m20261128_000003_trading/up.sql")).await?;
        dialect::raise_wall(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::run(manager, include_str!("m20261128_000003_trading/down.sql")).await?;
        let sqlite = include_str!("m20261128_000003_trading/sqlite_down.sql");
        let postgres = include_str!("m20261128_000003_trading/postgres_down.sql");
        dialect::run_either(manager, sqlite, postgres).await
    }
}
