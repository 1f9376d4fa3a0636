//! The evidence of how a challenge was judged: a row for every look that changed anything, chained by hashes.
//!
//! A row's body holds all that the verdict came from: the hash of the frozen rules, what the account held and at which
//! prices, what was known afterwards, and what was said. Whoever has the rules and the rows can judge again
//! (`verify.rs` does), and a row that was changed, removed or moved breaks the chain.

use chrono::{DateTime, Utc};
use sea_orm::Select;
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::challenge;
use super::evaluate::{Observation, State, Verdict};
use super::rules::Rules;
use super::vocabulary::{Cause, ChallengeStatus, RuleKind};
use crate::error::{Fault, Result};
use crate::fixed::{Money, Percent, Price, Quantity};
use crate::ids::{AccountId, ChallengeId, TenantId, TradeId, UserId, as_text};
use crate::trading::Side;

/// A row of evidence.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "challenge_evidence")]
pub struct Model {
    /// Of which challenge.
    #[sea_orm(primary_key, auto_increment = false)]
    pub challenge_id: ChallengeId,
    /// Its number in the challenge, from 1 and without gaps.
    #[sea_orm(primary_key, auto_increment = false)]
    pub seq: i64,
    /// The tenant.
    pub tenant_id: TenantId,
    /// When the challenge was looked at.
    pub at: DateTimeUtc,
    /// Why.
    pub cause: Cause,
    /// What it was afterwards.
    pub status: ChallengeStatus,
    /// The limit that was broken; none where none was.
    pub rule: Option<RuleKind>,
    /// The [`Body`] as JSON: a text, because the hash is over its exact letters.
    pub body: String,
    /// The hash of the row before; zeros for the first.
    pub previous_hash: Vec<u8>,
    /// SHA-256 of the hash before and the body.
    pub hash: Vec<u8>,
}

/// No relation is walked through the entity.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// What an account held, and what that was worth.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Holding {
    /// The open trade.
    #[serde(with = "as_text")]
    pub trade: TradeId,
    /// Of what.
    pub symbol: String,
    /// Long or short.
    pub side: Side,
    /// How much.
    pub quantity: Quantity,
    /// What it was opened at.
    pub entry_price: Price,
    /// What it cost when it was opened.
    pub notional: Money,
    /// What it would be closed at.
    pub price: Price,
    /// What one unit of the asset's currency was in the account's.
    pub rate: Price,
    /// Who said the price.
    pub source: String,
    /// And when.
    pub quoted_at: DateTime<Utc>,
    /// What it would have gained, before fees.
    pub unrealized_pnl: Money,
}

/// What there was of a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Measured {
    /// How far the equity lay below its reference, in percent.
    pub value: Percent,
    /// How far it may.
    pub limit: Percent,
    /// The least equity that breaks nothing.
    pub floor: Money,
}

/// What a challenge is of, from its first row to its last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Grant {
    /// Whose it is.
    #[serde(with = "as_text")]
    pub user: UserId,
    /// Of which tenant.
    #[serde(with = "as_text")]
    pub tenant: TenantId,
    /// The code of its tier.
    pub tier: String,
    /// What the tier was called.
    pub tier_name: String,
    /// Which phase it is, from 1.
    pub phase: i32,
    /// The challenge of the phase before; none for the first.
    pub previous: Option<String>,
}

impl Grant {
    /// What a challenge is of.
    pub(crate) fn of(challenge: &challenge::Model) -> Self {
        Self {
            user: challenge.user_id,
            tenant: challenge.tenant_id,
            tier: challenge.tier_code.clone(),
            tier_name: challenge.tier_name.clone(),
            phase: challenge.phase,
            previous: challenge.previous_id.map(|id| id.to_string()),
        }
    }
}

/// What a row says. The fields are written in this order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Body {
    /// Of which challenge.
    #[serde(with = "as_text")]
    pub challenge: ChallengeId,
    /// The row's number.
    pub sequence: i64,
    /// When it was looked at.
    pub at: DateTime<Utc>,
    /// Why.
    pub cause: Cause,
    /// By whom, where somebody decided.
    pub actor: Option<String>,
    /// For what reason they did.
    pub reason: Option<String>,
    /// The SHA-256 of the frozen rules, in hexadecimal digits.
    pub rules_hash: String,
    /// What the challenge is of, in its first row.
    pub grant: Option<Grant>,
    /// The account that is judged, in the row in which it was begun.
    pub account: Option<String>,
    /// The number of the certificate, in the row in which it was passed.
    pub certificate: Option<String>,
    /// What the account was; none where it was not looked at.
    pub seen: Option<Observation>,
    /// What it held.
    pub holdings: Vec<Holding>,
    /// The daily loss.
    pub daily_loss: Option<Measured>,
    /// The drawdown.
    pub drawdown: Option<Measured>,
    /// What was said of it; none where it was not judged.
    pub verdict: Option<Verdict>,
    /// What was known afterwards.
    pub state: Option<State>,
    /// What the challenge was afterwards.
    pub status: ChallengeStatus,
    /// When it expires.
    pub expires_at: Option<DateTime<Utc>>,
}

/// A step of a challenge, to be written down.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) cause: Cause,
    pub(crate) actor: Option<UserId>,
    pub(crate) reason: Option<String>,
    pub(crate) grant: Option<Grant>,
    pub(crate) account: Option<AccountId>,
    pub(crate) certificate: Option<String>,
    pub(crate) seen: Option<Observation>,
    pub(crate) holdings: Vec<Holding>,
    pub(crate) verdict: Option<Verdict>,
    pub(crate) state: Option<State>,
    pub(crate) status: ChallengeStatus,
    pub(crate) expires_at: Option<DateTime<Utc>>,
}

impl Step {
    /// A step that changes nothing, of a challenge as it is.
    pub(crate) fn of(challenge: &challenge::Model, cause: Cause) -> Self {
        Self {
            cause,
            actor: None,
            reason: None,
            grant: None,
            account: None,
            certificate: None,
            seen: None,
            holdings: Vec::new(),
            verdict: None,
            state: challenge.state.clone(),
            status: challenge.status,
            expires_at: challenge.expires_at,
        }
    }
}

/// The end of a challenge's chain, to which the next row is added.
#[derive(Clone, Debug)]
pub(crate) struct ChainEnd {
    pub(crate) challenge: ChallengeId,
    pub(crate) tenant: TenantId,
    pub(crate) seq: i64,
    pub(crate) hash: Vec<u8>,
    pub(crate) rules_hash: Vec<u8>,
}

impl Model {
    /// The row that comes after a challenge's last one.
    pub(crate) fn next(end: &ChainEnd, rules: &Rules, at: DateTime<Utc>, step: &Step) -> Result<Self> {
        let measured = |floor: Option<super::evaluate::Floor>| {
            let (floor, seen) = (floor?, step.seen?);
            let value = floor.value(seen.equity);
            Some(Measured { value, limit: floor.limit, floor: floor.least_equity() })
        };
        let body = Body {
            challenge: end.challenge,
            sequence: end.seq + 1,
            at,
            cause: step.cause,
            actor: step.actor.map(|id| id.to_string()),
            reason: step.reason.clone(),
            rules_hash: hex::encode(&end.rules_hash),
            grant: step.grant.clone(),
            account: step.account.map(|id| id.to_string()),
            certificate: step.certificate.clone(),
            seen: step.seen,
            holdings: step.holdings.clone(),
            daily_loss: measured(step.state.as_ref().and_then(|state| state.daily_floor(rules))),
            drawdown: measured(step.state.as_ref().and_then(|state| state.drawdown_floor(rules))),
            verdict: step.verdict,
            state: step.state.clone(),
            status: step.status,
            expires_at: step.expires_at,
        };
        let text = serde_json::to_string(&body).map_err(|error| Fault::Bug(error.to_string()))?;
        Ok(Self {
            challenge_id: end.challenge,
            seq: body.sequence,
            tenant_id: end.tenant,
            at,
            cause: step.cause,
            status: step.status,
            rule: step.verdict.as_ref().and_then(Verdict::rule),
            hash: hash(&end.hash, &text),
            body: text,
            previous_hash: end.hash.clone(),
        })
    }

    /// What it says.
    ///
    /// # Errors
    /// A bug where it is no [`Body`].
    pub fn read(&self) -> Result<Body> {
        let body = serde_json::from_str(&self.body);
        body.map_err(|error| Fault::Bug(format!("row {} of {}: {error}", self.seq, self.challenge_id)).into())
    }
}

/// The hash of a row: SHA-256 of the hash before it and the letters of its body.
pub(super) fn hash(previous: &[u8], body: &str) -> Vec<u8> {
    Sha256::new().chain_update(previous).chain_update(body).finalize().to_vec()
}

impl Entity {
    /// The rows of a challenge that was found in a scope.
    pub(crate) fn of(challenge: ChallengeId) -> Select<Self> {
        Self::unscoped().filter(Column::ChallengeId.eq(challenge))
    }

    /// Every row, for those of challenges that were found in a scope.
    pub(crate) fn unscoped() -> Select<Self> {
        #[expect(clippy::disallowed_methods, reason = "this is the scope")]
        Self::find()
    }
}
