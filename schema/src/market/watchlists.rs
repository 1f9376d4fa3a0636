//! Watchlists.

use async_graphql::{Context, ID, Object};
use bellwether_domain::market;
use bellwether_domain::permission::Permission;
use chrono::{DateTime, Utc};

use super::quotes::Quote;
use super::types::Asset;
use crate::context::Request;
use crate::field::{Access, Field, field};

/// Assets that you watch. Nobody else sees it.
#[derive(Clone, Debug)]
pub(crate) struct Watchlist(pub(crate) market::Watchlist);

/// Assets that you watch. Nobody else sees it.
#[Object]
impl Watchlist {
    /// The id, `wtl_…`.
    pub(crate) async fn id(&self) -> ID {
        self.0.list.id.to_string().into()
    }

    /// The name, unique among yours.
    async fn name(&self) -> &str {
        &self.0.list.name
    }

    /// What is on it, in the order it was put there, at most 200.
    async fn assets(&self) -> Vec<Asset> {
        self.0.assets.iter().cloned().map(Asset).collect()
    }

    /// What they cost, as far as is known, in their order. Needs MARKET_READ.
    async fn quotes(&self, ctx: &Context<'_>) -> Field<Vec<Quote>> {
        let assets: Vec<_> = self.0.assets.iter().map(|asset| asset.id).collect();
        field(ctx, Access::Needs(Permission::MarketRead), async move |request: Request| {
            let quotes = request.domain.known_quotes(assets.clone()).await?;
            Ok(assets.iter().filter_map(|id| quotes.get(id)).map(Quote::from).collect())
        })
        .await
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.list.created_at
    }

    /// When it last changed.
    async fn updated_at(&self) -> DateTime<Utc> {
        self.0.list.updated_at
    }
}
