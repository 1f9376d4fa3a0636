//! What a trader is told of their challenge by letter: that it may be begun, what it came to, and that its day is locked.
//!
//! A letter names the row of evidence of its step, and its figures are that row's: one that is sent late tells what was true
//! then. It is enqueued in the transaction that takes the step, so that there is one for each step that is written.

use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait, DatabaseTransaction, QueryFilter};

use super::challenge::{self, Model as Challenge};
use super::evaluate::{Breach, Verdict};
use super::evidence::{self, Model as EvidenceRow};
use super::rules::Rules;
use super::vocabulary::{ChallengeStatus, PhaseKind};
use crate::Domain;
use crate::error::{Fault, Result};
use crate::fixed::Money;
use crate::ids::ChallengeId;
use crate::outbox::{Message, Topic};

/// What a letter tells of a step of its reader's challenge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct News {
    /// Of which challenge.
    pub challenge: ChallengeId,
    /// What its tier was called when it was granted.
    pub tier: String,
    /// Which phase it is, from 1.
    pub phase: i32,
    /// Of how many.
    pub phases: usize,
    /// The rules of the phase.
    pub rules: Rules,
    /// When the step was taken.
    pub at: DateTime<Utc>,
    /// The realized profit then; none before it is begun.
    pub profit: Option<Money>,
    /// What whoever runs the tenant gave as their reason, where they and no verdict decided.
    pub reason: Option<String>,
    /// What happened.
    pub change: Change,
    /// Where the frontend is, for what is to be begun there. It opens nothing by itself.
    pub link: Option<String>,
}

/// What happened to a challenge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// It was granted, and waits to be begun.
    Granted,
    /// It is passed.
    Passed {
        /// The number of its certificate.
        certificate: String,
        /// What the phase is that came up; none after the last.
        next: Option<PhaseKind>,
    },
    /// It is failed: by the limit that was broken, or because somebody decided so.
    Failed(Option<Breach>),
    /// Its days were over.
    Expired,
    /// It was taken back.
    Cancelled,
    /// The limit of a day's loss was broken, and nothing is traded until a moment.
    Locked {
        /// The limit.
        breach: Breach,
        /// When the day is over.
        until: DateTime<Utc>,
    },
}

impl Change {
    /// The name in templates and logs.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Granted => "challenge_granted",
            Self::Passed { .. } => "challenge_passed",
            Self::Failed(_) => "challenge_failed",
            Self::Expired => "challenge_expired",
            Self::Cancelled => "challenge_cancelled",
            Self::Locked { .. } => "challenge_locked",
        }
    }
}

impl EvidenceRow {
    /// What the challenge's trader is written to about; none where nothing is to be told.
    pub(crate) const fn topic(&self) -> Option<Topic> {
        match (self.status, self.rule) {
            (ChallengeStatus::Pending, _) => Some(Topic::ChallengeGranted),
            (ChallengeStatus::Active, Some(_)) => Some(Topic::ChallengeLocked),
            (ChallengeStatus::Active, None) => None,
            (ChallengeStatus::Passed, _) => Some(Topic::ChallengePassed),
            (ChallengeStatus::Failed, _) => Some(Topic::ChallengeFailed),
            (ChallengeStatus::Expired, _) => Some(Topic::ChallengeExpired),
            (ChallengeStatus::Cancelled, _) => Some(Topic::ChallengeCancelled),
        }
    }
}

impl Domain {
    /// Enqueues a letter about the last of these steps of a challenge that its trader is told of, in the transaction that
    /// takes them: a day that was locked and lost at once is told as lost, and a pass tells of its next phase.
    pub(crate) async fn write_to_trader(
        &self,
        tx: &DatabaseTransaction,
        challenge: &Challenge,
        steps: &[EvidenceRow],
    ) -> Result<()> {
        let mut own = steps.iter().rev().filter(|row| row.challenge_id == challenge.id);
        let Some((sequence, topic)) = own.find_map(|row| Some((row.seq, row.topic()?))) else { return Ok(()) };
        let message = Message::ChallengeMail { user: challenge.user_id, challenge: challenge.id, sequence, topic };
        self.enqueue(tx, Some(challenge.tenant_id), &message).await
    }

    /// What there is to tell of a step; none where the challenge is gone, or the step tells nothing.
    pub(crate) async fn challenge_news(
        &self,
        tx: &DatabaseTransaction,
        id: ChallengeId,
        sequence: i64,
    ) -> Result<Option<News>> {
        let found = challenge::Entity::unscoped().filter(challenge::Column::Id.eq(id)).one(tx).await?;
        let row = evidence::Entity::of(id).filter(evidence::Column::Seq.eq(sequence)).one(tx).await?;
        let (Some(challenge), Some(row)) = (found, row) else { return Ok(None) };
        let (body, rules) = (row.read()?, challenge.rules()?);
        let change = match (body.status, body.verdict) {
            (ChallengeStatus::Pending, _) => Change::Granted,
            (ChallengeStatus::Active, Some(Verdict::Lock(breach))) => {
                Change::Locked { breach, until: rules.next_reset(body.at) }
            }
            (ChallengeStatus::Active, _) => return Ok(None),
            (ChallengeStatus::Passed, _) => {
                let number = challenge.certificate.clone();
                let certificate = number.ok_or_else(|| Fault::Bug(format!("{id} is passed without a certificate")))?;
                Change::Passed { certificate, next: challenge.rules_of(challenge.phase + 1).map(|rules| rules.phase) }
            }
            (ChallengeStatus::Failed, Some(Verdict::Fail(breach))) => Change::Failed(Some(breach)),
            (ChallengeStatus::Failed, _) => Change::Failed(None),
            (ChallengeStatus::Expired, _) => Change::Expired,
            (ChallengeStatus::Cancelled, _) => Change::Cancelled,
        };
        let waits = matches!(change, Change::Granted | Change::Passed { next: Some(_), .. });
        Ok(Some(News {
            challenge: id,
            tier: challenge.tier_name.clone(),
            phase: challenge.phase,
            phases: challenge.phases.rules().len(),
            rules: rules.clone(),
            at: body.at,
            profit: body.state.map(|state| state.profit(rules)),
            // With a verdict it is why somebody looked, and not why it came out so.
            reason: body.reason.filter(|_| body.verdict.is_none()),
            change,
            link: waits.then(|| self.config().mail.link_base_url.clone()),
        }))
    }
}
