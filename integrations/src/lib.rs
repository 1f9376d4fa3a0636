//! One outside system a module: its addresses, its wire format, its retries. Nothing here knows GraphQL or a table.
//!
//! - [`mail`]: letters to people, by SMTP or into a folder.
//! - [`object_storage`]: files in a bucket of S3-compatible storage.
//! - [`tradingview`]: what the alerts say that TradingView posts to us.

pub mod mail;
pub mod object_storage;
pub mod tradingview;
