//! Looking after the outbox.

use crate::scheduler::term::{JobRun, Stopped};

/// Messages that are taken at once.
const BATCH: u64 = 20;
/// Batches that one run delivers at most; what is left waits for the next.
const MOST_BATCHES: usize = 50;

/// Delivers what is due. Every process delivers as it writes; this is for what none is left to deliver. A message is
/// taken by one conditional update, so it does not matter that a process may be at it too.
pub(super) async fn deliver(run: JobRun) -> Result<(), Stopped> {
    for _ in 0..MOST_BATCHES {
        let delivered = run.domain().deliver_outbox(BATCH).await?;
        run.moved(delivered.tried());
        if delivered.tried() == 0 {
            break;
        }
        run.breathe().await;
    }
    Ok(())
}
