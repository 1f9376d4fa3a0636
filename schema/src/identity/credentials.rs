//! One's own sessions and API keys.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use bellwether_domain::Viewer as DomainViewer;
use bellwether_domain::identity::{self, NewApiKey};
use bellwether_domain::paging::{IdKey, PageArgs, encode_cursor};
use bellwether_domain::permission::Permission as P;
use bellwether_domain::viewer::Credential;
use chrono::{DateTime, Utc};

use super::types::Permission;
use crate::context::Request;
use crate::field::{Access, Field, Payload, field, mutate};
use crate::node::parse_id;
use crate::paging::{Connection, Item};
use crate::problems::UserError;

const ACCESS: Access = Access::Needs(P::AccountManage);

/// One sign-in of a user, until it is ended or runs out.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    session: identity::Session,
    is_current: bool,
}

impl Session {
    /// A session as the viewer sees it.
    pub(crate) fn new(session: identity::Session, viewer: &DomainViewer) -> Self {
        let is_current = viewer.member().is_ok_and(|member| member.credential == Credential::Session(session.id));
        Self { session, is_current }
    }
}

impl Item for Session {
    const NAME: &str = "Session";
}

/// One sign-in of a user, until it is ended or runs out.
#[Object]
impl Session {
    /// The id, `ses_…`.
    pub(crate) async fn id(&self) -> ID {
        self.session.id.to_string().into()
    }

    /// Whether it is the one that this request is signed in with.
    async fn is_current(&self) -> bool {
        self.is_current
    }

    /// What signed in, in plain words, such as "Chrome on Windows 10"; null where it did not say.
    async fn device(&self) -> Option<String> {
        self.session.device()
    }

    /// The program that signed in, as it calls itself; null where it did not say.
    async fn user_agent(&self) -> Option<&str> {
        self.session.user_agent.as_deref()
    }

    /// The address that signed in; null where it is not known.
    async fn address(&self) -> Option<&str> {
        self.session.address.as_deref()
    }

    /// When it began.
    async fn created_at(&self) -> DateTime<Utc> {
        self.session.created_at
    }

    /// When it was last used, to the minute.
    async fn last_used_at(&self) -> DateTime<Utc> {
        self.session.last_used_at
    }

    /// When it runs out unless it is renewed.
    async fn expires_at(&self) -> DateTime<Utc> {
        self.session.expires_at
    }
}

/// What a program is let in with, in the name of a user: `Authorization: Bearer bw_…`.
#[derive(Clone, Debug)]
pub(crate) struct ApiKey(identity::ApiKey);

impl From<identity::ApiKey> for ApiKey {
    fn from(key: identity::ApiKey) -> Self {
        Self(key)
    }
}

impl Item for ApiKey {
    const NAME: &str = "ApiKey";
}

/// What a program is let in with, in the name of a user: `Authorization: Bearer bw_…`.
#[Object]
impl ApiKey {
    /// The id, `key_…`.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }

    /// The name.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// The start of the key, to tell one from another.
    async fn prefix(&self) -> &str {
        &self.0.prefix
    }

    /// What it is confined to. It may do of these what its user may at that moment.
    async fn scopes(&self) -> Vec<Permission> {
        self.0.scopes.permissions().into_iter().map(Permission::from).collect()
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// When it was last used, to the minute; null for never.
    async fn last_used_at(&self) -> Option<DateTime<Utc>> {
        self.0.last_used_at
    }

    /// When it runs out; null for never.
    async fn expires_at(&self) -> Option<DateTime<Utc>> {
        self.0.expires_at
    }

    /// When it was revoked; null while it is good.
    async fn revoked_at(&self) -> Option<DateTime<Utc>> {
        self.0.revoked_at
    }
}

/// Reads what one has oneself.
#[derive(Debug, Default)]
pub(crate) struct CredentialQuery;

#[Object]
impl CredentialQuery {
    /// Your open sessions, the newest first. Needs ACCOUNT_MANAGE.
    async fn sessions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, at most 100; 20 where nothing is given.")] first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
    ) -> Field<Connection<Session>> {
        let with_total = ctx.look_ahead().field("totalCount").exists();
        field(ctx, ACCESS, async move |request: Request| {
            let (domain, viewer) = (&request.domain, request.viewer());
            let page = domain.sessions_page(viewer, &PageArgs { first, after, ..PageArgs::default() }).await?;
            let total = if with_total { Some(domain.count_sessions(viewer).await?) } else { None };
            let page = page.map(|session| Session::new(session, viewer));
            Ok(Connection::of(page, total, |Session { session, .. }| {
                encode_cursor(identity::Session::ORDER, &IdKey(session.id))
            }))
        })
        .await
    }

    /// Your API keys, the newest first, also those that are revoked or have run out. Needs ACCOUNT_MANAGE.
    async fn api_keys(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, at most 100; 20 where nothing is given.")] first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
    ) -> Field<Connection<ApiKey>> {
        let with_total = ctx.look_ahead().field("totalCount").exists();
        field(ctx, ACCESS, async move |request: Request| {
            let (domain, viewer) = (&request.domain, request.viewer());
            let page = domain.api_keys_page(viewer, &PageArgs { first, after, ..PageArgs::default() }).await?;
            let total = if with_total { Some(domain.count_api_keys(viewer).await?) } else { None };
            Ok(Connection::of(page.map(ApiKey), total, |ApiKey(key)| {
                encode_cursor(identity::ApiKey::ORDER, &IdKey(key.id))
            }))
        })
        .await
    }
}

/// Signing out everywhere.
#[derive(InputObject)]
struct LogoutEverywhereInput {
    /// Whether to keep the present session.
    #[graphql(default = false)]
    keep_current: bool,
}

/// An API key to be made.
#[derive(InputObject)]
struct CreateApiKeyInput {
    /// The name, 1 to 100 characters.
    name: String,
    /// What it is confined to: permissions that you hold yourself, without ACCOUNT_MANAGE.
    scopes: Vec<Permission>,
    /// When it runs out; null for never.
    expires_at: Option<DateTime<Utc>>,
}

/// An API key to be revoked.
#[derive(InputObject)]
struct RevokeApiKeyInput {
    /// The key, `key_…`.
    id: ID,
}

/// What signing out everywhere did.
#[derive(Default, SimpleObject)]
pub(crate) struct LogoutEverywherePayload {
    /// How many sessions were ended; null when refused.
    ended_sessions: Option<u64>,
    /// What to mend; empty when done.
    user_errors: Vec<UserError>,
}

/// What making an API key did.
#[derive(Default, SimpleObject)]
pub(crate) struct CreateApiKeyPayload {
    /// The key as it is listed; null when refused.
    api_key: Option<ApiKey>,
    /// The key itself, for the Authorization header, as `Bearer …`. Shown this once; null when refused.
    token: Option<String>,
    /// What to mend; empty when done.
    user_errors: Vec<UserError>,
}

/// What revoking an API key did.
#[derive(Default, SimpleObject)]
pub(crate) struct RevokeApiKeyPayload {
    /// The key as it is now; null when refused.
    api_key: Option<ApiKey>,
    /// What to mend; empty when done.
    user_errors: Vec<UserError>,
}

crate::field::refused_by_default! { LogoutEverywherePayload CreateApiKeyPayload RevokeApiKeyPayload }

/// Changes what one has oneself.
#[derive(Debug, Default)]
pub(crate) struct CredentialMutation;

#[Object]
impl CredentialMutation {
    /// Ends all of your sessions, or all but the present one: their tokens stop working. Your API keys stay. Needs ACCOUNT_MANAGE.
    async fn logout_everywhere(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whether to keep the present session; {} to end it too.")] input: LogoutEverywhereInput,
    ) -> Field<LogoutEverywherePayload> {
        mutate(ctx, ACCESS, async move |request: Request| {
            let (domain, viewer) = (&request.domain, request.viewer());
            let ended = domain.logout_everywhere(viewer, input.keep_current, request.client()).await?;
            Ok(LogoutEverywherePayload { ended_sessions: Some(ended), user_errors: Vec::new() })
        })
        .await
    }

    /// Makes an API key for a program that acts in your name, at most 20. Needs ACCOUNT_MANAGE.
    async fn create_api_key(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The key.")] input: CreateApiKeyInput,
    ) -> Field<CreateApiKeyPayload> {
        mutate(ctx, ACCESS, async move |request: Request| {
            let scopes = input.scopes.into_iter().map(P::from).collect();
            let new = NewApiKey { name: input.name, scopes, expires_at: input.expires_at };
            let (key, token) = request.domain.create_api_key(request.viewer(), new, request.client()).await?;
            Ok(CreateApiKeyPayload {
                api_key: Some(ApiKey(key)),
                token: Some(token.expose().to_owned()),
                user_errors: Vec::new(),
            })
        })
        .await
    }

    /// Revokes an API key of yours: it lets nobody in any more. Needs ACCOUNT_MANAGE.
    async fn revoke_api_key(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which key.")] input: RevokeApiKeyInput,
    ) -> Field<RevokeApiKeyPayload> {
        mutate(ctx, ACCESS, async move |request: Request| {
            let id = parse_id(&input.id, &["input", "id"])?;
            let key = request.domain.revoke_api_key(request.viewer(), id, request.client()).await?;
            Ok(RevokeApiKeyPayload { api_key: Some(ApiKey(key)), user_errors: Vec::new() })
        })
        .await
    }
}
