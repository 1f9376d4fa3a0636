//! The parser as the domain's port.

use bellwether_domain::signals::{self, AlertReader};
use serde_json::Value;

use super::{Direction, Mode, Timeframe, parse};

/// Reads TradingView's alerts for the ingest journal.
#[derive(Clone, Copy, Debug, Default)]
pub struct TradingView;

impl AlertReader for TradingView {
    fn read(&self, body: &[u8]) -> Result<signals::Alert, String> {
        let alert = parse(body).map_err(|error| error.to_string())?;
        Ok(signals::Alert {
            ticker: alert.ticker.to_string(),
            candidates: alert.ticker.candidates(),
            direction: Some(match alert.direction {
                Direction::Buy => signals::Direction::Buy,
                Direction::Sell => signals::Direction::Sell,
                Direction::Hold => signals::Direction::Hold,
            }),
            timeframe: alert.timeframe.map(|timeframe| match timeframe {
                Timeframe::M1 => signals::Timeframe::M1,
                Timeframe::M5 => signals::Timeframe::M5,
                Timeframe::M15 => signals::Timeframe::M15,
                Timeframe::H1 => signals::Timeframe::H1,
                Timeframe::H4 => signals::Timeframe::H4,
                Timeframe::D1 => signals::Timeframe::D1,
                Timeframe::W1 => signals::Timeframe::W1,
            }),
            mode: alert.mode.map(|mode| match mode {
                Mode::Scalp => signals::Mode::Scalp,
                Mode::Intraday => signals::Mode::Intraday,
                Mode::Swing => signals::Mode::Swing,
            }),
            time: alert.time,
            fired_at: alert.fired_at,
            confidence: alert.confidence.map(i32::from),
            strategy: alert.strategy,
            entry: alert.entry.map(|price| price.to_string()),
            target: alert.target.map(|price| price.to_string()),
            stop: alert.stop.map(|price| price.to_string()),
            summary: alert.summary,
            payload: Some(redacted(alert.payload)),
        })
    }
}

/// The payload without the secrets that some templates carry: it is shown to whoever sees the signal.
fn redacted(payload: Value) -> Value {
    const SECRETS: [&str; 7] = ["passphrase", "password", "secret", "token", "apikey", "apisecret", "key"];
    let is_secret = |name: &str| {
        let name: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
        SECRETS.contains(&name.to_ascii_lowercase().as_str())
    };
    match payload {
        Value::Object(fields) => fields
            .into_iter()
            .map(|(name, value)| {
                let value = if is_secret(&name) { Value::from("***") } else { redacted(value) };
                (name, value)
            })
            .collect(),
        Value::Array(items) => items.into_iter().map(redacted).collect(),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_of_a_template_are_not_kept_in_the_payload() {
        let body = br#"{"ticker": "AAPL", "action": "buy", "Pass-Phrase": "s3cret", "auth": {"api_key": "s3cret"}}"#;
        let alert = TradingView.read(body).unwrap();
        let payload = alert.payload.unwrap();
        assert_eq!(payload["Pass-Phrase"], json!("***"));
        assert!(!payload.to_string().contains("s3cret"));
        assert_eq!(payload["ticker"], json!("AAPL"));
    }
}
