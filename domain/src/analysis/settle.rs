//! Settling signals: finding the open ones that candles have decided.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::verdict::{Terms, verdict, window};
use crate::Domain;
use crate::error::Result;
use crate::ids::{AssetId, SignalId};
use crate::market::{Asset, Candle, Exchange, bucket};
use crate::signals::open::{Judged, OpenKey};
use crate::signals::{Mode, Outcome, Signal, SignalOrigin, Timeframe};

/// Open signals that are looked at together.
const BATCH: u64 = 200;
/// How long sources are asked for candles before judging begins.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long after its window a signal waits for a candle from beyond it. Then its asset has ceased: what there is decides,
/// and where there is nothing the signal expires without a return.
const CEASED: TimeDelta = TimeDelta::days(30);

/// How late a signal may come after its candle closed and count as given then: a twentieth of a span, and never more than
/// this. It takes that long to be sent.
const PROMPT: TimeDelta = TimeDelta::minutes(5);

/// What became of some open signals of one asset and timeframe.
pub(crate) struct Judging {
    /// Those that are decided.
    pub(crate) judged: Vec<Judged>,
    /// Where to go on; none at the end.
    pub(crate) next: Option<OpenKey>,
}

impl Domain {
    /// Has the sources bring the candles that open signals wait for, those first that have waited longest. A source that
    /// does not answer, or takes too long, holds nothing up: what is there is judged by.
    pub(crate) async fn bring_candles_of_open_signals(&self, groups: &[(AssetId, Timeframe)]) -> Result<()> {
        let mut waiting = Vec::with_capacity(groups.len());
        for &(asset, timeframe) in groups {
            let Some(asset) = self.asset_by_id(asset).await? else { continue };
            waiting.push((self.last_asked(&asset, timeframe).await?, asset, timeframe));
        }
        waiting.sort_by_key(|(asked_at, asset, timeframe)| (*asked_at, asset.id, *timeframe));
        let bring = async {
            for (_, asset, timeframe) in waiting {
                let oldest = self.open_signals(asset.id, timeframe, None, 1).await?;
                let Some(oldest) = oldest.first() else { continue };
                self.bring_candles(&asset, timeframe, bucket(timeframe, oldest.signal_time)).await?;
            }
            Ok(())
        };
        match tokio::time::timeout(PATIENCE, bring).await {
            Ok(brought) => brought,
            Err(_) => {
                tracing::info!("sources take too long: open signals are judged by the candles that are there");
                Ok(())
            }
        }
    }

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
        let newest = self.closed_candles(asset, timeframe, None, now, 1).await?;
        let evidence = Evidence {
            is_simulated: self
                .candle_basis(asset.id, timeframe)
                .await?
                .is_some_and(|basis| basis.source.is_simulated()),
            is_demo: self.demo_anchor().await?.is_some(),
            reaches: newest.last().map(|newest| newest.open_time + span),
            exchange: self.exchange_of(asset),
            candles,
            now,
        };
        let key = |signal: &Signal| -> (DateTime<Utc>, SignalId) { (signal.signal_time, signal.id) };
        let next = open.last().filter(|_| is_cut || is_full).map(key);
        Ok(Judging { judged: open.iter().filter_map(|signal| evidence.judge(signal, timeframe)).collect(), next })
    }
}

/// What open signals of one asset and timeframe are judged by.
struct Evidence {
    /// Ascending.
    candles: Vec<Candle>,
    /// When the newest candle closed that there is at all.
    reaches: Option<DateTime<Utc>>,
    /// Whether the candles are simulated.
    is_simulated: bool,
    /// Whether simulated prices are all there is here.
    is_demo: bool,
    /// Where it trades.
    exchange: Arc<Exchange>,
    now: DateTime<Utc>,
}

impl Evidence {
    /// What became of a signal; none while that is open.
    fn judge(&self, signal: &Signal, timeframe: Timeframe) -> Option<Judged> {
        let (opened, span) = (bucket(timeframe, signal.signal_time), timeframe.span());
        let window_ends = opened + window(signal.mode, span);
        // What was said of simulated prices is judged by these alone, and what was said of true ones by true ones. In a
        // demo there are no others for what comes from outside, and what they judged is marked.
        let is_apt = signal.is_simulated == self.is_simulated || (self.is_simulated && self.is_demo);
        let candles = if is_apt { self.candles.as_slice() } else { &[] };
        let own = candles.partition_point(|candle| candle.open_time < opened);
        // Its own candles alone, whichever signals are looked at beside it.
        let end = candles.partition_point(|candle| candle.open_time <= window_ends);
        let has_ceased = window_ends + CEASED <= self.now;
        let is_over = has_ceased || (is_apt && self.reaches.is_some_and(|reaches| reaches > window_ends));
        let candles = &candles[own..end];
        let settled = verdict(&self.terms(signal, timeframe, candles), candles, is_over);
        let (outcome, return_percent) = match settled {
            Some(settled) => (settled.outcome, Some(settled.return_percent)),
            None if has_ceased => (Outcome::Expired, None),
            None => return None,
        };
        Some(Judged {
            id: signal.id,
            tenant_id: signal.tenant_id,
            sequence: signal.sequence,
            outcome,
            return_percent,
            is_simulated: signal.is_simulated || (is_apt && self.is_simulated),
        })
    }

    /// What a signal is held to on these candles, its own and later ones.
    ///
    /// What the house says, and the demo tells, is said of a close. What is said in hindsight is judged as if it had been
    /// said in time: it counts for nobody.
    fn terms(&self, signal: &Signal, timeframe: Timeframe, candles: &[Candle]) -> Terms {
        let span = timeframe.span();
        let closed_at = bucket(timeframe, signal.signal_time) + span;
        let is_of_house = matches!(signal.source, SignalOrigin::Engine | SignalOrigin::Seed);
        let given_at = signal.terms_changed_at.unwrap_or(signal.created_at);
        let given_at = Some(given_at).filter(|_| !is_of_house && !signal.in_hindsight);
        let prompt = (span / 20).min(PROMPT);
        let had_begun = |candle: &&Candle| {
            let began = self.exchange.began(timeframe, candle.open_time);
            given_at.is_some_and(|given| began + prompt < given)
        };
        let later = candles.iter().filter(|candle| candle.open_time >= closed_at);
        // Its own candle may have opened at half past.
        let own = candles.iter().take_while(|candle| candle.open_time < closed_at).last();
        let own_closed_at = own.map_or(closed_at, |own| own.open_time + span);
        Terms {
            direction: signal.direction,
            entry: signal.entry,
            target: signal.target,
            stop: signal.stop,
            closed_at,
            is_of_close: given_at.is_some_and(|given| given >= own_closed_at),
            missed: later.take_while(had_begun).count(),
            horizon: signal.mode.horizon(),
        }
    }
}
