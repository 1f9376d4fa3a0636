//! Reading the audit log: the own tenant's; for the owner, of all.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;
use sea_orm::{QuerySelect, QueryTrait, Select};

use super::{Action, Column, Entity, Model};
use crate::Domain;
use crate::error::{Error, Result};
use crate::identity::user;
use crate::ids::{AuditEntryId, TenantId, UserId};
use crate::keyset::newest_first;
use crate::paging::{IdKey, Page, PageArgs, PageRequest};
use crate::permission::Permission;
use crate::signals::Compare;
use crate::viewer::Viewer;

/// Which entries; what is none does not matter.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// Of this action, or one of these.
    pub action: Option<Compare<Action>>,
    /// By this user.
    pub actor: Option<UserId>,
    /// On this, as an id.
    pub subject: Option<String>,
    /// Then.
    pub at: Option<Compare<DateTime<Utc>>>,
    /// Of this tenant.
    pub tenant: Option<TenantId>,
}

impl Domain {
    /// A page of the audit log of the viewer's tenant, newest first; for the owner, of all.
    ///
    /// # Errors
    /// UNAUTHENTICATED, FORBIDDEN; a problem with the page's arguments.
    pub async fn audit_page(&self, viewer: &Viewer, filter: &AuditFilter, args: &PageArgs) -> Result<Page<Model>> {
        viewer.permitted(Permission::AuditRead)?;
        let request: PageRequest<IdKey<AuditEntryId>> = args.parse(Model::ORDER).map_err(Error::Problems)?;
        let query = newest_first(matching(viewer, filter)?, Column::Id, &request);
        Ok(request.page(query.all(self.db().reader()).await?))
    }

    /// How many entries the filter finds.
    ///
    /// # Errors
    /// UNAUTHENTICATED, FORBIDDEN.
    pub async fn count_audit(&self, viewer: &Viewer, filter: &AuditFilter) -> Result<u64> {
        Ok(matching(viewer, filter)?.count(self.db().reader()).await?)
    }

    /// An entry, if the viewer may read it.
    ///
    /// # Errors
    /// UNAUTHENTICATED, FORBIDDEN.
    pub async fn audit_entry(&self, viewer: &Viewer, id: AuditEntryId) -> Result<Option<Model>> {
        Ok(Entity::visible_to(viewer)?.filter(Column::Id.eq(id)).one(self.db().reader()).await?)
    }
}

impl Model {
    /// The text that the cursors of the audit log carry.
    pub const ORDER: &str = "audit";

    /// The entry's hash in base16.
    pub fn hash_text(&self) -> String {
        hex::encode(&self.hash)
    }
}

impl Entity {
    fn visible_to(viewer: &Viewer) -> Result<Select<Self>> {
        let member = viewer.permitted(Permission::AuditRead)?;
        #[expect(clippy::disallowed_methods, reason = "this is the scope")]
        let all = Self::find();
        let sees_all = viewer.may(Permission::TenantsReadAll);
        Ok(if sees_all { all } else { all.filter(Column::TenantId.eq(member.tenant_id)) })
    }
}

pub(super) fn matching(viewer: &Viewer, filter: &AuditFilter) -> Result<Select<Entity>> {
    let mut query = Entity::visible_to(viewer)?;
    if let Some(action) = &filter.action {
        query = query.filter(action.clone().map(|action| action.as_str().to_owned()).condition(Column::Action));
    }
    if let Some(actor) = filter.actor {
        // Only by whom the viewer may know of: the owner, who acts in every tenant, is somebody else's user.
        let visible = user::Entity::visible_to(viewer).filter(user::Column::Id.eq(actor));
        let visible = visible.select_only().column(user::Column::Id).into_query();
        query = query.filter(Column::ActorId.in_subquery(visible));
    }
    if let Some(subject) = &filter.subject {
        query = query.filter(Column::Subject.eq(subject.as_str()));
    }
    if let Some(at) = &filter.at {
        query = query.filter(at.condition(Column::At));
    }
    if let Some(tenant) = filter.tenant {
        query = query.filter(Column::TenantId.eq(tenant));
    }
    Ok(query)
}
