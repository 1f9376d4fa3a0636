//! Making signals and judging them.

use crate::analysis::Judging;
use crate::scheduler::term::{JobRun, Stopped};
use crate::signals::open::write_outcomes;

/// Judges every asset that has candles, in every timeframe of `analysis.timeframes`.
///
/// Signals go through the recorder, which keeps each once: so it does not matter that these are not written under the
/// term.
pub(super) async fn generate(run: JobRun) -> Result<(), Stopped> {
    generate_where(&run, false).await
}

/// The same for those of which a candle has closed since.
pub(super) async fn generate_at_close(run: JobRun) -> Result<(), Stopped> {
    generate_where(&run, true).await
}

async fn generate_where(run: &JobRun, only_new: bool) -> Result<(), Stopped> {
    let domain = run.domain();
    let timeframes = domain.config().analysis.timeframes.clone();
    let audiences = domain.signal_audiences().await?;
    let progress = if only_new { Some(domain.analysis_progress().await?) } else { None };
    for asset in domain.assets_with_candles().await? {
        for &timeframe in &timeframes {
            let made = domain.generate_signals(&asset, timeframe, &audiences, progress.as_ref()).await?;
            run.moved(made);
        }
        tokio::task::yield_now().await;
    }
    Ok(())
}

/// Judges every open signal of which candles have decided.
pub(super) async fn settle(run: JobRun) -> Result<(), Stopped> {
    let domain = run.domain();
    let groups = domain.open_signal_groups().await?;
    domain.bring_candles_of_open_signals(&groups).await?;
    for (asset, timeframe) in groups {
        let Some(asset) = domain.asset_by_id(asset).await? else { continue };
        let mut after = None;
        loop {
            let Judging { judged, next } = domain.judge_open_signals(&asset, timeframe, after).await?;
            if !judged.is_empty() {
                let now = domain.now();
                let written = run.write(|tx| {
                    let judged = judged.clone();
                    Box::pin(async move { write_outcomes(tx, &judged, now).await })
                });
                run.moved(written.await?);
                domain.feed().wake();
                run.breathe().await;
            }
            match next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
    }
    Ok(())
}
