//! What the owner does with tenants: making, listing, suspending and activating them.

use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{Expr, ExprTrait, LikeExpr, OnConflict};
use sea_orm::{Condition, DatabaseTransaction, Select, Set, TryInsertResult};
use serde_json::json;

use super::people::{all_tenants, checked_tenant};
use super::tenant::{ActiveModel, Column, Entity, Model};
use super::{Tenant, TenantStatus, session};
use crate::audit::{Action, NewEntry};
use crate::error::{Error, Fault, Problem, ProblemCode, Result};
use crate::ids::{Id, TenantId};
use crate::keyset::newest_first;
use crate::paging::{IdKey, Page, PageArgs, PageRequest};
use crate::permission::Permission;
use crate::signals::Compare;
use crate::viewer::{ClientInfo, Member, Viewer};
use crate::{Domain, text};

/// Which tenants; what is none does not matter.
#[derive(Clone, Debug, Default)]
pub struct TenantFilter {
    /// With this in the name or the slug, in any case.
    pub search: Option<String>,
    /// With this status.
    pub status: Option<Compare<TenantStatus>>,
}

impl Domain {
    /// A page of the tenants, the newest first.
    ///
    /// # Errors
    /// UNAUTHENTICATED, FORBIDDEN; a problem with the page's arguments.
    pub async fn tenants_page(&self, viewer: &Viewer, filter: &TenantFilter, args: &PageArgs) -> Result<Page<Tenant>> {
        viewer.permitted(Permission::TenantsReadAll)?;
        let request: PageRequest<IdKey<TenantId>> = args.parse(Model::ORDER).map_err(Error::Problems)?;
        let query = newest_first(matching(filter), Column::Id, &request);
        Ok(request.page(query.all(self.db().reader()).await?))
    }

    /// How many tenants the filter finds.
    ///
    /// # Errors
    /// UNAUTHENTICATED, FORBIDDEN.
    pub async fn count_tenants(&self, viewer: &Viewer, filter: &TenantFilter) -> Result<u64> {
        viewer.permitted(Permission::TenantsReadAll)?;
        Ok(matching(filter).count(self.db().reader()).await?)
    }

    /// Makes a tenant.
    ///
    /// # Errors
    /// UNAUTHENTICATED, FORBIDDEN; every problem with the input at once; CONFLICT for a slug that is in use.
    pub async fn create_tenant(&self, viewer: &Viewer, slug: &str, name: &str, client: &ClientInfo) -> Result<Tenant> {
        let member = manager(viewer)?;
        let (slug, name) = checked_tenant((slug, &["input", "slug"]), (name, &["input", "name"]))?;
        let now = self.now();
        let tenant = Tenant {
            id: TenantId::from_uuid(self.new_uuid()),
            slug,
            name,
            status: TenantStatus::Active,
            created_at: now,
            updated_at: now,
        };
        let entry = NewEntry {
            tenant_id: tenant.id,
            actor_id: Some(member.user_id),
            action: Action::TenantCreated,
            subject: Some(tenant.id.to_string()),
            details: json!({"slug": tenant.slug, "name": tenant.name}),
            client: client.clone(),
        };
        self.db()
            .write(|tx: &DatabaseTransaction| {
                let row = ActiveModel::from(tenant.clone()).reset_all();
                let (domain, entry) = (self.clone(), entry.clone());
                Box::pin(async move {
                    let unique = OnConflict::column(Column::Slug).do_nothing().to_owned();
                    let made = Entity::insert(row).on_conflict(unique).try_insert().exec_without_returning(tx).await?;
                    if !matches!(made, TryInsertResult::Inserted(1)) {
                        let message = "a tenant of this short name exists";
                        return Err(Problem::new(ProblemCode::Conflict, &["input", "slug"], message).into());
                    }
                    domain.audit(tx, entry).await
                })
            })
            .await?;
        Ok(tenant)
    }

    /// Suspends a tenant: its users' sessions end, nobody of it signs in, its API keys let nobody in and its webhooks
    /// are refused, until it is activated again. Again changes nothing.
    ///
    /// # Errors
    /// UNAUTHENTICATED, FORBIDDEN; NOT_FOUND; a problem with the reason, 1 to 300 characters that the audit log keeps,
    /// or with the tenant being one's own.
    pub async fn suspend_tenant(
        &self,
        viewer: &Viewer,
        id: TenantId,
        reason: &str,
        client: &ClientInfo,
    ) -> Result<Tenant> {
        let member = manager(viewer)?;
        let reason = text::line(reason, 300, &["input", "reason"])?;
        if member.tenant_id == id {
            return Err(Problem::validation(&["input", "tenantId"], "you can't suspend your own tenant").into());
        }
        self.set_tenant_status(viewer, id, TenantStatus::Suspended, Some(&reason), client).await
    }

    /// Serves a suspended tenant again. Its people sign in anew.
    ///
    /// # Errors
    /// UNAUTHENTICATED, FORBIDDEN; NOT_FOUND.
    pub async fn activate_tenant(&self, viewer: &Viewer, id: TenantId, client: &ClientInfo) -> Result<Tenant> {
        manager(viewer)?;
        self.set_tenant_status(viewer, id, TenantStatus::Active, None, client).await
    }

    async fn set_tenant_status(
        &self,
        viewer: &Viewer,
        id: TenantId,
        status: TenantStatus,
        reason: Option<&str>,
        client: &ClientInfo,
    ) -> Result<Tenant> {
        let actor = viewer.member()?.user_id;
        let tenant = self
            .db()
            .write(|tx: &DatabaseTransaction| {
                let (domain, reason, client) = (self.clone(), reason.map(str::to_owned), client.clone());
                Box::pin(async move {
                    let tenant = all_tenants().filter(Column::Id.eq(id)).one(tx).await?.ok_or_else(|| {
                        Problem::new(ProblemCode::NotFound, &["input", "tenantId"], "there is no such tenant")
                    })?;
                    if tenant.status == status {
                        return Ok(tenant);
                    }
                    let now = domain.now();
                    let mut details = json!({"from": tenant.status.to_value(), "to": status.to_value()});
                    if let Some(reason) = reason {
                        details["reason"] = reason.into();
                    }
                    let tenant = Tenant { status, updated_at: now, ..tenant };
                    let row =
                        ActiveModel { id: Set(id), status: Set(status), updated_at: Set(now), ..Default::default() };
                    Entity::update(row).exec(tx).await?;
                    let action = match status {
                        TenantStatus::Active => Action::TenantActivated,
                        TenantStatus::Suspended => Action::TenantSuspended,
                    };
                    if status == TenantStatus::Suspended {
                        end_sessions_of(tx, id, now).await?;
                    }
                    let entry = NewEntry {
                        tenant_id: id,
                        actor_id: Some(actor),
                        action,
                        subject: Some(id.to_string()),
                        details,
                        client,
                    };
                    domain.audit(tx, entry).await?;
                    Ok(tenant)
                })
            })
            .await?;
        self.sessions().forget_tenant(id).await;
        Ok(tenant)
    }
}

impl Model {
    /// The text that the cursors of the list of tenants carry.
    pub const ORDER: &str = "tenants";
}

/// Who may manage tenants: that is to see them as well, which an API key may lack.
fn manager(viewer: &Viewer) -> Result<&Member, Fault> {
    viewer.permitted(Permission::TenantsReadAll).and_then(|_| viewer.permitted(Permission::TenantsManage))
}

async fn end_sessions_of(tx: &DatabaseTransaction, tenant: TenantId, now: DateTimeUtc) -> Result<()> {
    session::Entity::update_many()
        .col_expr(session::Column::EndedAt, Expr::value(now))
        .filter(session::Column::TenantId.eq(tenant))
        .filter(session::Column::EndedAt.is_null())
        .exec(tx)
        .await?;
    Ok(())
}

fn matching(filter: &TenantFilter) -> Select<Entity> {
    let mut query = all_tenants();
    if let Some(search) = filter.search.as_deref().map(str::trim).filter(|search| !search.is_empty()) {
        let lower = search.to_lowercase();
        let like = |text: &str| LikeExpr::new(text::like_pattern(text)).escape('\\');
        let found = Condition::any()
            .add(Expr::col((Entity, Column::Slug)).like(like(&lower)))
            .add(Expr::cust("lower(tenants.name)").like(like(&lower)))
            .add(Expr::col((Entity, Column::Name)).like(like(search)));
        query = query.filter(found);
    }
    if let Some(status) = &filter.status {
        query = query.filter(status.condition(Column::Status));
    }
    query
}
