//! Reading what could not be sent.

use async_graphql::{Context, Object};
use bellwether_domain::outbox;
use bellwether_domain::paging::{IdKey, PageArgs, encode_cursor};

use super::ACCESS;
use super::types::DeadLetter;
use crate::context::Request;
use crate::field::{Field, field};
use crate::paging::Connection;

/// Reads letters.
#[derive(Debug, Default)]
pub(crate) struct OutboxQuery;

#[Object]
impl OutboxQuery {
    /// The letters that could not be sent in all their tries, the newest first. Needs SCHEDULER_MANAGE.
    async fn dead_letters(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, at most 100; 20 where nothing is given.")] first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
    ) -> Field<Connection<DeadLetter>> {
        let with_total = ctx.look_ahead().field("totalCount").exists();
        field(ctx, ACCESS, async move |request: Request| {
            let (domain, viewer) = (&request.domain, request.viewer());
            let page = domain.dead_letters(viewer, &PageArgs { first, after, ..PageArgs::default() }).await?;
            let total = if with_total { Some(domain.count_dead_letters(viewer).await?) } else { None };
            Ok(Connection::of(page.map(DeadLetter), total, |DeadLetter(letter)| {
                encode_cursor(outbox::DeadLetter::ORDER, &IdKey(letter.id))
            }))
        })
        .await
    }
}
