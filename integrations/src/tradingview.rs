//! What a TradingView alert says: the body of a webhook read into an [`Alert`], or the reason why it can't be.
//!
//! TradingView posts the text of the alert, in which the user has written a template of his own; so nothing is fixed
//! but the placeholders. This module knows the names people give to the fields, the spellings of the placeholders'
//! values, and a short plain text form (`BUY AAPL 1h @ 189.5 tp 195 sl 185`). It guesses nothing: what can be read in
//! two ways is refused with a message that its author can act on.
//!
//! The parser is pure and knows neither the domain nor HTTP; [`TradingView`] gives it to the domain, which stores the
//! body first and looks the ticker's [candidates](Ticker::candidates) up among the assets.
//!
//! Sources: TradingView help, "How to configure webhook alerts" (43000529348) and "How to use a variable value in
//! alert" (43000531021); the templates found in public webhook receivers.

mod fields;
mod reader;
mod ticker;
mod words;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use fields::Fields;
pub use reader::TradingView;
pub use ticker::Ticker;
pub use words::{Direction, Mode, Timeframe};

/// An alert, as its author meant it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// What it is about.
    pub ticker: Ticker,
    /// What it says to do.
    pub direction: Direction,
    /// The timeframe of the chart.
    pub timeframe: Option<Timeframe>,
    /// The open time of the candle, TradingView's `{{time}}`.
    pub time: Option<DateTime<Utc>>,
    /// When the alert fired, TradingView's `{{timenow}}`, to the second: at the close of a candle this is already the
    /// open time of the next one, so it is not a [`time`](Self::time).
    pub fired_at: Option<DateTime<Utc>>,
    /// The price to enter at, above zero; where the alert names none, the close of the candle, if it says that.
    pub entry: Option<Decimal>,
    /// The price to take the profit at, above zero.
    pub target: Option<Decimal>,
    /// The price to stop the loss at, above zero.
    pub stop: Option<Decimal>,
    /// From 0 to 100.
    pub confidence: Option<u8>,
    /// The horizon it was made for.
    pub mode: Option<Mode>,
    /// The name of the rule set that made it.
    pub strategy: Option<String>,
    /// What its author says of it.
    pub summary: Option<String>,
    /// The JSON as received, or `{"text": "…"}`. Its numbers are `serde_json`'s (f64); the prices above are exact.
    pub payload: Value,
}

/// Why a body is not an alert. Every message says what was expected; fields are named as their author wrote them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AlertError {
    /// The body is not UTF-8 text.
    #[error("the body is not UTF-8 text: send JSON or plain text in UTF-8, as TradingView does")]
    NotUtf8,
    /// Nothing but blanks.
    #[error("the body is empty: write the message of the alert, as a JSON object or as text such as BUY AAPL 1h")]
    Empty,
    /// A NUL character, which PostgreSQL can store neither as text nor as JSON.
    #[error(r"the body has a NUL character (\u0000) in it: take it out of the message of the alert")]
    Nul,
    /// JSON, but an array, a string, a number, a boolean or null.
    #[error(r#"one JSON object is expected, such as {{"ticker": "AAPL", "action": "buy", "interval": "60"}}"#)]
    NotAnObject,
    /// A JSON object that breaks off, or breaks the rules of JSON.
    #[error("the JSON is broken at line {line}, column {column}: {message}")]
    InvalidJson {
        /// What the parser says.
        message: String,
        /// The line, from 1, counted from the first character that is not blank.
        line: usize,
        /// The byte in the line, from 1.
        column: usize,
    },
    /// NaN or Infinity where a number belongs, quoted or not.
    #[error(
        "{field} is {value}: TradingView writes NaN when a plot has no value; let the alert fire only when there is one, \
         or leave the field out"
    )]
    NotANumber {
        /// The field.
        field: String,
        /// `NaN` or `Infinity`, as written.
        value: String,
    },
    /// The ticker or the direction is not there.
    #[error("the alert does not say its {field}: put it in one of the fields {names}")]
    Missing {
        /// The field.
        field: &'static str,
        /// The names it can have.
        names: String,
    },
    /// A value of another form.
    #[error("{field} is {value:?}: expected {expected}")]
    Unknown {
        /// The field.
        field: String,
        /// What it says, its first 80 characters.
        value: String,
        /// What it may say.
        expected: &'static str,
    },
    /// A value of the right form beyond its bounds.
    #[error("{field} is {value}, out of range: expected {expected}")]
    OutOfRange {
        /// The field.
        field: String,
        /// What it says, its first 80 characters.
        value: String,
        /// Its bounds.
        expected: &'static str,
    },
    /// Plain text of another form.
    #[error("the text {reason}: expected the form BUY AAPL 1h or BUY AAPL 1h @ 189.5 tp 195 sl 185, or a JSON object")]
    Text {
        /// What is wrong with it.
        reason: String,
    },
}

/// Reads the body of a webhook. The content type does not matter: a body that begins with `{` is JSON, any other is
/// plain text.
///
/// A JSON object may be nested: `{"bar": {"time": …}}` is the field `bar.time`. Names of fields are compared without
/// case and without anything but letters and digits; null and empty values are as good as absent; of several names for
/// one thing the most telling wins, and of a name written twice the last, as everywhere in JSON. Numbers may be quoted.
/// The caller bounds the length of the body (64 KB).
///
/// # Errors
/// [`AlertError`], never a panic, whatever the bytes.
pub fn parse(body: &[u8]) -> Result<Alert, AlertError> {
    let text = str::from_utf8(body).map_err(|_| AlertError::NotUtf8)?;
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.is_empty() {
        return Err(AlertError::Empty);
    }
    if text.contains('\0') || text.contains(r"\u0000") {
        return Err(AlertError::Nul);
    }
    if text.starts_with('{') {
        let (fields, payload) = Fields::of_json(text)?;
        read(&fields, payload)
    } else if text.starts_with('[') || serde_json::from_str::<IgnoredAny>(text).is_ok() {
        Err(AlertError::NotAnObject)
    } else {
        read(&Fields::of_text(text)?, json!({ "text": text }))
    }
}

/// Reads each field by the names it can have, the most telling first. A name stands for all its spellings:
/// `take_profit` also for `TakeProfit`, `bar.time` also for `bar_time` and for `time` in an object `bar`.
fn read(fields: &Fields, payload: Value) -> Result<Alert, AlertError> {
    Ok(Alert {
        ticker: fields.ticker(&["ticker", "symbol", "pair", "instrument"], &["exchange"])?,
        direction: fields.direction(&[
            "action",
            "side",
            "direction",
            "signal",
            "order",
            "strategy.order.action",
            "order.action",
            "strategy.market_position",
            "market_position",
        ])?,
        timeframe: fields.timeframe(&["interval", "timeframe", "tf"])?,
        time: fields.time(&["signal_time", "bar.time", "time", "timestamp"])?,
        fired_at: fields.time(&["timenow", "fired_at"])?,
        entry: fields.price(&[
            "entry",
            "entry_price",
            "price",
            "strategy.order.price",
            "order.price",
            "close",
            "bar.close",
        ])?,
        target: fields.price(&["target", "take_profit", "tp"])?,
        stop: fields.price(&["stop", "stop_loss", "sl"])?,
        confidence: fields.confidence(&["confidence", "strength"])?,
        mode: fields.mode(&["mode", "horizon"])?,
        strategy: fields.text(&["strategy", "strategy_name"]),
        summary: fields.text(&["summary", "comment", "message", "text"]),
        payload,
    })
}
