//! What those who judge by candles ask of the market: to have them, and to know where they come from.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::Timeframe;
use super::asked::Nothing;
use super::asset::Model as Asset;
use super::candle_series::deepest;
use super::read_candles::series_to_read;
use super::source::{MarketSource, SourceName};
use crate::Domain;
use crate::error::Result;
use crate::ids::AssetId;

/// Where the candles of an asset in a timeframe come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CandleBasis {
    /// The source of those that they are, or are made of.
    pub(crate) source: SourceName,
    /// When they last changed, by whatever brought them.
    pub(crate) fetched_at: DateTime<Utc>,
}

impl Domain {
    /// Has the asset's source bring the candles of this timeframe, or those that they are made of, up to date and back to
    /// `from`, as far as it goes. Nothing where no source has them.
    ///
    /// # Errors
    /// When the database does not answer. That a source does not is no error.
    pub(crate) async fn bring_candles(
        &self,
        asset: &Arc<Asset>,
        timeframe: Timeframe,
        from: DateTime<Utc>,
    ) -> Result<()> {
        if let Some(stored) = self.timeframe_to_ask(asset, timeframe) {
            self.refresh_candles(asset, stored, from.max(self.now() - deepest(stored))).await?;
        }
        Ok(())
    }

    /// When the asset's source was last asked for the candles of this timeframe, or those that they are made of: by this
    /// process, or with an answer by any; none where it never was. That a file brought some asks nobody.
    ///
    /// # Errors
    /// When the database does not answer.
    pub(crate) async fn last_asked(&self, asset: &Asset, timeframe: Timeframe) -> Result<Option<DateTime<Utc>>> {
        let Some(stored) = self.timeframe_to_ask(asset, timeframe) else { return Ok(None) };
        let series = self.series_of(asset.id).await?.into_iter().find(|series| series.timeframe == stored);
        Ok(self.asked().at((asset.id, Some(stored))).max(series.and_then(|series| series.asked_at)))
    }

    /// Whether a source that is switched on has candles of this timeframe, or those that they are made of, to go on with
    /// where those of another source end: simulated ones do not go on with true ones.
    pub(crate) fn has_candle_source(&self, asset: &Asset, timeframe: Timeframe, with: SourceName) -> bool {
        let fits = |source: &Arc<dyn MarketSource>| with.is_simulated() || !source.name().is_simulated();
        self.timeframe_to_ask(asset, timeframe).is_some() && self.source_of(asset).is_some_and(fits)
    }

    /// That the asset's source had no candles of this timeframe, or of those that they are made of, when it last answered
    /// this process, if that is so.
    pub(crate) fn no_candles(&self, asset: &Asset, timeframe: Timeframe) -> Option<Nothing> {
        let stored = self.timeframe_to_ask(asset, timeframe)?;
        self.asked().nothing((asset.id, Some(stored)))
    }

    /// Where the candles come from that are read for this asset and timeframe; none where there are none.
    pub(crate) async fn candle_basis(&self, asset: AssetId, timeframe: Timeframe) -> Result<Option<CandleBasis>> {
        let series = self.series_of(asset).await?;
        Ok(series_to_read(&series, timeframe)
            .map(|series| CandleBasis { source: series.source, fetched_at: series.fetched_at }))
    }

    /// The same for what the business judges and learns from of its own accord; none where the candles are simulated, but in
    /// a demo, where those are all there is.
    ///
    /// # Errors
    /// When the database does not answer.
    pub(crate) async fn basis_to_rely_on(&self, asset: AssetId, timeframe: Timeframe) -> Result<Option<CandleBasis>> {
        let basis = self.candle_basis(asset, timeframe).await?;
        let is_refused = basis.is_some_and(|basis| basis.source.is_simulated()) && self.demo_anchor().await?.is_none();
        Ok(basis.filter(|_| !is_refused))
    }
}
