//! An account as a decision finds it: its balance, its open trades, and what they are worth.

use std::collections::HashMap;
use std::sync::Arc;

use sea_orm::sea_query::{Expr, SimpleExpr};
use sea_orm::{
    ColumnTrait, ConnectionTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect, QueryTrait, Select,
};

use super::account::{self, Model as Account};
use super::amount::Exact;
use super::ledger;
use super::referee::Referee;
use super::slippage::{half_spread, worse};
use super::trade::Model as Trade;
use super::trigger::Tick;
use super::vocabulary::Side;
use crate::Domain;
use crate::error::{Fault, Result};
use crate::fixed::{FixedError, Money, Percent, Price, Quantity};
use crate::ids::{AccountId, AssetId};
use crate::market::{Asset, Quote, Rate};

/// What an asset trades at, and what its currency is worth in an account's.
#[derive(Clone, Debug)]
pub(crate) struct Mark {
    pub(crate) asset: Arc<Asset>,
    pub(crate) quote: Quote,
    /// What a seller gets.
    pub(crate) bid: Price,
    /// What a buyer pays.
    pub(crate) ask: Price,
    /// What one unit of the asset's currency is in the account's.
    pub(crate) rate: Rate,
    /// Whether that is too old for anything to be booked at it.
    pub(crate) rate_is_stale: bool,
}

impl Mark {
    /// The mark of a quote; where its source gives no bid and ask, they are those of the model.
    pub(super) fn new(asset: Arc<Asset>, quote: Quote, rate: Rate, rate_is_stale: bool) -> Result<Self, FixedError> {
        let (mut bid, mut ask) = (quote.bid, quote.ask);
        if bid == ask {
            let half = half_spread(asset.kind);
            bid = worse(quote.price, Side::Sell, half, asset.tick_size)?;
            ask = worse(quote.price, Side::Buy, half, asset.tick_size)?;
        }
        Ok(Self { asset, quote, bid, ask, rate, rate_is_stale })
    }

    /// What it says to pending orders.
    pub(super) const fn tick(&self) -> Tick {
        Tick::Quote { bid: self.bid, ask: self.ask }
    }

    /// The price that a trade of this side would be closed at.
    pub(crate) const fn closing_price(&self, side: Side) -> Price {
        match side {
            Side::Buy => self.bid,
            Side::Sell => self.ask,
        }
    }
}

/// The marks of some assets. An asset that has no quote is not among them.
pub(crate) type Marks = HashMap<AssetId, Mark>;

/// An account as a decision finds it.
#[derive(Clone, Debug)]
pub(crate) struct Book {
    pub(crate) account: Account,
    /// The number of its last ledger entry.
    pub(crate) seq: i64,
    pub(crate) balance: Money,
    /// Its open trades, the oldest first.
    pub(crate) open: Vec<Trade>,
    /// Its running challenge, if it has one.
    pub(crate) challenge: Option<Referee>,
}

/// What an account is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The realized cash.
    pub balance: Money,
    /// What the open trades would have gained if they were closed at the quotes, before the fees of closing.
    pub unrealized_pnl: Money,
    /// The balance and that.
    pub equity: Money,
    /// What the open trades tie up.
    pub used_margin: Money,
    /// What new trades may tie up: the balance, or the equity where that is less, without the used margin. A gain counts
    /// when it is realized.
    pub free_margin: Money,
    /// Whether every open trade has a quote; one without is counted as worth what it was bought for.
    pub is_complete: bool,
}

impl Standing {
    /// The equity in percent of the used margin; none where nothing is tied up.
    pub fn margin_level(&self) -> Option<Percent> {
        if !self.used_margin.is_positive() {
            return None;
        }
        let raw = i128::from(self.equity.raw()) * 1_000_000 / i128::from(self.used_margin.raw());
        <i64 as TryFrom<i128>>::try_from(raw).ok().map(Percent::from_raw)
    }
}

impl Book {
    /// What the open trades tie up.
    pub(crate) fn margin(&self) -> Result<Money, FixedError> {
        self.open.iter().try_fold(Money::ZERO, |sum, trade| sum.checked_add(trade.margin))
    }

    /// What the account is worth at these marks.
    pub(crate) fn standing(&self, marks: &Marks) -> Result<Standing, FixedError> {
        let (mut unrealized_pnl, mut is_complete) = (Money::ZERO, true);
        for trade in &self.open {
            match marks.get(&trade.asset_id) {
                Some(mark) => {
                    unrealized_pnl = unrealized_pnl.checked_add(unrealized(trade, mark, &self.account.currency)?)?;
                }
                None => is_complete = false,
            }
        }
        let used_margin = self.margin()?;
        let equity = self.balance.checked_add(unrealized_pnl)?;
        Ok(Standing {
            balance: self.balance,
            unrealized_pnl,
            equity,
            used_margin,
            free_margin: self.balance.min(equity).checked_sub(used_margin)?,
            is_complete,
        })
    }
}

/// What a trade would gain if it were closed at the quote, before fees.
pub(crate) fn unrealized(trade: &Trade, mark: &Mark, currency: &str) -> Result<Money, FixedError> {
    let price = mark.closing_price(trade.side);
    gained(price, trade.entry_price, trade.quantity, mark.rate.rate, trade.side, currency)
}

/// What a trade gains at a price and a rate, before fees: `(price − entry) × quantity × rate`, turned for its side.
pub(crate) fn gained(
    price: Price,
    entry: Price,
    quantity: Quantity,
    rate: Price,
    side: Side,
    currency: &str,
) -> Result<Money, FixedError> {
    Exact::product(price.checked_sub(entry)?, quantity, rate)?.signed(side.sign()).book(currency)
}

impl Domain {
    /// Reads an account with its balance and open trades.
    pub(crate) async fn read_book(&self, id: AccountId) -> Result<Book> {
        let account = account::Entity::unscoped().filter(account::Column::Id.eq(id));
        Ok(self.read_book_in(account).await?.ok_or(Fault::NotFound)?)
    }

    /// The book of an account that is read from a scope; none where there is none in it.
    ///
    /// The account is read first, its balance with it: should anything change while its trades are, its version is not the
    /// one that was read, and whoever decides on this book writes nothing.
    pub(crate) async fn read_book_in(&self, account: Select<account::Entity>) -> Result<Option<Book>> {
        let reader = self.db().reader();
        let read =
            account.column_as(last_entry("seq"), "last_seq").column_as(last_entry("balance_after"), "last_balance");
        let Some(row) = reader.query_one_raw(read.build(reader.get_database_backend())).await? else { return Ok(None) };
        let account = Account::from_query_result(&row, "")?;
        let seq: Option<i64> = row.try_get("", "last_seq")?;
        let balance: Option<Money> = row.try_get("", "last_balance")?;
        let (Some(seq), Some(balance)) = (seq, balance) else {
            return Err(Fault::Bug(format!("{} has no ledger", account.id)).into());
        };
        let open = self.open_trades(&account).await?;
        let challenge = self.referee_of(&account).await?;
        Ok(Some(Book { account, seq, balance, open, challenge }))
    }

    /// The book of an account that has just been read.
    pub(super) async fn book_of(&self, account: Account) -> Result<Book> {
        let reader = self.db().reader();
        let last = ledger::Entity::of(account.id).order_by_desc(ledger::Column::Seq).limit(1).one(reader).await?;
        let last = last.ok_or_else(|| Fault::Bug(format!("{} has no ledger", account.id)))?;
        let open = self.open_trades(&account).await?;
        let challenge = self.referee_of(&account).await?;
        Ok(Book { account, seq: last.seq, balance: last.balance_after, open, challenge })
    }

    /// The marks of a book's open trades, and of one more asset. What has no quote is left out.
    pub(crate) async fn marks_of(&self, book: &Book, also: Option<&Arc<Asset>>) -> Result<Marks> {
        let mut ids: Vec<AssetId> = book.open.iter().map(|trade| trade.asset_id).collect();
        ids.extend(also.map(|asset| asset.id));
        self.marks(ids, &book.account.currency).await
    }

    /// The marks of these assets, for an account in this currency. What has no quote, or no rate, is left out.
    pub(crate) async fn marks(&self, mut ids: Vec<AssetId>, currency: &str) -> Result<Marks> {
        ids.sort_unstable();
        ids.dedup();
        let (mut marks, mut rates) = (Marks::with_capacity(ids.len()), HashMap::new());
        for (id, quote) in self.known_quotes(ids).await? {
            let asset = self.asset_known_as(id).await?;
            if !rates.contains_key(&asset.currency) {
                rates.insert(asset.currency.clone(), self.booking_rate(&asset.currency, currency).await?);
            }
            let Some(Some((rate, is_stale))) = rates.get(&asset.currency) else { continue };
            marks.insert(id, Mark::new(asset, quote, *rate, *is_stale)?);
        }
        Ok(marks)
    }

    /// The asset of an order or trade.
    pub(crate) async fn asset_known_as(&self, id: AssetId) -> Result<Arc<Asset>> {
        let asset = self.asset_by_id(id).await?;
        asset.ok_or_else(|| Fault::Bug(format!("the asset {id} is gone")).into())
    }
}

/// A column of an account's last ledger entry.
fn last_entry(column: &str) -> SimpleExpr {
    Expr::cust(format!(
        "(SELECT {column} FROM ledger_entries WHERE ledger_entries.account_id = accounts.id ORDER BY seq DESC LIMIT 1)"
    ))
}
