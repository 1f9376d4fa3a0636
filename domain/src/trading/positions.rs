//! What an account holds: positions, and what they make of a portfolio.

use std::collections::BTreeMap;
use std::sync::Arc;

use sea_orm::ActiveEnum;

use super::account::Model as Account;
use super::amount::Exact;
use super::book::{Book, Mark, Marks, Standing, unrealized};
use super::statistics::{percent, ratio};
use super::trade::Model as Trade;
use super::vocabulary::Side;
use crate::Domain;
use crate::error::Result;
use crate::fixed::{FixedError, Money, Percent, Price, Quantity, divide_half_even};
use crate::ids::AssetId;
use crate::market::Asset;

/// The sum of an account's open trades in one asset.
#[derive(Clone, Debug)]
pub struct Position {
    /// The asset.
    pub asset: Arc<Asset>,
    /// The long trades' quantities less the short ones'.
    pub quantity: Quantity,
    /// The mean price that its trades were opened at, weighted by their quantities, long and short ones alike.
    pub average_entry: Price,
    /// The price that it would be closed at; none where no price is known.
    pub current_price: Option<Price>,
    /// What it is worth in the account's currency, below zero for a short one; none where no price is known.
    pub market_value: Option<Money>,
    /// What it would gain if it were closed now, before fees; none where no price is known.
    pub unrealized_pnl: Option<Money>,
    /// That by what its trades were opened for; none where no price is known.
    pub unrealized_percent: Option<Percent>,
    /// What its trades tie up.
    pub margin: Money,
    /// Its trades, the oldest first.
    pub trades: Vec<Trade>,
}

/// A part of a portfolio that has something in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slice {
    /// What it has in common, such as a sector.
    pub name: String,
    /// What it is worth in the account's currency, short positions counted as what they are short.
    pub value: Money,
    /// That, of all that is held.
    pub percent: Percent,
}

/// What an account holds, and how it is spread.
#[derive(Clone, Debug)]
pub struct Portfolio {
    /// What the account is worth.
    pub standing: Standing,
    /// What its positions are worth together, short ones counted as what they are short.
    pub exposure: Money,
    /// That by the equity: 100 % is all of it, more is borrowed; none where there is no equity.
    pub exposure_percent: Option<Percent>,
    /// By asset, the largest first; and so for the others.
    pub by_asset: Vec<Slice>,
    /// By kind of asset.
    pub by_kind: Vec<Slice>,
    /// By sector; what has none is "Other".
    pub by_sector: Vec<Slice>,
    /// By the currency of the assets.
    pub by_currency: Vec<Slice>,
    /// The sum of the squared shares of its assets, 0 to 1 (the Herfindahl index): 1 is all in one; none where nothing is
    /// held.
    pub concentration: Option<Percent>,
    /// One by that: as many assets of equal size would be as concentrated; none where nothing is held.
    pub effective_assets: Option<Percent>,
    /// The positions, by symbol.
    pub positions: Vec<Position>,
}

impl Domain {
    /// The positions of an account that the viewer may read, by symbol.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn positions(&self, account: &Account) -> Result<Vec<Position>> {
        let (book, marks) = self.marked_book(account).await?;
        self.positions_of(&book, &marks).await
    }

    /// What an account that the viewer may read holds, and how it is spread.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn portfolio(&self, account: &Account) -> Result<Portfolio> {
        let (book, marks) = self.marked_book(account).await?;
        let positions = self.positions_of(&book, &marks).await?;
        Ok(portfolio(book.standing(&marks)?, positions)?)
    }

    pub(super) async fn marked_book(&self, account: &Account) -> Result<(Book, Marks)> {
        let book = self.book_of(account.clone()).await?;
        let marks = self.marks_of(&book, None).await?;
        Ok((book, marks))
    }

    async fn positions_of(&self, book: &Book, marks: &Marks) -> Result<Vec<Position>> {
        let mut by_asset: BTreeMap<AssetId, Vec<Trade>> = BTreeMap::new();
        for trade in &book.open {
            by_asset.entry(trade.asset_id).or_default().push(trade.clone());
        }
        let mut positions = Vec::with_capacity(by_asset.len());
        for (id, trades) in by_asset {
            let asset = self.asset_known_as(id).await?;
            positions.push(position(asset, trades, marks.get(&id), &book.account.currency)?);
        }
        positions.sort_by(|a, b| a.asset.symbol.cmp(&b.asset.symbol));
        Ok(positions)
    }
}

/// The position of some open trades in one asset.
fn position(
    asset: Arc<Asset>,
    trades: Vec<Trade>,
    mark: Option<&Mark>,
    currency: &str,
) -> Result<Position, FixedError> {
    let (mut quantity, mut margin) = (Quantity::ZERO, Money::ZERO);
    let (mut units, mut weighted) = (0_i128, 0_i128);
    for trade in &trades {
        let signed = Quantity::from_raw(trade.quantity.raw() * trade.side.sign());
        quantity = quantity.checked_add(signed)?;
        margin = margin.checked_add(trade.margin)?;
        units += i128::from(trade.quantity.raw());
        let product = i128::from(trade.entry_price.raw()) * i128::from(trade.quantity.raw());
        weighted = weighted.checked_add(product).ok_or(FixedError::Overflow)?;
    }
    let average = divide_half_even(weighted, units.max(1));
    let average_entry = Price::from_raw(<i64 as TryFrom<i128>>::try_from(average).map_err(|_| FixedError::Overflow)?);
    let Some(mark) = mark else {
        return Ok(Position {
            asset,
            quantity,
            average_entry,
            current_price: None,
            market_value: None,
            unrealized_pnl: None,
            unrealized_percent: None,
            margin,
            trades,
        });
    };
    let price = mark.closing_price(if quantity.raw() < 0 { Side::Sell } else { Side::Buy });
    let (mut gained, mut cost) = (Money::ZERO, Exact::ZERO);
    for trade in &trades {
        gained = gained.checked_add(unrealized(trade, mark, currency)?)?;
        cost = cost.plus(Exact::product(trade.entry_price, trade.quantity, mark.rate.rate)?)?;
    }
    let cost = cost.book(currency)?;
    Ok(Position {
        asset,
        quantity,
        average_entry,
        current_price: Some(price),
        market_value: Some(Exact::product(price, quantity, mark.rate.rate)?.book(currency)?),
        unrealized_pnl: Some(gained),
        unrealized_percent: if cost.is_positive() { percent(ratio(gained, cost)) } else { None },
        margin,
        trades,
    })
}

fn portfolio(standing: Standing, positions: Vec<Position>) -> Result<Portfolio, FixedError> {
    let value = |position: &Position| Money::from_raw(position.market_value.map_or(0, |value| value.raw().abs()));
    let exposure = positions.iter().try_fold(Money::ZERO, |sum, position| sum.checked_add(value(position)))?;
    let slices = |name: fn(&Asset) -> String| {
        let mut sums: BTreeMap<String, i64> = BTreeMap::new();
        for position in &positions {
            *sums.entry(name(&position.asset)).or_default() += value(position).raw();
        }
        let slice = |(name, value): (String, i64)| {
            let value = Money::from_raw(value);
            let share = if exposure.is_positive() { ratio(value, exposure) } else { 0.0 };
            Slice { name, value, percent: percent(share).unwrap_or(Percent::ZERO) }
        };
        let mut slices: Vec<Slice> = sums.into_iter().map(slice).collect();
        slices.sort_by(|a, b| b.value.cmp(&a.value).then_with(|| a.name.cmp(&b.name)));
        slices
    };
    let squares: f64 = positions.iter().map(|position| ratio(value(position), exposure).powi(2)).sum();
    let is_held = exposure.is_positive();
    Ok(Portfolio {
        standing,
        exposure,
        exposure_percent: if standing.equity.is_positive() { percent(ratio(exposure, standing.equity)) } else { None },
        by_asset: slices(|asset| asset.symbol.clone()),
        by_kind: slices(|asset| asset.kind.to_value()),
        by_sector: slices(|asset| asset.sector.clone().unwrap_or_else(|| "Other".to_owned())),
        by_currency: slices(|asset| asset.currency.clone()),
        concentration: if is_held { super::statistics::to_fixed(squares) } else { None },
        effective_assets: if is_held { super::statistics::to_fixed(1.0 / squares) } else { None },
        positions,
    })
}
