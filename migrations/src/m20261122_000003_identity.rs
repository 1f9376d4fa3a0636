//! What reading sessions, users, tenants' logs and keys by page needs, and on PostgreSQL the second wall between
//! tenants: see `dialect.rs`.

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
        dialect::run(manager, include_str!("m20261122_000003_identity/up.sql")).await?;
        dialect::raise_wall(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::raze_wall(manager).await?;
        dialect::run(manager, include_str!("m20261122_000003_identity/down.sql")).await
    }
}
