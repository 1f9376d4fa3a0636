//! How much room a challenge leaves: what is left to each limit, what is still needed, and when the day counts anew. Pure.

use chrono::{DateTime, Utc};

use super::evaluate::{Floor, Observation, State, divide_up, percent_of, saturate};
use super::rules::Rules;
use super::vocabulary::RiskLevel;
use crate::fixed::{Money, Percent};

/// What is left to one limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitRoom {
    /// What the loss is counted from.
    pub reference: Money,
    /// The least equity that breaks nothing.
    pub floor: Money,
    /// How far the equity lies below the reference, in percent as the limit is.
    pub value: Percent,
    /// How far it may.
    pub limit: Percent,
    /// What may still be lost; below zero where the limit is broken.
    pub left: Money,
    /// The same in percentage points of the limit.
    pub left_percent: Percent,
    /// How much of the way to the limit is used, in percent.
    pub used: Percent,
}

/// What is left to the limit of one asset's open trades.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PositionRoom {
    /// What they have cost, of the asset where that is most.
    pub held: Money,
    /// The most that they may have cost.
    pub most: Money,
    /// What they have cost in percent of the initial balance.
    pub value: Percent,
    /// What they may have.
    pub limit: Percent,
    /// What more that asset's trades may cost; below zero where the limit is broken.
    pub left: Money,
    /// The same in percentage points of the limit.
    pub left_percent: Percent,
}

/// How much room a challenge leaves at a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Room {
    /// To the daily loss.
    pub daily_loss: Option<LimitRoom>,
    /// To the drawdown.
    pub drawdown: Option<LimitRoom>,
    /// To the largest position.
    pub position: Option<PositionRoom>,
    /// How much is used of the daily loss or the drawdown, whichever is nearer. A price brings nobody beyond the position.
    pub risk: RiskLevel,
    /// The realized profit to be reached.
    pub target: Option<Money>,
    /// The realized profit.
    pub profit: Money,
    /// What must still be realized for the target, and for the best day to be a small enough share if it stays the best; zero
    /// where nothing must.
    pub profit_needed: Option<Money>,
    /// The progress to the target in percent, 0 to 100, rounded down.
    pub progress: Option<Percent>,
    /// The best day's share of the total profit; none where there is no profit.
    pub best_day_share: Option<Percent>,
    /// Days on which a trade was opened.
    pub days_traded: u32,
    /// Days that must still be traded on for a pass.
    pub days_needed: u32,
    /// When the daily loss counts anew.
    pub resets_at: DateTime<Utc>,
    /// Whether nothing is traded until then.
    pub is_locked: bool,
}

fn limit_room(floor: Floor, equity: Money) -> LimitRoom {
    let (least, value) = (floor.least_equity(), floor.value(equity));
    LimitRoom {
        reference: floor.reference,
        floor: least,
        value,
        limit: floor.limit,
        left: Money::from_raw(equity.raw().saturating_sub(least.raw())),
        left_percent: Percent::from_raw(floor.limit.raw().saturating_sub(value.raw())),
        used: floor.used(equity),
    }
}

fn position_room(rules: &Rules, held: Money) -> Option<PositionRoom> {
    let (limit, most) = (rules.position?, rules.largest_position()?);
    let value = percent_of(held, rules.initial_balance);
    Some(PositionRoom {
        held,
        most,
        value,
        limit,
        left: Money::from_raw(most.raw().saturating_sub(held.raw())),
        left_percent: Percent::from_raw(limit.raw().saturating_sub(value.raw())),
    })
}

impl Room {
    /// The room at an observation that was judged already.
    pub fn of(rules: &Rules, state: &State, seen: &Observation) -> Self {
        let daily_loss = state.daily_floor(rules).map(|floor| limit_room(floor, seen.equity));
        let drawdown = state.drawdown_floor(rules).map(|floor| limit_room(floor, seen.equity));
        let used = daily_loss.iter().chain(&drawdown).map(|room| room.used).max().unwrap_or(Percent::ZERO);
        let (target, profit) = (rules.target(), state.profit(rules));
        // The best day at its share of the total, exactly: its profit by that share.
        let consistent = rules.consistency.map_or(i128::MIN, |limit| {
            divide_up(i128::from(state.best_day_yet().raw()) * 1_000_000, i128::from(limit.raw().max(1)))
        });
        let needed = target.map(|target| {
            let total = i128::from(target.raw()).max(consistent);
            Money::from_raw(saturate((total - i128::from(profit.raw())).max(0)))
        });
        let progress = target.filter(|target| target.is_positive()).map(|target| {
            let raw = i128::from(profit.raw().max(0)) * 1_000_000 / i128::from(target.raw());
            Percent::from_raw(saturate(raw.min(1_000_000)))
        });
        Self {
            daily_loss,
            drawdown,
            position: position_room(rules, seen.largest_position),
            risk: risk(used),
            target,
            profit,
            profit_needed: needed,
            progress,
            best_day_share: state.best_day_share(rules),
            days_traded: state.days_traded,
            days_needed: rules.minimum_days.saturating_sub(state.days_traded),
            resets_at: rules.next_reset(seen.at),
            is_locked: state.is_locked,
        }
    }
}

/// The level of the nearest limit's used share.
fn risk(used: Percent) -> RiskLevel {
    match used.raw() {
        ..500_000 => RiskLevel::Low,
        500_000..800_000 => RiskLevel::Medium,
        _ => RiskLevel::High,
    }
}

#[cfg(test)]
mod tests;
