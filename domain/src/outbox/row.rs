//! The table of messages.

use sea_orm::entity::prelude::*;

use crate::ids::TenantId;

/// A message, until it is delivered or given up.
#[derive(Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "outbox")]
pub struct Model {
    /// Its id, the same each time that it is tried.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Of which tenant; none while that is not known.
    pub tenant_id: Option<TenantId>,
    /// What kind of message it is.
    pub kind: String,
    /// The message; blank once it is delivered.
    pub message: Json,
    /// How often it was tried.
    pub attempts: i32,
    /// When it is due; while it is tried, when others may take it.
    pub next_attempt_at: DateTimeUtc,
    /// Why the last try failed.
    pub last_error: Option<String>,
    /// When it was enqueued.
    pub created_at: DateTimeUtc,
    /// When it was done, or found to be about nothing.
    pub delivered_at: Option<DateTimeUtc>,
    /// When it was given up.
    pub dead_at: Option<DateTimeUtc>,
}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OutboxRow").field("id", &self.id).field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// No relation is walked through the entity.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
