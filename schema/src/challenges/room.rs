//! How much room a challenge leaves.

use async_graphql::{Enum, SimpleObject};
use bellwether_domain::challenges;
use chrono::{DateTime, Utc};

use crate::scalars::Decimal;

/// What is left to each limit of a challenge, and what is still needed. Amounts are in its currency.
#[derive(SimpleObject)]
pub(crate) struct ChallengeRoom {
    /// To the daily loss; null where that is not limited.
    daily_loss: Option<LimitRoom>,
    /// To the drawdown; null where that is not limited.
    drawdown: Option<LimitRoom>,
    /// To the largest position; null where that is not limited.
    position: Option<PositionRoom>,
    /// How much is used of the daily loss or the drawdown, whichever is nearer. A price brings nobody beyond the position.
    risk_level: RiskLevel,
    /// The realized profit to be reached; null for a phase without a target.
    target: Option<Decimal>,
    /// The realized profit, below zero for a loss.
    profit: Decimal,
    /// What must still be realized for the target, and for the best day to be a small enough share if it stays the best, 0 where nothing must; null for a phase without a target.
    profit_needed: Option<Decimal>,
    /// The progress to the target, 0 to 100 percent; null for a phase without a target.
    progress_percent: Option<Decimal>,
    /// The best day's share of the total profit, in percent; null where there is no profit.
    best_day_share_percent: Option<Decimal>,
    /// Days on which a trade was opened.
    days_traded: u32,
    /// Days that must still be traded on for a pass.
    days_needed: u32,
    /// When the daily loss counts anew.
    resets_at: DateTime<Utc>,
    /// In how many minutes that is, one that has begun among them; 0 where it has been.
    minutes_to_reset: i64,
    /// Whether nothing is traded until then, because the day's loss limit was broken.
    is_locked: bool,
}

/// What is left to the limit of one asset's open trades.
#[derive(SimpleObject)]
pub(crate) struct PositionRoom {
    /// What they have cost, of the asset where that is most.
    held: Decimal,
    /// The most that they may have cost.
    most: Decimal,
    /// What they have cost, in percent of the initial balance.
    value_percent: Decimal,
    /// What they may have, in percent of it.
    limit_percent: Decimal,
    /// What more that asset's trades may cost; below zero where the limit is broken.
    left: Decimal,
    /// The same in percentage points of the limit.
    left_percent: Decimal,
}

/// What is left to one limit.
#[derive(SimpleObject)]
pub(crate) struct LimitRoom {
    /// What the loss is counted from.
    reference: Decimal,
    /// The least equity that breaks nothing.
    floor: Decimal,
    /// How far the equity lies below the reference, in percent as the limit is; below zero where it lies above.
    value_percent: Decimal,
    /// How far it may.
    limit_percent: Decimal,
    /// What may still be lost; below zero where the limit is broken.
    left: Decimal,
    /// The same in percentage points of the limit.
    left_percent: Decimal,
    /// How much of the way to the limit is used, in percent: 100 on the floor.
    used_percent: Decimal,
}

impl ChallengeRoom {
    pub(super) fn new(room: &challenges::Room, now: DateTime<Utc>) -> Self {
        let seconds = (room.resets_at - now).num_seconds().max(0);
        Self {
            daily_loss: room.daily_loss.map(LimitRoom::from),
            drawdown: room.drawdown.map(LimitRoom::from),
            position: room.position.map(PositionRoom::from),
            risk_level: room.risk.into(),
            target: room.target.map(Decimal::from),
            profit: room.profit.into(),
            profit_needed: room.profit_needed.map(Decimal::from),
            progress_percent: room.progress.map(Decimal::from),
            best_day_share_percent: room.best_day_share.map(Decimal::from),
            days_traded: room.days_traded,
            days_needed: room.days_needed,
            resets_at: room.resets_at,
            minutes_to_reset: (seconds + 59) / 60,
            is_locked: room.is_locked,
        }
    }
}

impl From<challenges::PositionRoom> for PositionRoom {
    fn from(room: challenges::PositionRoom) -> Self {
        Self {
            held: room.held.into(),
            most: room.most.into(),
            value_percent: room.value.into(),
            limit_percent: room.limit.into(),
            left: room.left.into(),
            left_percent: room.left_percent.into(),
        }
    }
}

impl From<challenges::LimitRoom> for LimitRoom {
    fn from(room: challenges::LimitRoom) -> Self {
        Self {
            reference: room.reference.into(),
            floor: room.floor.into(),
            value_percent: room.value.into(),
            limit_percent: room.limit.into(),
            left: room.left.into(),
            left_percent: room.left_percent.into(),
            used_percent: room.used.into(),
        }
    }
}

/// How much of the nearest limit is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "challenges::RiskLevel")]
pub(crate) enum RiskLevel {
    /// Under half of it.
    Low,
    /// Under four fifths of it.
    Medium,
    /// Four fifths of it or more.
    High,
}
