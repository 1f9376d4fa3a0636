//! Paper trading, on both databases.

mod concurrency;
mod examples;
mod figures;
mod ledger;
mod orders;
mod support;
