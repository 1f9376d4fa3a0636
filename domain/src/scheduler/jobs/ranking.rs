//! Looking after the ranking. Any instance may write it at any time: see `ranking/refresh.rs`.

use crate::ranking::RankingReport;
use crate::scheduler::term::{JobRun, Stopped};

/// Computes anew of whom something has changed.
pub(super) async fn update(run: JobRun) -> Result<(), Stopped> {
    let update = run.domain().update_rankings().await?;
    run.moved(update.ranked);
    match update.failed {
        0 => Ok(()),
        failed => Err(Stopped::Found(format!("{failed} traders could not be ranked: see the log"))),
    }
}

/// Computes everybody anew; all of them, also where one is wrong.
pub(super) async fn check(run: JobRun) -> Result<(), Stopped> {
    let (domain, mut report, mut after) = (run.domain(), RankingReport::default(), None);
    let since = domain.ranked_since();
    run.moved(domain.remove_entries_before(since).await?);
    while let Some(last) = domain.check_rankings_after(after, since, &mut report).await? {
        after = Some(last);
        run.breathe().await;
    }
    run.moved(report.traders + domain.note_top_ten().await?);
    let RankingReport { traders, corrected, failed } = report;
    if corrected + failed == 0 {
        return Ok(());
    }
    Err(Stopped::Found(format!(
        "of {traders} traders {corrected} were ranked other than their trades say, which is mended, and {failed} could not be \
         ranked: see the log"
    )))
}
