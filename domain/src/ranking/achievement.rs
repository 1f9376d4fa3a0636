//! The table of what traders have achieved.

use sea_orm::Select;
use sea_orm::entity::prelude::*;

use super::vocabulary::AchievementKind;
use crate::ids::{TenantId, UserId};

/// Something that a trader has achieved.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "achievements")]
pub struct Model {
    /// Who.
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: UserId,
    /// What.
    #[sea_orm(primary_key, auto_increment = false)]
    pub kind: AchievementKind,
    /// The tenant.
    pub tenant_id: TenantId,
    /// When.
    pub unlocked_at: DateTimeUtc,
}

/// No relation is walked through the entity.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Entity {
    /// Every achievement, for work on those of users that were found in a scope.
    pub(super) fn unscoped() -> Select<Self> {
        #[expect(clippy::disallowed_methods, reason = "this is the scope")]
        Self::find()
    }
}
