//! Figures, curves and distributions.

use async_graphql::{Enum, SimpleObject};
use bellwether_domain::fixed::Money;
use bellwether_domain::trading;
use chrono::{DateTime, NaiveTime, Utc};

use super::orders::asset;
use super::queries::LedgerEntry;
use crate::context::Request;
use crate::scalars::{Date, Decimal};

/// The figures of an account. Amounts are in its currency; what is null has nothing to be computed from.
#[derive(SimpleObject)]
pub(crate) struct AccountMetrics {
    /// The realized cash.
    balance: Decimal,
    /// The balance and what the open trades would gain.
    equity: Decimal,
    /// What the equity is above the initial balance.
    total_pnl: Decimal,
    /// That, in percent of the initial balance.
    total_pnl_percent: Option<Decimal>,
    /// What the equity is above that at the end of the last day (UTC) before.
    today_pnl: Decimal,
    /// That, in percent of the equity then.
    today_pnl_percent: Option<Decimal>,
    /// Trades that are open.
    open_trades: u32,
    /// Trades, and closed parts of trades, that were closed.
    closed_trades: u32,
    /// Those of them that gained after fees.
    wins: u32,
    /// Those of them that lost.
    losses: u32,
    /// How many of a hundred gained.
    win_rate: Option<Decimal>,
    /// The gains of all that gained, by the losses of all that lost; null where nothing lost.
    profit_factor: Option<Decimal>,
    /// The mean gain of those that gained.
    mean_win: Option<Decimal>,
    /// The mean loss of those that lost, below zero.
    mean_loss: Option<Decimal>,
    /// The most that one gained.
    best_trade: Option<Decimal>,
    /// The least that one gained.
    worst_trade: Option<Decimal>,
    /// The mean of all.
    expectancy: Option<Decimal>,
    /// What all closed trades cost in fees.
    fees: Decimal,
    /// How far the equity lies below its highest at the end of a day, in percent of that.
    current_drawdown_percent: Decimal,
    /// The same at its worst.
    max_drawdown_percent: Decimal,
    /// The Sharpe ratio of daily returns over a year of 252 days, without a risk-free rate.
    sharpe: Option<Decimal>,
    /// Why there is no Sharpe ratio; null where there is one.
    sharpe_missing: Option<NoRatio>,
    /// The Sortino ratio of daily returns over a year of 252 days, without a risk-free rate.
    sortino: Option<Decimal>,
    /// Why there is no Sortino ratio; null where there is one.
    sortino_missing: Option<NoRatio>,
    /// Days (UTC) on which an order was filled.
    days_traded: u32,
}

impl From<trading::Metrics> for AccountMetrics {
    fn from(m: trading::Metrics) -> Self {
        Self {
            balance: m.standing.balance.into(),
            equity: m.standing.equity.into(),
            total_pnl: m.total_pnl.into(),
            total_pnl_percent: m.total_percent.map(Decimal::from),
            today_pnl: m.today_pnl.into(),
            today_pnl_percent: m.today_percent.map(Decimal::from),
            open_trades: m.open_trades,
            closed_trades: m.closed_trades,
            wins: m.wins,
            losses: m.losses,
            win_rate: m.win_rate.map(Decimal::from),
            profit_factor: m.profit_factor.map(Decimal::from),
            mean_win: m.mean_win.map(Decimal::from),
            mean_loss: m.mean_loss.map(Decimal::from),
            best_trade: m.best_trade.map(Decimal::from),
            worst_trade: m.worst_trade.map(Decimal::from),
            expectancy: m.expectancy.map(Decimal::from),
            fees: m.fees.into(),
            current_drawdown_percent: m.current_drawdown.into(),
            max_drawdown_percent: m.max_drawdown.into(),
            sharpe: m.sharpe.ok().map(Decimal::from),
            sharpe_missing: m.sharpe.err().map(NoRatio::from),
            sortino: m.sortino.ok().map(Decimal::from),
            sortino_missing: m.sortino.err().map(NoRatio::from),
            days_traded: m.days_traded,
        }
    }
}

/// Why there is no ratio of daily returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "trading::NoRatio")]
pub(crate) enum NoRatio {
    /// There are fewer than ten trading days (Monday to Friday) since the account was opened.
    TooFewDays,
    /// The equity was the same on all of them.
    NothingMoved,
    /// No day lost, which a Sortino ratio divides by.
    NoLoss,
}

/// How fine a curve is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub(crate) enum CurveResolution {
    /// One point a day (UTC): the last of it.
    Daily,
    /// Every point that was noted: at each fill, and every five minutes while a trade is open; older ones are thinned out.
    Intraday,
}

/// What an account was worth at one moment, in its currency.
#[derive(SimpleObject)]
pub(crate) struct EquityPoint {
    /// The day in UTC, such as 2026-11-22.
    day: Date,
    /// The moment; for a point of a day, its end.
    at: DateTime<Utc>,
    /// The balance.
    balance: Decimal,
    /// The balance and what open trades would have gained.
    equity: Decimal,
}

impl From<trading::EquityPoint> for EquityPoint {
    fn from(point: trading::EquityPoint) -> Self {
        Self {
            day: point.at.date_naive().into(),
            at: point.at,
            balance: point.balance.into(),
            equity: point.equity.into(),
        }
    }
}

impl From<trading::DailyEquity> for EquityPoint {
    fn from(day: trading::DailyEquity) -> Self {
        let end = NaiveTime::from_hms_opt(23, 59, 59).unwrap_or_default();
        let date = day.day.parse::<chrono::NaiveDate>().unwrap_or_default();
        Self {
            day: date.into(),
            at: date.and_time(end).and_utc(),
            balance: day.balance.into(),
            equity: day.equity.into(),
        }
    }
}

/// What an account gained on a day, in its currency.
#[derive(SimpleObject)]
pub(crate) struct DailyPnl {
    /// The day in UTC, such as 2026-11-22.
    day: Date,
    /// What the equity was at its end above that at the end of the last day before.
    pnl: Decimal,
    /// That, in percent of the equity then; null where there was none.
    percent: Option<Decimal>,
    /// What the balance changed by: what was realized, less fees.
    realized: Decimal,
}

impl From<trading::DailyPnl> for DailyPnl {
    fn from(day: trading::DailyPnl) -> Self {
        Self {
            day: day.day.into(),
            pnl: day.pnl.into(),
            percent: day.percent.map(Decimal::from),
            realized: day.realized.into(),
        }
    }
}

/// A bar of a histogram of amounts, in the account's currency.
#[derive(SimpleObject)]
struct PnlBin {
    /// From this.
    from: Decimal,
    /// To below this; the last bar takes what is equal to it too.
    to: Decimal,
    /// How many trades.
    count: u32,
}

/// A bar of a histogram of durations.
#[derive(SimpleObject)]
struct DurationBin {
    /// From so many seconds.
    from_seconds: i64,
    /// To below so many; the last bar takes what is equal to it too.
    to_seconds: i64,
    /// How many trades.
    count: u32,
}

/// How many closed trades there were of an asset.
#[derive(SimpleObject)]
struct SymbolCount {
    /// The symbol.
    symbol: String,
    /// How many trades.
    count: u32,
    /// What they gained together after fees, in the account's currency.
    realized_pnl: Decimal,
}

/// How closed trades came out.
#[derive(SimpleObject)]
pub(crate) struct TradeDistributions {
    /// What they gained after fees, in at most 20 bars of the same width.
    pnl: Vec<PnlBin>,
    /// How long they were open, in at most 20 bars of the same width.
    duration: Vec<DurationBin>,
    /// How many there were of each asset, the most first.
    by_symbol: Vec<SymbolCount>,
}

impl TradeDistributions {
    pub(super) async fn new(
        request: &Request,
        found: trading::Distributions,
    ) -> Result<Self, bellwether_domain::Error> {
        let pnl = |bin: trading::Bin<i64>| PnlBin {
            from: Money::from_raw(bin.from).into(),
            to: Money::from_raw(bin.to).into(),
            count: bin.count,
        };
        let duration =
            |bin: trading::Bin<i64>| DurationBin { from_seconds: bin.from, to_seconds: bin.to, count: bin.count };
        let mut by_symbol = Vec::with_capacity(found.by_asset.len());
        for (id, count, pnl) in found.by_asset {
            let symbol = asset(request, id).await?.symbol.clone();
            by_symbol.push(SymbolCount { symbol, count, realized_pnl: pnl.into() });
        }
        Ok(Self {
            pnl: found.pnl.into_iter().map(pnl).collect(),
            duration: found.duration_seconds.into_iter().map(duration).collect(),
            by_symbol,
        })
    }
}

/// What a balance was changed by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "trading::LedgerKind")]
pub(crate) enum LedgerKind {
    /// Money that was put in, such as the initial balance.
    Deposit,
    /// The fee of a fill.
    Fee,
    /// The gain or loss of a trade that was closed, before fees.
    RealizedPnl,
    /// A correction by whoever runs the tenant.
    Adjustment,
    /// A fee that was given back.
    Refund,
}

/// Everything of one kind in a ledger.
#[derive(SimpleObject)]
struct BalancePart {
    /// The kind.
    kind: LedgerKind,
    /// How many entries.
    count: i64,
    /// Their sum, in the account's currency.
    amount: Decimal,
}

/// Why a balance is what it is.
#[derive(SimpleObject)]
pub(crate) struct BalanceExplanation {
    /// When it was that.
    at: DateTime<Utc>,
    /// The balance, in the account's currency: the sum of the parts.
    balance: Decimal,
    /// The number of the last ledger entry until then.
    seq: String,
    /// The sum of each kind of entry, in the order in which they first came.
    parts: Vec<BalancePart>,
    /// The last entries until then, at most 20, the newest first.
    last_entries: Vec<LedgerEntry>,
    /// The same in a sentence.
    summary: String,
}

impl From<trading::BalanceExplanation> for BalanceExplanation {
    fn from(explanation: trading::BalanceExplanation) -> Self {
        let part = |part: trading::BalancePart| BalancePart {
            kind: part.kind.into(),
            count: part.count,
            amount: part.amount.into(),
        };
        Self {
            at: explanation.at,
            balance: explanation.balance.into(),
            seq: explanation.seq.to_string(),
            parts: explanation.parts.into_iter().map(part).collect(),
            last_entries: explanation.last_entries.into_iter().map(LedgerEntry).collect(),
            summary: explanation.summary,
        }
    }
}
