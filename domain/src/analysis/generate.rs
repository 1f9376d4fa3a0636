//! Making signals without being asked: the house's opinion of every asset, for every tenant.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, Set};

use super::analyze::{CANDLES, Place, signal_of};
use super::freshness::is_news;
use super::progress;
use super::strategies::Off;
use crate::Domain;
use crate::error::Result;
use crate::identity::TenantStatus;
use crate::identity::tenant;
use crate::ids::{AssetId, TenantId};
use crate::market::Asset;
use crate::signals::{Audience, Mode, NewSignal, Recording, SignalOrigin, Timeframe};

/// For whom signals are made.
pub(crate) struct Audiences {
    tenants: Vec<TenantId>,
    off: Off,
}

/// How far each asset was analysed in each timeframe.
pub(crate) type Progress = HashMap<(AssetId, Timeframe), DateTime<Utc>>;

/// The horizon that a house signal is made for.
const fn mode(timeframe: Timeframe) -> Mode {
    match timeframe {
        Timeframe::M1 | Timeframe::M5 => Mode::Scalp,
        Timeframe::M15 | Timeframe::H1 => Mode::Intraday,
        Timeframe::H4 | Timeframe::D1 | Timeframe::W1 => Mode::Swing,
    }
}

impl Domain {
    /// The tenants that are served, and what they have switched off.
    pub(crate) async fn signal_audiences(&self) -> Result<Audiences> {
        #[expect(clippy::disallowed_methods, reason = "the house makes signals for every tenant that is served")]
        let served = tenant::Entity::find().filter(tenant::Column::Status.eq(TenantStatus::Active));
        let tenants = served.all(self.db().reader()).await?.into_iter().map(|tenant| tenant.id).collect();
        Ok(Audiences { tenants, off: self.strategies_off().await? })
    }

    /// Judges the newest closed candle of an asset by every strategy and records what says BUY or SELL, for each tenant
    /// that has the strategy on. Where `progress` knows that candle already, nothing is done. Returns how many signals
    /// were recorded or found there.
    ///
    /// The recorder keeps each once, so it does not matter who else is at it.
    pub(crate) async fn generate_signals(
        &self,
        asset: &Arc<Asset>,
        timeframe: Timeframe,
        audiences: &Audiences,
        progress: Option<&Progress>,
    ) -> Result<u64> {
        let now = self.now();
        let newest = self.closed_candles(asset, timeframe, None, now, 1).await?;
        let Some(newest) = newest.last() else { return Ok(0) };
        let is_known =
            |progress: &Progress| progress.get(&(asset.id, timeframe)).is_some_and(|known| *known >= newest.open_time);
        if progress.is_some_and(is_known) {
            return Ok(0);
        }
        let mut recorded = 0;
        if is_news(newest.open_time, timeframe, now) {
            let signals = self.house_signals(asset, timeframe).await?;
            recorded = self.record_for(audiences, signals).await?;
        }
        if progress.is_some() {
            self.note_progress(asset.id, timeframe, newest.open_time).await?;
        }
        Ok(recorded)
    }

    /// What every strategy that says BUY or SELL makes of the newest closed candle.
    async fn house_signals(&self, asset: &Arc<Asset>, timeframe: Timeframe) -> Result<Vec<NewSignal>> {
        let Some(basis) = self.basis_to_rely_on(asset.id, timeframe).await? else { return Ok(Vec::new()) };
        let candles = self.closed_candles(asset, timeframe, None, self.now(), CANDLES).await?;
        let Some(newest) = candles.last() else { return Ok(Vec::new()) };
        let analyst = self.analyst(asset.id, timeframe, basis.fetched_at, &candles).await;
        let is_simulated = basis.source.is_simulated();
        let place = Place { asset, timeframe, mode: mode(timeframe), candle: newest, is_simulated };
        let judging = self.catalog().filter(|strategy| self.judges(strategy, timeframe));
        let opinions = judging.map(|strategy| (strategy, self.opinion(strategy, &analyst)));
        let signals = opinions
            .filter(|(_, opinion)| opinion.side.is_some())
            .map(|(strategy, opinion)| signal_of(&place, strategy, &opinion, &analyst))
            .map(|signal| NewSignal { audience: Some(Audience::Tenant), ..signal });
        Ok(signals.collect())
    }

    async fn record_for(&self, audiences: &Audiences, signals: Vec<NewSignal>) -> Result<u64> {
        let mut recorded = 0;
        for &tenant_id in &audiences.tenants {
            let is_on =
                |signal: &&NewSignal| !audiences.off.is_off(tenant_id, signal.strategy.as_deref().unwrap_or_default());
            let own: Vec<NewSignal> = signals.iter().filter(is_on).cloned().collect();
            if own.is_empty() {
                continue;
            }
            let recording = Recording { tenant_id, author_id: None, origin: SignalOrigin::Engine, may_publish: true };
            for answer in self.record_signals_as(&recording, own).await? {
                answer?;
                recorded += 1;
            }
        }
        Ok(recorded)
    }

    /// How far each asset was analysed.
    pub(crate) async fn analysis_progress(&self) -> Result<Progress> {
        #[expect(clippy::disallowed_methods, reason = "candles belong to no tenant")]
        let all = progress::Entity::find().all(self.db().reader()).await?;
        Ok(all.into_iter().map(|row| ((row.asset_id, row.timeframe), row.candle_time)).collect())
    }

    async fn note_progress(&self, asset_id: AssetId, timeframe: Timeframe, candle_time: DateTime<Utc>) -> Result<()> {
        let row =
            progress::ActiveModel { asset_id: Set(asset_id), timeframe: Set(timeframe), candle_time: Set(candle_time) };
        self.db()
            .write(|tx| {
                let row = row.clone();
                Box::pin(async move {
                    let update = OnConflict::columns([progress::Column::AssetId, progress::Column::Timeframe])
                        .update_column(progress::Column::CandleTime)
                        .to_owned();
                    progress::Entity::insert(row).on_conflict(update).exec_without_returning(tx).await?;
                    Ok(())
                })
            })
            .await
    }
}
