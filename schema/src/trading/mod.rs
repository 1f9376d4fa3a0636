//! Paper trading: accounts, orders, trades, the ledger and figures. Nothing here reaches a real market.

mod account_mutations;
mod accounts;
mod figures;
mod inputs;
mod order_mutations;
mod orders;
mod positions;
mod queries;
mod series_queries;
mod subscriptions;
mod trades;

pub(crate) use account_mutations::TradingAccountMutation;
pub(crate) use accounts::Account;
pub(crate) use figures::AccountMetrics;
pub(crate) use order_mutations::OrderMutation;
pub(crate) use orders::{Fill, Order};
pub(crate) use queries::TradingQuery;
pub(crate) use series_queries::TradingSeriesQuery;
pub(crate) use subscriptions::AccountSubscription;
pub(crate) use trades::Trade;

use bellwether_domain::permission::Permission;

use crate::field::Access;

/// Reading what is traded.
pub(crate) const READ: Access = Access::Needs(Permission::TradingRead);
/// Trading on one's own.
pub(crate) const WRITE: Access = Access::Needs(Permission::TradingWrite);
