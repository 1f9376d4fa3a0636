//! One outside system a module: its addresses, its wire format, its retries. Nothing here knows GraphQL or a table.
//!
//! - [`casablanca`]: the Casablanca exchange's pages, for Moroccan shares.
//! - [`csv`]: files of candles.
//! - [`demo`]: simulated prices, for demos and tests.
//! - [`mail`]: letters to people, by SMTP or into a folder.
//! - [`object_storage`]: files in a bucket of S3-compatible storage.
//! - [`tradingview`]: what the alerts say that TradingView posts to us.
//! - [`yahoo`]: Yahoo's charts, for international assets.

pub mod casablanca;
pub mod csv;
pub mod demo;
pub mod mail;
mod numbers;
pub mod object_storage;
#[cfg(test)]
mod testing;
pub mod tradingview;
mod upstream;
pub mod yahoo;
