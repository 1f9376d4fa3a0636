//! A signal as it is sent, and as it is once checked.

use std::str::FromStr;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest, Sha256};

use super::record::Recording;
use super::signal::{Reason, Reasons};
use super::vocabulary::{Audience, Direction, Mode, SignalOrigin, Timeframe};
use crate::Domain;
use crate::clock::truncate;
use crate::error::{Error, Problem, ProblemCode, Result};
use crate::fixed::Price;
use crate::market::{Asset, Symbol};
use crate::text;

/// Bytes of JSON that a payload may have.
pub const LARGEST_PAYLOAD: usize = 16 * 1024;
/// Reasons that a signal may have.
pub(crate) const MOST_REASONS: usize = 20;
/// By how much the clock of whoever records may be ahead of ours.
const CLOCK_TOLERANCE: TimeDelta = TimeDelta::seconds(60);

/// What to do when the signal is there already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnDuplicate {
    /// Leave it as it is.
    #[default]
    Ignore,
    /// Bring it up to date where it differs.
    Update,
}

/// A signal as it is sent. Prices are decimal numbers as text, checked here.
#[derive(Clone, Debug, Default)]
pub struct NewSignal {
    /// The symbol of the asset.
    pub symbol: String,
    /// The horizon; none is a problem.
    pub mode: Option<Mode>,
    /// The span of the candle; none is a problem.
    pub timeframe: Option<Timeframe>,
    /// When the candle opened; none is a problem.
    pub signal_time: Option<DateTime<Utc>>,
    /// What it says to do; none is a problem.
    pub direction: Option<Direction>,
    /// How sure it is, 0 to 100.
    pub confidence: i32,
    /// The strategy's name.
    pub strategy: Option<String>,
    /// The price to enter at.
    pub entry: Option<String>,
    /// The price to take profit at.
    pub target: Option<String>,
    /// The price to give up at.
    pub stop: Option<String>,
    /// A sentence or two.
    pub summary: Option<String>,
    /// Why.
    pub reasons: Vec<Reason>,
    /// Who may see it; private where nothing is said.
    pub audience: Option<Audience>,
    /// Any JSON to keep with it.
    pub payload: Option<serde_json::Value>,
    /// What to do when it is there already.
    pub on_duplicate: OnDuplicate,
    /// Whether it was made on simulated prices. Told by the house alone; nobody else is asked.
    pub is_simulated: bool,
}

/// A signal whose every part was checked, for one who may record it.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) recording: Recording,
    pub(crate) asset: Arc<Asset>,
    pub(crate) mode: Mode,
    pub(crate) timeframe: Timeframe,
    pub(crate) signal_time: DateTime<Utc>,
    pub(crate) direction: Direction,
    pub(crate) confidence: i32,
    pub(crate) strategy: Option<String>,
    pub(crate) entry: Option<Price>,
    pub(crate) target: Option<Price>,
    pub(crate) stop: Option<Price>,
    pub(crate) summary: Option<String>,
    pub(crate) reasons: Reasons,
    pub(crate) audience: Audience,
    pub(crate) payload: Option<serde_json::Value>,
    pub(crate) on_duplicate: OnDuplicate,
    pub(crate) is_simulated: bool,
}

impl Draft {
    /// SHA-256 over the canonical `tenant|user|asset|mode|timeframe|signal_time|strategy`.
    pub(crate) fn idempotency_key(&self) -> Vec<u8> {
        let author = self.recording.author_id.map(|id| id.to_string()).unwrap_or_default();
        let canonical = format!(
            "{}|{author}|{}|{}|{}|{}|{}",
            self.recording.tenant_id,
            self.asset.symbol,
            self.mode,
            self.timeframe,
            self.signal_time.timestamp_micros(),
            self.strategy.as_deref().unwrap_or_default(),
        );
        Sha256::digest(canonical.as_bytes()).to_vec()
    }
}

impl Domain {
    /// Checks a signal; every problem at once, each with its path from the item's root.
    pub(crate) async fn draft_signal(&self, recording: &Recording, new: NewSignal) -> Result<Draft> {
        let mut problems = Vec::new();
        let asset = match self.known_asset(&new.symbol).await {
            Ok(asset) => Some(asset),
            Err(Error::Problems(found)) => {
                problems.extend(found);
                None
            }
            Err(fault @ Error::Fault(_)) => return Err(fault),
        };
        let mut check = Check(&mut problems);
        let mode = check.given(new.mode, "mode", "SCALP, INTRADAY or SWING");
        let timeframe = check.given(new.timeframe, "timeframe", "one of 1m, 5m, 15m, 1h, 4h, 1d, 1w");
        let direction = check.given(new.direction, "direction", "BUY, SELL or HOLD");
        let signal_time = check.given(new.signal_time, "signalTime", "the time its candle opened").map(truncate);
        let now = self.now();
        if signal_time.is_some_and(|time| time > now + CLOCK_TOLERANCE) {
            check.refuse("signalTime", format!("the time is in the future: now is {}", now.format("%FT%TZ")));
        }
        if signal_time.is_some_and(|time| time < DateTime::UNIX_EPOCH) {
            check.refuse("signalTime", "the time is before 1970");
        }
        if !(0..=100).contains(&new.confidence) {
            check.refuse("confidence", format!("expected 0 to 100, got {}", new.confidence));
        }
        let strategy = check.ok(new.strategy.map(|name| text::line(&name, 60, &["strategy"])).transpose()).flatten();
        let (entry, target, stop) = (
            check.price(new.entry.as_deref(), "entry"),
            check.price(new.target.as_deref(), "target"),
            check.price(new.stop.as_deref(), "stop"),
        );
        let summary =
            check.ok(new.summary.map(|text| text::paragraph(&text, 2_000, &["summary"])).transpose()).flatten();
        let reasons = check.reasons(new.reasons);
        check.payload(new.payload.as_ref());
        let audience = new.audience.unwrap_or(Audience::Private);
        if audience == Audience::Tenant && !recording.may_publish {
            check.refuse("audience", "your role records private signals only: leave the audience out or say PRIVATE");
        }
        if audience == Audience::Private && recording.author_id.is_none() {
            check.refuse("audience", "a signal of the house has no author to be private to: say TENANT");
        }
        match (asset, mode, timeframe, signal_time, direction) {
            (Some(asset), Some(mode), Some(timeframe), Some(signal_time), Some(direction)) if problems.is_empty() => {
                Ok(Draft {
                    recording: recording.clone(),
                    asset,
                    mode,
                    timeframe,
                    signal_time,
                    direction,
                    confidence: new.confidence,
                    strategy,
                    entry,
                    target,
                    stop,
                    summary,
                    reasons,
                    audience,
                    payload: new.payload,
                    on_duplicate: new.on_duplicate,
                    is_simulated: new.is_simulated || recording.origin == SignalOrigin::Seed,
                })
            }
            _ => {
                problems.truncate(Problem::MOST);
                Err(Error::Problems(problems))
            }
        }
    }

    /// The asset that a caller names.
    async fn known_asset(&self, symbol: &str) -> Result<Arc<Asset>> {
        let path = &["symbol"];
        let symbol = Symbol::try_from(symbol).map_err(|error| Problem::validation(path, error.to_string()))?;
        if let Some(asset) = self.asset_by_symbol(&symbol).await? {
            return Ok(asset);
        }
        Err(Problem::new(ProblemCode::NotFound, path, self.unknown_symbol(&symbol)).into())
    }

    /// What to say of a symbol that is not known.
    pub(crate) fn unknown_symbol(&self, symbol: &Symbol) -> String {
        match self.nearest_symbol(symbol) {
            Some(nearest) => format!("there is no asset {symbol}; the nearest known is {nearest}"),
            None => format!("there is no asset {symbol}"),
        }
    }
}

/// Collects the problems of one signal.
struct Check<'a>(&'a mut Vec<Problem>);

impl Check<'_> {
    fn refuse(&mut self, field: &str, message: impl Into<String>) {
        self.0.push(Problem::validation(&[field], message));
    }

    fn ok<T>(&mut self, result: Result<T, Problem>) -> Option<T> {
        result.map_err(|problem| self.0.push(problem)).ok()
    }

    fn given<T>(&mut self, value: Option<T>, field: &str, expected: &str) -> Option<T> {
        if value.is_none() {
            self.refuse(field, format!("expected {expected}"));
        }
        value
    }

    fn price(&mut self, text: Option<&str>, field: &str) -> Option<Price> {
        let price = match Price::from_str(text?) {
            Ok(price) => price,
            Err(error) => {
                self.refuse(field, error.to_string());
                return None;
            }
        };
        if !price.is_positive() {
            self.refuse(field, "a price is above zero");
        }
        Some(price)
    }

    fn reasons(&mut self, reasons: Vec<Reason>) -> Reasons {
        if reasons.len() > MOST_REASONS {
            self.refuse("reasons", format!("at most {MOST_REASONS} reasons, got {}", reasons.len()));
        }
        let mut checked = Vec::with_capacity(reasons.len().min(MOST_REASONS));
        for (index, reason) in reasons.into_iter().enumerate().take(MOST_REASONS) {
            let index = index.to_string();
            let mut line = |text: &str, most, field| {
                self.ok(text::line(text, most, &["reasons", &index, field])).unwrap_or_default()
            };
            checked.push(Reason {
                indicator: line(&reason.indicator, 60, "indicator"),
                value: reason.value.map(|value| line(&value, 60, "value")),
                says: line(&reason.says, 300, "says"),
            });
        }
        Reasons(checked)
    }

    fn payload(&mut self, payload: Option<&serde_json::Value>) {
        let Some(payload) = payload else { return };
        let size = payload.to_string().len();
        if size > LARGEST_PAYLOAD {
            self.refuse("payload", format!("at most {LARGEST_PAYLOAD} bytes of JSON, got {size}"));
        }
        if text::has_nul(payload) {
            self.refuse("payload", "a text in it has a NUL character");
        }
    }
}
