//! The users of a tenant, for who helps and who runs it; for the owner those of all.

use async_graphql::{Context, Enum, ID, InputObject, Object, SimpleObject};
use bellwether_domain::Error;
use bellwether_domain::error::Problem;
use bellwether_domain::identity::{self, UserChanged};
use bellwether_domain::paging::PageArgs;
use bellwether_domain::permission::Permission as P;
use chrono::{DateTime, Utc};

use super::types::{Role, User, UserStatus};
use crate::context::Request;
use crate::field::{Access, Field, Payload, field, mutate};
use crate::node::parse_id;
use crate::paging::Connection;
use crate::problems::UserError;
use crate::signals::filter::{OrderDirection, Range, Words, times};

const READ: Access = Access::Needs(P::UsersRead);
const MANAGE: Access = Access::Needs(P::UsersManage);
/// Characters that a search may have.
const LONGEST_SEARCH: usize = 100;

/// Which users. Every part that is given must hold.
#[derive(Clone, Debug, Default, InputObject)]
pub(crate) struct UserFilter {
    /// With this in the name or the email, in any case, at most 100 characters.
    search: Option<String>,
    /// With this role, or one of these.
    role: Option<Words<Role>>,
    /// With this status, or one of these.
    status: Option<Words<UserStatus>>,
    /// Whether the email was verified.
    is_email_verified: Option<bool>,
    /// When the account was made.
    created_at: Option<Range<DateTime<Utc>>>,
    /// Of this tenant, `ten_…`; others than your own need TENANTS_READ_ALL, and have no users for who lacks it.
    tenant_id: Option<ID>,
}

impl UserFilter {
    fn into_domain(self) -> Result<identity::UserFilter, Error> {
        let role = self.role.map(|words| words.into_compare(&["filter", "role"], |word| Ok(word.into())));
        let status = self.status.map(|words| words.into_compare(&["filter", "status"], |word| Ok(word.into())));
        Ok(identity::UserFilter {
            search: self.search.map(|text| search(text, &["filter", "search"])).transpose()?,
            role: role.transpose()?,
            status: status.transpose()?,
            is_email_verified: self.is_email_verified,
            created_at: self.created_at.map(|range| times(range, &["filter", "createdAt"])).transpose()?,
            tenant: self.tenant_id.map(|id| parse_id(&id, &["filter", "tenantId"])).transpose()?,
        })
    }
}

/// A text to look for.
pub(super) fn search(text: String, path: &[&str]) -> Result<String, Error> {
    if text.chars().count() > LONGEST_SEARCH || text.contains('\0') {
        let message = format!("expected at most {LONGEST_SEARCH} characters, without NUL");
        return Err(Problem::validation(path, message).into());
    }
    Ok(text)
}

/// What users are sorted by; equal ones by their id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "identity::UserSortField")]
pub(crate) enum UserOrderField {
    /// When the account was made.
    CreatedAt,
    /// The email, in lower case.
    Email,
}

/// The order of a list of users.
#[derive(Clone, Copy, Debug, InputObject)]
pub(crate) struct UserOrder {
    /// By what.
    field: UserOrderField,
    /// Which way.
    #[graphql(default_with = "OrderDirection::Desc")]
    direction: OrderDirection,
}

impl From<UserOrder> for identity::UserOrder {
    fn from(order: UserOrder) -> Self {
        Self { field: order.field.into(), direction: order.direction.into() }
    }
}

/// Reads users.
#[derive(Debug, Default)]
pub(crate) struct UserQuery;

#[Object]
impl UserQuery {
    /// The users of your tenant, the newest first unless another order is given; for the owner, of all tenants. Needs USERS_READ.
    #[expect(clippy::too_many_arguments, reason = "these are Relay's arguments")]
    async fn users(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which users; null for all.")] filter: Option<UserFilter>,
        #[graphql(desc = "The order; null for the newest account first.")] order_by: Option<UserOrder>,
        #[graphql(desc = "How many from the start, at most 100; 20 where neither first nor last is given.")]
        first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only those before this cursor.")] before: Option<String>,
    ) -> Field<Connection<User>> {
        let selected = ctx.look_ahead();
        let (edges, nodes) = (selected.field("edges").field("node"), selected.field("nodes"));
        let with_tenant = edges.field("tenant").exists() || nodes.field("tenant").exists();
        let with_total = selected.field("totalCount").exists();
        field(ctx, READ, async move |request: Request| {
            let (domain, viewer) = (&request.domain, request.viewer());
            let filter = filter.unwrap_or_default().into_domain()?;
            let order = order_by.map_or_else(identity::UserOrder::default, identity::UserOrder::from);
            let page = domain.users_page(viewer, &filter, order, &PageArgs { first, after, last, before }).await?;
            let total = if with_total { Some(domain.count_users(viewer, &filter).await?) } else { None };
            let page = page.try_map(async |users| User::many(&request, users, with_tenant).await).await?;
            Ok(Connection::of(page, total, move |user| order.cursor(user.row())))
        })
        .await
    }

    /// The user of this id; null where there is none that you may see. Needs USERS_READ.
    async fn user(&self, ctx: &Context<'_>, #[graphql(desc = "The id, `usr_…`.")] id: ID) -> Field<Option<User>> {
        field(ctx, READ, async move |request: Request| {
            let user = request.domain.user(request.viewer(), parse_id(&id, &["id"])?).await?;
            Ok(user.map(|user| User::new(user, request.viewer())))
        })
        .await
    }
}

/// Another role for a user.
#[derive(InputObject)]
struct SetUserRoleInput {
    /// The user, `usr_…`; not yourself.
    user_id: ID,
    /// The role, at most your own.
    role: Role,
}

/// A user to be suspended.
#[derive(InputObject)]
struct SuspendUserInput {
    /// The user, `usr_…`; not yourself.
    user_id: ID,
    /// Why, 1 to 300 characters, for the audit log.
    reason: String,
}

/// A user to be activated again.
#[derive(InputObject)]
struct ActivateUserInput {
    /// The user, `usr_…`; not yourself.
    user_id: ID,
}

/// A user whose sessions are to end.
#[derive(InputObject)]
struct EndUserSessionsInput {
    /// The user, `usr_…`; for your own there is logoutEverywhere.
    user_id: ID,
}

macro_rules! user_payload {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Default, SimpleObject)]
        pub(crate) struct $name {
            /// The user as they are now; null when refused.
            user: Option<User>,
            /// How many of their sessions were ended; null when refused.
            ended_sessions: Option<u64>,
            /// What to mend; empty when done.
            user_errors: Vec<UserError>,
        }

        impl $name {
            fn of(request: &Request, changed: UserChanged) -> Self {
                Self {
                    user: Some(User::new(changed.user, request.viewer())),
                    ended_sessions: Some(changed.ended_sessions),
                    user_errors: Vec::new(),
                }
            }
        }
    };
}

user_payload! {
    /// What giving a user another role did.
    SetUserRolePayload
}
user_payload! {
    /// What suspending a user did.
    SuspendUserPayload
}
user_payload! {
    /// What activating a user did.
    ActivateUserPayload
}
user_payload! {
    /// What ending a user's sessions did.
    EndUserSessionsPayload
}
crate::field::refused_by_default! {
    SetUserRolePayload SuspendUserPayload ActivateUserPayload EndUserSessionsPayload
}

/// Changes users.
#[derive(Debug, Default)]
pub(crate) struct UserMutation;

#[Object]
impl UserMutation {
    /// Gives a user another role, at once in effect. Not your own, and none above it. Needs USERS_MANAGE.
    async fn set_user_role(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The user and the role.")] input: SetUserRoleInput,
    ) -> Field<SetUserRolePayload> {
        mutate(ctx, MANAGE, async move |request: Request| {
            let (id, role) = (parse_id(&input.user_id, &["input", "userId"])?, input.role.into());
            let changed = request.domain.set_user_role(request.viewer(), id, role, request.client()).await?;
            Ok(SetUserRolePayload::of(&request, changed))
        })
        .await
    }

    /// Suspends a user: their sessions end at once, and they can't sign in until they are activated again. Needs USERS_MANAGE.
    async fn suspend_user(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The user and the reason.")] input: SuspendUserInput,
    ) -> Field<SuspendUserPayload> {
        mutate(ctx, MANAGE, async move |request: Request| {
            let id = parse_id(&input.user_id, &["input", "userId"])?;
            let changed = request.domain.suspend_user(request.viewer(), id, &input.reason, request.client()).await?;
            Ok(SuspendUserPayload::of(&request, changed))
        })
        .await
    }

    /// Lets a suspended user sign in again. Needs USERS_MANAGE.
    async fn activate_user(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The user.")] input: ActivateUserInput,
    ) -> Field<ActivateUserPayload> {
        mutate(ctx, MANAGE, async move |request: Request| {
            let id = parse_id(&input.user_id, &["input", "userId"])?;
            let changed = request.domain.activate_user(request.viewer(), id, request.client()).await?;
            Ok(ActivateUserPayload::of(&request, changed))
        })
        .await
    }

    /// Ends every session of a user. Needs USERS_MANAGE.
    async fn end_user_sessions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The user.")] input: EndUserSessionsInput,
    ) -> Field<EndUserSessionsPayload> {
        mutate(ctx, MANAGE, async move |request: Request| {
            let id = parse_id(&input.user_id, &["input", "userId"])?;
            let changed = request.domain.end_user_sessions(request.viewer(), id, request.client()).await?;
            Ok(EndUserSessionsPayload::of(&request, changed))
        })
        .await
    }
}
