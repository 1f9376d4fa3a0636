//! What an account holds.

use std::sync::Arc;

use async_graphql::{Object, SimpleObject};
use bellwether_domain::{Error, market, trading};

use super::trades::Trade;
use crate::context::Request;
use crate::market::Asset;
use crate::scalars::Decimal;

/// The sum of an account's open trades in one asset. Prices are in the asset's currency, amounts in the account's.
pub(crate) struct Position {
    position: trading::Position,
    trades: Vec<Trade>,
}

impl Position {
    pub(super) async fn many(
        request: &Request,
        account: &trading::Account,
        positions: Vec<trading::Position>,
    ) -> Result<Vec<Self>, Error> {
        let all = positions.iter().flat_map(|position| position.trades.iter().cloned()).collect();
        let mut trades = Trade::many(request, account, all).await?.into_iter();
        let with_trades = |position: trading::Position| {
            let trades = trades.by_ref().take(position.trades.len()).collect();
            Self { position, trades }
        };
        Ok(positions.into_iter().map(with_trades).collect())
    }
}

/// The sum of an account's open trades in one asset. Prices are in the asset's currency, amounts in the account's.
#[Object]
impl Position {
    /// The symbol of its asset.
    async fn symbol(&self) -> &str {
        &self.position.asset.symbol
    }

    /// Its asset.
    async fn asset(&self) -> Asset {
        Asset(Arc::<market::Asset>::clone(&self.position.asset))
    }

    /// The long trades' quantities less the short ones'.
    async fn quantity(&self) -> Decimal {
        self.position.quantity.into()
    }

    /// The mean price that its trades were opened at, weighted by their quantities, long and short ones alike.
    async fn average_entry(&self) -> Decimal {
        self.position.average_entry.into()
    }

    /// The price that it would be closed at; null where no price is known.
    async fn current_price(&self) -> Option<Decimal> {
        self.position.current_price.map(Decimal::from)
    }

    /// What it is worth, below zero for a short one; null where no price is known.
    async fn market_value(&self) -> Option<Decimal> {
        self.position.market_value.map(Decimal::from)
    }

    /// What it would gain if it were closed now, before fees; null where no price is known.
    async fn unrealized_pnl(&self) -> Option<Decimal> {
        self.position.unrealized_pnl.map(Decimal::from)
    }

    /// That, in percent of what its trades were opened for; null where no price is known.
    async fn unrealized_percent(&self) -> Option<Decimal> {
        self.position.unrealized_percent.map(Decimal::from)
    }

    /// What its trades tie up.
    async fn margin(&self) -> Decimal {
        self.position.margin.into()
    }

    /// Its trades, the oldest first.
    async fn trades(&self) -> &[Trade] {
        &self.trades
    }
}

/// A part of a portfolio that has something in common.
#[derive(SimpleObject)]
struct PortfolioSlice {
    /// What it has in common: a symbol, a kind of asset, a sector or a currency.
    name: String,
    /// What it is worth in the account's currency, short positions counted as what they are short.
    value: Decimal,
    /// That, in percent of all that is held.
    percent: Decimal,
}

/// What an account holds, and how it is spread. Amounts are in the account's currency.
#[derive(SimpleObject)]
pub(crate) struct Portfolio {
    /// The balance and what the open trades would gain.
    value: Decimal,
    /// The realized cash.
    balance: Decimal,
    /// What the open trades would gain if they were closed at the quotes, before fees.
    unrealized_pnl: Decimal,
    /// What the positions are worth together, short ones counted as what they are short.
    exposure: Decimal,
    /// That, in percent of the value: more than 100 is borrowed; null where there is no value.
    exposure_percent: Option<Decimal>,
    /// By asset, the largest first.
    by_asset: Vec<PortfolioSlice>,
    /// By kind of asset, the largest first.
    by_kind: Vec<PortfolioSlice>,
    /// By sector, the largest first; what has none is "Other".
    by_sector: Vec<PortfolioSlice>,
    /// By the currency of the assets, the largest first.
    by_currency: Vec<PortfolioSlice>,
    /// The sum of the squared shares of its assets, 0 to 1 (the Herfindahl index): 1 is all in one; null where nothing is held.
    concentration: Option<Decimal>,
    /// As many assets of equal size would be as concentrated; null where nothing is held.
    effective_assets: Option<Decimal>,
    /// The positions, by symbol.
    positions: Vec<Position>,
}

impl Portfolio {
    pub(super) async fn new(
        request: &Request,
        account: &trading::Account,
        portfolio: trading::Portfolio,
    ) -> Result<Self, Error> {
        let slices = |slices: Vec<trading::Slice>| {
            let slice = |slice: trading::Slice| PortfolioSlice {
                name: slice.name,
                value: slice.value.into(),
                percent: slice.percent.into(),
            };
            slices.into_iter().map(slice).collect()
        };
        Ok(Self {
            value: portfolio.standing.equity.into(),
            balance: portfolio.standing.balance.into(),
            unrealized_pnl: portfolio.standing.unrealized_pnl.into(),
            exposure: portfolio.exposure.into(),
            exposure_percent: portfolio.exposure_percent.map(Decimal::from),
            by_asset: slices(portfolio.by_asset),
            by_kind: slices(portfolio.by_kind),
            by_sector: slices(portfolio.by_sector),
            by_currency: slices(portfolio.by_currency),
            concentration: portfolio.concentration.map(Decimal::from),
            effective_assets: portfolio.effective_assets.map(Decimal::from),
            positions: Position::many(request, account, portfolio.positions).await?,
        })
    }
}
