//! Whether a signal was given in time: what is said once the next candle is known is no forecast.

use chrono::{DateTime, Utc};

use super::draft::Draft;
use super::vocabulary::SignalOrigin;
use crate::Domain;
use crate::market::bucket;

impl Domain {
    /// Whether what is said now is said too late to count: more than one more span after the candle closed that it is about,
    /// and the asset's market was open since. The demo's past is exempt: it is told as it would have been, and marked as
    /// simulated.
    pub(super) fn is_in_hindsight(&self, draft: &Draft) -> bool {
        let (closed, now) = (closes(draft), self.now());
        if draft.recording.origin == SignalOrigin::Seed || now <= closed + draft.timeframe.span() {
            return false;
        }
        // On a Sunday nobody knows more than on the Friday before.
        let exchange = self.exchange_of(&draft.asset);
        let last_open = exchange.calendar.last_open(exchange.time_zone, now);
        last_open.is_none_or(|open| open > closed)
    }
}

/// When the candle closes that a signal is about. The house names its very opening, which for hours of shares may be at half
/// past; anybody else may name any time in it.
fn closes(draft: &Draft) -> DateTime<Utc> {
    let opened = match draft.recording.origin {
        SignalOrigin::Engine => draft.signal_time,
        _ => bucket(draft.timeframe, draft.signal_time),
    };
    opened + draft.timeframe.span()
}
