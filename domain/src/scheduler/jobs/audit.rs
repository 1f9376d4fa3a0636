//! Looking after the audit log.

use crate::scheduler::term::{JobRun, Stopped};

/// Walks every tenant's chain; all of them, also where one is broken.
pub(super) async fn verify(run: JobRun) -> Result<(), Stopped> {
    let mut broken = Vec::new();
    for (id, slug) in run.domain().audited_tenants().await? {
        if let Some(sequence) = run.domain().first_broken_audit_entry(id).await? {
            broken.push(format!("{slug} at entry {sequence}"));
        }
        run.moved(1);
        run.breathe().await;
    }
    if broken.is_empty() {
        return Ok(());
    }
    Err(Stopped::Found(format!("the audit chain is broken: {}", broken.join(", "))))
}
