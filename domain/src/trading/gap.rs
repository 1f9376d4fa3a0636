//! What quotes did not show: candles, held against what waited before they opened.
//!
//! Every series of an asset's candles, from minutes to days, is held against what waits, each candle once and the one that
//! ended first, first; of two that end together the shorter. So the finest candles there are decide, and a longer one says
//! what shorter ones that are missing did not: where all are there it touches nothing that they have not touched.

use std::cmp::{max, min};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Statement,
};
use tokio::time::Instant;

use super::judged::Judged;
use super::look::Look;
use super::watermark;
use crate::Domain;
use crate::error::{Fault, Result};
use crate::ids::AssetId;
use crate::market::{Asset, Candle, SourceName, Timeframe, bucket, candle_row as row};

/// Candles of a series that one round takes: the oldest. The next round goes on with the next.
const MOST_CANDLES: u64 = 1_500;
/// How long a round goes on asking sources for candles, and how long it waits for one answer.
pub(super) const FETCHING: Duration = Duration::from_secs(60);
const PATIENCE: Duration = Duration::from_secs(5);
/// How far the candles of what waits may lie back before a source is asked for them.
const BEHIND: TimeDelta = TimeDelta::minutes(5);
/// The timeframes that a source is asked for, and how far back it is expected to have them; what it does not have, the hours
/// and days that are brought up to date anyway stand in for.
const ASKED_FOR: [(Timeframe, TimeDelta); 3] =
    [(Timeframe::M1, TimeDelta::days(6)), (Timeframe::M15, TimeDelta::days(29)), (Timeframe::H1, TimeDelta::days(700))];
/// For how long candles are held again against what could not be judged, from the first time that they could not.
const TRIED_AGAIN_FOR: TimeDelta = TimeDelta::days(1);
/// The same where more candles wait behind them than a round takes: those wait for these.
const TRIED_AGAIN_BEFORE_OTHERS: TimeDelta = TimeDelta::hours(1);

/// A series of candles, and how far it was held against what waits.
struct Series {
    id: i32,
    timeframe: Timeframe,
    source: SourceName,
    /// When a source last answered with some: what a file brought says nothing of what came since.
    asked_at: Option<DateTime<Utc>>,
    judged_until: Option<DateTime<Utc>>,
}

impl Domain {
    /// Holds the candles that closed since the last round against what waits for an asset, the oldest of which has waited
    /// since then; sources are asked for them until a moment.
    pub(super) async fn judge_gap(&self, id: AssetId, since: DateTime<Utc>, ask_until: Instant) -> Result<Judged> {
        let asset = &self.asset_known_as(id).await?;
        let mut series = self.series_to_judge(asset.id).await?;
        if Instant::now() < ask_until && self.bring_unjudged(asset, since, &series).await {
            series = self.series_to_judge(asset.id).await?;
        }
        let quote = self.known_quotes(vec![asset.id]).await?.remove(&asset.id);
        let is_simulated = quote.is_none_or(|quote| quote.source.is_simulated());
        // Simulated prices fill nothing that is traded at true ones.
        series.retain(|series| is_simulated || !series.source.is_simulated());
        let exchange = self.exchange_of(asset);
        let (mut looks, mut horizon, mut others_wait) = (Vec::new(), self.now(), false);
        for series in &series {
            let candles = self.unjudged_candles(series, since).await?;
            if let Some(last) = candles.last().filter(|_| candles.len() as u64 == MOST_CANDLES) {
                horizon = min(horizon, last.open_time + series.timeframe.span());
                others_wait = true;
            }
            let look = |candle: &Candle| Look::candle(candle, series.timeframe, series.source, &exchange);
            looks.extend(candles.iter().map(look));
        }
        // What comes after the first series was cut off waits for the rest of it.
        looks.retain(|look| look.candle.is_some_and(|candle| candle.closed_at() <= horizon));
        looks.sort_by_key(|look| (look.ended, look.candle.map(|candle| candle.timeframe)));
        let (judged, moved) = self.judge_candles(asset, &looks).await;
        if judged.is_whole() {
            self.desk().recovered(asset.id);
        } else {
            // What was tried for long enough is given up; what ended since is tried on.
            let tried_for = if others_wait { TRIED_AGAIN_BEFORE_OTHERS } else { TRIED_AGAIN_FOR };
            let long_ago = self.now() - tried_for;
            let is_given_up = self.desk().fails(asset.id, self.now()) <= long_ago;
            looks.retain(|look| is_given_up && look.ended <= long_ago);
            if is_given_up && others_wait {
                self.desk().recovered(asset.id);
            }
        }
        self.put_watermarks(asset.id, &looks).await?;
        for look in &moved {
            self.set_shorter_back(asset.id, look).await?;
        }
        Ok(judged)
    }

    /// Holds candles against what waits, one after the other; tells also which of them moved something.
    async fn judge_candles(&self, asset: &Arc<Asset>, looks: &[Look]) -> (Judged, Vec<Look>) {
        let (mut judged, mut moved) = (Judged::default(), Vec::new());
        if looks.len() > 1
            && let Some(around) = Look::around(looks)
        {
            match self.touched(asset.id, &around).await {
                Ok(touched) if touched.is_empty() => return (judged, moved),
                Ok(_) => {}
                Err(error) => judged.note(&asset.symbol, Err::<u64, _>(error)),
            }
        }
        for look in looks {
            let came_of_it = self.judge_look(asset, look).await;
            if came_of_it.moved > 0 {
                moved.push(look.clone());
            }
            judged += came_of_it;
        }
        (judged, moved)
    }

    /// The series of an asset that what waits is held against: up to daily ones, for a weekly one says no more.
    async fn series_to_judge(&self, asset: AssetId) -> Result<Vec<Series>> {
        let reader = self.db().reader();
        let read = Statement::from_sql_and_values(
            reader.get_database_backend(),
            "SELECT series.id, series.timeframe, series.source, series.asked_at, marks.judged_until
             FROM candle_series series LEFT JOIN trading_watermarks marks
                ON marks.asset_id = series.asset_id AND marks.timeframe = series.timeframe
             WHERE series.asset_id = $1 AND series.timeframe <> '1w'",
            [asset.into()],
        );
        let mut series = Vec::new();
        for row in reader.query_all_raw(read).await? {
            series.push(Series {
                id: row.try_get("", "id")?,
                timeframe: row.try_get("", "timeframe")?,
                source: row.try_get("", "source")?,
                asked_at: row.try_get("", "asked_at")?,
                judged_until: row.try_get("", "judged_until")?,
            });
        }
        Ok(series)
    }

    /// Has the finest candles brought that reach back to what waits, where they lie behind; tells whether it did. That a
    /// source does not answer is no error: what is stored decides.
    async fn bring_unjudged(&self, asset: &Arc<Asset>, since: DateTime<Utc>, series: &[Series]) -> bool {
        let now = self.now();
        let reaches = |&&(_, reach): &&(Timeframe, TimeDelta)| since >= now - reach;
        let Some(&(timeframe, _)) = ASKED_FOR.iter().find(reaches) else { return false };
        let known = series.iter().find(|series| series.timeframe == timeframe);
        let exchange = self.exchange_of(asset);
        let last_open = exchange.calendar.last_open(exchange.time_zone, now);
        let is_behind = known.and_then(|known| known.asked_at).is_none_or(|asked_at| {
            let has_closed = last_open.is_none_or(|open| asked_at >= open + Timeframe::M1.span());
            asked_at < now - BEHIND && !has_closed
        });
        if !is_behind {
            return false;
        }
        let from = known.and_then(|known| known.judged_until).map_or(since, |until| max(until, since));
        let refresh = self.refresh_candles(asset, timeframe, bucket(timeframe, from));
        match tokio::time::timeout(PATIENCE, refresh).await {
            Ok(Ok(put)) => put > 0,
            Ok(Err(error)) => {
                tracing::debug!(%error, symbol = asset.symbol, "candles could not be refreshed");
                false
            }
            Err(_) => {
                tracing::debug!(symbol = asset.symbol, "a source takes too long: what is stored decides");
                false
            }
        }
    }

    /// The oldest closed candles of a series that were not held against what waits since then, ascending.
    async fn unjudged_candles(&self, series: &Series, since: DateTime<Utc>) -> Result<Vec<Candle>> {
        let span = series.timeframe.span();
        // A daily candle may have begun up to a day before or after the midnight that names it.
        let slack = if series.timeframe == Timeframe::D1 { span } else { TimeDelta::zero() };
        let newest = (self.now() - span).timestamp();
        #[expect(clippy::disallowed_methods, reason = "candles belong to no tenant")]
        let mut query = row::Entity::find()
            .filter(row::Column::Timeframe.eq(series.timeframe))
            .filter(row::Column::SeriesId.eq(series.id))
            .filter(row::Column::OpenTime.gte((since - slack).timestamp()))
            .filter(row::Column::OpenTime.lte(newest));
        if let Some(until) = series.judged_until {
            query = query.filter(row::Column::OpenTime.gt((until - span).timestamp()));
        }
        let rows = query.order_by_asc(row::Column::OpenTime).limit(MOST_CANDLES).all(self.db().reader()).await?;
        let candle = |row: row::Model| {
            let open_time = DateTime::from_timestamp(row.open_time, 0)?;
            Candle::new(open_time, row.open, row.high, row.low, row.close, row.volume).ok()
        };
        let candles: Option<Vec<Candle>> = rows.into_iter().map(candle).collect();
        Ok(candles.ok_or_else(|| Fault::Bug(format!("series {} holds a candle that breaks a rule", series.id)))?)
    }

    /// Has the shorter candles after this one held once more against what waits: it may have opened a trade that they were
    /// not held against, for they came before it.
    async fn set_shorter_back(&self, asset: AssetId, look: &Look) -> Result<()> {
        use watermark::{Column, Entity};
        let Some(candle) = look.candle else { return Ok(()) };
        let shorter: Vec<Timeframe> =
            Timeframe::ALL.iter().copied().filter(|timeframe| *timeframe < candle.timeframe).collect();
        if shorter.is_empty() {
            return Ok(());
        }
        let ended = look.ended;
        self.db()
            .write(|tx| {
                let shorter = shorter.clone();
                Box::pin(async move {
                    let back = Entity::update_many().col_expr(Column::JudgedUntil, Expr::value(ended));
                    let back = back.filter(Column::AssetId.eq(asset)).filter(Column::Timeframe.is_in(shorter));
                    back.filter(Column::JudgedUntil.gt(ended)).exec(tx).await?;
                    Ok(())
                })
            })
            .await
    }

    /// Notes that these candles were held against what waits.
    async fn put_watermarks(&self, asset: AssetId, looks: &[Look]) -> Result<()> {
        use watermark::{ActiveModel, Column, Entity, Model};
        let mut marks: Vec<Model> = Vec::new();
        for candle in looks.iter().filter_map(|look| look.candle) {
            match marks.iter_mut().find(|mark| mark.timeframe == candle.timeframe) {
                Some(mark) => mark.judged_until = max(mark.judged_until, candle.closed_at()),
                None => {
                    marks.push(Model { asset_id: asset, timeframe: candle.timeframe, judged_until: candle.closed_at() })
                }
            }
        }
        if marks.is_empty() {
            return Ok(());
        }
        let rows: Vec<ActiveModel> = marks.into_iter().map(|mark| ActiveModel::from(mark).reset_all()).collect();
        self.db()
            .write(|tx| {
                let rows = rows.clone();
                Box::pin(async move {
                    let excluded = Expr::cust("excluded.judged_until");
                    let later = OnConflict::columns([Column::AssetId, Column::Timeframe])
                        .update_column(Column::JudgedUntil)
                        .action_and_where(Expr::col((Entity, Column::JudgedUntil)).lt(excluded))
                        .to_owned();
                    Entity::insert_many(rows).on_conflict(later).try_insert().exec_without_returning(tx).await?;
                    Ok(())
                })
            })
            .await
    }
}
