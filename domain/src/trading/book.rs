//! An account as a decision finds it: its balance, its open trades, and what they are worth.

use std::collections::HashMap;
use std::sync::Arc;

use sea_orm::{ColumnTrait, QueryFilter, QueryOrder, QuerySelect};

use super::account::{self, Model as Account};
use super::amount::Exact;
use super::ledger;
use super::slippage::{half_spread, worse};
use super::trade::{self, Model as Trade};
use super::trigger::Tick;
use super::vocabulary::Side;
use crate::Domain;
use crate::error::{Error, Fault, Result};
use crate::fixed::{FixedError, Money, Price};
use crate::ids::{AccountId, AssetId};
use crate::market::{Asset, Quote};

/// What an asset trades at, and what its currency is worth in an account's.
#[derive(Clone, Debug)]
pub(crate) struct Mark {
    pub(crate) asset: Arc<Asset>,
    pub(crate) quote: Quote,
    /// What a seller gets.
    pub(crate) bid: Price,
    /// What a buyer pays.
    pub(crate) ask: Price,
    /// One unit of the asset's currency, in the account's.
    pub(crate) rate: Price,
}

impl Mark {
    /// The mark of a quote; where its source gives no bid and ask, they are those of the model.
    pub(super) fn new(asset: Arc<Asset>, quote: Quote, rate: Price) -> Result<Self, FixedError> {
        let (mut bid, mut ask) = (quote.bid, quote.ask);
        if bid == ask {
            let half = half_spread(asset.kind);
            bid = worse(quote.price, Side::Sell, half, asset.tick_size)?;
            ask = worse(quote.price, Side::Buy, half, asset.tick_size)?;
        }
        Ok(Self { asset, quote, bid, ask, rate })
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
    let gained = mark.closing_price(trade.side).checked_sub(trade.entry_price)?;
    Exact::product(gained, trade.quantity, mark.rate)?.signed(trade.side.sign()).book(currency)
}

impl Domain {
    /// Reads an account with its balance and open trades.
    ///
    /// The account is read first: should anything change while the rest is, its version is not the one that was read, and
    /// whoever decides on this book writes nothing.
    pub(super) async fn read_book(&self, id: AccountId) -> Result<Book> {
        let reader = self.db().reader();
        let account = account::Entity::unscoped().filter(account::Column::Id.eq(id)).one(reader).await?;
        self.book_of(account.ok_or(Fault::NotFound)?).await
    }

    /// The book of an account that has just been read.
    pub(super) async fn book_of(&self, account: Account) -> Result<Book> {
        let reader = self.db().reader();
        let last = ledger::Entity::of(account.id).order_by_desc(ledger::Column::Seq).limit(1).one(reader).await?;
        let last = last.ok_or_else(|| Fault::Bug(format!("{} has no ledger", account.id)))?;
        let open = trade::Entity::open(account.id).order_by_asc(trade::Column::OpenedAt);
        let open = open.order_by_asc(trade::Column::Id).all(reader).await?;
        Ok(Book { account, seq: last.seq, balance: last.balance_after, open })
    }

    /// The marks of a book's open trades, and of one more asset. What has no quote is left out.
    pub(super) async fn marks_of(&self, book: &Book, also: Option<&Arc<Asset>>) -> Result<Marks> {
        let mut ids: Vec<AssetId> = book.open.iter().map(|trade| trade.asset_id).collect();
        ids.extend(also.map(|asset| asset.id));
        self.marks(ids, &book.account.currency).await
    }

    /// The marks of these assets, for an account in this currency. What has no quote, or no rate, is left out.
    pub(super) async fn marks(&self, mut ids: Vec<AssetId>, currency: &str) -> Result<Marks> {
        ids.sort_unstable();
        ids.dedup();
        let mut marks = Marks::with_capacity(ids.len());
        for (id, quote) in self.known_quotes(ids).await? {
            let asset = self.asset_known_as(id).await?;
            let rate = match self.rate(&asset.currency, currency).await {
                Ok(rate) => rate.rate,
                Err(Error::Fault(Fault::MarketDataUnavailable(_))) => continue,
                Err(error) => return Err(error),
            };
            marks.insert(id, Mark::new(asset, quote, rate)?);
        }
        Ok(marks)
    }

    /// The asset of an order or trade.
    pub(super) async fn asset_known_as(&self, id: AssetId) -> Result<Arc<Asset>> {
        let asset = self.asset_by_id(id).await?;
        asset.ok_or_else(|| Fault::Bug(format!("the asset {id} is gone")).into())
    }
}
