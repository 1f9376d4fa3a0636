//! Looking after prices.

use chrono::Days;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::market::Timeframe;
use crate::market::candle_row::{Column, Entity};
use crate::scheduler::term::{BATCH, JobRun, Stopped};

/// Assets that a source is asked for at once.
const QUOTES_AT_ONCE: usize = 50;
/// Series that one run brings up to date at most; what is left waits for the next.
const MOST_SERIES: usize = 200;

/// Asks for the quotes that are due, of assets that somebody holds, watches or asked for within the hour and whose market
/// is open or has just closed.
///
/// What a source answers is put away whoever holds the lock: of two quotes the newer one stays, so one that comes late
/// changes nothing.
pub(super) async fn refresh_quotes(run: JobRun) -> Result<(), Stopped> {
    let due = run.domain().due_quotes().await?;
    let mut failed = 0;
    for assets in due.chunks(QUOTES_AT_ONCE) {
        let refreshed = run.domain().refresh_quotes(assets).await?;
        run.moved(refreshed.quotes.len() as u64);
        failed += refreshed.failed;
        run.breathe().await;
    }
    if failed > 0 && failed == due.len() {
        return Err(Stopped::Found(format!("no source answered for any of {failed} assets: see sourceHealth")));
    }
    Ok(())
}

/// Brings series up to date in which a candle has closed since. That too is put away whoever holds the lock: a candle that
/// is there is only written again.
pub(super) async fn refresh_candles(run: JobRun) -> Result<(), Stopped> {
    for (asset, timeframe, from) in run.domain().due_series(MOST_SERIES).await? {
        let put = run.domain().refresh_candles(&asset, timeframe, from).await?;
        run.moved(put as u64);
        run.breathe().await;
    }
    Ok(())
}

/// How many days before an exchange's list of holidays ends that is told.
const CALENDAR_ENDS_IN: Days = Days::new(60);

/// Looks whether the holidays of every exchange are known; without them a market counts as open on a day that it rests, and
/// its prices as stale.
pub(super) async fn check_calendars(run: JobRun) -> Result<(), Stopped> {
    let (now, mut over) = (run.domain().now(), Vec::new());
    for (exchange, until) in run.domain().calendars_ending(CALENDAR_ENDS_IN).await? {
        let until = until.map_or_else(|| "no day".to_owned(), |until| until.to_string());
        tracing::warn!(exchange = exchange.code, until, "holidays are known until then alone: see docs/market-data.md");
        if !exchange.calendar.knows_holidays(now.with_timezone(&exchange.time_zone).date_naive()) {
            over.push(format!("{} (until {until})", exchange.code));
        }
    }
    match over.is_empty() {
        true => Ok(()),
        false => Err(Stopped::Found(format!("today's holidays are not known of {}", over.join(", ")))),
    }
}

/// Removes candles that are older than their timeframe is kept.
pub(super) async fn remove_old(run: JobRun) -> Result<(), Stopped> {
    let (now, retention) = (run.domain().now(), run.domain().config().retention);
    let minutes = [Timeframe::M1, Timeframe::M5, Timeframe::M15].map(|timeframe| (timeframe, retention.minute_candles));
    let hours = [Timeframe::H1, Timeframe::H4].map(|timeframe| (timeframe, retention.hour_candles));
    for series in run.domain().all_series().await? {
        let kept = minutes.iter().chain(&hours).find(|(timeframe, _)| *timeframe == series.timeframe);
        let Some((timeframe, kept)) = kept else { continue };
        let (timeframe, bound) = (*timeframe, (now - *kept).timestamp());
        run.in_batches(|tx| {
            Box::pin(async move {
                #[expect(clippy::disallowed_methods, reason = "candles belong to no tenant")]
                let old = Entity::find().filter(Column::Timeframe.eq(timeframe)).filter(Column::SeriesId.eq(series.id));
                let old: Vec<i64> = old
                    .select_only()
                    .column(Column::OpenTime)
                    .filter(Column::OpenTime.lt(bound))
                    .order_by_asc(Column::OpenTime)
                    .limit(BATCH)
                    .into_tuple()
                    .all(tx)
                    .await?;
                let Some(newest) = old.last() else { return Ok(0) };
                let gone = Entity::delete_many()
                    .filter(Column::Timeframe.eq(timeframe))
                    .filter(Column::SeriesId.eq(series.id))
                    .filter(Column::OpenTime.lte(*newest));
                Ok(gone.exec(tx).await?.rows_affected)
            })
        })
        .await?;
    }
    Ok(())
}
