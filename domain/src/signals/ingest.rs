//! Deliveries from outside: kept first, judged then.
//!
//! A delivery is written down as it came and acknowledged; a worker judges what waits, in the order it came. Judging
//! records the signal and the verdict in one transaction, so a crash in between leaves the delivery waiting, and
//! judging it again, here or in another process, changes nothing.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use futures_util::FutureExt;
use sea_orm::entity::prelude::*;
use sea_orm::{DatabaseTransaction, JoinType, QueryOrder, QuerySelect, Set};
use tokio::sync::Notify;

use super::draft::{Draft, NewSignal};
use super::record::{RecordOutcome, Recorded, Recording, note};
use super::vocabulary::{Direction, Mode, SignalOrigin, Timeframe, Verdict};
use super::{delivery, signal, source};
use crate::Domain;
use crate::error::{Error, Fault, Result};
use crate::identity::{TenantStatus, UserStatus, hash_token};
use crate::ids::{AssetId, DeliveryId, Id, SourceId};
use crate::market::Symbol;
use crate::permission::Permission;
use crate::viewer::Viewer;

/// What a delivery says, in whatever format it came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Alert {
    /// The ticker as it was written, in upper case, for the source's own mapping.
    pub ticker: String,
    /// The symbols of ours that it may mean, the likeliest first.
    pub candidates: Vec<String>,
    /// What it says to do.
    pub direction: Option<Direction>,
    /// The span of the candle.
    pub timeframe: Option<Timeframe>,
    /// The horizon.
    pub mode: Option<Mode>,
    /// When its candle opened.
    pub time: Option<DateTime<Utc>>,
    /// When it was fired: at the close of its candle, or during it.
    pub fired_at: Option<DateTime<Utc>>,
    /// How sure it is.
    pub confidence: Option<i32>,
    /// The strategy's name.
    pub strategy: Option<String>,
    /// The price to enter at, as text.
    pub entry: Option<String>,
    /// The price to take profit at, as text.
    pub target: Option<String>,
    /// The price to give up at, as text.
    pub stop: Option<String>,
    /// A sentence.
    pub summary: Option<String>,
    /// All of it as JSON.
    pub payload: Option<serde_json::Value>,
}

/// Reads the format that an outside system delivers.
pub trait AlertReader: Send + Sync + 'static {
    /// Reads a body.
    ///
    /// # Errors
    /// One sentence that says what was expected.
    fn read(&self, body: &[u8]) -> Result<Alert, String>;
}

/// Wakes the worker, and holds the reader of what is delivered.
pub struct IngestWorker {
    reader: Arc<dyn AlertReader>,
    wake: Notify,
}

impl IngestWorker {
    /// A worker for this format.
    pub fn new(reader: Arc<dyn AlertReader>) -> Self {
        Self { reader, wake: Notify::new() }
    }
}

impl std::fmt::Debug for IngestWorker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("IngestWorker")
    }
}

/// How long a delivery may wait that this process was not woken for, such as one that a crash left behind.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// Deliveries read at once.
const BATCH: u64 = 100;

/// What was decided of a delivery.
struct Judgement {
    verdict: Verdict,
    reason: Option<String>,
}

impl Judgement {
    fn rejected(reason: impl Into<String>) -> Self {
        Self { verdict: Verdict::Rejected, reason: Some(reason.into()) }
    }
}

impl Domain {
    /// Keeps a delivery for the holder of a source's token.
    ///
    /// # Errors
    /// NOT_FOUND for a wrong or revoked token, or one of a suspended tenant; RATE_LIMITED, and then it is in the journal as LIMITED; UNAVAILABLE,
    /// and then it is not kept.
    pub async fn accept_delivery(&self, token: &str, content_type: Option<&str>, body: Vec<u8>) -> Result<DeliveryId> {
        let source = source::Entity::unscoped()
            .filter(source::Column::TokenHash.eq(hash_token(token)))
            .filter(source::Column::RevokedAt.is_null())
            .one(self.db().reader())
            .await?
            .ok_or(Fault::NotFound)?;
        let tenant = self.tenant(source.tenant_id).await?;
        if tenant.is_none_or(|tenant| tenant.status != TenantStatus::Active) {
            return Err(Fault::NotFound.into());
        }
        let limited = self.limits().deliveries.check(&source.id.to_string()).err();
        let now = self.now();
        let content_type = content_type.map(|text| text.chars().filter(|c| !c.is_control()).take(100).collect());
        let id = DeliveryId::from_uuid(self.new_uuid());
        let row = delivery::ActiveModel {
            id: Set(id),
            tenant_id: Set(source.tenant_id),
            source_id: Set(source.id),
            received_at: Set(now),
            content_type: Set(content_type),
            body: Set(body),
            verdict: Set(limited.as_ref().map(|_| Verdict::Limited)),
            reason: Set(limited.as_ref().map(|_| "more deliveries a minute than are allowed".to_owned())),
            signal_id: Set(None),
            judged_at: Set(limited.as_ref().map(|_| now)),
        };
        self.db()
            .write(|tx| {
                let row = row.clone();
                Box::pin(async move {
                    delivery::Entity::insert(row).exec_without_returning(tx).await?;
                    Ok(())
                })
            })
            .await?;
        match limited {
            Some(limited) => Err(limited.into()),
            None => {
                self.ingest().wake.notify_one();
                Ok(id)
            }
        }
    }

    /// Judges deliveries as they come until the process ends; to be run once a process.
    pub async fn run_ingest(self) {
        loop {
            match self.judge_waiting().await {
                Ok(0) => {
                    let _ = tokio::time::timeout(LOOK_EVERY, self.ingest().wake.notified()).await;
                }
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(%error, "waiting deliveries could not be judged; trying again");
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            }
        }
    }

    /// Judges the deliveries that wait, at most a hundred; tells how many.
    ///
    /// # Errors
    /// When the database does not answer: those that were not judged wait on.
    pub async fn judge_waiting(&self) -> Result<usize> {
        let waiting: Vec<DeliveryId> = delivery::Entity::unscoped()
            .select_only()
            .column(delivery::Column::Id)
            .filter(delivery::Column::Verdict.is_null())
            .order_by_asc(delivery::Column::Id)
            .limit(BATCH)
            .into_tuple()
            .all(self.db().reader())
            .await?;
        for id in &waiting {
            match AssertUnwindSafe(self.judge(*id)).catch_unwind().await {
                Ok(Ok(())) => {}
                Ok(Err(fault @ Error::Fault(Fault::Unavailable(_)))) => return Err(fault),
                // A bug of ours: it must not hold up those behind it, and can be driven again when it is mended.
                Ok(Err(error)) => self.give_up(*id, &error.to_string()).await?,
                Err(_) => self.give_up(*id, "a panic").await?,
            }
        }
        Ok(waiting.len())
    }

    async fn give_up(&self, id: DeliveryId, cause: &str) -> Result<()> {
        tracing::error!(delivery = %id, cause, "a delivery could not be judged");
        let judged = delivery::ActiveModel {
            verdict: Set(Some(Verdict::Rejected)),
            reason: Set(Some("an internal error kept it from being judged: re-drive it later".to_owned())),
            judged_at: Set(Some(self.now())),
            ..Default::default()
        };
        self.db()
            .write(|tx| {
                let judged = judged.clone();
                Box::pin(async move {
                    // Another process may have judged it meanwhile, and better.
                    delivery::Entity::update_many()
                        .set(judged)
                        .filter(delivery::Column::Id.eq(id))
                        .filter(delivery::Column::Verdict.is_null())
                        .exec(tx)
                        .await?;
                    Ok(())
                })
            })
            .await
    }

    /// Judges one delivery, unless that is done already.
    pub(super) async fn judge(&self, id: DeliveryId) -> Result<()> {
        let delivery = delivery::Entity::unscoped().filter(delivery::Column::Id.eq(id)).one(self.db().reader()).await?;
        let Some(delivery) = delivery.filter(|delivery| delivery.verdict.is_none()) else { return Ok(()) };
        let source = source::Entity::unscoped()
            .filter(source::Column::Id.eq(delivery.source_id))
            .one(self.db().reader())
            .await?
            .ok_or_else(|| Fault::Bug(format!("the source of {id} is gone")))?;
        let draft = match self.draft_delivery(&source, &delivery).await? {
            Ok(draft) => {
                self.learn_strategies(std::slice::from_ref(&draft)).await?;
                match self.strategy_problem(&draft) {
                    None => Ok(Arc::new(draft)),
                    Some(problem) => Err(Arc::new(Judgement::rejected(problem.message))),
                }
            }
            Err(judgement) => Err(Arc::new(judgement)),
        };
        let settled = self
            .db()
            .write(|tx| {
                let (domain, draft) = (self.clone(), draft.clone());
                let (source, delivery) = (source.clone(), delivery.clone());
                Box::pin(async move { domain.settle_delivery(tx, &source, delivery, &draft).await })
            })
            .await?;
        if let Some((verdict, answer)) = settled {
            if let (Ok(draft), Some(answer)) = (&draft, answer) {
                note(draft, &answer);
            }
            metrics::counter!("bellwether_deliveries_total", "verdict" => verdict.as_str()).increment(1);
            tracing::info!(delivery = %id, source = %source.id, %verdict, "delivery judged");
        }
        self.feed().wake();
        Ok(())
    }

    /// Makes a draft of a delivery, or decides what is wrong with it.
    async fn draft_delivery(
        &self,
        source: &source::Model,
        delivery: &delivery::Model,
    ) -> Result<Result<Draft, Judgement>> {
        let alert = match self.ingest().reader.read(&delivery.body) {
            Ok(alert) => alert,
            Err(reason) => return Ok(Err(Judgement::rejected(shorten(&reason)))),
        };
        let Some(symbol) = self.symbol_of(source, &alert).await? else {
            return Ok(Err(Judgement::rejected(self.unknown_ticker(&alert))));
        };
        let owner = self.user(&Viewer::System, source.owner_id).await?;
        let tenant = self.tenant(source.tenant_id).await?;
        let (Some(owner), Some(_)) = (
            owner.filter(|owner| owner.status == UserStatus::Active),
            tenant.filter(|tenant| tenant.status == TenantStatus::Active),
        ) else {
            return Ok(Err(Judgement::rejected("the source's owner or tenant is not active")));
        };
        let timeframe = alert.timeframe.unwrap_or(source.timeframe);
        let fired_at = alert.fired_at.unwrap_or(delivery.received_at);
        let signal_time = alert.time.unwrap_or_else(|| candle_of(fired_at, timeframe));
        let closed = signal_time + timeframe.span();
        if delivery.received_at - closed > TimeDelta::seconds(source.max_age_seconds.into()) {
            let reason = format!(
                "its candle closed at {}; the source allows {} s",
                closed.format("%FT%TZ"),
                source.max_age_seconds
            );
            return Ok(Err(Judgement { verdict: Verdict::Stale, reason: Some(reason) }));
        }
        let recording = Recording {
            tenant_id: source.tenant_id,
            author_id: Some(source.owner_id),
            origin: SignalOrigin::Webhook,
            may_publish: owner.role.holds(Permission::SignalsPublish),
        };
        let new = NewSignal {
            symbol,
            mode: Some(alert.mode.unwrap_or(source.mode)),
            timeframe: Some(timeframe),
            signal_time: Some(signal_time),
            direction: alert.direction,
            confidence: alert.confidence.unwrap_or(source.confidence),
            strategy: alert.strategy.or_else(|| source.strategy.clone()),
            entry: alert.entry,
            target: alert.target,
            stop: alert.stop,
            summary: alert.summary,
            reasons: Vec::new(),
            audience: Some(source.audience),
            payload: alert.payload,
            ..NewSignal::default()
        };
        match self.draft_signal(&recording, new).await {
            Ok(draft) => Ok(Ok(draft)),
            Err(refused @ Error::Problems(_)) => Ok(Err(Judgement::rejected(shorten(&refused.to_string())))),
            Err(fault @ Error::Fault(_)) => Err(fault),
        }
    }

    /// Which asset a delivery means: what the source's mapping says, else the first candidate that is known.
    async fn symbol_of(&self, source: &source::Model, alert: &Alert) -> Result<Option<String>> {
        let without_exchange = alert.ticker.rsplit(':').next().unwrap_or_default();
        for ticker in [alert.ticker.as_str(), without_exchange] {
            if let Some(mapped) = source.symbols.0.get(ticker) {
                return Ok(Some(mapped.clone()));
            }
        }
        for candidate in &alert.candidates {
            let Ok(symbol) = Symbol::try_from(candidate.as_str()) else { continue };
            if let Some(asset) = self.asset_by_symbol(&symbol).await? {
                return Ok(Some(asset.symbol.clone()));
            }
        }
        Ok(None)
    }

    fn unknown_ticker(&self, alert: &Alert) -> String {
        let nearest = alert.candidates.iter().filter_map(|candidate| Symbol::try_from(candidate.as_str()).ok());
        let nearest = nearest.into_iter().find_map(|symbol| self.nearest_symbol(&symbol));
        let hint = nearest.map(|nearest| format!(" (the nearest known is {nearest})")).unwrap_or_default();
        shorten(&format!("unknown ticker {}{hint}: map it in the source's symbols and re-drive", alert.ticker))
    }

    /// Records the signal and the verdict, and tells both; none where the delivery was judged meanwhile.
    async fn settle_delivery(
        &self,
        tx: &DatabaseTransaction,
        source: &source::Model,
        delivery: delivery::Model,
        draft: &Result<Arc<Draft>, Arc<Judgement>>,
    ) -> Result<Option<(Verdict, Option<Result<Recorded>>)>> {
        let now = delivery::Entity::unscoped().filter(delivery::Column::Id.eq(delivery.id)).one(tx).await?;
        if now.is_none_or(|now| now.verdict.is_some()) {
            return Ok(None);
        }
        let mut told = None;
        let (judgement, signal_id) = match draft {
            Err(judgement) => (Judgement { verdict: judgement.verdict, reason: judgement.reason.clone() }, None),
            Ok(draft) if source.alternates && self.repeats(tx, source.id, draft.asset.id, draft).await? => {
                let reason =
                    format!("{} after {}: the source's directions alternate", draft.direction, draft.direction);
                (Judgement::rejected(reason), None)
            }
            Ok(draft) => {
                let answer = self.write_drafts_in(tx, std::slice::from_ref(&**draft)).await?.pop();
                let answer = answer.ok_or_else(|| Fault::Bug("a delivery was left without an answer".to_owned()))?;
                let recorded = answer?;
                let verdict = match recorded.outcome {
                    RecordOutcome::Inserted => Verdict::Inserted,
                    RecordOutcome::Ignored | RecordOutcome::Updated => Verdict::Duplicate,
                };
                let signal_id = recorded.signal.id;
                told = Some(Ok(recorded));
                (Judgement { verdict, reason: None }, Some(signal_id))
            }
        };
        let verdict = judgement.verdict;
        let judged = delivery::ActiveModel {
            id: Set(delivery.id),
            verdict: Set(Some(verdict)),
            reason: Set(judgement.reason),
            signal_id: Set(signal_id),
            judged_at: Set(Some(self.now())),
            ..Default::default()
        };
        delivery::Entity::update(judged).exec(tx).await?;
        let seen = source::ActiveModel {
            id: Set(source.id),
            last_received_at: Set(Some(
                source.last_received_at.map_or(delivery.received_at, |t| t.max(delivery.received_at)),
            )),
            ..Default::default()
        };
        source::Entity::update(seen).exec(tx).await?;
        Ok(Some((verdict, told)))
    }

    /// Whether the source's last signal on this asset, at another candle, said the same.
    async fn repeats(&self, tx: &DatabaseTransaction, source: SourceId, asset: AssetId, draft: &Draft) -> Result<bool> {
        let last = delivery::Entity::unscoped()
            .select_only()
            .column(signal::Column::Direction)
            .column(signal::Column::IdempotencyKey)
            .join(JoinType::InnerJoin, delivery_signal())
            .filter(delivery::Column::SourceId.eq(source))
            .filter(delivery::Column::Verdict.eq(Verdict::Inserted))
            .filter(signal::Column::AssetId.eq(asset))
            .order_by_desc(delivery::Column::Id)
            .limit(1)
            .into_tuple::<(Direction, Vec<u8>)>()
            .one(tx)
            .await?;
        Ok(last.is_some_and(|(direction, key)| direction == draft.direction && key != draft.idempotency_key()))
    }
}

fn delivery_signal() -> RelationDef {
    delivery::Entity::belongs_to(signal::Entity).from(delivery::Column::SignalId).to(signal::Column::Id).into()
}

/// How long after a candle has closed an alert may be about it, at most.
const LATEST_ALERT: TimeDelta = TimeDelta::seconds(60);

/// When the candle opened that an alert is about which fired at this moment and does not say: most fire when a candle
/// closes, which is when the next one opens.
fn candle_of(fired_at: DateTime<Utc>, timeframe: Timeframe) -> DateTime<Utc> {
    candle_open(fired_at - LATEST_ALERT.min(timeframe.span() / 4), timeframe)
}

/// When the candle opened that a moment is in. Weeks begin on Monday.
fn candle_open(time: DateTime<Utc>, timeframe: Timeframe) -> DateTime<Utc> {
    if timeframe == Timeframe::W1 {
        // 1970 began on a Thursday.
        let shift = TimeDelta::days(3);
        return (time + shift).duration_trunc(timeframe.span()).map_or(time, |time| time - shift);
    }
    time.duration_trunc(timeframe.span()).unwrap_or(time)
}

fn shorten(reason: &str) -> String {
    reason.chars().filter(|c| !c.is_control()).take(500).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alert_at_the_close_is_about_the_candle_that_closed() {
        let of = |time: &str, timeframe| candle_of(time.parse().unwrap(), timeframe).to_rfc3339();
        assert_eq!(of("2026-11-22T16:00:01Z", Timeframe::H1), "2026-11-22T15:00:00+00:00");
        assert_eq!(of("2026-11-22T16:01:01Z", Timeframe::H1), "2026-11-22T16:00:00+00:00");
        assert_eq!(of("2026-11-22T16:00:14Z", Timeframe::M1), "2026-11-22T15:59:00+00:00");
        assert_eq!(of("2026-11-22T16:00:16Z", Timeframe::M1), "2026-11-22T16:00:00+00:00");
    }

    #[test]
    fn a_moment_is_in_the_candle_that_opened_before_it() {
        let open = |time: &str, timeframe| candle_open(time.parse().unwrap(), timeframe).to_rfc3339();
        assert_eq!(open("2026-11-22T15:47:12Z", Timeframe::M15), "2026-11-22T15:45:00+00:00");
        assert_eq!(open("2026-11-22T15:47:12Z", Timeframe::H4), "2026-11-22T12:00:00+00:00");
        assert_eq!(open("2026-11-22T15:47:12Z", Timeframe::D1), "2026-11-22T00:00:00+00:00");
        assert_eq!(open("2026-11-22T15:47:12Z", Timeframe::W1), "2026-11-16T00:00:00+00:00", "a Sunday");
        assert_eq!(open("2026-11-23T00:00:00Z", Timeframe::W1), "2026-11-23T00:00:00+00:00", "a Monday");
    }
}
