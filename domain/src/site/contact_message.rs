//! The table of contact messages.

use sea_orm::Select;
use sea_orm::entity::prelude::*;

use super::form::scope;
use crate::ids::{ContactMessageId, TenantId};
use crate::viewer::Viewer;

/// What a message is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ContactTopic {
    /// Buying.
    Sales,
    /// Using it.
    Support,
    /// Personal data.
    Privacy,
    /// A weakness that was found.
    Security,
    /// Anything else.
    Other,
}

/// What a visitor wrote through the contact form.
#[derive(Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "contact_messages")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ContactMessageId,
    /// The tenant whose site it was.
    pub tenant_id: TenantId,
    /// The name of who wrote.
    pub name: String,
    /// Where to answer to.
    pub email: String,
    /// What it is about.
    pub topic: ContactTopic,
    /// What was written.
    pub message: String,
    /// The language of the page (BCP 47); none where it did not say.
    pub language: Option<String>,
    /// When it came.
    pub created_at: DateTimeUtc,
}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ContactMessage").field("id", &self.id).field("topic", &self.topic).finish_non_exhaustive()
    }
}

/// No relation is walked through the entity.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Entity {
    /// The messages to the viewer's tenant, for who may read its inbox; for the owner, all.
    pub(crate) fn visible_to(viewer: &Viewer) -> Select<Self> {
        #[expect(clippy::disallowed_methods, reason = "this is the scope")]
        Self::find().filter(scope(viewer, Column::TenantId))
    }
}
