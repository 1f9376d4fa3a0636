//! The table of users, and who may see whom.

use sea_orm::Select;
use sea_orm::entity::prelude::*;

use crate::db::nothing;
use crate::ids::{TenantId, UserId};
use crate::locale::Locale;
use crate::permission::{Permission, Role};
use crate::viewer::Viewer;

/// Whether a user may sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum UserStatus {
    /// May sign in.
    Active,
    /// May not, until activated again.
    Suspended,
    /// Closed by its person; the email is free again.
    Closed,
}

/// A person in one tenant, with one role.
#[derive(Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "users")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: UserId,
    /// The tenant.
    pub tenant_id: TenantId,
    /// The email as the person wrote it.
    pub email: String,
    /// The email as it is compared.
    pub email_key: String,
    /// The password's hash with its parameters, in PHC's format; empty for whoever was invited and has not set one.
    pub password_hash: String,
    /// The first name.
    pub first_name: String,
    /// The last name.
    pub last_name: String,
    /// The role.
    pub role: Role,
    /// Whether they may sign in.
    pub status: UserStatus,
    /// When the email was verified; none while it is not.
    pub email_verified_at: Option<DateTimeUtc>,
    /// The version of the terms that was accepted; empty while none was.
    pub terms_version: String,
    /// When it was accepted.
    pub terms_accepted_at: DateTimeUtc,
    /// When the account was made.
    pub created_at: DateTimeUtc,
    /// When it last changed.
    pub updated_at: DateTimeUtc,
    /// The language to be written to in.
    pub locale: Locale,
}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("User").field("id", &self.id).field("role", &self.role).finish_non_exhaustive()
    }
}

/// No relation is walked through the entity.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// Whether they ever set a password: who was invited and has not accepted did not.
    pub fn has_password(&self) -> bool {
        !self.password_hash.is_empty()
    }

    /// The hash that a password is checked against; none where nothing would fit.
    pub(super) fn password_to_check(&self) -> Option<&str> {
        self.has_password().then_some(self.password_hash.as_str())
    }

    /// The rule of [`Entity::visible_to`] for a user at hand.
    pub(super) fn is_visible_to(&self, viewer: &Viewer) -> bool {
        match viewer {
            Viewer::Anonymous => false,
            Viewer::System => true,
            Viewer::User(member) => self.tenant_id == member.tenant_id || viewer.may(Permission::TenantsReadAll),
        }
    }
}

impl Entity {
    /// The users whose names the viewer may see: those of the own tenant; for the owner, of all.
    pub(crate) fn visible_to(viewer: &Viewer) -> Select<Self> {
        let all = Self::unscoped();
        match viewer {
            Viewer::System => all,
            Viewer::User(_) if viewer.may(Permission::TenantsReadAll) => all,
            Viewer::User(member) => all.filter(Column::TenantId.eq(member.tenant_id)),
            Viewer::Anonymous => all.filter(nothing()),
        }
    }

    /// Every user, for signing in: there is no viewer yet to scope by.
    pub(crate) fn unscoped() -> Select<Self> {
        #[expect(clippy::disallowed_methods, reason = "this is the scope")]
        Self::find()
    }
}
