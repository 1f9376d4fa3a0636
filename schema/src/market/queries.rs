//! Reading the market.

use std::collections::HashMap;

use async_graphql::{Context, ID, Object};
use bellwether_domain::ids::AssetId;
use bellwether_domain::market::{AssetKey, CandleQuery, Symbol};
use bellwether_domain::paging::{PageArgs, encode_cursor};
use bellwether_domain::permission::Permission;
use bellwether_domain::{Error, Problem};
use chrono::{DateTime, Utc};

use super::candles::{CandleSeries, ChartRange};
use super::quotes::Quote;
use super::types::{Asset, AssetFilter, Exchange, MarketStatus, SourceHealth};
use super::watchlists::Watchlist;
use crate::context::Request;
use crate::field::{Access, Field, field};
use crate::node::parse_id;
use crate::paging::Connection;
use crate::signals::Timeframe;

/// Reads the market.
#[derive(Debug, Default)]
pub(crate) struct MarketQuery;

const MARKET: Access = Access::Needs(Permission::MarketRead);

#[Object]
impl MarketQuery {
    /// The assets that fit a search: those whose symbol or name begins with it first, then those that hold it or something spelt like it; without a search all, by symbol. For everybody.
    #[expect(clippy::too_many_arguments, reason = "these are Relay's arguments")]
    async fn assets(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "A symbol, a name or a part of one, at most 60 characters; null for all.")] search: Option<
            String,
        >,
        #[graphql(desc = "Which assets; null for all.")] filter: Option<AssetFilter>,
        #[graphql(desc = "How many from the start, at most 100; 20 where neither first nor last is given.")]
        first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only those before this cursor.")] before: Option<String>,
    ) -> Field<Connection<Asset>> {
        field(ctx, Access::Open, async move |request: Request| {
            let filter = filter.unwrap_or_default().into_domain()?;
            let args = PageArgs { first, after, last, before };
            let (page, total) = request.domain.search_assets(search.as_deref(), &filter, &args).await?;
            let mut keys: HashMap<AssetId, AssetKey> = HashMap::new();
            let page = page.map(|(key, asset)| {
                keys.insert(asset.id, key);
                Asset(asset)
            });
            Ok(Connection::of(page, Some(total as u64), move |Asset(asset)| {
                keys.get(&asset.id).map(|key| encode_cursor(AssetKey::ORDER, key)).unwrap_or_default()
            }))
        })
        .await
    }

    /// The asset of this symbol; null where there is none. For everybody.
    async fn asset(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The symbol, in any case.")] symbol: String,
    ) -> Field<Option<Asset>> {
        field(ctx, Access::Open, async move |request: Request| {
            let symbol = Symbol::try_from(symbol.as_str())
                .map_err(|error| Error::from(Problem::validation(&["symbol"], error.to_string())))?;
            Ok(request.domain.asset_by_symbol(&symbol).await?.map(Asset))
        })
        .await
    }

    /// Where assets trade, by code. For everybody.
    async fn exchanges(&self, ctx: &Context<'_>) -> Field<Vec<Exchange>> {
        field(ctx, Access::Open, async move |request: Request| {
            Ok(request.domain.exchanges().await?.into_iter().map(Exchange).collect())
        })
        .await
    }

    /// Whether an exchange is open, now or at another time; null where there is no such exchange. For everybody.
    async fn market_status(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The code of the exchange, such as NASDAQ, in any case.")] exchange: String,
        #[graphql(desc = "When; null for now.")] at: Option<DateTime<Utc>>,
    ) -> Field<Option<MarketStatus>> {
        field(ctx, Access::Open, async move |request: Request| {
            let at = at.unwrap_or_else(|| request.domain.now());
            if !bellwether_domain::clock::is_storable(at) {
                return Err(Problem::validation(&["at"], "expected a time of the years 1 to 9999").into());
            }
            let found = request.domain.exchange(&exchange).await?;
            Ok(found.map(|exchange| exchange.calendar.status(exchange.time_zone, at).into()))
        })
        .await
    }

    /// What an asset costs. Its source is asked where that is due; where it does not answer, the last known quote is given and says that it is stale. For everybody where the price's licence is PUBLIC, else needs MARKET_READ.
    async fn quote(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The symbol, in any case.")] symbol: String,
        #[graphql(desc = "The currency of the prices, ISO 4217; null for the asset's own.")] currency: Option<String>,
    ) -> Field<Quote> {
        field(ctx, Access::Open, async move |request: Request| {
            request.domain.quote(request.viewer(), &symbol, currency.as_deref()).await.map(Quote::new)
        })
        .await
    }

    /// What these assets cost, in the order of the symbols; those of which nothing is known are left out. For everybody where the prices' licences are PUBLIC, else needs MARKET_READ.
    async fn quotes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Symbols, at most 100, in any case.")] symbols: Vec<String>,
        #[graphql(desc = "The currency of the prices, ISO 4217; null for each asset's own.")] currency: Option<String>,
    ) -> Field<Vec<Quote>> {
        field(ctx, Access::Open, async move |request: Request| {
            let quotes = request.domain.quotes(request.viewer(), &symbols, currency.as_deref()).await?;
            Ok(quotes.into_iter().map(Quote::new).collect())
        })
        .await
    }

    /// The candles of an asset: of a range back from now, or between two times. Where the source lacks the timeframe they are made of smaller ones. For everybody where the prices' licence is PUBLIC, else needs MARKET_READ.
    #[expect(clippy::too_many_arguments, reason = "these are the contract's arguments")]
    async fn candles(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The symbol, in any case.")] symbol: String,
        #[graphql(desc = "How long each candle lasts.")] timeframe: Timeframe,
        #[graphql(desc = "How far back; null for a year. Not together with from and to.")] range: Option<ChartRange>,
        #[graphql(desc = "Only candles that open at this time or later; null for a year before `to`.")] from: Option<
            DateTime<Utc>,
        >,
        #[graphql(desc = "Only candles that have closed by this time; null for now.")] to: Option<DateTime<Utc>>,
        #[graphql(desc = "The currency of the prices, ISO 4217; null for the asset's own.")] currency: Option<String>,
    ) -> Field<CandleSeries> {
        field(ctx, Access::Open, async move |request: Request| {
            let (timeframe, range) = (timeframe.into(), range.map(Into::into));
            let query = CandleQuery { symbol, timeframe, range, from, to, currency };
            request.domain.candle_series(request.viewer(), &query).await.map(CandleSeries)
        })
        .await
    }

    /// The sources of prices that are switched on, and how each does. Needs MARKET_READ.
    async fn source_health(&self, ctx: &Context<'_>) -> Field<Vec<SourceHealth>> {
        field(ctx, MARKET, async move |request: Request| {
            let sources = request.domain.source_health(request.viewer()).await?;
            Ok(sources.into_iter().map(SourceHealth::from).collect())
        })
        .await
    }

    /// Your watchlists, the oldest first. Needs MARKET_READ.
    async fn watchlists(&self, ctx: &Context<'_>) -> Field<Vec<Watchlist>> {
        field(ctx, MARKET, async move |request: Request| {
            Ok(request.domain.watchlists(request.viewer()).await?.into_iter().map(Watchlist).collect())
        })
        .await
    }

    /// The watchlist of this id; null where there is none of yours. Needs MARKET_READ.
    async fn watchlist(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id, `wtl_…`.")] id: ID,
    ) -> Field<Option<Watchlist>> {
        field(ctx, MARKET, async move |request: Request| {
            let list = request.domain.watchlist(request.viewer(), parse_id(&id, &["id"])?).await?;
            Ok(list.map(Watchlist))
        })
        .await
    }
}
