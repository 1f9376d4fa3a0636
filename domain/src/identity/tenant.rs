//! The table of tenants.

use sea_orm::entity::prelude::*;

use crate::ids::TenantId;

/// Whether a tenant is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TenantStatus {
    /// Served.
    Active,
    /// Its users cannot sign in.
    Suspended,
}

/// A business that runs on the installation.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "tenants")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: TenantId,
    /// Its short name, unique, in lower case.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// Whether it is served.
    pub status: TenantStatus,
    /// When it was made.
    pub created_at: DateTimeUtc,
    /// When it last changed.
    pub updated_at: DateTimeUtc,
}

/// No relation is walked through the entity.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
