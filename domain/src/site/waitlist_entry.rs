//! The waitlist's table.

use sea_orm::Select;
use sea_orm::entity::prelude::*;

use super::form::scope;
use crate::ids::{TenantId, WaitlistEntryId};
use crate::viewer::Viewer;

/// Somebody who wants to hear when something is there.
#[derive(Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "waitlist")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: WaitlistEntryId,
    /// The tenant whose site it was.
    pub tenant_id: TenantId,
    /// The email as it was written.
    pub email: String,
    /// The email as it is compared.
    pub email_key: String,
    /// What they wait for, in a word of the site's; none where they did not say.
    pub interest: Option<String>,
    /// The language of the page (BCP 47); none where it did not say.
    pub language: Option<String>,
    /// When they joined.
    pub created_at: DateTimeUtc,
}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WaitlistEntry").field("id", &self.id).finish_non_exhaustive()
    }
}

/// No relation is walked through the entity.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Entity {
    /// The entries of the viewer's tenant, for who may read its inbox; for the owner, all.
    pub(crate) fn visible_to(viewer: &Viewer) -> Select<Self> {
        #[expect(clippy::disallowed_methods, reason = "this is the scope")]
        Self::find().filter(scope(viewer, Column::TenantId))
    }
}
