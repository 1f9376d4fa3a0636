//! Recording signals: each exists once, however often it is sent.

use metrics::counter;

use super::draft::{Draft, NewSignal};
use super::signal;
use super::vocabulary::SignalOrigin;
use crate::Domain;
use crate::error::{Error, Fault, Problem, Result};
use crate::ids::{TenantId, UserId};
use crate::permission::Permission;
use crate::viewer::Viewer;

/// What recording did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RecordOutcome {
    /// It is new.
    Inserted,
    /// It was there, and stays as it is.
    Ignored,
    /// It was there, differed, and was brought up to date as asked.
    Updated,
}

impl RecordOutcome {
    /// The word in logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Inserted => "inserted",
            Self::Ignored => "ignored",
            Self::Updated => "updated",
        }
    }
}

/// A signal that is recorded now, whatever was there before.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// What was done.
    pub outcome: RecordOutcome,
    /// The signal as it is now.
    pub signal: signal::Model,
}

/// For whom signals are recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recording {
    /// The tenant.
    pub tenant_id: TenantId,
    /// The author; none for the house.
    pub author_id: Option<UserId>,
    /// Where they come from.
    pub origin: SignalOrigin,
    /// Whether they may be for everyone in the tenant.
    pub may_publish: bool,
}

/// Signals that one call may hold.
const MOST_SIGNALS: usize = 1_000;

impl Domain {
    /// Records signals as the viewer; an answer for each, in order.
    ///
    /// # Errors
    /// UNAUTHENTICATED or FORBIDDEN; more than 1,000 signals. What is wrong with one signal is that one's answer.
    pub async fn record_signals(&self, viewer: &Viewer, new: Vec<NewSignal>) -> Result<Vec<Result<Recorded>>> {
        let member = viewer.permitted(Permission::SignalsWrite)?;
        if new.len() > MOST_SIGNALS {
            let message = format!("at most {MOST_SIGNALS} signals a call, got {}", new.len());
            return Err(Problem::validation(&["input", "signals"], message).into());
        }
        let recording = Recording {
            tenant_id: member.tenant_id,
            author_id: Some(member.user_id),
            origin: SignalOrigin::Api,
            may_publish: viewer.may(Permission::SignalsPublish),
        };
        self.record_signals_as(&recording, new).await
    }

    /// Records signals for whomever the caller answers for: jobs, imports and the demo data.
    ///
    /// # Errors
    /// When the database does not answer: then none of them was recorded that is not there when asked again.
    pub async fn record_signals_as(&self, recording: &Recording, new: Vec<NewSignal>) -> Result<Vec<Result<Recorded>>> {
        let mut answers: Vec<Option<Result<Recorded>>> = Vec::with_capacity(new.len());
        let mut drafts = Vec::new();
        for (index, new) in new.into_iter().enumerate() {
            match self.draft_signal(recording, new).await {
                Ok(draft) => {
                    drafts.push((index, draft));
                    answers.push(None);
                }
                Err(Error::Problems(problems)) => answers.push(Some(Err(Error::Problems(problems)))),
                Err(fault @ Error::Fault(_)) => return Err(fault),
            }
        }
        let (places, drafts): (Vec<_>, Vec<_>) = drafts.into_iter().unzip();
        for (place, recorded) in places.into_iter().zip(self.record_drafts(drafts).await?) {
            if let Some(answer) = answers.get_mut(place) {
                *answer = Some(recorded);
            }
        }
        let missing = || Err(Fault::Bug("a signal was left without an answer".to_owned()).into());
        Ok(answers.into_iter().map(|answer| answer.unwrap_or_else(missing)).collect())
    }

    /// Answers duplicates from what is there, without a write; writes the others.
    async fn record_drafts(&self, drafts: Vec<Draft>) -> Result<Vec<Result<Recorded>>> {
        let mut known = self.known_duplicates(&drafts).await?;
        let new: Vec<Draft> = drafts.iter().zip(&known).filter(|(_, k)| k.is_none()).map(|(d, _)| d.clone()).collect();
        let mut written =
            if new.is_empty() { Vec::new() } else { self.recorder().submit(self, new).await? }.into_iter();
        let mut answers = Vec::with_capacity(drafts.len());
        for (draft, known) in drafts.iter().zip(&mut known) {
            let answer = match known.take() {
                Some(signal) => Ok(Recorded { outcome: RecordOutcome::Ignored, signal }),
                None => written
                    .next()
                    .unwrap_or_else(|| Err(Fault::Bug("a signal was left without an answer".to_owned()).into())),
            };
            note(draft, &answer);
            answers.push(answer);
        }
        Ok(answers)
    }
}

/// Logs and counts what became of one signal.
pub(super) fn note(draft: &Draft, answer: &Result<Recorded>) {
    let outcome = answer.as_ref().map_or("refused", |recorded| recorded.outcome.as_str());
    counter!("bellwether_signals_recorded_total", "outcome" => outcome, "source" => draft.recording.origin.as_str())
        .increment(1);
    let signal = answer.as_ref().ok().map(|recorded| tracing::field::display(recorded.signal.id));
    let (symbol, timeframe, mode) = (&draft.asset.symbol, draft.timeframe.as_str(), draft.mode.as_str());
    // The demo's own are many at once and nobody's news.
    if draft.recording.origin == SignalOrigin::Seed {
        tracing::debug!(outcome, symbol, timeframe, mode, signal, "signal recorded");
    } else {
        tracing::info!(outcome, symbol, timeframe, mode, signal, "signal recorded");
    }
}
