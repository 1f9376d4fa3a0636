//! Paper trading, on both databases.

mod concurrency;
mod orders;
mod support;
