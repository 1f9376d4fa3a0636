//! What a challenge went through, and the evidence of it.

use async_graphql::{Enum, ID, Object, SimpleObject};
use bellwether_domain::challenges::{self, Body, Breach, EvidenceRow};
use chrono::{DateTime, Utc};

use super::tiers::RuleKind;
use super::types::ChallengeStatus;
use crate::paging::Item;
use crate::scalars::Decimal;

/// A step of a challenge: its status changed, somebody decided, or a limit was broken.
#[derive(Clone, Debug, SimpleObject)]
pub(crate) struct ChallengeStep {
    /// The number of its row of evidence.
    sequence: String,
    /// When.
    at: DateTime<Utc>,
    /// Why the challenge was looked at.
    cause: EvidenceCause,
    /// What it was afterwards.
    status: ChallengeStatus,
    /// The limit that was broken; null where none was.
    rule: Option<RuleKind>,
    /// What there was of that limit, in percent as it is; null where none was broken.
    value_percent: Option<Decimal>,
    /// What there may be, in percent; null where none was broken.
    limit_percent: Option<Decimal>,
    /// For what reason somebody decided it; null where nobody did.
    reason: Option<String>,
    /// The id of who that was, `usr_…`; null where nobody did, and where it was somebody above the tenants.
    actor_id: Option<ID>,
}

impl ChallengeStep {
    /// The step of a row. Of one whose text somebody has spoilt, what its columns say.
    pub(super) fn of(row: &EvidenceRow) -> Self {
        let body = row.read().ok();
        let breach = body.as_ref().and_then(|body| body.verdict).and_then(broken);
        let (reason, actor) = body.map(|body| (body.reason, body.actor)).unwrap_or_default();
        Self {
            sequence: row.seq.to_string(),
            at: row.at,
            cause: row.cause.into(),
            status: row.status.into(),
            rule: row.rule.map(RuleKind::from),
            value_percent: breach.map(|breach| breach.value.into()),
            limit_percent: breach.map(|breach| breach.limit.into()),
            reason,
            actor_id: actor.map(ID::from),
        }
    }

    pub(super) const fn is_violation(&self) -> bool {
        self.rule.is_some()
    }
}

/// The limit that a verdict says was broken.
const fn broken(verdict: challenges::Verdict) -> Option<Breach> {
    match verdict {
        challenges::Verdict::Lock(breach) | challenges::Verdict::Fail(breach) => Some(breach),
        challenges::Verdict::Continue | challenges::Verdict::Pass | challenges::Verdict::Expire => None,
    }
}

/// A row of evidence: one look at a challenge that changed anything, chained to the row before by its hash.
#[derive(Clone, Debug)]
pub(crate) struct Evidence {
    row: EvidenceRow,
    body: Option<Body>,
}

impl Evidence {
    pub(super) fn new(row: EvidenceRow) -> Self {
        let body = row.read().ok();
        Self { row, body }
    }

    pub(super) const fn row(&self) -> &EvidenceRow {
        &self.row
    }
}

impl Item for Evidence {
    const NAME: &str = "Evidence";
}

/// A row of evidence: one look at a challenge that changed anything, chained to the row before by its hash.
#[Object]
impl Evidence {
    /// Its number in the challenge, from 1 and without gaps.
    async fn sequence(&self) -> String {
        self.row.seq.to_string()
    }

    /// When the challenge was looked at.
    async fn at(&self) -> DateTime<Utc> {
        self.row.at
    }

    /// Why.
    async fn cause(&self) -> EvidenceCause {
        self.row.cause.into()
    }

    /// What the challenge was afterwards.
    async fn status(&self) -> ChallengeStatus {
        self.row.status.into()
    }

    /// The limit that was broken; null where none was.
    async fn rule(&self) -> Option<RuleKind> {
        self.row.rule.map(RuleKind::from)
    }

    /// What was said of the challenge; null where it was not judged, and where somebody has spoilt the text.
    async fn verdict(&self) -> Option<ChallengeVerdict> {
        self.body.as_ref()?.verdict.map(ChallengeVerdict::from)
    }

    /// The balance that was seen, in the challenge's currency; null where the account was not looked at, and where somebody has spoilt the text.
    async fn balance(&self) -> Option<Decimal> {
        self.body.as_ref()?.seen.map(|seen| seen.balance.into())
    }

    /// The equity that was seen, in the challenge's currency; null as balance is.
    async fn equity(&self) -> Option<Decimal> {
        self.body.as_ref()?.seen.map(|seen| seen.equity.into())
    }

    /// All that the verdict came from and led to, as JSON: its exact letters, which the hash is over.
    async fn body(&self) -> &str {
        &self.row.body
    }

    /// The hash of the row before, in hexadecimal digits; zeros for the first.
    async fn previous_hash(&self) -> String {
        hex::encode(&self.row.previous_hash)
    }

    /// SHA-256 of the bytes of the hash before and the body, in hexadecimal digits.
    async fn hash(&self) -> String {
        hex::encode(&self.row.hash)
    }
}

/// What came of judging a challenge again, from its first row of evidence to its last.
#[derive(SimpleObject)]
pub(crate) struct EvidenceProof {
    /// Whether every row follows from the one before, and says what the rules say.
    is_valid: bool,
    /// Rows that are in order, from the first.
    rows: i64,
    /// What is wrong with the first that is not; null where all are.
    problem: Option<String>,
}

impl From<challenges::Proof> for EvidenceProof {
    fn from(proof: challenges::Proof) -> Self {
        Self { is_valid: proof.is_valid(), rows: proof.rows, problem: proof.problem }
    }
}

/// Why a challenge was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "challenges::Cause")]
pub(crate) enum EvidenceCause {
    /// It was granted, or its phase came up.
    Granted,
    /// Its trader began it.
    Started,
    /// An order was filled.
    Fill,
    /// An order that waited was taken back.
    Order,
    /// A price changed.
    Quote,
    /// The clock: a day, an hour or the challenge's days were over.
    Clock,
    /// Whoever runs the tenant asked for it, or decided.
    Admin,
}

/// What a look at a challenge says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub(crate) enum ChallengeVerdict {
    /// It goes on.
    Continue,
    /// It goes on, with nothing traded until the day is over.
    Lock,
    /// A limit was broken.
    Fail,
    /// The target was reached.
    Pass,
    /// Its days were over first.
    Expire,
}

impl From<challenges::Verdict> for ChallengeVerdict {
    fn from(verdict: challenges::Verdict) -> Self {
        match verdict {
            challenges::Verdict::Continue => Self::Continue,
            challenges::Verdict::Lock(_) => Self::Lock,
            challenges::Verdict::Fail(_) => Self::Fail,
            challenges::Verdict::Pass => Self::Pass,
            challenges::Verdict::Expire => Self::Expire,
        }
    }
}
