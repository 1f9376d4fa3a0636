//! The tenants of the installation, for its owner.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use bellwether_domain::paging::{IdKey, PageArgs, encode_cursor};
use bellwether_domain::permission::Permission as P;
use bellwether_domain::{Error, identity};

use super::types::{Tenant, TenantStatus};
use super::users::search;
use crate::context::Request;
use crate::field::{Access, Field, Payload, field, mutate};
use crate::node::parse_id;
use crate::paging::Connection;
use crate::problems::UserError;
use crate::signals::filter::Words;

const READ: Access = Access::Needs(P::TenantsReadAll);
const MANAGE: Access = Access::Needs(P::TenantsManage);

/// Which tenants. Every part that is given must hold.
#[derive(Clone, Debug, Default, InputObject)]
pub(crate) struct TenantFilter {
    /// With this in the name or the short name, in any case, at most 100 characters.
    search: Option<String>,
    /// With this status, or one of these.
    status: Option<Words<TenantStatus>>,
}

impl TenantFilter {
    fn into_domain(self) -> Result<identity::TenantFilter, Error> {
        let status = self.status.map(|words| words.into_compare(&["filter", "status"], |word| Ok(word.into())));
        Ok(identity::TenantFilter {
            search: self.search.map(|text| search(text, &["filter", "search"])).transpose()?,
            status: status.transpose()?,
        })
    }
}

/// Reads tenants.
#[derive(Debug, Default)]
pub(crate) struct TenantQuery;

#[Object]
impl TenantQuery {
    /// The tenants of the installation, the newest first. Needs TENANTS_READ_ALL.
    async fn tenants(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which tenants; null for all.")] filter: Option<TenantFilter>,
        #[graphql(desc = "How many, at most 100; 20 where nothing is given.")] first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
    ) -> Field<Connection<Tenant>> {
        let with_total = ctx.look_ahead().field("totalCount").exists();
        field(ctx, READ, async move |request: Request| {
            let (domain, viewer) = (&request.domain, request.viewer());
            let filter = filter.unwrap_or_default().into_domain()?;
            let page = domain.tenants_page(viewer, &filter, &PageArgs { first, after, ..PageArgs::default() }).await?;
            let total = if with_total { Some(domain.count_tenants(viewer, &filter).await?) } else { None };
            Ok(Connection::of(page.map(Tenant), total, |Tenant(tenant)| {
                encode_cursor(identity::Tenant::ORDER, &IdKey(tenant.id))
            }))
        })
        .await
    }

    /// The tenant of this id; null where there is none. Needs TENANTS_READ_ALL.
    async fn tenant(&self, ctx: &Context<'_>, #[graphql(desc = "The id, `ten_…`.")] id: ID) -> Field<Option<Tenant>> {
        field(ctx, READ, async move |request: Request| {
            let tenant = request.domain.visible_tenant(request.viewer(), parse_id(&id, &["id"])?).await?;
            Ok(tenant.map(Tenant))
        })
        .await
    }
}

/// A tenant to be made.
#[derive(InputObject)]
struct CreateTenantInput {
    /// The short name that `login` takes, 1 to 40 of a-z, 0-9 and -; in use by no other.
    slug: String,
    /// The name, 1 to 100 characters.
    name: String,
}

/// A tenant to be suspended.
#[derive(InputObject)]
struct SuspendTenantInput {
    /// The tenant, `ten_…`; not your own.
    tenant_id: ID,
    /// Why, 1 to 300 characters, for the audit log.
    reason: String,
}

/// A tenant to be activated again.
#[derive(InputObject)]
struct ActivateTenantInput {
    /// The tenant, `ten_…`.
    tenant_id: ID,
}

macro_rules! tenant_payload {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Default, SimpleObject)]
        pub(crate) struct $name {
            /// The tenant as it is now; null when refused.
            tenant: Option<Tenant>,
            /// What to mend; empty when done.
            user_errors: Vec<UserError>,
        }

        impl From<identity::Tenant> for $name {
            fn from(tenant: identity::Tenant) -> Self {
                Self { tenant: Some(Tenant(tenant)), user_errors: Vec::new() }
            }
        }
    };
}

tenant_payload! {
    /// What making a tenant did.
    CreateTenantPayload
}
tenant_payload! {
    /// What suspending a tenant did.
    SuspendTenantPayload
}
tenant_payload! {
    /// What activating a tenant did.
    ActivateTenantPayload
}
crate::field::refused_by_default! { CreateTenantPayload SuspendTenantPayload ActivateTenantPayload }

/// Changes tenants.
#[derive(Debug, Default)]
pub(crate) struct TenantMutation;

#[Object]
impl TenantMutation {
    /// Makes a tenant. Needs TENANTS_MANAGE.
    async fn create_tenant(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The tenant.")] input: CreateTenantInput,
    ) -> Field<CreateTenantPayload> {
        mutate(ctx, MANAGE, async move |request: Request| {
            let (domain, viewer) = (&request.domain, request.viewer());
            Ok(domain.create_tenant(viewer, &input.slug, &input.name, request.client()).await?.into())
        })
        .await
    }

    /// Suspends a tenant: the sessions of its users end at once, nobody of it can sign in, and its webhooks are refused. Needs TENANTS_MANAGE.
    async fn suspend_tenant(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The tenant and the reason.")] input: SuspendTenantInput,
    ) -> Field<SuspendTenantPayload> {
        mutate(ctx, MANAGE, async move |request: Request| {
            let (domain, viewer) = (&request.domain, request.viewer());
            let id = parse_id(&input.tenant_id, &["input", "tenantId"])?;
            Ok(domain.suspend_tenant(viewer, id, &input.reason, request.client()).await?.into())
        })
        .await
    }

    /// Serves a suspended tenant again. Needs TENANTS_MANAGE.
    async fn activate_tenant(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The tenant.")] input: ActivateTenantInput,
    ) -> Field<ActivateTenantPayload> {
        mutate(ctx, MANAGE, async move |request: Request| {
            let id = parse_id(&input.tenant_id, &["input", "tenantId"])?;
            Ok(request.domain.activate_tenant(request.viewer(), id, request.client()).await?.into())
        })
        .await
    }
}
