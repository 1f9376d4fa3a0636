//! Paper trading, on both databases.

mod concurrency;
mod examples;
mod figures;
mod orders;
mod support;
