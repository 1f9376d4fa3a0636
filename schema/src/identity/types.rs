//! People as others see them.

use async_graphql::{Enum, ID, Object, SimpleObject};
use bellwether_domain::Viewer as DomainViewer;
use bellwether_domain::identity::{self, SignedIn};
use bellwether_domain::permission::{self, Permission as P};
use chrono::{DateTime, Utc};

/// A person in one tenant.
#[derive(Clone, Debug)]
pub(crate) struct User {
    user: identity::User,
    /// Whether the viewer may see more than the name: themselves, or one who may read users.
    is_open: bool,
}

impl User {
    /// A user as the viewer sees them.
    pub(crate) fn new(user: identity::User, viewer: &DomainViewer) -> Self {
        let is_self = viewer.member().is_ok_and(|member| member.user_id == user.id);
        Self { is_open: is_self || viewer.may(P::UsersRead), user }
    }
}

/// A person in one tenant.
#[Object]
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

    /// When the account was made.
    async fn created_at(&self) -> DateTime<Utc> {
        self.user.created_at
    }
}

/// A business that runs on the installation.
#[derive(Clone, Debug)]
pub(crate) struct Tenant(pub(crate) identity::Tenant);

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

    /// When it was made.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }
}

/// Who is signed in.
#[derive(Debug, SimpleObject)]
pub(crate) struct Viewer {
    /// The user.
    user: User,
    /// Their tenant.
    tenant: Tenant,
    /// Their role.
    role: Role,
    /// What they may do.
    permissions: Vec<Permission>,
    /// The session that they are signed in with; null where it was ended meanwhile.
    session: Option<Session>,
}

impl Viewer {
    pub(crate) fn new(
        viewer: &DomainViewer,
        user: identity::User,
        tenant: identity::Tenant,
        session: Option<identity::Session>,
    ) -> Self {
        let held = P::ALL.iter().filter(|permission| user.role.holds(**permission));
        Self {
            role: user.role.into(),
            permissions: held.map(|permission| Permission::from(*permission)).collect(),
            user: User::new(user, viewer),
            tenant: Tenant(tenant),
            session: session.map(Session),
        }
    }

    /// The viewer that signing in has made of the caller.
    pub(crate) fn signed_in(signed_in: &SignedIn, session: Option<identity::Session>) -> Self {
        let viewer = DomainViewer::User(signed_in.member.clone());
        Self::new(&viewer, signed_in.user.clone(), signed_in.tenant.clone(), session)
    }
}

/// One sign-in of a user, until it is ended or runs out.
#[derive(Clone, Debug)]
pub(crate) struct Session(identity::Session);

/// One sign-in of a user, until it is ended or runs out.
#[Object]
impl Session {
    /// The id, `ses_…`.
    async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }

    /// The program that signed in, as it calls itself; null where it did not say.
    async fn user_agent(&self) -> Option<&str> {
        self.0.user_agent.as_deref()
    }

    /// The address that signed in; null where it is not known.
    async fn address(&self) -> Option<&str> {
        self.0.address.as_deref()
    }

    /// When it began.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// When its tokens were last renewed.
    async fn last_used_at(&self) -> DateTime<Utc> {
        self.0.last_used_at
    }

    /// When it runs out unless it is renewed.
    async fn expires_at(&self) -> DateTime<Utc> {
        self.0.expires_at
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
    /// Read the email, role and status of the tenant's users.
    UsersRead,
    /// Read the waitlist, and the messages that visitors sent.
    InboxRead,
    /// See what belongs to other tenants.
    TenantsReadAll,
    /// Introspect the schema where the installation does not open it to everybody.
    SchemaIntrospect,
}
