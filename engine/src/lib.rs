//! The analysis engine: candles in, indicators and opinions out.
//!
//! Pure mathematics on `f64`: no clock, no database, no symbols. Everything is a fold over candles that have closed: an
//! [`Indicator`](indicators::Indicator) is fed one [`Bar`] after the other, and a series of its values is that same fold
//! over many. So the streaming form and the batch form are one piece of code, and what is said about a candle can't
//! depend on a later one.

pub mod bar;
pub mod indicators;
pub mod model;
pub mod strategies;

pub use bar::Bar;
