//! Signing in and out.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use bellwether_domain::identity::{Login, Register, SignedIn};
use bellwether_domain::{Error, Viewer as DomainViewer};

use super::types::{Locale, SessionTokens, Viewer};
use crate::context::Request;
use crate::field::{Access, Field, Payload, mutate};
use crate::node::parse_id;
use crate::problems::UserError;

/// What a visitor fills in to become a user.
#[derive(InputObject)]
struct RegisterInput {
    /// The email, unique in the tenant.
    email: String,
    /// The password: 8 to 128 characters with an upper-case letter, a digit and a special character, or any 15 and more.
    password: String,
    /// The first name, 1 to 100 characters.
    first_name: String,
    /// The last name, 1 to 100 characters.
    last_name: String,
    /// The version of the terms that is accepted.
    accept_terms: String,
    /// The short name of a tenant that is open to registration; null for the installation's default.
    tenant: Option<String>,
    /// The language to be written to in.
    #[graphql(default_with = "Locale::En")]
    locale: Locale,
}

/// What a user signs in with.
#[derive(InputObject)]
struct LoginInput {
    /// The email.
    email: String,
    /// The password.
    password: String,
    /// Whether to stay signed in for 30 days instead of 12 hours.
    #[graphql(default = false)]
    remember_me: bool,
    /// The short name of the tenant, for an email with accounts in several; null otherwise.
    tenant: Option<String>,
}

/// What a session is renewed with.
#[derive(InputObject)]
struct RefreshSessionInput {
    /// The refresh token, good for one time.
    refresh_token: String,
}

/// Signing out.
#[derive(InputObject)]
struct LogoutInput {
    /// Which of your sessions to end, `ses_…`; null for the present one.
    session_id: Option<ID>,
}

/// Makes the payload of a mutation that signs somebody in.
macro_rules! signed_in_payload {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(SimpleObject)]
        pub(crate) struct $name {
            /// Who is signed in now; null when refused.
            viewer: Option<Viewer>,
            /// The session's tokens; null when refused.
            session: Option<SessionTokens>,
            /// What to mend; empty when done.
            user_errors: Vec<UserError>,
        }

        impl Payload for $name {
            fn refused(user_errors: Vec<UserError>) -> Self {
                Self { viewer: None, session: None, user_errors }
            }
        }

        impl $name {
            pub(crate) async fn of(request: &Request, signed_in: SignedIn) -> Result<Self, Error> {
                let viewer = DomainViewer::User(signed_in.member.clone());
                let session = request.domain.viewer_session(&viewer).await?;
                Ok(Self {
                    viewer: Some(Viewer::signed_in(&signed_in, session)),
                    session: Some(SessionTokens::from(&signed_in.tokens)),
                    user_errors: Vec::new(),
                })
            }
        }
    };
}

pub(crate) use signed_in_payload;

signed_in_payload! {
    /// What registering did.
    RegisterPayload
}
signed_in_payload! {
    /// What signing in did.
    LoginPayload
}
signed_in_payload! {
    /// What renewing did.
    RefreshSessionPayload
}

/// What signing out did.
#[derive(SimpleObject)]
pub(crate) struct LogoutPayload {
    /// The session that was ended; null when refused.
    session_id: Option<ID>,
    /// What to mend; empty when done.
    user_errors: Vec<UserError>,
}

impl Payload for LogoutPayload {
    fn refused(user_errors: Vec<UserError>) -> Self {
        Self { session_id: None, user_errors }
    }
}

/// Signs people in and out.
#[derive(Debug, Default)]
pub(crate) struct IdentityMutation;

#[Object]
impl IdentityMutation {
    /// Makes an account, signs it in, and sends a letter to verify its email with. For everybody; RATE_LIMITED by address and by email.
    async fn register(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new user.")] input: RegisterInput,
    ) -> Field<RegisterPayload> {
        mutate(ctx, Access::Open, async move |request: Request| {
            let register = Register {
                email: input.email,
                password: input.password.into(),
                first_name: input.first_name,
                last_name: input.last_name,
                accept_terms: input.accept_terms,
                tenant: input.tenant,
                locale: input.locale.into(),
            };
            let signed_in = request.domain.register(register, request.client()).await?;
            RegisterPayload::of(&request, signed_in).await
        })
        .await
    }

    /// Signs a user in. For everybody; RATE_LIMITED by address and by email.
    async fn login(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Email and password.")] input: LoginInput,
    ) -> Field<LoginPayload> {
        mutate(ctx, Access::Open, async move |request: Request| {
            let login = Login {
                email: input.email,
                password: input.password.into(),
                remember_me: input.remember_me,
                tenant: input.tenant,
            };
            let signed_in = request.domain.login(login, request.client()).await?;
            LoginPayload::of(&request, signed_in).await
        })
        .await
    }

    /// Renews a session with its refresh token, which is good for one time: a token that is used again ends the session. For everybody.
    async fn refresh_session(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The refresh token.")] input: RefreshSessionInput,
    ) -> Field<RefreshSessionPayload> {
        mutate(ctx, Access::Open, async move |request: Request| {
            let signed_in = request.domain.refresh_session(&input.refresh_token, request.client()).await?;
            RefreshSessionPayload::of(&request, signed_in).await
        })
        .await
    }

    /// Ends a session of yours: its tokens stop working. For whoever is signed in.
    async fn logout(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which session; {} for the present one.")] input: LogoutInput,
    ) -> Field<LogoutPayload> {
        mutate(ctx, Access::SignedIn, async move |request: Request| {
            let session = input.session_id.map(|id| parse_id(&id, &["input", "sessionId"])).transpose()?;
            let ended = request.domain.logout(request.viewer(), session, request.client()).await?;
            Ok(LogoutPayload { session_id: Some(ended.to_string().into()), user_errors: Vec::new() })
        })
        .await
    }
}
