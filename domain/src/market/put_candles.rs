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

    /// The same for what a source answered that was asked for candles from `covered_from` on.
    pub(super) async fn put_fetched_candles(
        &self,
        asset: &Asset,
        timeframe: Timeframe,
        source: SourceName,
        fetched: Tidied,
        covered_from: Option<DateTime<Utc>>,
    ) -> Result<usize> {
        let Tidied { mut candles, refused } = fetched;
        let now = self.now();
        candles.retain(|candle| candle.open_time + timeframe.span() <= now);
        let refused = i64::try_from(refused).unwrap_or(i64::MAX);
        let incoming = Incoming {
            asset_id: asset.id,
            timeframe,
            source,
            refused,
            covered_from,
            now,
            is_empty: candles.is_empty(),
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
        self.db().write(|tx| Box::pin(async move { note_fetched(tx, series, incoming).await })).await?;
        Ok(candles.len())
    }
}

#[derive(Clone, Copy)]
struct Incoming {
    asset_id: AssetId,
    timeframe: Timeframe,
    source: SourceName,
    refused: i64,
    covered_from: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
    /// Whether there are no candles.
    is_empty: bool,
}

/// When a series was fetched whose first candles are just being written.
const NEVER: DateTime<Utc> = DateTime::UNIX_EPOCH;

/// The number of the series that the candles go into, made where it is not there; none where they are simulated and it
/// holds true ones, or where it holds simulated ones and none came.
async fn open_series(tx: &DatabaseTransaction, incoming: Incoming) -> Result<Option<i32>> {
    let Incoming { asset_id, timeframe, source, .. } = incoming;
    #[expect(clippy::disallowed_methods, reason = "candles belong to no tenant")]
    let all = head::Entity::find();
    let of_asset = all.clone().filter(head::Column::AssetId.eq(asset_id)).filter(head::Column::Timeframe.eq(timeframe));
    if let Some(known) = of_asset.one(tx).await? {
        return match (source.is_simulated(), known.source.is_simulated()) {
            (true, false) => Ok(None),
            (false, true) if incoming.is_empty => Ok(None),
            (false, true) => {
                let of_series = row::Entity::delete_many().filter(row::Column::SeriesId.eq(known.id));
                of_series.filter(row::Column::Timeframe.eq(timeframe)).exec(tx).await?;
                let id = known.id;
                let mut change = head::ActiveModel::from(known);
                (change.source, change.covered_from, change.fetched_at) = (Set(source), Set(None), Set(NEVER));
                change.update(tx).await?;
                Ok(Some(id))
            }
            _ => Ok(Some(known.id)),
        };
    }
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
        fetched_at: Set(NEVER),
    };
    new.insert(tx).await?;
    Ok(Some(id))
}

/// Writes down that the series has what was fetched.
async fn note_fetched(tx: &DatabaseTransaction, series: i32, incoming: Incoming) -> Result<()> {
    #[expect(clippy::disallowed_methods, reason = "candles belong to no tenant")]
    let known = head::Entity::find().filter(head::Column::Id.eq(series)).one(tx).await?;
    let Some(known) = known else { return Ok(()) };
    let covered = [known.covered_from, incoming.covered_from].into_iter().flatten().min();
    let refused = known.refused.saturating_add(incoming.refused);
    let mut change = head::ActiveModel::from(known);
    (change.source, change.refused) = (Set(incoming.source), Set(refused));
    (change.fetched_at, change.covered_from) = (Set(incoming.now), Set(covered));
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
