//! Judging again: whether a challenge's evidence is whole, and says what its rules say.

use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::json;

use super::challenge::{self, Model as Challenge};
use super::evaluate::{Observation, State, Verdict, evaluate};
use super::evidence::{self, Body, Grant, Model as EvidenceRow, hash};
use super::rules::Rules;
use super::vocabulary::{Cause, ChallengeStatus};
use crate::Domain;
use crate::error::{Error, Fault, Result};
use crate::fixed::{FixedError, Money};
use crate::ids::ChallengeId;
use crate::trading::book::gained;

/// Rows that are read at once.
const BATCH: u64 = 500;
/// Letters after which an export takes no more rows.
const LARGEST_EXPORT: usize = 8_000_000;
/// Rows that an export reads at once.
const EXPORT_BATCH: u64 = 100;

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
    expires_at: Option<DateTime<Utc>>,
    account: Option<String>,
    certificate: Option<String>,
    started_at: Option<DateTime<Utc>>,
    ended_at: Option<DateTime<Utc>>,
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
            account: None,
            certificate: None,
            started_at: None,
            ended_at: None,
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
        self.check_frame(&body).or_else(wrong)?;
        self.judge(&body).or_else(wrong)?;
        self.account = self.account.take().or(body.account);
        self.certificate = self.certificate.take().or(body.certificate);
        if body.cause == Cause::Started {
            self.started_at = Some(body.at);
        }
        self.ended_at = body.status.is_over().then_some(body.at);
        self.rows = row.seq;
        self.hash.clone_from(&row.hash);
        self.state = body.state;
        self.status = body.status;
        self.expires_at = body.expires_at;
        Ok(())
    }

    /// What stands around a look: whose challenge it is, when it expires, and what was looked at.
    fn check_frame(&self, body: &Body) -> Result<(), &'static str> {
        let is_first = self.rows == 0;
        if body.grant != is_first.then(|| Grant::of(self.challenge)) {
            return Err("the challenge was granted as another one");
        }
        let is_started = body.cause == Cause::Started;
        if body.account.is_some() != is_started
            || body.certificate.is_some() != (body.status == ChallengeStatus::Passed)
        {
            return Err("an account or a certificate is where there is none, or missing where there is one");
        }
        let expires_at = if is_started { self.rules.expires_at(body.at) } else { self.expires_at };
        if body.expires_at != expires_at && body.cause != Cause::Admin {
            return Err("its end was moved, and nobody decided it");
        }
        if let Some(seen) = &body.seen {
            let held = u32::try_from(body.holdings.len()).unwrap_or(u32::MAX);
            // What was filled is written down with the trades of which no price is known left out.
            if seen.at != body.at
                || held > seen.open_trades
                || (held < seen.open_trades && body.cause != Cause::Fill && body.verdict != Some(Verdict::Expire))
            {
                return Err("what was seen is not what was held");
            }
        }
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
        if challenge.rules_hash != challenge.phases.hash() {
            return Some("its rules are not those whose hash it holds".to_owned());
        }
        if (challenge.seq, &challenge.evidence_hash) != (self.rows, &self.hash) {
            return Some(format!("it says that row {} is its last, and {} are there", challenge.seq, self.rows));
        }
        let known = (&challenge.state, challenge.status, challenge.expires_at);
        let account = challenge.account_id.map(|id| id.to_string());
        let course = (challenge.started_at, challenge.ended_at, &account, &challenge.certificate);
        let is_same = known == (&self.state, self.status, self.expires_at)
            && course == (self.started_at, self.ended_at, &self.account, &self.certificate);
        (!is_same).then(|| "it is not what its rows say".to_owned())
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
                let problem = match walk.end() {
                    None => self.rows_after(challenge).await?,
                    problem => problem,
                };
                return Ok(Proof { rows: walk.rows, problem });
            }
            for row in &rows {
                if let Err(problem) = walk.step(row) {
                    return Ok(Proof { rows: walk.rows, problem: Some(problem) });
                }
            }
        }
    }

    /// What is wrong where there are rows after a challenge's last one, and it has not gone on meanwhile.
    async fn rows_after(&self, challenge: &Challenge) -> Result<Option<String>> {
        let after = evidence::Entity::of(challenge.id).filter(evidence::Column::Seq.gt(challenge.seq)).select_only();
        let after = after.column_as(evidence::Column::Seq.max(), "last").into_tuple::<Option<i64>>();
        let Some(last) = after.one(self.db().reader()).await?.flatten() else { return Ok(None) };
        let now = challenge::Entity::unscoped().filter(challenge::Column::Id.eq(challenge.id)).select_only();
        let now: Option<i64> = now.column(challenge::Column::Seq).into_tuple().one(self.db().reader()).await?;
        let is_behind = now.is_none_or(|now| now < last);
        Ok(is_behind.then(|| format!("it says that row {} is its last, and row {last} is there", challenge.seq)))
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
        let next = next.select_only().column(challenge::Column::Id).into_tuple();
        let ids: Vec<ChallengeId> = next.all(self.db().reader()).await?;
        for &id in &ids {
            report.challenges += 1;
            let problem = match self.prove_by_id(id).await {
                Ok(proof) => {
                    report.rows += u64::try_from(proof.rows).unwrap_or(0);
                    proof.problem
                }
                Err(error @ Error::Fault(Fault::Unavailable(_))) => return Err(error),
                // One that can't even be read is wrong, and keeps no other from being looked at.
                Err(error) => Some(format!("it can't be read: {error}")),
            };
            if let Some(problem) = problem {
                report.broken += 1;
                if report.problems.len() < 100 {
                    report.problems.push(format!("{id}: {problem}"));
                }
            }
        }
        Ok(ids.last().copied())
    }

    async fn prove_by_id(&self, id: ChallengeId) -> Result<Proof> {
        let challenge = challenge::Entity::unscoped().filter(challenge::Column::Id.eq(id));
        let challenge = challenge.one(self.db().reader()).await?.ok_or(Fault::NotFound)?;
        self.prove_evidence(&challenge).await
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

    /// The evidence of a challenge as JSON Lines: the frozen rules, then a line for each row after this one with its text and
    /// hashes, as many as make about 8 MB; the rest comes after the last of them.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn export_evidence(&self, challenge: &Challenge, after: i64) -> Result<String> {
        let rules = json!({
            "challenge": challenge.id.to_string(),
            "phase": challenge.phase,
            "rules": challenge.phases.text(),
            "rulesHash": hex::encode(&challenge.rules_hash),
        });
        let (mut lines, mut last) = (format!("{rules}\n"), after);
        while lines.len() < LARGEST_EXPORT {
            let rows = evidence::Entity::of(challenge.id).filter(evidence::Column::Seq.gt(last));
            let rows = rows.order_by_asc(evidence::Column::Seq).limit(EXPORT_BATCH);
            let rows = rows.all(self.db().reader()).await?;
            let Some(newest) = rows.last() else { break };
            last = newest.seq;
            for row in &rows {
                let (previous, hash) = (hex::encode(&row.previous_hash), hex::encode(&row.hash));
                let line = json!({"sequence": row.seq, "body": row.body, "previousHash": previous, "hash": hash});
                lines.push_str(&line.to_string());
                lines.push('\n');
            }
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
