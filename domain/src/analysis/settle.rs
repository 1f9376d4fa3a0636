//! Settling signals: finding the open ones that candles have decided.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::verdict::{Terms, verdict, window};
use crate::Domain;
use crate::error::Result;
use crate::ids::SignalId;
use crate::market::{Asset, bucket};
use crate::signals::open::{Judged, OpenKey};
use crate::signals::{Mode, Signal, Timeframe};

/// Open signals that are looked at together.
const BATCH: u64 = 200;

/// What became of some open signals of one asset and timeframe.
pub(crate) struct Judging {
    /// Those that are decided.
    pub(crate) judged: Vec<Judged>,
    /// Where to go on; none at the end.
    pub(crate) next: Option<OpenKey>,
}

impl Domain {
    /// Judges the open signals after a key, oldest first, by candles that have closed.
    pub(crate) async fn judge_open_signals(
        &self,
        asset: &Arc<Asset>,
        timeframe: Timeframe,
        after: Option<OpenKey>,
    ) -> Result<Judging> {
        let (now, span) = (self.now(), timeframe.span());
        let mut open = self.open_signals(asset.id, timeframe, after, BATCH).await?;
        let is_full = open.len() as u64 == BATCH;
        let longest = Mode::ALL.iter().map(|mode| window(*mode, span)).max().unwrap_or_default();
        let Some(first) = open.first().map(|signal| bucket(timeframe, signal.signal_time)) else {
            return Ok(Judging { judged: Vec::new(), next: None });
        };
        // Signals far apart are another batch, so that no batch needs a whole history.
        let near = open.partition_point(|signal| signal.signal_time <= first + longest);
        let is_cut = near < open.len();
        open.truncate(near);
        let last = open.last().map_or(first, |signal| signal.signal_time);
        let until = now.min(last + longest + span);
        let limit = usize::try_from((until - first).num_seconds() / span.num_seconds().max(1)).unwrap_or(0) + 1;
        let candles = self.closed_candles(asset, timeframe, Some(first), until, limit).await?;
        let judge = |signal: &Signal| {
            let opened = bucket(timeframe, signal.signal_time);
            let own = candles.partition_point(|candle| candle.open_time < opened);
            // Its own candles alone, whichever signals are looked at beside it.
            let window_ends = opened + window(signal.mode, span);
            let end = candles.partition_point(|candle| candle.open_time <= window_ends);
            let settled = verdict(&terms(signal, opened, span), &candles[own..end], window_ends < now)?;
            Some(Judged {
                id: signal.id,
                tenant_id: signal.tenant_id,
                sequence: signal.sequence,
                outcome: settled.outcome,
                return_percent: settled.return_percent,
            })
        };
        let key = |signal: &Signal| -> (DateTime<Utc>, SignalId) { (signal.signal_time, signal.id) };
        let next = open.last().filter(|_| is_cut || is_full).map(key);
        Ok(Judging { judged: open.iter().filter_map(judge).collect(), next })
    }
}

fn terms(signal: &Signal, opened: DateTime<Utc>, span: TimeDelta) -> Terms {
    Terms {
        direction: signal.direction,
        entry: signal.entry,
        target: signal.target,
        stop: signal.stop,
        closed_at: opened + span,
        horizon: signal.mode.horizon(),
    }
}
