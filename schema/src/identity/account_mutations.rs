//! One's own account: its email, password, profile and end.

use async_graphql::{Context, InputObject, Object, SimpleObject};
use bellwether_domain::identity::ProfileChange;

use super::types::{Locale, User};
use crate::context::Request;
use crate::field::{Access, Field, Payload, mutate};
use crate::problems::UserError;

/// What shows that an email is one's own.
#[derive(InputObject)]
struct VerifyEmailInput {
    /// The token of the link in the letter, good for one time within 24 hours.
    token: String,
}

/// Whom to send the letter again that verifies an email.
#[derive(InputObject)]
struct ResendVerificationInput {
    /// The email.
    email: String,
    /// The short name of the tenant, for an email with accounts in several; null otherwise.
    tenant: Option<String>,
}

/// Whose password is to be set anew.
#[derive(InputObject)]
struct RequestPasswordResetInput {
    /// The email.
    email: String,
    /// The short name of the tenant, for an email with accounts in several; null otherwise.
    tenant: Option<String>,
}

/// A new password, by the link in a letter.
#[derive(InputObject)]
struct ResetPasswordInput {
    /// The token of the link in the letter, good for one time within an hour.
    token: String,
    /// The new password, under the rules of `register`.
    password: String,
}

/// A new password, by the present one.
#[derive(InputObject)]
struct ChangePasswordInput {
    /// The present password.
    current_password: String,
    /// The new one, under the rules of `register`.
    new_password: String,
}

/// What is to change; what is null or left out stays.
#[derive(InputObject)]
struct UpdateProfileInput {
    /// The first name, 1 to 100 characters.
    first_name: Option<String>,
    /// The last name, 1 to 100 characters.
    last_name: Option<String>,
    /// The language to be written to in.
    locale: Option<Locale>,
}

/// What closes an account.
#[derive(InputObject)]
struct CloseAccountInput {
    /// The present password.
    password: String,
}

/// What verifying did.
#[derive(SimpleObject)]
pub(crate) struct VerifyEmailPayload {
    /// The email that is verified now; null when refused.
    email: Option<String>,
    /// What to mend; empty when done.
    user_errors: Vec<UserError>,
}

/// What asking for the letter did: whether there is an account to send it to is not told.
#[derive(SimpleObject)]
pub(crate) struct ResendVerificationPayload {
    /// What to mend; empty when asked.
    user_errors: Vec<UserError>,
}

/// What asking for the letter did: whether there is an account to send it to is not told.
#[derive(SimpleObject)]
pub(crate) struct RequestPasswordResetPayload {
    /// What to mend; empty when asked.
    user_errors: Vec<UserError>,
}

/// What setting a new password did. Nobody is signed in by it: `login` with the new one.
#[derive(SimpleObject)]
pub(crate) struct ResetPasswordPayload {
    /// What to mend; empty when done.
    user_errors: Vec<UserError>,
}

/// What changing the password did.
#[derive(SimpleObject)]
pub(crate) struct ChangePasswordPayload {
    /// How many other sessions were ended; null when refused.
    ended_sessions: Option<u32>,
    /// What to mend; empty when done.
    user_errors: Vec<UserError>,
}

/// What changing the profile did.
#[derive(SimpleObject)]
pub(crate) struct UpdateProfilePayload {
    /// The user as they are now; null when refused.
    user: Option<User>,
    /// What to mend; empty when done.
    user_errors: Vec<UserError>,
}

/// What closing did.
#[derive(SimpleObject)]
pub(crate) struct CloseAccountPayload {
    /// The user whose account is closed; null when refused.
    user: Option<User>,
    /// What to mend; empty when done.
    user_errors: Vec<UserError>,
}

impl Payload for VerifyEmailPayload {
    fn refused(user_errors: Vec<UserError>) -> Self {
        Self { email: None, user_errors }
    }
}

impl Payload for ResendVerificationPayload {
    fn refused(user_errors: Vec<UserError>) -> Self {
        Self { user_errors }
    }
}

impl Payload for RequestPasswordResetPayload {
    fn refused(user_errors: Vec<UserError>) -> Self {
        Self { user_errors }
    }
}

impl Payload for ResetPasswordPayload {
    fn refused(user_errors: Vec<UserError>) -> Self {
        Self { user_errors }
    }
}

impl Payload for ChangePasswordPayload {
    fn refused(user_errors: Vec<UserError>) -> Self {
        Self { ended_sessions: None, user_errors }
    }
}

impl Payload for UpdateProfilePayload {
    fn refused(user_errors: Vec<UserError>) -> Self {
        Self { user: None, user_errors }
    }
}

impl Payload for CloseAccountPayload {
    fn refused(user_errors: Vec<UserError>) -> Self {
        Self { user: None, user_errors }
    }
}

/// Changes one's own account.
#[derive(Debug, Default)]
pub(crate) struct AccountMutation;

#[Object]
impl AccountMutation {
    /// Shows that an email is one's own, by the link in the letter that `register` sent. For everybody.
    async fn verify_email(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The link's token.")] input: VerifyEmailInput,
    ) -> Field<VerifyEmailPayload> {
        mutate(ctx, Access::Open, async move |request: Request| {
            let user = request.domain.verify_email(&input.token, request.client()).await?;
            Ok(VerifyEmailPayload { email: Some(user.email), user_errors: Vec::new() })
        })
        .await
    }

    /// Sends the letter again that verifies an email. The answer is the same whether or not an account waits for it. For everybody; RATE_LIMITED by address and by email.
    async fn resend_verification(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The email.")] input: ResendVerificationInput,
    ) -> Field<ResendVerificationPayload> {
        mutate(ctx, Access::Open, async move |request: Request| {
            request.domain.resend_verification(&input.email, input.tenant.as_deref(), request.client()).await?;
            Ok(ResendVerificationPayload { user_errors: Vec::new() })
        })
        .await
    }

    /// Sends a letter with a link to set a new password with. The answer is the same whether or not anybody has an account with this email. For everybody; RATE_LIMITED by address and by email.
    async fn request_password_reset(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The email.")] input: RequestPasswordResetInput,
    ) -> Field<RequestPasswordResetPayload> {
        mutate(ctx, Access::Open, async move |request: Request| {
            request.domain.request_password_reset(&input.email, input.tenant.as_deref(), request.client()).await?;
            Ok(RequestPasswordResetPayload { user_errors: Vec::new() })
        })
        .await
    }

    /// Sets a new password by the link in a letter: every session of the user ends, and their email is verified. For everybody.
    async fn reset_password(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The link's token and the new password.")] input: ResetPasswordInput,
    ) -> Field<ResetPasswordPayload> {
        mutate(ctx, Access::Open, async move |request: Request| {
            request.domain.reset_password(&input.token, &input.password.into(), request.client()).await?;
            Ok(ResetPasswordPayload { user_errors: Vec::new() })
        })
        .await
    }

    /// Changes your password; your other sessions end, and a letter tells you. For whoever is signed in; RATE_LIMITED by user.
    async fn change_password(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The present password and the new one.")] input: ChangePasswordInput,
    ) -> Field<ChangePasswordPayload> {
        mutate(ctx, Access::SignedIn, async move |request: Request| {
            let (current, new) = (input.current_password.into(), input.new_password.into());
            let ended = request.domain.change_password(request.viewer(), &current, &new, request.client()).await?;
            let ended = u32::try_from(ended).unwrap_or(u32::MAX);
            Ok(ChangePasswordPayload { ended_sessions: Some(ended), user_errors: Vec::new() })
        })
        .await
    }

    /// Changes your name or language. For whoever is signed in.
    async fn update_profile(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is to change.")] input: UpdateProfileInput,
    ) -> Field<UpdateProfilePayload> {
        mutate(ctx, Access::SignedIn, async move |request: Request| {
            let change = ProfileChange {
                first_name: input.first_name,
                last_name: input.last_name,
                locale: input.locale.map(Into::into),
            };
            let user = request.domain.update_profile(request.viewer(), change, request.client()).await?;
            Ok(UpdateProfilePayload { user: Some(User::new(user, request.viewer())), user_errors: Vec::new() })
        })
        .await
    }

    /// Closes your account for good: you are signed out everywhere, your API keys stop working, and the email is free again; what you did stays. The installation's last owner cannot. For whoever is signed in; RATE_LIMITED by user.
    async fn close_account(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The present password.")] input: CloseAccountInput,
    ) -> Field<CloseAccountPayload> {
        mutate(ctx, Access::SignedIn, async move |request: Request| {
            let password = input.password.into();
            let user = request.domain.close_account(request.viewer(), &password, request.client()).await?;
            Ok(CloseAccountPayload { user: Some(User::new(user, request.viewer())), user_errors: Vec::new() })
        })
        .await
    }
}
