//! The table of what traders have done on all their accounts.

use chrono::{DateTime, Utc};
use sea_orm::Select;
use sea_orm::entity::prelude::*;

use super::record::Record;
use crate::ids::{TenantId, UserId};

/// What a trader has done on all their accounts, and under what name others see them.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "trader_profiles")]
pub struct Model {
    /// Whose it is.
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: UserId,
    /// The tenant.
    pub tenant_id: TenantId,
    /// The pseudonym that others see: made by chance, so that it tells nothing of who it is.
    pub handle: String,
    /// Whether others see the name instead.
    pub shows_name: bool,
    /// How often the figures were written.
    pub version: i64,
    /// Trades that were opened.
    pub opened: i64,
    /// Trades of which all was closed.
    pub closed: i64,
    /// Those of them that gained.
    pub won: i64,
    /// The most that gained one after the other.
    pub longest_win_run: i64,
    /// The most days, Monday to Friday, on which a trade was opened, one after the other.
    pub longest_day_run: i64,
    /// Challenges that were passed with all their phases.
    pub challenges_passed: i64,
    /// When it was made.
    pub created_at: DateTimeUtc,
    /// When it last changed.
    pub updated_at: DateTimeUtc,
}

/// No relation is walked through the entity.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// What pseudonyms begin with.
    pub(super) const HANDLE: &str = "T";

    /// That of a trader of whom nothing is known yet.
    pub(super) fn blank((tenant_id, user_id): (TenantId, UserId), handle: String, now: DateTime<Utc>) -> Self {
        Self {
            user_id,
            tenant_id,
            handle,
            shows_name: false,
            version: 0,
            opened: 0,
            closed: 0,
            won: 0,
            longest_win_run: 0,
            longest_day_run: 0,
            challenges_passed: 0,
            created_at: now,
            updated_at: now,
        }
    }

    /// The same with the figures of a record.
    pub(super) fn with(&self, record: &Record) -> Self {
        Self {
            opened: record.opened,
            closed: record.closed,
            won: record.won,
            longest_win_run: record.longest_win_run,
            longest_day_run: record.longest_day_run,
            challenges_passed: record.challenges_passed,
            ..self.clone()
        }
    }
}

impl Entity {
    /// Every profile, for work on those of users that were found in a scope.
    pub(super) fn unscoped() -> Select<Self> {
        #[expect(clippy::disallowed_methods, reason = "this is the scope")]
        Self::find()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::ids::Id;

    pub(crate) fn someone() -> (TenantId, UserId) {
        (TenantId::from_uuid(Uuid::from_u128(1)), UserId::from_uuid(Uuid::from_u128(2)))
    }
}
