//! People as others see them.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::{ComplexObject, Context, Enum, ID, Object, SimpleObject};
use bellwether_domain::identity::{self, SignedIn};
use bellwether_domain::ids::TenantId;
use bellwether_domain::permission::{self, Permission as P};
use bellwether_domain::{Error, Viewer as DomainViewer};
use chrono::{DateTime, Utc};

use super::capabilities::Capability;
use super::credentials::{ApiKey, Session};
use crate::context::Request;
use crate::field::{Access, Field, field};
use crate::paging::Item;
use crate::problems::Limit;

/// A person in one tenant.
#[derive(Clone, Debug)]
pub(crate) struct User {
    user: Arc<identity::User>,
    /// Whether the viewer may see more than the name: themselves, or one who may read users.
    is_open: bool,
    /// The tenant, where a list has read all of its tenants at once.
    tenant: Option<Option<Tenant>>,
}

impl User {
    /// A user as the viewer sees them.
    pub(crate) fn new(user: impl Into<Arc<identity::User>>, viewer: &DomainViewer) -> Self {
        let user = user.into();
        let is_self = viewer.member().is_ok_and(|member| member.user_id == user.id);
        Self { is_open: is_self || viewer.may(P::UsersRead), user, tenant: None }
    }

    /// Users of a list; with their tenants, read at once, where these are wanted.
    pub(super) async fn many(
        request: &Request,
        users: Vec<identity::User>,
        with_tenant: bool,
    ) -> Result<Vec<Self>, Error> {
        let viewer = request.viewer();
        if !with_tenant {
            return Ok(users.into_iter().map(|user| Self::new(user, viewer)).collect());
        }
        let tenants = tenants(request, users.iter().map(|user| user.tenant_id)).await?;
        let tenant = |user: &identity::User| Some(tenants.get(&user.tenant_id).cloned().map(Tenant));
        Ok(users.into_iter().map(|user| Self { tenant: tenant(&user), ..Self::new(user, viewer) }).collect())
    }

    pub(super) fn row(&self) -> &identity::User {
        &self.user
    }
}

/// Those of these tenants that the viewer may see, each read once.
pub(super) async fn tenants(
    request: &Request,
    ids: impl Iterator<Item = TenantId>,
) -> Result<HashMap<TenantId, identity::Tenant>, Error> {
    let mut ids: Vec<_> = ids.collect();
    ids.sort();
    ids.dedup();
    request.domain.tenants_by_id(request.viewer(), ids).await
}

impl Item for User {
    const NAME: &str = "User";
}

/// A person in one tenant.
#[Object(serial)]
impl User {
    /// The id, `usr_…`.
    pub(crate) async fn id(&self) -> ID {
        self.user.id.to_string().into()
    }

    /// The first name.
    async fn first_name(&self) -> &str {
        &self.user.first_name
    }

    /// The last name.
    async fn last_name(&self) -> &str {
        &self.user.last_name
    }

    /// The email; null unless it is your own or you may read users.
    async fn email(&self) -> Option<&str> {
        self.is_open.then_some(&self.user.email)
    }

    /// Whether the email was verified; null unless it is your own or you may read users.
    async fn is_email_verified(&self) -> Option<bool> {
        self.is_open.then_some(self.user.email_verified_at.is_some())
    }

    /// The role; null unless it is your own or you may read users.
    async fn role(&self) -> Option<Role> {
        self.is_open.then_some(self.user.role.into())
    }

    /// Whether they may sign in; null unless it is your own or you may read users.
    async fn status(&self) -> Option<UserStatus> {
        self.is_open.then_some(self.user.status.into())
    }

    /// The tenant.
    async fn tenant(&self, ctx: &Context<'_>) -> Field<Option<Tenant>> {
        let (known, id) = (self.tenant.clone(), self.user.tenant_id);
        field(ctx, Access::SignedIn, async move |request: Request| match known {
            Some(known) => Ok(known),
            None => Ok(request.domain.visible_tenant(request.viewer(), id).await?.map(Tenant)),
        })
        .await
    }

    /// When the account was made.
    async fn created_at(&self) -> DateTime<Utc> {
        self.user.created_at
    }

    /// The language to be written to in; null unless it is your own or you may read users.
    async fn locale(&self) -> Option<Locale> {
        self.is_open.then_some(self.user.locale.into())
    }

    /// Whether they were invited and have not accepted yet; null unless it is your own or you may read users.
    async fn is_invited(&self) -> Option<bool> {
        self.is_open.then_some(!self.user.has_password())
    }
}

/// A language that people are written to in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "bellwether_domain::locale::Locale")]
pub(crate) enum Locale {
    /// English.
    En,
    /// Spanish.
    Es,
}

/// Whether a user may sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "identity::UserStatus")]
pub(crate) enum UserStatus {
    /// May sign in.
    Active,
    /// May not, until activated again.
    Suspended,
    /// Closed by its person; the email is free again.
    Closed,
}

/// A business that runs on the installation.
#[derive(Clone, Debug)]
pub(crate) struct Tenant(pub(crate) identity::Tenant);

impl Item for Tenant {
    const NAME: &str = "Tenant";
}

/// A business that runs on the installation.
#[Object]
impl Tenant {
    /// The id, `ten_…`.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }

    /// The short name that `login` takes.
    async fn slug(&self) -> &str {
        &self.0.slug
    }

    /// The name.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// Whether it is served.
    async fn status(&self) -> TenantStatus {
        self.0.status.into()
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }
}

/// Whether a tenant is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "identity::TenantStatus")]
pub(crate) enum TenantStatus {
    /// Served.
    Active,
    /// Its users can't sign in, and its webhooks are refused.
    Suspended,
}

/// Who is signed in.
#[derive(Debug, SimpleObject)]
#[graphql(complex)]
pub(crate) struct Viewer {
    /// The user.
    user: User,
    /// Their tenant.
    tenant: Tenant,
    /// Their role.
    role: Role,
    /// What they may do; with an API key, what its scopes leave of that.
    permissions: Vec<Permission>,
    /// The session that they are signed in with; null where it was ended meanwhile, and for an API key, which has none.
    session: Option<Session>,
    /// Every permission, whether they hold it, and what stands in the way where they do not.
    capabilities: Vec<Capability>,
    #[graphql(skip)]
    viewer: DomainViewer,
}

impl Viewer {
    pub(crate) fn new(
        viewer: &DomainViewer,
        user: identity::User,
        tenant: identity::Tenant,
        session: Option<identity::Session>,
    ) -> Self {
        let held = P::ALL.iter().filter(|permission| viewer.may(**permission));
        Self {
            role: user.role.into(),
            permissions: held.map(|permission| Permission::from(*permission)).collect(),
            user: User::new(user, viewer),
            tenant: Tenant(tenant),
            session: session.map(|session| Session::new(session, viewer)),
            capabilities: viewer.capabilities().into_iter().map(Capability::from).collect(),
            viewer: viewer.clone(),
        }
    }

    /// The viewer that signing in has made of the caller.
    pub(crate) fn signed_in(signed_in: &SignedIn, session: Option<identity::Session>) -> Self {
        let viewer = DomainViewer::User(signed_in.member.clone());
        Self::new(&viewer, signed_in.user.clone(), signed_in.tenant.clone(), session)
    }
}

#[ComplexObject]
impl Viewer {
    /// The API key that they are signed in with; null for a session.
    async fn api_key(&self, ctx: &Context<'_>) -> Field<Option<ApiKey>> {
        let viewer = self.viewer.clone();
        field(ctx, Access::Open, async move |request: Request| {
            Ok(request.domain.viewer_api_key(&viewer).await?.map(ApiKey::from))
        })
        .await
    }

    /// What they may have only so many of, and how many they have.
    async fn limits(&self, ctx: &Context<'_>) -> Field<Vec<Limit>> {
        let viewer = self.viewer.clone();
        field(ctx, Access::Open, async move |request: Request| {
            Ok(request.domain.viewer_limits(&viewer).await?.into_iter().map(Limit::from).collect())
        })
        .await
    }
}

/// What a session is used with. Shown this once.
#[derive(SimpleObject)]
pub(crate) struct SessionTokens {
    /// The token for the Authorization header, as `Bearer …`.
    access_token: String,
    /// When the access token runs out.
    access_token_expires_at: DateTime<Utc>,
    /// The token for refreshSession, good for one time.
    refresh_token: String,
    /// When the refresh token runs out.
    refresh_token_expires_at: DateTime<Utc>,
}

impl From<&identity::SessionTokens> for SessionTokens {
    fn from(tokens: &identity::SessionTokens) -> Self {
        Self {
            access_token: tokens.access_token.expose().to_owned(),
            access_token_expires_at: tokens.access_token_expires_at,
            refresh_token: tokens.refresh_token.expose().to_owned(),
            refresh_token_expires_at: tokens.refresh_token_expires_at,
        }
    }
}

/// What a user is in their tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "permission::Role")]
pub(crate) enum Role {
    /// Reads signals, records their own.
    Trader,
    /// Reads what concerns the tenant's users, to help them.
    Support,
    /// Sells the tenant's signals and runs its sources.
    Seller,
    /// Runs the tenant.
    Admin,
    /// Runs the installation, above all tenants.
    Owner,
}

/// Something that a field may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "permission::Permission")]
pub(crate) enum Permission {
    /// Manage one's own account: its sessions and its API keys. No API key holds it.
    AccountManage,
    /// Read the signals of the own tenant, and one's own private ones.
    SignalsRead,
    /// Record signals for oneself.
    SignalsWrite,
    /// Record signals that everyone in the tenant sees.
    SignalsPublish,
    /// Create, change and revoke one's own sources of signals, and read their ingest journal.
    SourcesManage,
    /// The same for every source of the tenant.
    SourcesManageAll,
    /// Read prices that are not for everybody, how their sources do, and one's own watchlists.
    MarketRead,
    /// Make, change and delete one's own watchlists.
    WatchlistsWrite,
    /// Switch strategies on and off for everyone in the tenant.
    StrategiesManage,
    /// Read the email, role and status of the tenant's users.
    UsersRead,
    /// Invite people into the tenant, in roles up to one's own.
    UsersInvite,
    /// See the scheduler's lock, jobs and runs, run, pause and resume jobs, and break the lock.
    SchedulerManage,
    /// Change the roles of the tenant's users, suspend and activate them, and end their sessions.
    UsersManage,
    /// Read the tenant's audit log.
    AuditRead,
    /// Read the waitlist, and the messages that visitors sent.
    InboxRead,
    /// Remove entries of the waitlist and messages of visitors, as they may ask by law.
    InboxManage,
    /// Read one's own paper accounts: their orders, trades, figures and ledgers.
    TradingRead,
    /// Open paper accounts, and trade on one's own.
    TradingWrite,
    /// Read every paper account of the tenant.
    TradingReadAll,
    /// Suspend the tenant's paper accounts, activate them again, and close them.
    TradingManage,
    /// Grant challenges to the tenant's users, and look at, pass, fail, extend, correct and cancel them.
    ChallengesManage,
    /// See what belongs to other tenants.
    TenantsReadAll,
    /// Make, suspend and activate tenants.
    TenantsManage,
    /// Introspect the schema where the installation does not open it to everybody.
    SchemaIntrospect,
}
