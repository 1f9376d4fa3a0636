//! Following quotes.

use async_graphql::{Context, Subscription};
use futures_util::{Stream, StreamExt};

use super::quotes::Quote;
use crate::context::Request;
use crate::errors::field_error;

/// Follows the market.
#[derive(Debug, Default)]
pub(crate) struct MarketSubscription;

#[Subscription]
impl MarketSubscription {
    /// What these assets cost, as it changes; `quotes` says what it is now. Whoever falls behind misses what newer quotes have replaced. Ends with the session. For everybody where the prices' licences are PUBLIC, else needs MARKET_READ.
    async fn quote_updated(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Symbols, 1 to 100, in any case.")] symbols: Vec<String>,
    ) -> async_graphql::Result<impl Stream<Item = async_graphql::Result<Quote>> + use<>> {
        let request = Request::of(ctx).map_err(|fault| field_error(&fault.into()))?;
        let quotes = request.domain.follow_quotes(request.viewer(), &symbols).await;
        let quotes = quotes.map_err(|error| field_error(&error))?;
        Ok(quotes.map(|quote| match quote {
            Ok(quote) => Ok(Quote::from(&*quote)),
            Err(fault) => Err(field_error(&fault.into())),
        }))
    }
}
