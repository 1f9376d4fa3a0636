//! Looking after challenges.

use crate::challenges::{EvidenceReport, Which};
use crate::scheduler::term::{JobRun, Stopped};

/// Judges the challenges whose day, or whose days, are over. A look holds by the number of evidence, whoever takes it.
pub(super) async fn begin_days(run: JobRun) -> Result<(), Stopped> {
    judge(run, Which::Due).await
}

/// Judges every running challenge.
pub(super) async fn judge_all(run: JobRun) -> Result<(), Stopped> {
    judge(run, Which::All).await
}

async fn judge(run: JobRun, which: Which<'_>) -> Result<(), Stopped> {
    let judged = run.domain().judge_challenges(which).await;
    run.moved(judged.moved);
    match judged.failed {
        0 => Ok(()),
        failed => Err(Stopped::Found(format!("{failed} challenges could not be judged: see the log"))),
    }
}

/// Judges every challenge again by its evidence; all of them, also where one is wrong.
pub(super) async fn verify_evidence(run: JobRun) -> Result<(), Stopped> {
    let (mut report, mut after) = (EvidenceReport::default(), None);
    while let Some(last) = run.domain().prove_evidence_after(after, &mut report).await? {
        after = Some(last);
        run.breathe().await;
    }
    run.moved(report.challenges);
    report.complaint().map_or(Ok(()), |complaint| Err(Stopped::Found(complaint)))
}
