//! Settling signals without a scheduler.

use super::settle::Judging;
use crate::Domain;
use crate::error::Result;
use crate::signals::open::write_outcomes;

impl Domain {
    /// Judges every open signal that candles have decided; returns how many were. What the scheduler's job does under its
    /// term, for demo data, which is to have outcomes before a server runs: a signal is settled once, whoever does it.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn settle_signals_now(&self) -> Result<u64> {
        let mut settled = 0;
        for (asset, timeframe) in self.open_signal_groups().await? {
            let Some(asset) = self.asset_by_id(asset).await? else { continue };
            let mut after = None;
            loop {
                let Judging { judged, next } = self.judge_open_signals(&asset, timeframe, after).await?;
                if !judged.is_empty() {
                    let now = self.now();
                    let written = self.db().write(|tx| {
                        let judged = judged.clone();
                        Box::pin(async move { write_outcomes(tx, &judged, now).await })
                    });
                    settled += written.await?;
                }
                match next {
                    Some(next) => after = Some(next),
                    None => break,
                }
            }
        }
        Ok(settled)
    }
}
