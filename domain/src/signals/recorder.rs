//! Group commit: what is submitted while a transaction is on its way goes into the next one together.
//!
//! A commit waits for the disk; one transaction for all that came meanwhile shares that wait. Nothing is held back to
//! make a group: alone, a signal is written at once.

use tokio::sync::{mpsc, oneshot};

use super::draft::Draft;
use super::record::Recorded;
use crate::Domain;
use crate::error::{Error, Fault, Result};

/// Signals that one transaction takes, give or take one submission.
const LARGEST_GROUP: usize = 1_000;

/// Submissions that may wait; whoever comes when it is full is told to come again.
const LONGEST_QUEUE: usize = 1_024;

/// An answer for each draft of a submission, in order.
type Answers = Result<Vec<Result<Recorded>>>;

/// What was submitted together, and where the answers go.
struct Submission {
    domain: Domain,
    drafts: Vec<Draft>,
    reply: oneshot::Sender<Answers>,
}

/// Writes signals in groups.
pub(crate) struct Recorder {
    queue: mpsc::Sender<Submission>,
}

impl Recorder {
    /// Starts the writer; it ends when this is dropped. Needs a tokio runtime.
    pub(crate) fn start() -> Self {
        let (queue, mut waiting) = mpsc::channel::<Submission>(LONGEST_QUEUE);
        tokio::spawn(async move {
            while let Some(first) = waiting.recv().await {
                let mut size = first.drafts.len();
                let mut group = vec![first];
                while size < LARGEST_GROUP
                    && let Ok(next) = waiting.try_recv()
                {
                    size += next.drafts.len();
                    group.push(next);
                }
                // A task of its own: should it panic, those it writes for are told, and the next group is written.
                let _ = tokio::spawn(write(group)).await;
            }
        });
        Self { queue }
    }

    /// Writes the drafts, perhaps together with others'.
    pub(super) async fn submit(&self, domain: &Domain, drafts: Vec<Draft>) -> Answers {
        let (reply, answer) = oneshot::channel();
        let stopped = || Fault::Unavailable(None);
        self.queue.try_send(Submission { domain: domain.clone(), drafts, reply }).map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }
}

/// Writes a group; if that fails, each submission for itself, so that one cannot spoil the others. Where the database is
/// away that would only take longer: then all are told at once.
async fn write(group: Vec<Submission>) {
    if let [first, _, ..] = group.as_slice() {
        let all = group.iter().flat_map(|submission| submission.drafts.iter().cloned()).collect();
        match first.domain.write_drafts(all).await {
            Ok(answers) => {
                let mut answers = answers.into_iter();
                for submission in group {
                    let own = answers.by_ref().take(submission.drafts.len()).collect();
                    // Whoever asked may be gone; what was written stays.
                    let _ = submission.reply.send(Ok(own));
                }
                return;
            }
            Err(Error::Fault(Fault::Unavailable(cause))) => {
                for submission in group {
                    let _ = submission.reply.send(Err(Fault::Unavailable(cause.clone()).into()));
                }
                return;
            }
            Err(_) => {}
        }
    }
    for Submission { domain, drafts, reply } in group {
        let _ = reply.send(domain.write_drafts(drafts).await);
    }
}
