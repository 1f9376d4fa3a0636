//! One outside system a module: its addresses, its wire format, its retries. Nothing here knows GraphQL or a table.
//!
//! - [`demo`]: simulated prices, for demos and tests.
//! - [`mail`]: letters to people, by SMTP or into a folder.
//! - [`tradingview`]: what the alerts say that TradingView posts to us.

pub mod demo;
pub mod mail;
pub mod tradingview;
