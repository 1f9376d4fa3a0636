//! Trades.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::{Enum, ID, InputObject, Object};
use bellwether_domain::ids::FillId;
use bellwether_domain::{Error, market, trading};
use chrono::{DateTime, Utc};

use super::orders::{Fill, Side, asset};
use crate::context::Request;
use crate::market::Asset;
use crate::paging::Item;
use crate::scalars::Decimal;
use crate::signals::filter::{Range, times};

/// One lot from open to close. A part that is closed is a trade of its own under its parent, which keeps the rest.
#[derive(Clone, Debug)]
pub(crate) struct Trade {
    trade: Box<trading::Trade>,
    asset: Arc<market::Asset>,
    open_fill: Option<Fill>,
    close_fill: Option<Fill>,
}

impl Trade {
    /// A trade with its fills.
    pub(crate) async fn one(
        request: &Request,
        account: &trading::Account,
        trade: trading::Trade,
    ) -> Result<Option<Self>, Error> {
        Ok(Self::many(request, account, vec![trade]).await?.pop())
    }

    /// Trades of a list, with their fills read at once.
    pub(super) async fn many(
        request: &Request,
        account: &trading::Account,
        trades: Vec<trading::Trade>,
    ) -> Result<Vec<Self>, Error> {
        let ids = trades.iter().flat_map(|trade| [Some(trade.open_fill_id), trade.close_fill_id]).flatten();
        let ids: Vec<FillId> = ids.collect();
        let fills = if ids.is_empty() { HashMap::new() } else { request.domain.fills_by_id(account, ids).await? };
        let mut shown = Vec::with_capacity(trades.len());
        for trade in trades {
            let asset = asset(request, trade.asset_id).await?;
            let fill = |id: FillId| fills.get(&id).map(|fill| Fill::new(fill.clone(), account, &asset));
            let (open_fill, close_fill) = (fill(trade.open_fill_id), trade.close_fill_id.and_then(fill));
            shown.push(Self { trade: Box::new(trade), asset, open_fill, close_fill });
        }
        Ok(shown)
    }

    pub(super) fn row(&self) -> &trading::Trade {
        &self.trade
    }
}

impl Item for Trade {
    const NAME: &str = "Trade";
}

/// One lot from open to close. A part that is closed is a trade of its own under its parent, which keeps the rest.
#[Object]
impl Trade {
    /// The id, `trd_…`.
    pub(crate) async fn id(&self) -> ID {
        self.trade.id.to_string().into()
    }

    /// The id of its account, `acc_…`.
    async fn account_id(&self) -> ID {
        self.trade.account_id.to_string().into()
    }

    /// The symbol of its asset.
    async fn symbol(&self) -> &str {
        &self.asset.symbol
    }

    /// Its asset.
    async fn asset(&self) -> Asset {
        Asset(Arc::clone(&self.asset))
    }

    /// BUY for a long one, SELL for a short one.
    async fn side(&self) -> Side {
        self.trade.side.into()
    }

    /// How much, without the parts that were closed.
    async fn quantity(&self) -> Decimal {
        self.trade.quantity.into()
    }

    /// Whether it is still open.
    async fn status(&self) -> TradeStatus {
        self.trade.status.into()
    }

    /// The price that it was opened at, in the asset's currency.
    async fn entry_price(&self) -> Decimal {
        self.trade.entry_price.into()
    }

    /// Its share of what opening cost, in the account's currency.
    async fn entry_fee(&self) -> Decimal {
        self.trade.entry_fee.into()
    }

    /// What it ties up while it is open, in the account's currency.
    async fn margin(&self) -> Decimal {
        self.trade.margin.into()
    }

    /// The price that it is closed at to lose no more; null for none.
    async fn stop_loss(&self) -> Option<Decimal> {
        self.trade.stop_loss.map(Decimal::from)
    }

    /// The price that it is closed at to keep what it gained; null for none.
    async fn take_profit(&self) -> Option<Decimal> {
        self.trade.take_profit.map(Decimal::from)
    }

    /// When it was opened.
    async fn opened_at(&self) -> DateTime<Utc> {
        self.trade.opened_at
    }

    /// The price that it was closed at; null while it is open.
    async fn exit_price(&self) -> Option<Decimal> {
        self.trade.exit_price.map(Decimal::from)
    }

    /// What closing it cost, in the account's currency; null while it is open.
    async fn exit_fee(&self) -> Option<Decimal> {
        self.trade.exit_fee.map(Decimal::from)
    }

    /// What it gained before fees, in the account's currency; null while it is open.
    async fn gross_pnl(&self) -> Option<Decimal> {
        self.trade.gross_pnl.map(Decimal::from)
    }

    /// What it gained after both fees, in the account's currency; null while it is open.
    async fn realized_pnl(&self) -> Option<Decimal> {
        self.trade.realized_pnl.map(Decimal::from)
    }

    /// What closed it; null while it is open.
    async fn close_reason(&self) -> Option<CloseReason> {
        self.trade.close_reason.map(CloseReason::from)
    }

    /// When it was closed; null while it is open.
    async fn closed_at(&self) -> Option<DateTime<Utc>> {
        self.trade.closed_at
    }

    /// How long it was open, in seconds; null while it is.
    async fn duration_seconds(&self) -> Option<i64> {
        self.trade.closed_at.map(|closed| (closed - self.trade.opened_at).num_seconds())
    }

    /// The id of the trade that it is a closed part of, `trd_…`; null for one that is whole or has what is left.
    async fn parent_id(&self) -> Option<ID> {
        self.trade.parent_id.map(|id| id.to_string().into())
    }

    /// The id of the signal that it follows, `sig_…`; null where its order said none.
    async fn signal_id(&self) -> Option<ID> {
        self.trade.signal_id.map(|id| id.to_string().into())
    }

    /// The fill that opened it. Its parts have the same.
    async fn open_fill(&self) -> Option<Fill> {
        self.open_fill.clone()
    }

    /// The fill that closed it; null while it is open.
    async fn close_fill(&self) -> Option<Fill> {
        self.close_fill.clone()
    }
}

/// Whether a trade is still open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "trading::TradeStatus")]
pub(crate) enum TradeStatus {
    /// It gains and loses with the price.
    Open,
    /// Its gain or loss is booked.
    Closed,
}

/// What closed a trade.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "trading::CloseReason")]
pub(crate) enum CloseReason {
    /// Whoever owns it.
    Manual,
    /// Its stop loss.
    StopLoss,
    /// Its take profit.
    TakeProfit,
    /// The account's stop-out level.
    StopOut,
    /// The challenge, which ended, or was locked until the day is over.
    Challenge,
}

/// Which closed trades. Every part that is given must hold.
#[derive(Clone, Debug, Default, InputObject)]
pub(crate) struct TradeFilter {
    /// Of the asset with this symbol.
    symbol: Option<String>,
    /// Long (BUY) or short (SELL).
    side: Option<Side>,
    /// Closed by this.
    close_reason: Option<CloseReason>,
    /// When it was opened.
    opened_at: Option<Range<DateTime<Utc>>>,
    /// When it was closed.
    closed_at: Option<Range<DateTime<Utc>>>,
    /// Whether it gained, after fees.
    is_win: Option<bool>,
}

impl TradeFilter {
    pub(super) async fn into_domain(self, request: &Request) -> Result<trading::TradeFilter, Error> {
        let asset = match self.symbol {
            Some(symbol) => Some(request.domain.asset_of_symbol(&symbol, &["filter", "symbol"]).await?.id),
            None => None,
        };
        Ok(trading::TradeFilter {
            asset,
            side: self.side.map(Into::into),
            close_reason: self.close_reason.map(Into::into),
            opened_at: self.opened_at.map(|range| times(range, &["filter", "openedAt"])).transpose()?,
            closed_at: self.closed_at.map(|range| times(range, &["filter", "closedAt"])).transpose()?,
            is_win: self.is_win,
        })
    }
}
