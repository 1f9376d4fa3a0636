//! The figures of an account: what it earned, how, and at what risk; and the series behind them.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use sea_orm::{ColumnTrait, ConnectionTrait, QueryFilter, QueryOrder, QueryResult, QuerySelect, Statement};

use super::account::Model as Account;
use super::book::Standing;
use super::currency::minor_digits;
use super::equity_point::{self, Model as EquityPoint, day_of};
use super::statistics::{
    Bin, DailyEquity, Ratio, daily_returns, drawdown, histogram, percent, ratio, sharpe_ratio, sortino_ratio, to_fixed,
    trading_days,
};
use super::trade;
use super::vocabulary::TradeStatus;
use crate::Domain;
use crate::error::Result;
use crate::fixed::{Money, MoneyUnit, Percent, Unit};
use crate::ids::AssetId;

/// Points that an intraday curve has at most: the newest.
const MOST_POINTS: u64 = 2_000;
/// Days that a daily series has at most: the newest.
const MOST_DAYS: usize = 3_660;
/// Bars of a histogram.
const BARS: usize = 20;

/// The figures of an account. What is none has nothing to be computed from.
#[derive(Clone, Debug, PartialEq)]
pub struct Metrics {
    /// What it is worth now.
    pub standing: Standing,
    /// What the equity is above the initial balance.
    pub total_pnl: Money,
    /// That, of the initial balance.
    pub total_percent: Option<Percent>,
    /// What the equity is above that at the end of the last day before.
    pub today_pnl: Money,
    /// That, of the equity then.
    pub today_percent: Option<Percent>,
    /// Trades that are open.
    pub open_trades: u32,
    /// Trades, and closed parts of trades, that were closed.
    pub closed_trades: u32,
    /// Those of them that gained after fees.
    pub wins: u32,
    /// Those of them that lost.
    pub losses: u32,
    /// The gains of all that gained by the losses of all that lost; none where nothing lost.
    pub profit_factor: Option<Percent>,
    /// How many of a hundred gained.
    pub win_rate: Option<Percent>,
    /// The mean gain of those that gained.
    pub mean_win: Option<Money>,
    /// The mean loss of those that lost, below zero.
    pub mean_loss: Option<Money>,
    /// The most that one gained.
    pub best_trade: Option<Money>,
    /// The least that one gained.
    pub worst_trade: Option<Money>,
    /// The mean of all.
    pub expectancy: Option<Money>,
    /// What all fees were, opening and closing.
    pub fees: Money,
    /// How far the equity lies below its highest at the end of a day, in percent of that.
    pub current_drawdown: Percent,
    /// The same at its worst.
    pub max_drawdown: Percent,
    /// The Sharpe ratio of daily returns, over a year; or why there is none.
    pub sharpe: Ratio,
    /// The Sortino ratio of daily returns, over a year; or why there is none.
    pub sortino: Ratio,
    /// Days on which a trade was opened or closed.
    pub days_traded: u32,
}

/// What was gained on a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DailyPnl {
    /// The day in UTC.
    pub day: NaiveDate,
    /// What the equity was at its end above that at the end of the last day before.
    pub pnl: Money,
    /// That, of the equity then.
    pub percent: Option<Percent>,
    /// What the balance changed by: what was realized, less fees.
    pub realized: Money,
}

/// How trades came out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Distributions {
    /// What trades gained after fees, in ten-thousandths of the account's currency.
    pub pnl: Vec<Bin<i64>>,
    /// How long they were open, in seconds.
    pub duration_seconds: Vec<Bin<i64>>,
    /// How many there were of each asset, the most first.
    pub by_asset: Vec<(AssetId, u32, Money)>,
}

/// Sums over the closed trades of an account, by one statement.
struct Sums {
    count: i64,
    wins: i64,
    losses: i64,
    gained: Money,
    lost: Money,
    best: Option<Money>,
    worst: Option<Money>,
    fees: Money,
}

impl Domain {
    /// The figures of an account that the viewer may read.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn account_metrics(&self, account: &Account) -> Result<Metrics> {
        let ((book, marks), sums, mut days, days_traded) = tokio::try_join!(
            self.marked_book(account),
            self.trade_sums(account),
            self.noted_equity(account),
            self.days_traded(account)
        )?;
        let standing = book.standing(&marks)?;
        self.with_today(&mut days, &standing);
        let initial = account.initial_balance;
        let yesterday = days.len().checked_sub(2).and_then(|index| days.get(index)).map_or(initial, |day| day.equity);
        let today = self.now().date_naive();
        let noted = days.first().and_then(|day| day.day.parse().ok());
        let first = noted.map_or(today, |noted: NaiveDate| noted.min(account.created_at.date_naive()));
        let returns = daily_returns(initial, &trading_days(initial, first, today, &days));
        let fall = drawdown(initial, &days);
        let today_pnl = standing.equity.checked_sub(yesterday)?;
        let total_pnl = standing.equity.checked_sub(initial)?;
        let realized = sums.gained.checked_add(sums.lost)?;
        let share = |part: Money, whole: Money| if whole.is_positive() { percent(ratio(part, whole)) } else { None };
        let lost = sums.lost.checked_neg()?;
        Ok(Metrics {
            standing,
            total_pnl,
            total_percent: share(total_pnl, initial),
            today_pnl,
            today_percent: share(today_pnl, yesterday),
            open_trades: saturate(book.open.len()),
            closed_trades: count(sums.count),
            wins: count(sums.wins),
            losses: count(sums.losses),
            profit_factor: if lost.is_positive() { to_fixed(ratio(sums.gained, lost)) } else { None },
            win_rate: share(Money::from_raw(sums.wins), Money::from_raw(sums.count)),
            mean_win: mean(sums.gained, sums.wins),
            mean_loss: mean(sums.lost, sums.losses),
            best_trade: sums.best,
            worst_trade: sums.worst,
            expectancy: mean(realized, sums.count),
            fees: sums.fees,
            current_drawdown: percent(fall.current).unwrap_or(Percent::ZERO),
            max_drawdown: percent(fall.largest).unwrap_or(Percent::ZERO),
            sharpe: sharpe_ratio(&returns),
            sortino: sortino_ratio(&returns),
            days_traded,
        })
    }

    async fn trade_sums(&self, account: &Account) -> Result<Sums> {
        let reader = self.db().reader();
        let query = Statement::from_sql_and_values(
            reader.get_database_backend(),
            "SELECT COUNT(*) AS count,
                    COUNT(CASE WHEN realized_pnl > 0 THEN 1 END) AS wins,
                    COUNT(CASE WHEN realized_pnl < 0 THEN 1 END) AS losses,
                    CAST(COALESCE(SUM(CASE WHEN realized_pnl > 0 THEN realized_pnl END), 0) AS BIGINT) AS gained,
                    CAST(COALESCE(SUM(CASE WHEN realized_pnl < 0 THEN realized_pnl END), 0) AS BIGINT) AS lost,
                    MAX(realized_pnl) AS best, MIN(realized_pnl) AS worst,
                    CAST(COALESCE(SUM(entry_fee + exit_fee), 0) AS BIGINT) AS fees
             FROM trades WHERE account_id = $1 AND status = 'CLOSED'",
            [account.id.into()],
        );
        let row = reader.query_one_raw(query).await?;
        let row = row.ok_or_else(|| crate::Fault::Bug("an aggregate without a row".to_owned()))?;
        Ok(Sums::read(&row)?)
    }

    async fn days_traded(&self, account: &Account) -> Result<u32> {
        let reader = self.db().reader();
        let query = Statement::from_sql_and_values(
            reader.get_database_backend(),
            "SELECT COUNT(*) AS days FROM (
                SELECT DISTINCT day FROM equity_points WHERE account_id = $1 AND traded
             ) AS traded_days",
            [account.id.into()],
        );
        let row = reader.query_one_raw(query).await?;
        Ok(count(row.map_or(Ok(0), |row| row.try_get::<i64>("", "days"))?))
    }

    /// What an account was worth at the end of each day on which that was noted, the first first, and with `now` today.
    ///
    /// # Errors
    /// When the database does not answer.
    async fn daily_equity(&self, account: &Account, now: &Standing) -> Result<Vec<DailyEquity>> {
        let mut days = self.noted_equity(account).await?;
        self.with_today(&mut days, now);
        Ok(days)
    }

    fn with_today(&self, days: &mut Vec<DailyEquity>, now: &Standing) {
        let today = day_of(self.now());
        days.retain(|day| day.day != today);
        days.push(DailyEquity { day: today, balance: now.balance, equity: now.equity });
    }

    async fn noted_equity(&self, account: &Account) -> Result<Vec<DailyEquity>> {
        let last = Statement::from_sql_and_values(
            self.db().backend(),
            // From each day's last point to that of the day before, by the index: what lies between is not read.
            "WITH RECURSIVE days (day, balance, equity) AS (
                SELECT day, balance, equity FROM (
                    SELECT day, balance, equity FROM equity_points WHERE account_id = $1
                    ORDER BY day DESC, at DESC, version DESC LIMIT 1
                ) AS newest
                UNION ALL
                SELECT points.day, points.balance, points.equity FROM days JOIN equity_points points ON points.id = (
                    SELECT id FROM equity_points WHERE account_id = $1 AND day < days.day
                    ORDER BY day DESC, at DESC, version DESC LIMIT 1)
             ) SELECT day, balance, equity FROM days ORDER BY day",
            [account.id.into()],
        );
        let rows = self.db().reader().query_all_raw(last).await?;
        let read = |row: &QueryResult| -> Result<DailyEquity, sea_orm::DbErr> {
            Ok(DailyEquity {
                day: row.try_get("", "day")?,
                balance: row.try_get("", "balance")?,
                equity: row.try_get("", "equity")?,
            })
        };
        Ok(rows.iter().map(read).collect::<Result<Vec<_>, _>>()?)
    }

    /// The curve of an account that the viewer may read: one point a day, and that of now.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn daily_curve(&self, account: &Account) -> Result<Vec<DailyEquity>> {
        let standing = self.standing(account).await?;
        let mut days = self.daily_equity(account, &standing).await?;
        days.drain(..days.len().saturating_sub(MOST_DAYS));
        Ok(days)
    }

    /// The curve of an account that the viewer may read since a moment: every point that was noted, at most the 2,000
    /// newest, the first first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn intraday_curve(&self, account: &Account, since: DateTime<Utc>) -> Result<Vec<EquityPoint>> {
        use equity_point::Column as C;
        let points = equity_point::Entity::of(account.id).filter(C::Day.gte(day_of(since))).filter(C::At.gte(since));
        let mut points =
            points.order_by_desc(C::At).order_by_desc(C::Version).limit(MOST_POINTS).all(self.db().reader()).await?;
        points.reverse();
        Ok(points)
    }

    /// What an account that the viewer may read gained on each day, the first first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn daily_pnl(&self, account: &Account) -> Result<Vec<DailyPnl>> {
        let standing = self.standing(account).await?;
        let days = self.daily_equity(account, &standing).await?;
        let (mut equity, mut balance) = (account.initial_balance, account.initial_balance);
        let mut gains = Vec::with_capacity(days.len());
        for day in days {
            let pnl = day.equity.checked_sub(equity)?;
            let Ok(date) = day.day.parse() else { continue };
            gains.push(DailyPnl {
                day: date,
                pnl,
                percent: if equity.is_positive() { percent(ratio(pnl, equity)) } else { None },
                realized: day.balance.checked_sub(balance)?,
            });
            (equity, balance) = (day.equity, day.balance);
        }
        gains.drain(..gains.len().saturating_sub(MOST_DAYS));
        Ok(gains)
    }

    /// How the closed trades of an account that the viewer may read came out.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn distributions(&self, account: &Account) -> Result<Distributions> {
        use trade::Column as C;
        type Row = (AssetId, Money, DateTime<Utc>, DateTime<Utc>);
        let trades = trade::Entity::of(account.id).filter(C::Status.eq(TradeStatus::Closed)).select_only();
        let trades = trades.columns([C::AssetId, C::RealizedPnl, C::OpenedAt, C::ClosedAt]);
        let trades: Vec<Row> = trades.into_tuple().all(self.db().reader()).await?;
        let pnl: Vec<i64> = trades.iter().map(|(_, pnl, ..)| pnl.raw()).collect();
        let held = |(_, _, opened, closed): &Row| (*closed - *opened).max(TimeDelta::zero()).num_seconds();
        let durations: Vec<i64> = trades.iter().map(held).collect();
        let mut by_asset: BTreeMap<AssetId, (u32, i64)> = BTreeMap::new();
        for (asset, pnl, ..) in &trades {
            let sum = by_asset.entry(*asset).or_default();
            *sum = (sum.0 + 1, sum.1.saturating_add(pnl.raw()));
        }
        let mut by_asset: Vec<_> =
            by_asset.into_iter().map(|(asset, (count, pnl))| (asset, count, Money::from_raw(pnl))).collect();
        by_asset.sort_by_key(|(asset, count, _)| (std::cmp::Reverse(*count), *asset));
        // No bar is narrower than a cent, or whatever the least is that the currency has.
        let digits = minor_digits(&account.currency).unwrap_or(MoneyUnit::SCALE);
        let pnl = histogram(&pnl, BARS, 10_i64.pow(MoneyUnit::SCALE - digits));
        Ok(Distributions { pnl, duration_seconds: histogram(&durations, BARS, 1), by_asset })
    }
}

impl Sums {
    fn read(row: &QueryResult) -> Result<Self, sea_orm::DbErr> {
        Ok(Self {
            count: row.try_get("", "count")?,
            wins: row.try_get("", "wins")?,
            losses: row.try_get("", "losses")?,
            gained: row.try_get("", "gained")?,
            lost: row.try_get("", "lost")?,
            best: row.try_get("", "best")?,
            worst: row.try_get("", "worst")?,
            fees: row.try_get("", "fees")?,
        })
    }
}

/// The mean of a sum of so many, to money's four decimals, half to even.
fn mean(sum: Money, count: i64) -> Option<Money> {
    let count = i128::from(count);
    let mean = (count > 0).then(|| crate::fixed::divide_half_even(i128::from(sum.raw()), count))?;
    <i64 as TryFrom<i128>>::try_from(mean).ok().map(Money::from_raw)
}

fn count(number: i64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn saturate(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
