//! Round trips: a trade from its opening to the closing of its last part. Pure.
//!
//! They are what is counted: whoever closes one trade in ten parts has not won ten times. What was gained is counted part by
//! part, when each is closed: else a loss could be hidden behind a last part that stays open.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sea_orm::FromQueryResult;

use crate::fixed::{FixedError, Money};
use crate::ids::{AccountId, TradeId};

/// A trade, or a closed part of one, as ranking reads it.
#[derive(Clone, Debug, FromQueryResult)]
pub(super) struct Lot {
    pub(super) id: TradeId,
    pub(super) account_id: AccountId,
    /// The trade that it is a closed part of; none for one that is whole or has what is left.
    pub(super) parent_id: Option<TradeId>,
    pub(super) opened_at: DateTime<Utc>,
    /// None while it is open.
    pub(super) closed_at: Option<DateTime<Utc>>,
    /// What it gained after fees; none while it is open.
    #[sea_orm(alias = "realized_pnl")]
    pub(super) profit: Option<Money>,
}

/// A trade from its opening to the closing of its last part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RoundTrip {
    pub(super) id: TradeId,
    pub(super) account_id: AccountId,
    pub(super) opened_at: DateTime<Utc>,
    pub(super) closed_at: DateTime<Utc>,
    /// What all of it gained after fees, in the account's currency.
    pub(super) profit: Money,
}

/// The round trips among these lots, in the order in which they were closed.
pub(super) fn round_trips(lots: &[Lot]) -> Result<Vec<RoundTrip>, FixedError> {
    let mut trips: HashMap<TradeId, RoundTrip> = HashMap::new();
    for lot in lots.iter().filter(|lot| lot.parent_id.is_none()) {
        let Some(closed_at) = lot.closed_at else { continue };
        let profit = lot.profit.unwrap_or(Money::ZERO);
        let (id, account_id, opened_at) = (lot.id, lot.account_id, lot.opened_at);
        trips.insert(id, RoundTrip { id, account_id, opened_at, closed_at, profit });
    }
    for (part, parent) in lots.iter().filter_map(|lot| Some((lot, lot.parent_id?))) {
        if let Some(trip) = trips.get_mut(&parent) {
            trip.profit = trip.profit.checked_add(part.profit.unwrap_or(Money::ZERO))?;
        }
    }
    let mut trips: Vec<RoundTrip> = trips.into_values().collect();
    trips.sort_by_key(|trip| (trip.closed_at, trip.id));
    Ok(trips)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::ids::Id;
    use uuid::Uuid;

    /// A moment so many hours after Monday, 2 November 2026.
    pub(crate) fn at(hours: i64) -> DateTime<Utc> {
        "2026-11-02T00:00:00Z".parse::<DateTime<Utc>>().unwrap() + chrono::TimeDelta::hours(hours)
    }

    pub(crate) fn account(number: u128) -> AccountId {
        AccountId::from_uuid(Uuid::from_u128(number))
    }

    pub(crate) fn lot(id: u128, parent: Option<u128>, closed: Option<(i64, i64)>) -> Lot {
        Lot {
            id: TradeId::from_uuid(Uuid::from_u128(id)),
            account_id: account(1),
            parent_id: parent.map(|parent| TradeId::from_uuid(Uuid::from_u128(parent))),
            opened_at: at(0),
            closed_at: closed.map(|(hours, _)| at(hours)),
            profit: closed.map(|(_, profit)| Money::from_int(profit).unwrap()),
        }
    }

    #[test]
    fn a_trade_counts_once_when_the_last_of_it_is_closed() {
        let lots = [
            lot(1, None, Some((9, -50))),
            lot(2, Some(1), Some((3, 30))),
            lot(3, Some(1), Some((5, 40))),
            // What is left of it is open: none of it counts.
            lot(4, None, None),
            lot(5, Some(4), Some((4, 1_000))),
            lot(6, None, Some((2, 7))),
        ];
        let trips = round_trips(&lots).unwrap();
        let told: Vec<_> = trips.iter().map(|trip| (trip.closed_at, trip.profit.to_string())).collect();
        assert_eq!(told, [(at(2), "7".to_owned()), (at(9), "20".to_owned())]);
    }

    #[test]
    fn a_sum_that_does_not_fit_is_an_error() {
        let mut lots = [lot(1, None, Some((1, 1))), lot(2, Some(1), Some((1, 1)))];
        lots[1].profit = Some(Money::MAX);
        assert_eq!(round_trips(&lots), Err(FixedError::Overflow));
    }
}
