//! The table of API keys.

use sea_orm::Select;
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::db::nothing;
use crate::ids::{ApiKeyId, TenantId, UserId};
use crate::permission::Permission;
use crate::viewer::Viewer;

/// The names of the permissions that a key is confined to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, sea_orm::FromJsonQueryResult)]
pub struct Scopes(Vec<String>);

impl Scopes {
    /// These permissions.
    pub fn new(permissions: &[Permission]) -> Self {
        Self(permissions.iter().map(ToString::to_string).collect())
    }

    /// The permissions; without those that no key may hold, or that this version does not know.
    pub fn permissions(&self) -> Vec<Permission> {
        let known = self.0.iter().filter_map(|name| Permission::named(name));
        known.filter(|permission| permission.is_scope()).collect()
    }
}

/// What a program is let in with, in the name of a user.
#[derive(Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "api_keys")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ApiKeyId,
    /// The tenant.
    pub tenant_id: TenantId,
    /// Whose it is.
    pub user_id: UserId,
    /// Its name.
    pub name: String,
    /// Its first characters, to tell one from another.
    pub prefix: String,
    /// SHA-256 of it.
    pub token_hash: Vec<u8>,
    /// What it is confined to.
    pub scopes: Scopes,
    /// When it was made.
    pub created_at: DateTimeUtc,
    /// When it was last used, to the minute; none for never.
    pub last_used_at: Option<DateTimeUtc>,
    /// When it runs out; none for never.
    pub expires_at: Option<DateTimeUtc>,
    /// When it was revoked.
    pub revoked_at: Option<DateTimeUtc>,
}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ApiKey").field("id", &self.id).field("user_id", &self.user_id).finish_non_exhaustive()
    }
}

/// What a key points to.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    /// Whose it is.
    #[sea_orm(belongs_to = "super::user::Entity", from = "Column::UserId", to = "super::user::Column::Id")]
    User,
    /// Of which tenant.
    #[sea_orm(belongs_to = "super::tenant::Entity", from = "Column::TenantId", to = "super::tenant::Column::Id")]
    Tenant,
}

impl Related<super::user::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::User.def()
    }
}

impl Related<super::tenant::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Tenant.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}

impl Entity {
    /// The viewer's own keys.
    pub(crate) fn visible_to(viewer: &Viewer) -> Select<Self> {
        match viewer.permitted(Permission::AccountManage) {
            Ok(member) => Self::unscoped().filter(Column::UserId.eq(member.user_id)),
            Err(_) => Self::unscoped().filter(nothing()),
        }
    }

    /// Every key, for signing in: there is no viewer yet to scope by.
    pub(crate) fn unscoped() -> Select<Self> {
        #[expect(clippy::disallowed_methods, reason = "this is the scope")]
        Self::find()
    }
}
