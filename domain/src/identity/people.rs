//! Looking up tenants and users.

use std::collections::HashMap;

use sea_orm::entity::prelude::*;
use sea_orm::sea_query::OnConflict;
use sea_orm::{DatabaseTransaction, QueryOrder, QuerySelect};

use super::{Tenant, TenantStatus, User, UserStatus, tenant, user};
use crate::error::{Error, Fault, Problem, Result};
use crate::ids::{Id, TenantId, UserId};
use crate::permission::Permission;
use crate::viewer::Viewer;
use crate::{Domain, text};

impl Domain {
    /// A user of this id, if the viewer may see them.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn user(&self, viewer: &Viewer, id: UserId) -> Result<Option<User>> {
        Ok(user::Entity::visible_to(viewer).filter(user::Column::Id.eq(id)).one(self.db().reader()).await?)
    }

    /// Whoever acts, as they are now and not as they were when they were let in. Read in the transaction of what they do,
    /// so that of two who act at once each sees what the other has done.
    pub(super) async fn acting(
        &self,
        tx: &DatabaseTransaction,
        viewer: &Viewer,
        permission: Permission,
    ) -> Result<User, Error> {
        let member = viewer.permitted(permission)?;
        let actor = user::Entity::visible_to(viewer).filter(user::Column::Id.eq(member.user_id)).one(tx).await?;
        let actor = actor.filter(|actor| actor.status == UserStatus::Active && actor.role.holds(permission));
        Ok(actor.ok_or(Fault::Forbidden(permission))?)
    }

    /// A tenant of this id.
    pub(crate) async fn tenant(&self, id: TenantId) -> Result<Option<Tenant>> {
        self.tenant_on(self.db().reader(), id).await
    }

    /// A tenant of this id, read on a connection of the caller's.
    pub(crate) async fn tenant_on<C: ConnectionTrait>(&self, db: &C, id: TenantId) -> Result<Option<Tenant>> {
        Ok(all_tenants().filter(tenant::Column::Id.eq(id)).one(db).await?)
    }

    /// A tenant of this id, if the viewer may see it: their own; for the owner, each.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn visible_tenant(&self, viewer: &Viewer, id: TenantId) -> Result<Option<Tenant>> {
        let is_own = viewer.member().is_ok_and(|member| member.tenant_id == id);
        if is_own || viewer.may(Permission::TenantsReadAll) { self.tenant(id).await } else { Ok(None) }
    }

    /// Those of these tenants that the viewer may see.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn tenants_by_id(&self, viewer: &Viewer, ids: Vec<TenantId>) -> Result<HashMap<TenantId, Tenant>> {
        let sees_all = viewer.may(Permission::TenantsReadAll);
        let own = viewer.member().ok().map(|member| member.tenant_id);
        let visible: Vec<_> = ids.into_iter().filter(|id| sees_all || own == Some(*id)).collect();
        if visible.is_empty() {
            return Ok(HashMap::new());
        }
        let found = all_tenants().filter(tenant::Column::Id.is_in(visible)).all(self.db().reader()).await?;
        Ok(found.into_iter().map(|tenant| (tenant.id, tenant)).collect())
    }

    /// The viewer's user and tenant; none for a viewer who is no user.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn viewer_profile(&self, viewer: &Viewer) -> Result<Option<(User, Tenant)>> {
        let Ok(member) = viewer.member() else { return Ok(None) };
        let (user, tenant) = (self.user(viewer, member.user_id).await?, self.tenant(member.tenant_id).await?);
        Ok(user.zip(tenant))
    }

    /// The tenant that visitors belong to who name none; none before there is any.
    pub(crate) async fn default_tenant(&self) -> Result<Option<Tenant>> {
        self.tenant_for_sign_in(self.db().reader(), self.config().default_tenant.as_deref()).await
    }

    /// The tenant of this slug; without one the installation's first.
    pub(super) async fn tenant_for_sign_in<C: ConnectionTrait>(
        &self,
        db: &C,
        slug: Option<&str>,
    ) -> Result<Option<Tenant>> {
        let query = match slug.map(|slug| slug.trim().to_lowercase()) {
            // Nothing else can be one, and not every text can be asked for.
            Some(slug) if !is_slug(&slug) => return Ok(None),
            Some(slug) => all_tenants().filter(tenant::Column::Slug.eq(slug)),
            None => all_tenants().order_by_asc(tenant::Column::CreatedAt).order_by_asc(tenant::Column::Id).limit(1),
        };
        Ok(query.one(db).await?)
    }

    /// The account of this email: in the named tenant; else in the default one; else the only one there is.
    pub(crate) async fn user_for_sign_in<C: ConnectionTrait>(
        &self,
        db: &C,
        email_key: &str,
        tenant: Option<&str>,
    ) -> Result<Option<(User, Tenant)>> {
        let users = user::Entity::unscoped().filter(user::Column::EmailKey.eq(email_key)).all(db).await?;
        if tenant.is_none()
            && let [only] = users.as_slice()
        {
            let tenant = self.tenant_on(db, only.tenant_id).await?;
            return Ok(tenant.map(|tenant| (only.clone(), tenant)));
        }
        let slug = tenant.or(self.config().default_tenant.as_deref());
        let Some(tenant) = self.tenant_for_sign_in(db, slug).await? else { return Ok(None) };
        Ok(users.into_iter().find(|user| user.tenant_id == tenant.id).map(|user| (user, tenant)))
    }

    /// The tenant of this slug, for the command line and the demo data.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn tenant_by_slug(&self, slug: &str) -> Result<Option<Tenant>> {
        self.tenant_for_sign_in(self.db().reader(), Some(slug)).await
    }

    /// Whether there is any tenant.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn has_tenants(&self) -> Result<bool> {
        // The id alone, for a database that lacks migrations may lack the other columns.
        let first = all_tenants().select_only().column(tenant::Column::Id).limit(1);
        Ok(first.into_tuple::<TenantId>().one(self.db().reader()).await?.is_some())
    }

    /// A user by email in a tenant, for the command line and the demo data.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn user_by_email(&self, tenant_id: TenantId, email: &str) -> Result<Option<User>> {
        let query = user::Entity::unscoped()
            .filter(user::Column::TenantId.eq(tenant_id))
            .filter(user::Column::EmailKey.eq(email.to_lowercase()));
        Ok(query.one(self.db().reader()).await?)
    }

    /// Makes a tenant, or finds the one of this slug.
    ///
    /// # Errors
    /// A problem with slug or name.
    pub async fn put_tenant(&self, slug: &str, name: &str) -> Result<Tenant> {
        let (slug, name) = checked_tenant((slug, &["tenant"]), (name, &["tenantName"]))?;
        let now = self.now();
        let row = Tenant {
            id: TenantId::from_uuid(self.new_uuid()),
            slug: slug.clone(),
            name,
            status: TenantStatus::Active,
            created_at: now,
            updated_at: now,
        };
        self.db()
            .write(|tx| {
                let row = tenant::ActiveModel::from(row.clone()).reset_all();
                Box::pin(async move {
                    let unique = OnConflict::column(tenant::Column::Slug).do_nothing().to_owned();
                    tenant::Entity::insert(row).on_conflict(unique).try_insert().exec_without_returning(tx).await?;
                    Ok(())
                })
            })
            .await?;
        self.tenant_by_slug(&slug)
            .await?
            .ok_or_else(|| Fault::Bug("a tenant vanished while it was made".to_owned()).into())
    }
}

/// Every tenant: for the owner, and for signing in, where there is no viewer yet to scope by.
#[expect(clippy::disallowed_methods, reason = "tenants are found by their id in a session, or before there is one")]
pub(super) fn all_tenants() -> Select<tenant::Entity> {
    tenant::Entity::find()
}

/// The slug and the name of a tenant to be made, each with its place in the input, or every problem with them.
pub(super) fn checked_tenant(
    (slug, slug_path): (&str, &[&str]),
    (name, name_path): (&str, &[&str]),
) -> Result<(String, String)> {
    let slug = if is_slug(slug) {
        Ok(slug.to_owned())
    } else {
        Err(Problem::validation(slug_path, "expected 1 to 40 of a-z, 0-9 and -"))
    };
    match (slug, text::line(name, 100, name_path)) {
        (Ok(slug), Ok(name)) => Ok((slug, name)),
        (slug, name) => Err(Error::Problems(slug.err().into_iter().chain(name.err()).collect())),
    }
}

/// Whether a text, in lower case, can be a tenant's short name.
pub(super) fn is_slug(slug: &str) -> bool {
    (1..=40).contains(&slug.len()) && slug.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}
