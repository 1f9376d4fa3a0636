//! Following a challenge.

use async_graphql::{Context, ID, Subscription};
use futures_util::{Stream, StreamExt};

use super::types::Challenge;
use crate::context::Request;
use crate::errors::field_error;
use crate::node::parse_id;

/// Follows challenges.
#[derive(Debug, Default)]
pub(crate) struct ChallengeSubscription;

#[Subscription]
impl ChallengeSubscription {
    /// A challenge as it is now, and again whenever it changed, whichever instance changed it, or what its account holds costs something else (at most once a second). Each event is the whole challenge, so whoever falls behind misses nothing that lasts. Ends with the session, and after one that was cancelled before it was begun; `challenge` reads the same. Needs TRADING_READ.
    async fn challenge_changed(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The challenge, `chl_…`.")] id: ID,
    ) -> async_graphql::Result<impl Stream<Item = async_graphql::Result<Challenge>> + use<>> {
        let request = Request::of(ctx).map_err(|fault| field_error(&fault.into()))?;
        let id = parse_id(&id, &["id"]).map_err(|error| field_error(&error))?;
        let changes = request.domain.follow_challenge(request.viewer(), id).await;
        let changes = changes.map_err(|error| field_error(&error))?;
        Ok(changes.map(|changed| changed.map(Challenge::one).map_err(|fault| field_error(&fault.into()))))
    }
}
