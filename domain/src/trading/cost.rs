//! What an order would cost, and whether the account bears it.

use super::amount::Exact;
use super::book::{Book, Mark, Standing};
use crate::error::{Problem, ProblemCode};
use crate::fixed::{FixedError, Money, Price, Quantity};

/// Trades that an account may have open, whatever its own limit.
pub const MOST_OPEN_TRADES: usize = 500;
/// The largest notional of one order, in the account's currency: it leaves room to compute with, however prices go.
const LARGEST_NOTIONAL: i64 = 10_000_000_000;

/// What opening a trade costs, in the account's currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Price × quantity × rate.
    pub notional: Money,
    /// What the trade would tie up: the notional by the leverage.
    pub margin: Money,
    /// The fee of opening it.
    pub fee: Money,
}

impl Cost {
    /// What a trade of this quantity would cost at this price.
    pub(super) fn of(book: &Book, mark: &Mark, price: Price, quantity: Quantity) -> Result<Self, FixedError> {
        let (account, currency) = (&book.account, book.account.currency.as_str());
        let exact = Exact::product(price, quantity, mark.rate.rate)?;
        let cost = Self {
            notional: exact.book(currency)?,
            margin: exact.book_part(account.leverage, currency)?,
            fee: account.fees().fee(price, quantity, mark.rate.rate, currency)?,
        };
        if cost.notional > Money::from_int(LARGEST_NOTIONAL)? { Err(FixedError::Overflow) } else { Ok(cost) }
    }

    /// Why the account can't bear it, if it can't.
    pub(super) fn problem(&self, book: &Book, standing: &Standing, mark: &Mark) -> Option<Problem> {
        let limit = |message: String| Some(Problem::new(ProblemCode::PositionLimit, &["input", "quantity"], message));
        let account = &book.account;
        let most = account.max_open_trades.and_then(|most| usize::try_from(most).ok()).unwrap_or(MOST_OPEN_TRADES);
        let most = most.min(MOST_OPEN_TRADES);
        if book.open.len() >= most {
            return limit(format!("the account has {} open trades, of at most {most}", book.open.len()));
        }
        if let Some(largest) = account.max_position {
            // What they cost when they were opened: a rate that changes makes no position larger.
            let mut of_asset = book.open.iter().filter(|trade| trade.asset_id == mark.asset.id);
            let total = of_asset.try_fold(self.notional, |sum, trade| sum.checked_add(trade.notional));
            let fits = total.is_ok_and(|total| total <= largest);
            if !fits {
                let (symbol, currency) = (&mark.asset.symbol, &account.currency);
                return limit(format!("the position in {symbol} may be at most {largest} {currency}"));
            }
        }
        let needed = self.margin.checked_add(self.fee);
        if needed.is_ok_and(|needed| needed <= standing.free_margin) {
            return None;
        }
        let (margin, fee, free, currency) = (self.margin, self.fee, standing.free_margin, &account.currency);
        let message = format!(
            "it needs a margin of {margin} and a fee of {fee} {currency}, and the account has {free} {currency} free"
        );
        Some(Problem::new(ProblemCode::InsufficientMargin, &["input", "quantity"], message))
    }
}
