//! Training a model on the candles that are stored.

use bellwether_engine::model::{Sample, Trained, samples, train};

use super::numbers::bar;
use crate::Domain;
use crate::error::{Problem, Result};
use crate::market::Timeframe;

/// Candles of each asset that are looked at: the newest.
const CANDLES: usize = 5_000;
/// Candles that are learned from, about; of more only every second, third, … counts. What is left out is next to what is
/// not, and tells the same.
const MOST_SAMPLES: usize = 400_000;

impl Domain {
    /// Trains a model to say whether the close is higher `horizon` candles later, on the candles of every asset: on true
    /// ones, but in a demo, where simulated ones are all there is. `progress` is told how many assets were read, of how many.
    ///
    /// # Errors
    /// A problem where there is too little to learn from; when the database does not answer.
    pub async fn train_model(
        &self,
        timeframe: Timeframe,
        horizon: usize,
        mut progress: impl FnMut(usize, usize) + Send,
    ) -> Result<Trained> {
        let (assets, now) = (self.assets_with_candles().await?, self.now());
        let step = (assets.len() * CANDLES).div_ceil(MOST_SAMPLES);
        let (mut all, mut is_simulated): (Vec<Sample>, bool) = (Vec::new(), false);
        for (read, asset) in assets.iter().enumerate() {
            progress(read, assets.len());
            let Some(basis) = self.basis_to_rely_on(asset.id, timeframe).await? else { continue };
            is_simulated |= basis.source.is_simulated();
            let candles = self.closed_candles(asset, timeframe, None, now, CANDLES).await?;
            let closes = |open: chrono::DateTime<chrono::Utc>| (open + timeframe.span()).timestamp();
            let bars: Vec<_> = candles.iter().map(|candle| (closes(candle.open_time), bar(candle))).collect();
            all.extend(samples(&bars, horizon, step));
        }
        progress(assets.len(), assets.len());
        train(all, timeframe.as_str(), horizon, is_simulated)
            .map_err(|error| Problem::validation(&[], error.to_string()).into())
    }
}
