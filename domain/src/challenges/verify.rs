//! Judging again: whether a challenge's evidence is whole, and says what its rules say.

use sea_orm::{ColumnTrait, QueryFilter, QueryOrder, QuerySelect};

use super::challenge::{self, Model as Challenge};
use super::evaluate::{Observation, State, Verdict, evaluate};
use super::evidence::{self, Body, Model as EvidenceRow, hash};
use super::rules::Rules;
use super::vocabulary::{Cause, ChallengeStatus};
use crate::Domain;
use crate::error::Result;
use crate::fixed::{FixedError, Money};
use crate::ids::ChallengeId;
use crate::trading::book::gained;

/// Rows that are read at once.
const BATCH: u64 = 500;
/// Rows that one export holds at most.
const MOST_ROWS: u64 = 10_000;

/// What came of judging a challenge again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// Rows that are in order, from the first.
    pub rows: i64,
    /// What is wrong with the first that is not; none where all are.
    pub problem: Option<String>,
}

impl Proof {
    /// Whether all of it is in order.
    pub const fn is_valid(&self) -> bool {
        self.problem.is_none()
    }
}

/// What came of judging all challenges again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EvidenceReport {
    /// Challenges that were looked at.
    pub challenges: u64,
    /// Rows that are in order.
    pub rows: u64,
    /// What is wrong, a line for each challenge: at most a hundred.
    pub problems: Vec<String>,
    /// Challenges of which something is.
    pub broken: u64,
}

/// Walks the rows of one challenge.
struct Walk<'c> {
    challenge: &'c Challenge,
    rules: &'c Rules,
    rows: i64,
    hash: Vec<u8>,
    state: Option<State>,
    status: ChallengeStatus,
    expires_at: Option<chrono::DateTime<chrono::Utc>>,
}

impl<'c> Walk<'c> {
    fn begin(challenge: &'c Challenge) -> Result<Self> {
        Ok(Self {
            challenge,
            rules: challenge.rules()?,
            rows: 0,
            hash: vec![0; 32],
            state: None,
            status: ChallengeStatus::Pending,
            expires_at: None,
        })
    }

    /// What is wrong with the next row; none where nothing is.
    fn step(&mut self, row: &EvidenceRow) -> Result<(), String> {
        if row.seq != self.rows + 1 {
            return Err(format!("row {} is missing", self.rows + 1));
        }
        let wrong = |what: &str| Err(format!("row {}: {what}", row.seq));
        if row.previous_hash != self.hash || row.hash != hash(&row.previous_hash, &row.body) {
            return wrong("its hash does not follow from the row before and its text");
        }
        let Ok(body) = row.read() else { return wrong("its text can't be read") };
        let said = (body.challenge, body.sequence, body.at, body.cause, body.status);
        let rule = body.verdict.as_ref().and_then(Verdict::rule);
        if said != (self.challenge.id, row.seq, row.at, row.cause, row.status) || rule != row.rule {
            return wrong("its columns say something else than its text");
        }
        if body.rules_hash != hex::encode(&self.challenge.rules_hash) {
            return wrong("it was judged by other rules than those that were frozen");
        }
        if body.status != self.status && !self.status.leads_to(body.status) {
            return wrong("its status can't follow from the one before");
        }
        if let Some(seen) = &body.seen
            && equity(seen, &body, &self.rules.currency) != Ok(seen.equity)
        {
            return wrong("the equity is not the balance and what its holdings gained");
        }
        self.judge(&body).or_else(wrong)?;
        self.rows = row.seq;
        self.hash.clone_from(&row.hash);
        self.state = body.state;
        self.status = body.status;
        self.expires_at = body.expires_at;
        Ok(())
    }

    fn judge(&self, body: &Body) -> Result<(), &'static str> {
        if let (Some(verdict), Some(seen), Some(state)) = (body.verdict, body.seen, &self.state) {
            let again = evaluate(self.rules, self.expires_at, state, &seen);
            if (Some(&again.0), again.1) != (body.state.as_ref(), verdict) {
                return Err("judged again, it comes to something else");
            }
            return if verdict.leads_to() == body.status {
                Ok(())
            } else {
                Err("its status is not what the verdict leads to")
            };
        }
        if body.status != self.status && !matches!(body.cause, Cause::Started | Cause::Admin) {
            return Err("its status changed without a verdict, and nobody decided it");
        }
        let is_first = body.cause == Cause::Started && self.state.is_none();
        let begun = is_first.then(|| State::begin(self.rules, body.at));
        if body.verdict.is_some() || (body.state != self.state && body.state != begun) {
            return Err("what was known changed without a look");
        }
        Ok(())
    }

    /// What is wrong with the challenge itself, after its last row.
    fn end(&self) -> Option<String> {
        let challenge = self.challenge;
        if challenge.rules_hash != self.rules.hash().unwrap_or_default() {
            return Some("its rules are not those whose hash it holds".to_owned());
        }
        if (challenge.seq, &challenge.evidence_hash) != (self.rows, &self.hash) {
            return Some(format!("it says that row {} is its last, and {} are there", challenge.seq, self.rows));
        }
        let known = (&challenge.state, challenge.status, challenge.expires_at);
        (known != (&self.state, self.status, self.expires_at)).then(|| "it is not what its last row says".to_owned())
    }
}

/// The balance, and what the holdings gained at their prices.
fn equity(seen: &Observation, body: &Body, currency: &str) -> Result<Money, FixedError> {
    body.holdings.iter().try_fold(seen.balance, |sum, held| {
        let pnl = gained(held.price, held.entry_price, held.quantity, held.rate, held.side, currency)?;
        sum.checked_add(pnl)
    })
}

impl Domain {
    /// Judges a challenge that was found in a scope again, from its first row to its last.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn prove_evidence(&self, challenge: &Challenge) -> Result<Proof> {
        let mut walk = Walk::begin(challenge)?;
        loop {
            let rows = evidence::Entity::of(challenge.id).filter(evidence::Column::Seq.gt(walk.rows));
            // A row that was written after the challenge was read is none of it.
            let rows = rows.filter(evidence::Column::Seq.lte(challenge.seq)).order_by_asc(evidence::Column::Seq);
            let rows = rows.limit(BATCH).all(self.db().reader()).await?;
            if rows.is_empty() {
                return Ok(Proof { rows: walk.rows, problem: walk.end() });
            }
            for row in &rows {
                if let Err(problem) = walk.step(row) {
                    return Ok(Proof { rows: walk.rows, problem: Some(problem) });
                }
            }
        }
    }

    /// Judges the next challenges again, in the order of their ids; answers the last of them, none after all.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn prove_evidence_after(
        &self,
        after: Option<ChallengeId>,
        report: &mut EvidenceReport,
    ) -> Result<Option<ChallengeId>> {
        let mut next = challenge::Entity::unscoped().order_by_asc(challenge::Column::Id).limit(100);
        if let Some(after) = after {
            next = next.filter(challenge::Column::Id.gt(after));
        }
        let mut last = None;
        for challenge in next.all(self.db().reader()).await? {
            let proof = self.prove_evidence(&challenge).await?;
            report.challenges += 1;
            report.rows += u64::try_from(proof.rows).unwrap_or(0);
            if let Some(problem) = proof.problem {
                report.broken += 1;
                if report.problems.len() < 100 {
                    report.problems.push(format!("{}: {problem}", challenge.id));
                }
            }
            last = Some(challenge.id);
        }
        Ok(last)
    }

    /// Judges all challenges again, for the command line.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn prove_all_evidence(&self) -> Result<EvidenceReport> {
        let (mut report, mut after) = (EvidenceReport::default(), None);
        while let Some(last) = self.prove_evidence_after(after, &mut report).await? {
            after = Some(last);
        }
        Ok(report)
    }

    /// The evidence of a challenge as JSON Lines: the frozen rules, then a line for each row with its text and hashes, at
    /// most 10,000 rows.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn export_evidence(&self, challenge: &Challenge) -> Result<String> {
        let rows = evidence::Entity::of(challenge.id).order_by_asc(evidence::Column::Seq).limit(MOST_ROWS);
        let rules = serde_json::json!({
            "challenge": challenge.id.to_string(),
            "rules": challenge.rules()?.to_text()?,
            "rulesHash": hex::encode(&challenge.rules_hash),
        });
        let mut lines = format!("{rules}\n");
        for row in rows.all(self.db().reader()).await? {
            let line = serde_json::json!({
                "body": row.body,
                "previousHash": hex::encode(&row.previous_hash),
                "hash": hex::encode(&row.hash),
            });
            lines.push_str(&format!("{line}\n"));
        }
        Ok(lines)
    }
}

impl EvidenceReport {
    /// What is wrong, in one line; none where nothing is.
    pub fn complaint(&self) -> Option<String> {
        let (broken, first) = (self.broken, self.problems.first()?);
        Some(format!("{broken} challenges have evidence that does not hold; the first: {first}"))
    }
}
