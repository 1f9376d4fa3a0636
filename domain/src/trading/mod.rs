//! Paper trading: accounts with paper money, orders, trades, and a ledger that says why a balance is what it is. Nothing
//! here reaches a real market.
//!
//! What is true of a fill is pure: [`trigger`](self) says whether a price is met, `slippage.rs` at what, `fees.rs` for how
//! much, `amount.rs` how that is rounded, `decide.rs` whether an account may. A use case reads an account into a book,
//! decides, and writes a booking under the account's next version; if somebody was quicker it reads again. So one account's
//! changes come one after the other, whichever process and database they are made on.

pub(crate) mod account;
pub(crate) mod accounts;
mod amount;
pub(crate) mod book;
pub(crate) mod booking;
mod booking_rate;
mod cancel_order;
mod check_ledger;
mod close_trade;
mod cost;
mod currency;
mod decide;
mod desk;
pub(crate) mod equity_point;
mod explain;
mod export;
mod feed;
mod fees;
mod fill;
mod gap;
mod guard;
mod history;
mod judged;
mod ledger;
mod ledger_proof;
mod look;
mod metrics;
mod note_equity;
pub(crate) mod order;
pub(crate) mod past_trades;
mod pending;
pub(crate) mod place_order;
mod positions;
mod protections;
pub(crate) mod referee;
mod request;
mod slippage;
mod statistics;
mod stop_out;
mod touched;
pub(crate) mod trade;
mod trigger;
mod vocabulary;
mod watermark;

pub use account::Model as Account;
pub use accounts::NewAccount;
pub use book::Standing;
pub use check_ledger::LedgerReport;
pub use close_trade::{CloseTrade, ClosedAll, ClosedTrade};
pub use cost::Cost;
pub use currency::{currencies, minor_digits};
pub(crate) use desk::Desk;
pub use equity_point::Model as EquityPoint;
pub use explain::{BalanceExplanation, BalancePart};
pub use feed::AccountFeed;
pub use fees::FeeSchedule;
pub use fill::Model as Fill;
pub use history::TradeFilter;
pub use judged::Judged;
pub use ledger::Model as LedgerEntry;
pub use metrics::{DailyPnl, Distributions, Metrics};
pub use order::Model as Order;
pub use past_trades::{PastPrice, PastTrade};
pub use place_order::{Placed, Simulation};
pub use positions::{Portfolio, Position, Slice};
pub use protections::{DrawdownLock, Protections, StopGuard};
pub use request::NewOrder;
pub use statistics::{Bin, DailyEquity, NoRatio};
pub use trade::Model as Trade;
pub use vocabulary::{
    AccountStatus, CloseReason, FillBasis, LedgerKind, OrderStatus, OrderType, Side, TradeStatus, WhenClosed,
};

/// Says what the metrics of paper trading are.
pub(crate) fn describe_metrics() {
    booking::describe_metrics();
    judged::describe_metrics();
}
