//! Reading what visitors sent.

use async_graphql::{Context, Object};
use bellwether_domain::ids::{ContactMessageId, WaitlistEntryId};
use bellwether_domain::paging::{PageArgs, encode_cursor};
use bellwether_domain::permission::Permission;
use bellwether_domain::site::InboxKey;

use super::types::{ContactMessage, WaitlistEntry};
use crate::context::Request;
use crate::field::{Access, Field, field};
use crate::paging::Connection;

/// Reads what visitors sent.
#[derive(Debug, Default)]
pub(crate) struct SiteQuery;

const INBOX: Access = Access::Needs(Permission::InboxRead);

#[Object]
impl SiteQuery {
    /// Who wants to hear when something is there, newest first. Needs INBOX_READ.
    async fn waitlist(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, at most 100; 20 where nothing is given.")] first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
        #[graphql(desc = "Only those of this email, in any case; null for all.")] email: Option<String>,
    ) -> Field<Connection<WaitlistEntry>> {
        let with_total = ctx.look_ahead().field("totalCount").exists();
        field(ctx, INBOX, async move |request: Request| {
            let (domain, viewer) = (&request.domain, request.viewer());
            let (email, args) = (email.as_deref(), PageArgs { first, after, ..PageArgs::default() });
            let page = domain.waitlist_page(viewer, email, &args).await?;
            let total = if with_total { Some(domain.count_waitlist(viewer, email).await?) } else { None };
            Ok(Connection::of(page.map(WaitlistEntry), total, |WaitlistEntry(entry)| {
                encode_cursor(InboxKey::<WaitlistEntryId>::ORDER, &InboxKey(entry.id))
            }))
        })
        .await
    }

    /// What visitors wrote through the contact form, newest first. Needs INBOX_READ.
    async fn contact_messages(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only those from this email, in any case; null for all.")] email: Option<String>,
        #[graphql(desc = "How many, at most 100; 20 where nothing is given.")] first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
    ) -> Field<Connection<ContactMessage>> {
        let with_total = ctx.look_ahead().field("totalCount").exists();
        field(ctx, INBOX, async move |request: Request| {
            let (domain, viewer) = (&request.domain, request.viewer());
            let (email, args) = (email.as_deref(), PageArgs { first, after, ..PageArgs::default() });
            let page = domain.contact_messages_page(viewer, email, &args).await?;
            let total = if with_total { Some(domain.count_contact_messages(viewer, email).await?) } else { None };
            Ok(Connection::of(page.map(ContactMessage), total, |ContactMessage(message)| {
                encode_cursor(InboxKey::<ContactMessageId>::ORDER, &InboxKey(message.id))
            }))
        })
        .await
    }
}
