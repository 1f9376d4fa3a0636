//! The table of refresh tokens that were used.

use sea_orm::entity::prelude::*;

use crate::ids::SessionId;

/// A refresh token that was used.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "spent_refresh_tokens")]
pub struct Model {
    /// SHA-256 of it.
    #[sea_orm(primary_key, auto_increment = false)]
    pub token_hash: Vec<u8>,
    /// The session that it renewed.
    pub session_id: SessionId,
    /// When.
    pub spent_at: DateTimeUtc,
    /// From which address.
    pub address: Option<String>,
    /// With which program, as it calls itself.
    pub user_agent: Option<String>,
}

/// No relation is walked through the entity.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
