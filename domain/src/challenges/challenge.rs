//! The table of challenges, and who may see which.

use chrono::{DateTime, Utc};
use sea_orm::Select;
use sea_orm::entity::prelude::*;
use uuid::Uuid;

use super::evaluate::State;
use super::evidence::{self, ChainEnd, Grant, Step};
use super::phases::Phases;
use super::rules::Rules;
use super::vocabulary::{Cause, ChallengeStatus};
use crate::db::nothing;
use crate::error::{Fault, Result};
use crate::fixed::Percent;
use crate::ids::{AccountId, ChallengeId, Id, TenantId, UserId};
use crate::permission::Permission;
use crate::viewer::Viewer;

/// One phase of a challenge.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "challenges")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ChallengeId,
    /// The tenant.
    pub tenant_id: TenantId,
    /// Whose it is.
    pub user_id: UserId,
    /// The code of its tier.
    pub tier_code: String,
    /// What the tier was called when it was granted.
    pub tier_name: String,
    /// The rules of all its phases, as they were when it was granted.
    pub phases: Phases,
    /// Which of them this is, from 1.
    pub phase: i32,
    /// The phase before it; none for the first.
    pub previous_id: Option<ChallengeId>,
    /// The hash of their text.
    pub rules_hash: Vec<u8>,
    /// How far it has come.
    pub status: ChallengeStatus,
    /// The account that is judged; none before it is begun.
    pub account_id: Option<AccountId>,
    /// What is known of it beside the account; none before it is begun.
    pub state: Option<State>,
    /// The number of its last row of evidence.
    pub seq: i64,
    /// The hash of that.
    pub evidence_hash: Vec<u8>,
    /// The number of its certificate; none unless it is passed.
    pub certificate: Option<String>,
    /// When it was begun.
    pub started_at: Option<DateTimeUtc>,
    /// When it expires; none before it is begun, and where it does not.
    pub expires_at: Option<DateTimeUtc>,
    /// When the clock alone changes something of it: its day or its days are over; none unless it runs.
    pub next_look: Option<DateTimeUtc>,
    /// When it was over.
    pub ended_at: Option<DateTimeUtc>,
    /// When it was granted, or its phase came up.
    pub created_at: DateTimeUtc,
    /// When it last changed.
    pub updated_at: DateTimeUtc,
}

/// No relation is walked through the entity.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// The rules that it is judged by.
    ///
    /// # Errors
    /// When the row holds no such phase.
    pub fn rules(&self) -> Result<&Rules> {
        self.rules_of(self.phase).ok_or_else(|| Fault::Bug(format!("{} has no phase {}", self.id, self.phase)).into())
    }

    /// The rules of the phase of this number.
    pub fn rules_of(&self, phase: i32) -> Option<&Rules> {
        self.phases.phase(phase)
    }

    /// The days that are left until it expires, one that has begun among them; none unless it runs and expires.
    pub fn days_remaining(&self, now: DateTime<Utc>) -> Option<i64> {
        let expires = self.expires_at.filter(|_| self.status == ChallengeStatus::Active)?;
        let seconds = (expires - now).num_seconds().max(0);
        Some((seconds + 86_399) / 86_400)
    }

    /// The realized profit when it was judged last, in percent of the initial balance, to the nearest; none before it is
    /// begun.
    ///
    /// # Errors
    /// As [`Self::rules`].
    pub fn profit_percent(&self) -> Result<Option<Percent>> {
        let rules = self.rules()?;
        let Some(state) = &self.state else { return Ok(None) };
        Ok(Some(Percent::share(state.profit(rules), rules.initial_balance)?))
    }

    /// A challenge that was granted, with its first row of evidence.
    pub(crate) fn granted(
        blank: Self,
        (actor, reason): (Option<UserId>, Option<String>),
    ) -> Result<(Self, evidence::Model)> {
        let mut challenge = blank;
        let grant = Some(Grant::of(&challenge));
        let step = Step { actor, reason, grant, ..Step::of(&challenge, Cause::Granted) };
        let row = challenge.take(challenge.created_at, step)?;
        Ok((challenge, row))
    }

    /// A phase that is granted at a moment, before anything was written of it.
    pub(crate) fn blank(
        id: Uuid,
        owner: (TenantId, UserId),
        (tier_code, tier_name): (String, String),
        phases: Phases,
        (phase, previous_id): (i32, Option<ChallengeId>),
        at: DateTime<Utc>,
    ) -> Result<Self> {
        let rules_hash = phases.hash();
        let blank = Self {
            id: ChallengeId::from_uuid(id),
            tenant_id: owner.0,
            user_id: owner.1,
            tier_code,
            tier_name,
            phases,
            phase,
            previous_id,
            rules_hash,
            status: ChallengeStatus::Pending,
            account_id: None,
            state: None,
            seq: 0,
            evidence_hash: vec![0; 32],
            certificate: None,
            started_at: None,
            expires_at: None,
            next_look: None,
            ended_at: None,
            created_at: at,
            updated_at: at,
        };
        blank.rules()?;
        Ok(blank)
    }

    /// The phase that comes up when this one is passed, with its first row of evidence; none after the last.
    pub(crate) fn next_phase(&self, id: Uuid, at: DateTime<Utc>) -> Result<Option<(Self, evidence::Model)>> {
        if self.rules_of(self.phase + 1).is_none() {
            return Ok(None);
        }
        let (owner, tier) = ((self.tenant_id, self.user_id), (self.tier_code.clone(), self.tier_name.clone()));
        let next = Self::blank(id, owner, tier, self.phases.clone(), (self.phase + 1, Some(self.id)), at)?;
        Self::granted(next, (None, None)).map(Some)
    }

    /// Takes a step: changes what it changes of the challenge, and answers the row of evidence to be written with it.
    pub(crate) fn take(&mut self, at: DateTime<Utc>, step: Step) -> Result<evidence::Model> {
        if step.status != self.status && !self.status.leads_to(step.status) {
            return Err(Fault::Bug(format!("{} is {} and can't be {}", self.id, self.status, step.status)).into());
        }
        let row = evidence::Model::next(&self.chain_end(), self.rules()?, at, &step)?;
        self.seq = row.seq;
        self.evidence_hash.clone_from(&row.hash);
        self.certificate = step.certificate.or(self.certificate.take());
        self.status = step.status;
        self.state = step.state;
        self.expires_at = step.expires_at;
        self.updated_at = at;
        self.next_look = match step.status {
            ChallengeStatus::Active => Some(next_look(self.rules()?, self.expires_at, at)),
            _ => None,
        };
        if step.status.is_over() {
            self.ended_at = Some(at);
        }
        Ok(row)
    }

    fn chain_end(&self) -> ChainEnd {
        ChainEnd {
            challenge: self.id,
            tenant: self.tenant_id,
            seq: self.seq,
            hash: self.evidence_hash.clone(),
            rules_hash: self.rules_hash.clone(),
        }
    }
}

/// When the clock alone changes something of a challenge that was judged at a moment.
pub(crate) fn next_look(rules: &Rules, expires: Option<DateTime<Utc>>, at: DateTime<Utc>) -> DateTime<Utc> {
    let resets = rules.next_reset(at);
    expires.map_or(resets, |expires| expires.min(resets))
}

impl Entity {
    /// The challenges that the viewer may read: their own; for who may read all, the tenant's; for the owner, all.
    pub(crate) fn visible_to(viewer: &Viewer) -> Select<Self> {
        let all = Self::unscoped();
        if matches!(viewer, Viewer::System) {
            return all;
        }
        let Ok(member) = viewer.permitted(Permission::TradingRead) else {
            return all.filter(nothing());
        };
        if !viewer.may(Permission::TradingReadAll) {
            return all.filter(Column::TenantId.eq(member.tenant_id)).filter(Column::UserId.eq(member.user_id));
        }
        if viewer.may(Permission::TenantsReadAll) { all } else { all.filter(Column::TenantId.eq(member.tenant_id)) }
    }

    /// Every challenge, for jobs, and for work on one that was found in a scope.
    pub(crate) fn unscoped() -> Select<Self> {
        #[expect(clippy::disallowed_methods, reason = "this is the scope")]
        Self::find()
    }
}
