//! What an account's protections look at, read from its trades and its equity.

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder, QuerySelect};

use super::account::Model as Account;
use super::booking::Booking;
use super::protections::{Closed, Lock};
use super::{equity_point, trade};
use crate::Domain;
use crate::error::Result;
use crate::fixed::Money;

/// What the protections of an account look at.
#[derive(Debug, Default)]
pub(super) struct Guard {
    /// Trades that were closed of late, the newest last.
    closed: Vec<Closed>,
    /// The highest equity of the drawdown's window that was noted.
    highest: Option<Money>,
}

impl Domain {
    /// What the account's protections look at. An account without protections costs no statement.
    pub(super) async fn guard_of(&self, account: &Account) -> Result<Guard> {
        let (protections, now, reader) = (&account.protections, self.now(), self.db().reader());
        let mut guard = Guard::default();
        if let Some(since) = protections.trades_since(now) {
            let trades = trade::Entity::of(account.id).filter(trade::Column::ClosedAt.gte(since));
            let trades = trades.order_by_asc(trade::Column::ClosedAt).all(reader).await?;
            guard.closed = trades.iter().filter_map(Closed::of).collect();
        }
        if let Some(lock) = protections.max_drawdown {
            let since = now - TimeDelta::seconds(lock.window_seconds.into());
            let points = equity_point::Entity::of(account.id).filter(equity_point::Column::At.gte(since));
            let most = points.select_only().column_as(equity_point::Column::Equity.max(), "most");
            let most: Option<Option<i64>> = most.into_tuple().one(reader).await?;
            guard.highest = most.flatten().map(Money::from_raw);
        }
        Ok(guard)
    }
}

impl Guard {
    /// Whether a protection refuses orders at this equity; what a booking has closed just now counts too.
    pub(super) fn lock(
        &self,
        account: &Account,
        equity: Money,
        booking: Option<&Booking>,
        now: DateTime<Utc>,
    ) -> Option<Lock> {
        let just_closed = booking.map(Booking::closed).unwrap_or_default();
        let closed: Vec<Closed> = self.closed.iter().copied().chain(just_closed).collect();
        let highest = self.highest.map_or(equity, |highest| highest.max(equity));
        account.protections.lock(&closed, equity, highest, now)
    }
}
