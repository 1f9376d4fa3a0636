//! The table of strategies that a tenant has switched on or off. What is not in it is on.

use sea_orm::entity::prelude::*;

use crate::ids::TenantId;

/// Whether a tenant has a strategy on.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "strategy_switches")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// The strategy's name.
    #[sea_orm(primary_key, auto_increment = false)]
    pub strategy: String,
    /// Whether it is on.
    pub is_on: bool,
    /// When it was last switched.
    pub updated_at: DateTimeUtc,
}

/// No relation is walked through the entity.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
