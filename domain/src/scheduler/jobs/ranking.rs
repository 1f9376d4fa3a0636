//! Looking after the ranking. Any instance may write it at any time: see `ranking/refresh.rs`.

use crate::ranking::RankingReport;
use crate::scheduler::term::{JobRun, Stopped};

/// Computes anew of whom something has changed.
pub(super) async fn update(run: JobRun) -> Result<(), Stopped> {
    run.moved(run.domain().update_rankings().await?);
    Ok(())
}

/// Computes everybody anew; all of them, also where one is wrong.
pub(super) async fn check(run: JobRun) -> Result<(), Stopped> {
    let (domain, mut report, mut after) = (run.domain(), RankingReport::default(), None);
    run.moved(domain.remove_old_entries().await?);
    while let Some(last) = domain.check_rankings_after(after, &mut report).await? {
        after = Some(last);
        run.breathe().await;
    }
    run.moved(report.traders + domain.note_top_ten().await?);
    match report.corrected {
        0 => Ok(()),
        corrected => Err(Stopped::Found(format!(
            "{corrected} of {} traders were ranked other than their trades say: mended, see the log",
            report.traders
        ))),
    }
}
