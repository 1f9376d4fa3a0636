//! Paper trading, on both databases.

mod concurrency;
mod examples;
mod figures;
mod gaps;
mod guards;
mod ledger;
mod migration;
mod orders;
mod rates;
mod statements;
mod stop_out;
pub(crate) mod support;
