//! One outside system a module: its addresses, its wire format, its retries. Nothing here knows GraphQL or a table.
//!
//! - [`tradingview`]: what the alerts say that TradingView posts to us.

pub mod tradingview;
