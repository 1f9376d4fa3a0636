//! Inviting people, and accepting an invitation.

use async_graphql::{Context, InputObject, Object, SimpleObject};
use bellwether_domain::Error;
use bellwether_domain::Viewer as DomainViewer;
use bellwether_domain::identity::{AcceptInvitation, Invite, SignedIn};
use bellwether_domain::permission::Permission;

use super::mutations::signed_in_payload;
use super::types::{Locale, Role, SessionTokens, User, Viewer};
use crate::context::Request;
use crate::field::{Access, Field, Payload, mutate};
use crate::problems::UserError;

/// Whom to invite.
#[derive(InputObject)]
struct InviteUserInput {
    /// The email, unique in the tenant.
    email: String,
    /// The first name, 1 to 100 characters.
    first_name: String,
    /// The last name, 1 to 100 characters.
    last_name: String,
    /// The role, up to your own.
    #[graphql(default_with = "Role::Trader")]
    role: Role,
    /// The language of the letter.
    #[graphql(default_with = "Locale::En")]
    locale: Locale,
}

/// What an invited person sets.
#[derive(InputObject)]
struct AcceptInvitationInput {
    /// The token of the link in the letter, good for one time within seven days.
    token: String,
    /// The password, under the rules of `register`.
    password: String,
    /// The version of the terms that is accepted.
    accept_terms: String,
}

/// What inviting did.
#[derive(SimpleObject)]
pub(crate) struct InviteUserPayload {
    /// The user who is invited; null when refused.
    user: Option<User>,
    /// What to mend; empty when done.
    user_errors: Vec<UserError>,
}

impl Payload for InviteUserPayload {
    fn refused(user_errors: Vec<UserError>) -> Self {
        Self { user: None, user_errors }
    }
}

signed_in_payload! {
    /// What accepting did.
    AcceptInvitationPayload
}

/// Invites people.
#[derive(Debug, Default)]
pub(crate) struct InvitationMutation;

#[Object]
impl InvitationMutation {
    /// Invites a person into your tenant: they get a letter with a link that is good for seven days. To invite somebody again who has not accepted sends another. Needs USERS_INVITE.
    async fn invite_user(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The person.")] input: InviteUserInput,
    ) -> Field<InviteUserPayload> {
        mutate(ctx, Access::Needs(Permission::UsersInvite), async move |request: Request| {
            let invite = Invite {
                email: input.email,
                first_name: input.first_name,
                last_name: input.last_name,
                role: input.role.into(),
                locale: input.locale.into(),
            };
            let user = request.domain.invite_user(request.viewer(), invite, request.client()).await?;
            Ok(InviteUserPayload { user: Some(User::new(user, request.viewer())), user_errors: Vec::new() })
        })
        .await
    }

    /// Sets the first password of whoever was invited and signs them in; their email is verified by it. For everybody.
    async fn accept_invitation(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The link's token, a password, and the terms.")] input: AcceptInvitationInput,
    ) -> Field<AcceptInvitationPayload> {
        mutate(ctx, Access::Open, async move |request: Request| {
            let accepted = AcceptInvitation {
                token: input.token.into(),
                password: input.password.into(),
                accept_terms: input.accept_terms,
            };
            let signed_in = request.domain.accept_invitation(accepted, request.client()).await?;
            AcceptInvitationPayload::of(&request, signed_in).await
        })
        .await
    }
}
