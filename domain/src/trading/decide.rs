//! Whether an order is filled, waits or is refused. Pure: everything it needs to know comes in by argument.

use chrono::{DateTime, Utc};

use super::book::{Book, Mark, Standing};
use super::cost::Cost;
use super::look::Look;
use super::protections::Lock;
use super::request::OrderRequest;
use super::slippage::{slippage, worse};
use super::trigger::{Tick, Touch, entry};
use super::vocabulary::{AccountStatus, FillBasis, OrderType, Side, WhenClosed};
use crate::error::{Problem, ProblemCode};
use crate::fixed::{FixedError, Price, Quantity};
use crate::market::{MarketStatus, Rate, SourceName, Timeframe};

/// What an order, or the stop or target of a trade, was executed at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Execution {
    pub(super) price: Price,
    pub(super) reference_price: Price,
    pub(super) basis: FillBasis,
    pub(super) quote_price: Price,
    pub(super) quote_time: DateTime<Utc>,
    /// Who gave the quote or the candle.
    pub(super) source: SourceName,
    /// How long the candle lasted; none for a quote.
    pub(super) candle: Option<Timeframe>,
    /// When the candle was over; none for a quote.
    pub(super) ended: Option<DateTime<Utc>>,
    pub(super) rate: Rate,
}

impl Execution {
    /// What meets what prices of an asset did there, after slippage.
    pub(super) fn of(touch: &Touch, side: Side, mark: &Mark, look: &Look) -> Result<Self, FixedError> {
        let price = if touch.slips {
            look.tick.within(worse(touch.price, side, slippage(mark.asset.kind), mark.asset.tick_size)?)
        } else {
            touch.price
        };
        let by_quote = Self {
            price,
            reference_price: touch.price,
            basis: FillBasis::Quote,
            quote_price: mark.quote.price,
            quote_time: mark.quote.exchange_time,
            source: mark.quote.source,
            candle: None,
            ended: None,
            rate: mark.rate,
        };
        Ok(match (look.tick, look.candle) {
            (Tick::Candle { open, .. }, Some(candle)) => Self {
                basis: FillBasis::Candle,
                quote_price: open,
                quote_time: candle.open_time,
                source: candle.source,
                candle: Some(candle.timeframe),
                ended: Some(look.ended),
                ..by_quote
            },
            _ => by_quote,
        })
    }
}

/// What becomes of an order.
#[derive(Clone, Debug)]
pub(super) enum Verdict {
    /// It is filled now.
    Fill(Execution, Cost),
    /// It waits; this is what it would cost at the price that it waits for.
    Wait(Price, Cost),
    /// It is refused.
    Refuse(Problem),
}

/// What there is to know beside the order.
pub(super) struct Situation<'a> {
    pub(super) book: &'a Book,
    pub(super) standing: Standing,
    /// The asset's; none where nothing is known of its price.
    pub(super) mark: &'a Mark,
    pub(super) market: MarketStatus,
    pub(super) lock: Option<Lock>,
    pub(super) now: DateTime<Utc>,
}

/// What becomes of an order that opens a trade.
pub(super) fn decide(situation: &Situation<'_>, request: &OrderRequest) -> Verdict {
    match judge(situation, request) {
        Ok(verdict) => verdict,
        Err(problem) => Verdict::Refuse(problem),
    }
}

fn judge(situation: &Situation<'_>, request: &OrderRequest) -> Result<Verdict, Problem> {
    let Situation { book, standing, mark, market, lock, now } = situation;
    check_status(book.account.status)?;
    check_lot(request.quantity, mark)?;
    let look = Look::quote(mark, *now);
    let touch = entry(request.order_type, request.side, request.trigger_price(), &look.tick);
    let execution = touch.map(|touch| Execution::of(&touch, request.side, mark, &look)).transpose();
    let execution = execution.map_err(too_large)?;
    // What it is, or would be, filled at.
    let expected = match (&execution, request.trigger_price()) {
        (Some(execution), _) => execution.price,
        (None, Some(price)) => price,
        (None, None) => mark.quote.price,
    };
    check_protection_prices(request, expected)?;
    if let Some(lock) = lock {
        return Err(lock.problem());
    }
    let is_market = request.order_type == OrderType::Market;
    if is_market && !market.is_open && book.account.when_closed == WhenClosed::Reject {
        return Err(market_closed(mark, market));
    }
    if is_market && market.is_open && mark.quote.is_stale {
        return Err(stale(mark, *now));
    }
    check_rate(mark, *now)?;
    let cost = Cost::of(book, mark, expected, request.quantity).map_err(too_large)?;
    if let Some(problem) = cost.problem(book, standing, mark) {
        return Err(problem);
    }
    Ok(match execution {
        Some(execution) if market.is_open && !mark.quote.is_stale => Verdict::Fill(execution, cost),
        _ => Verdict::Wait(expected, cost),
    })
}

/// Whether a trade of this side can be closed at the mark just now, on an account of this status.
pub(super) fn closing(
    status: AccountStatus,
    mark: &Mark,
    market: &MarketStatus,
    side: Side,
    now: DateTime<Utc>,
) -> Result<Execution, Problem> {
    if status == AccountStatus::Closed {
        return Err(not_active(AccountStatus::Closed));
    }
    if !market.is_open {
        return Err(market_closed(mark, market));
    }
    if mark.quote.is_stale {
        return Err(stale(mark, now));
    }
    check_rate(mark, now)?;
    let (look, side) = (Look::quote(mark, now), side.opposite());
    let touch = entry(OrderType::Market, side, None, &look.tick).ok_or_else(|| too_large(FixedError::Overflow))?;
    Execution::of(&touch, side, mark, &look).map_err(too_large)
}

fn check_status(status: AccountStatus) -> Result<(), Problem> {
    if status == AccountStatus::Active { Ok(()) } else { Err(not_active(status)) }
}

fn not_active(status: AccountStatus) -> Problem {
    let message = match status {
        AccountStatus::Suspended => "the account is suspended: what is open can be closed, and nothing else",
        AccountStatus::Closed | AccountStatus::Active => "the account is closed: open another one",
    };
    Problem::new(ProblemCode::AccountNotActive, &["input", "accountId"], message)
}

fn check_lot(quantity: Quantity, mark: &Mark) -> Result<(), Problem> {
    let lot = mark.asset.lot_size;
    if quantity.is_positive() && quantity.raw() % lot.raw().max(1) == 0 {
        return Ok(());
    }
    let message = format!("expected a multiple of {lot}, above 0, got {quantity}");
    Err(Problem::validation(&["input", "quantity"], message))
}

/// A stop loss and a take profit lie on their sides of the price.
fn check_protection_prices(request: &OrderRequest, expected: Price) -> Result<(), Problem> {
    let is_long = request.side == Side::Buy;
    let word = |below: bool| if below { "below" } else { "above" };
    for (field, price, is_below) in
        [("stopLoss", request.stop_loss, is_long), ("takeProfit", request.take_profit, !is_long)]
    {
        if let Some(price) = price.filter(|price| if is_below { *price >= expected } else { *price <= expected }) {
            let message = format!("expected a price {} {expected}, got {price}", word(is_below));
            return Err(Problem::validation(&["input", field], message));
        }
    }
    Ok(())
}

fn market_closed(mark: &Mark, market: &MarketStatus) -> Problem {
    let opens = market.next_change.map(|at| format!(" until {}", at.format("%Y-%m-%d %H:%M UTC"))).unwrap_or_default();
    let message = format!("the market of {} is closed{opens}", mark.asset.symbol);
    Problem::new(ProblemCode::MarketClosed, &["input", "symbol"], message)
}

fn stale(mark: &Mark, now: DateTime<Utc>) -> Problem {
    let age = (now - mark.quote.exchange_time).num_seconds();
    let message = format!("the last price of {} is {age} s old: nothing is traded on it", mark.asset.symbol);
    Problem::new(ProblemCode::StaleQuote, &["input", "symbol"], message)
}

/// Nothing is booked, nor a margin computed, at a rate that is too old.
fn check_rate(mark: &Mark, now: DateTime<Utc>) -> Result<(), Problem> {
    if !mark.rate_is_stale {
        return Ok(());
    }
    let (currency, age) = (&mark.asset.currency, (now - mark.rate.at).num_seconds());
    let message =
        format!("the last rate of {currency} in the account's currency is {age} s old: nothing is booked at it");
    Err(Problem::new(ProblemCode::StaleQuote, &["input", "symbol"], message))
}

pub(super) fn too_large(_: FixedError) -> Problem {
    Problem::validation(&["input", "quantity"], "the order is too large: at most 10 billion in the account's currency")
}
