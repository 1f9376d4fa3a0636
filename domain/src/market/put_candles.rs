//! Putting candles away.

use chrono::{DateTime, Utc};
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Set,
};

use super::Timeframe;
use super::asset::Model as Asset;
use super::candle::{Candle, Tidied};
use super::series::{head, row};
use super::source::SourceName;
use crate::Domain;
use crate::error::Result;
use crate::ids::AssetId;

/// Candles that one statement writes at most: eight values each, and SQLite takes 32,766.
const STATEMENT: usize = 2_000;
/// Candles that one transaction writes at most, so that others come to write in between.
const TRANSACTION: usize = 8_000;

impl Domain {
    /// Puts those of the candles away that have closed; one that is there already is brought up to date. Returns how many
    /// were put away.
    ///
    /// Simulated candles are not put where true ones are, and are removed when true ones come.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn put_candles(
        &self,
        asset: &Asset,
        timeframe: Timeframe,
        source: SourceName,
        candles: impl Into<Tidied> + Send,
    ) -> Result<usize> {
        self.put_fetched_candles(asset, timeframe, source, candles.into(), None).await
    }

    /// The same for what a source answered that was asked for candles from `asked_from` on.
    pub(super) async fn put_fetched_candles(
        &self,
        asset: &Asset,
        timeframe: Timeframe,
        source: SourceName,
        fetched: Tidied,
        asked_from: Option<DateTime<Utc>>,
    ) -> Result<usize> {
        let Tidied { mut candles, refused } = fetched;
        let now = self.now();
        candles.retain(|candle| candle.open_time + timeframe.span() <= now);
        let refused = i64::try_from(refused).unwrap_or(i64::MAX);
        let newest = candles.last().map(|candle| candle.open_time);
        let incoming = Incoming { asset_id: asset.id, timeframe, source, refused, asked_from, now };
        let Some(newest) = newest else {
            self.db().write(|tx| Box::pin(async move { note_refused(tx, incoming).await })).await?;
            return Ok(0);
        };
        let series = self.db().write(|tx| Box::pin(async move { open_series(tx, incoming).await })).await?;
        let Some(series) = series else { return Ok(0) };
        for batch in candles.chunks(TRANSACTION) {
            self.db()
                .write(|tx| {
                    let batch = batch.to_vec();
                    Box::pin(async move { write_rows(tx, timeframe, series, &batch).await })
                })
                .await?;
        }
        // Last, for whoever comes after a write that broke off is to see that it did.
        self.db().write(|tx| Box::pin(async move { note_put(tx, series, newest, incoming).await })).await?;
        Ok(candles.len())
    }
}

#[derive(Clone, Copy)]
struct Incoming {
    asset_id: AssetId,
    timeframe: Timeframe,
    source: SourceName,
    refused: i64,
    /// From when on a source was asked; none where nobody was.
    asked_from: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
}

/// When a series was fetched whose first candles are just being written.
const NEVER: DateTime<Utc> = DateTime::UNIX_EPOCH;

/// The number of the series that the candles go into, made where it is not there; none where they are simulated and it
/// holds true ones.
async fn open_series(tx: &DatabaseTransaction, incoming: Incoming) -> Result<Option<i32>> {
    let Incoming { asset_id, timeframe, source, .. } = incoming;
    if let Some(known) = head_of(tx, incoming).await? {
        return match (source.is_simulated(), known.source.is_simulated()) {
            (true, false) => Ok(None),
            (false, true) => {
                let of_series = row::Entity::delete_many().filter(row::Column::SeriesId.eq(known.id));
                of_series.filter(row::Column::Timeframe.eq(timeframe)).exec(tx).await?;
                let id = known.id;
                let mut change = head::ActiveModel::from(known);
                (change.source, change.fetched_at) = (Set(source), Set(NEVER));
                (change.covered_from, change.covered_until, change.asked_at) = (Set(None), Set(None), Set(None));
                change.update(tx).await?;
                Ok(Some(id))
            }
            _ => Ok(Some(known.id)),
        };
    }
    #[expect(clippy::disallowed_methods, reason = "candles belong to no tenant")]
    let all = head::Entity::find();
    let last: Option<i32> = all
        .select_only()
        .column(head::Column::Id)
        .order_by_desc(head::Column::Id)
        .limit(1)
        .into_tuple()
        .one(tx)
        .await?;
    let id = last.unwrap_or(0) + 1;
    let new = head::ActiveModel {
        id: Set(id),
        asset_id: Set(asset_id),
        timeframe: Set(timeframe),
        source: Set(source),
        refused: Set(0),
        covered_from: Set(None),
        covered_until: Set(None),
        asked_at: Set(None),
        fetched_at: Set(NEVER),
    };
    new.insert(tx).await?;
    Ok(Some(id))
}

/// The series that the candles are of, if there is one.
async fn head_of(tx: &DatabaseTransaction, incoming: Incoming) -> Result<Option<head::Model>> {
    #[expect(clippy::disallowed_methods, reason = "candles belong to no tenant")]
    let all = head::Entity::find();
    let of_asset = all.filter(head::Column::AssetId.eq(incoming.asset_id));
    Ok(of_asset.filter(head::Column::Timeframe.eq(incoming.timeframe)).one(tx).await?)
}

/// Counts what was refused where nothing else came.
async fn note_refused(tx: &DatabaseTransaction, incoming: Incoming) -> Result<()> {
    let Some(known) = head_of(tx, incoming).await?.filter(|_| incoming.refused > 0) else { return Ok(()) };
    let refused = known.refused.saturating_add(incoming.refused);
    let mut change = head::ActiveModel::from(known);
    change.refused = Set(refused);
    change.update(tx).await?;
    Ok(())
}

/// Writes down that the series has what came, the newest of which opened then.
async fn note_put(tx: &DatabaseTransaction, series: i32, newest: DateTime<Utc>, incoming: Incoming) -> Result<()> {
    #[expect(clippy::disallowed_methods, reason = "candles belong to no tenant")]
    let (heads, rows) = (head::Entity::find(), row::Entity::find());
    let Some(known) = heads.filter(head::Column::Id.eq(series)).one(tx).await? else { return Ok(()) };
    let newer = rows
        .filter(row::Column::Timeframe.eq(incoming.timeframe))
        .filter(row::Column::SeriesId.eq(series))
        .filter(row::Column::OpenTime.gt(newest.timestamp()));
    let is_newest = newer.one(tx).await?.is_none();
    let refused = known.refused.saturating_add(incoming.refused);
    let (covered_from, covered_until) = (known.covered_from, known.covered_until);
    let mut change = head::ActiveModel::from(known);
    (change.refused, change.fetched_at) = (Set(refused), Set(incoming.now));
    if is_newest {
        change.source = Set(incoming.source);
    }
    if let Some(from) = incoming.asked_from {
        change.covered_from = Set(Some(covered_from.map_or(from, |known| known.min(from))));
        change.covered_until = Set(covered_until.max(Some(newest)));
        change.asked_at = Set(Some(incoming.now));
    }
    change.update(tx).await?;
    Ok(())
}

async fn write_rows(tx: &DatabaseTransaction, timeframe: Timeframe, series: i32, candles: &[Candle]) -> Result<()> {
    for batch in candles.chunks(STATEMENT) {
        let rows = batch.iter().map(|candle| row::ActiveModel {
            timeframe: Set(timeframe),
            series_id: Set(series),
            open_time: Set(candle.open_time.timestamp()),
            open: Set(candle.open),
            high: Set(candle.high),
            low: Set(candle.low),
            close: Set(candle.close),
            volume: Set(candle.volume),
        });
        let update = OnConflict::columns([row::Column::Timeframe, row::Column::SeriesId, row::Column::OpenTime])
            .update_columns([
                row::Column::Open,
                row::Column::High,
                row::Column::Low,
                row::Column::Close,
                row::Column::Volume,
            ])
            .to_owned();
        row::Entity::insert_many(rows).on_conflict(update).exec_without_returning(tx).await?;
    }
    Ok(())
}
