//! Sending a form, and taking out what was sent.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use bellwether_domain::permission::Permission;
use bellwether_domain::site::{JoinWaitlist, NewMessage};

use super::types::ContactTopic;
use crate::context::Request;
use crate::field::{Access, Field, Payload, mutate};
use crate::node::parse_id;
use crate::problems::UserError;

/// What somebody fills in to hear when something is there.
#[derive(InputObject)]
struct JoinWaitlistInput {
    /// The email.
    email: String,
    /// What they wait for, 1 to 40 of a-z, 0-9 and -, such as plan-pro; null for nothing in particular.
    interest: Option<String>,
    /// The language of the page, a BCP 47 tag such as es; null where that does not matter.
    language: Option<String>,
    /// A field that the page hides from people: leave it empty. A form with something in it is thrown away.
    website: Option<String>,
}

/// What somebody fills in to be answered.
#[derive(InputObject)]
struct ContactInput {
    /// The name, 1 to 100 characters.
    name: String,
    /// The email to answer to.
    email: String,
    /// What it is about.
    topic: ContactTopic,
    /// What they write, 1 to 5000 characters; lines may break.
    message: String,
    /// The language of the page, a BCP 47 tag such as es; null where that does not matter.
    language: Option<String>,
    /// A field that the page hides from people: leave it empty. A form with something in it is thrown away.
    website: Option<String>,
}

/// What joining the waitlist did.
#[derive(SimpleObject)]
pub(crate) struct JoinWaitlistPayload {
    /// Whether it was taken; the same for an email that was on the list already.
    is_accepted: bool,
    /// What to mend; empty when done.
    user_errors: Vec<UserError>,
}

impl Payload for JoinWaitlistPayload {
    fn refused(user_errors: Vec<UserError>) -> Self {
        Self { is_accepted: false, user_errors }
    }
}

/// What sending a message did.
#[derive(SimpleObject)]
pub(crate) struct ContactPayload {
    /// Whether it was taken.
    is_accepted: bool,
    /// What to mend; empty when done.
    user_errors: Vec<UserError>,
}

impl Payload for ContactPayload {
    fn refused(user_errors: Vec<UserError>) -> Self {
        Self { is_accepted: false, user_errors }
    }
}

/// An entry of the waitlist to be removed.
#[derive(InputObject)]
struct RemoveWaitlistEntryInput {
    /// The entry, `wle_…`.
    id: ID,
}

/// What removing an entry did.
#[derive(SimpleObject)]
pub(crate) struct RemoveWaitlistEntryPayload {
    /// The entry that is gone; null when refused.
    removed_id: Option<ID>,
    /// What to mend; empty when done.
    user_errors: Vec<UserError>,
}

impl Payload for RemoveWaitlistEntryPayload {
    fn refused(user_errors: Vec<UserError>) -> Self {
        Self { removed_id: None, user_errors }
    }
}

/// A visitor's message to be removed.
#[derive(InputObject)]
struct RemoveContactMessageInput {
    /// The message, `msg_…`.
    id: ID,
}

/// What removing a message did.
#[derive(SimpleObject)]
pub(crate) struct RemoveContactMessagePayload {
    /// The message that is gone; null when refused.
    removed_id: Option<ID>,
    /// What to mend; empty when done.
    user_errors: Vec<UserError>,
}

impl Payload for RemoveContactMessagePayload {
    fn refused(user_errors: Vec<UserError>) -> Self {
        Self { removed_id: None, user_errors }
    }
}

const MANAGE: Access = Access::Needs(Permission::InboxManage);

/// Takes the forms of the site, and takes out what they brought.
#[derive(Debug, Default)]
pub(crate) struct SiteMutation;

#[Object]
impl SiteMutation {
    /// Puts an email on the waitlist of the installation's default tenant. For everybody; RATE_LIMITED by address.
    async fn join_waitlist(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Who wants to hear.")] input: JoinWaitlistInput,
    ) -> Field<JoinWaitlistPayload> {
        mutate(ctx, Access::Open, async move |request: Request| {
            let JoinWaitlistInput { email, interest, language, website } = input;
            let join = JoinWaitlist { email, interest, language, trap: website };
            request.domain.join_waitlist(join, request.client()).await?;
            Ok(JoinWaitlistPayload { is_accepted: true, user_errors: Vec::new() })
        })
        .await
    }

    /// Sends a message to whoever runs the installation's default tenant. For everybody; RATE_LIMITED by address.
    async fn contact(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The message.")] input: ContactInput,
    ) -> Field<ContactPayload> {
        mutate(ctx, Access::Open, async move |request: Request| {
            let ContactInput { name, email, topic, message, language, website } = input;
            let message = NewMessage { name, email, topic: topic.into(), message, language, trap: website };
            request.domain.contact(message, request.client()).await?;
            Ok(ContactPayload { is_accepted: true, user_errors: Vec::new() })
        })
        .await
    }

    /// Takes somebody from the waitlist, such as because they ask for it. The audit log keeps that it was done, and nothing of what is gone. Needs INBOX_MANAGE.
    async fn remove_waitlist_entry(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which entry.")] input: RemoveWaitlistEntryInput,
    ) -> Field<RemoveWaitlistEntryPayload> {
        mutate(ctx, MANAGE, async move |request: Request| {
            let id = parse_id(&input.id, &["input", "id"])?;
            request.domain.remove_waitlist_entry(request.viewer(), id, request.client()).await?;
            Ok(RemoveWaitlistEntryPayload { removed_id: Some(input.id), user_errors: Vec::new() })
        })
        .await
    }

    /// Takes a visitor's message out, such as because they ask for it. The audit log keeps that it was done, and nothing of what is gone. Needs INBOX_MANAGE.
    async fn remove_contact_message(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which message.")] input: RemoveContactMessageInput,
    ) -> Field<RemoveContactMessagePayload> {
        mutate(ctx, MANAGE, async move |request: Request| {
            let id = parse_id(&input.id, &["input", "id"])?;
            request.domain.remove_contact_message(request.viewer(), id, request.client()).await?;
            Ok(RemoveContactMessagePayload { removed_id: Some(input.id), user_errors: Vec::new() })
        })
        .await
    }
}
