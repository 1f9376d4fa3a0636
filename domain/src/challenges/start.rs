//! Beginning a challenge that was granted: its account is opened, and its days begin.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait, DatabaseTransaction, QueryFilter};
use serde_json::json;

use super::challenge::{self, Model as Challenge};
use super::evaluate::{Observation, State};
use super::evidence::Step;
use super::vocabulary::{Cause, ChallengeStatus};
use crate::Domain;
use crate::audit::{Action, NewEntry};
use crate::error::{Fault, Problem, ProblemCode, Result};
use crate::fixed::Money;
use crate::ids::ChallengeId;
use crate::permission::Permission;
use crate::trading::LedgerKind;
use crate::trading::book::{Book, Marks};
use crate::trading::booking::Booking;
use crate::trading::referee::Referee;
use crate::viewer::{ClientInfo, Viewer};

impl Domain {
    /// Begins a challenge of the viewer's own: opens its account with the initial balance. One that runs is answered as it
    /// is.
    ///
    /// # Errors
    /// UNAUTHENTICATED, FORBIDDEN; NOT_FOUND; CONFLICT for one that is over.
    pub async fn start_challenge(&self, viewer: &Viewer, id: ChallengeId, client: &ClientInfo) -> Result<Challenge> {
        let member = viewer.permitted(Permission::TradingWrite)?;
        let own = challenge::Entity::visible_to(viewer).filter(challenge::Column::Id.eq(id));
        let own = own.filter(challenge::Column::UserId.eq(member.user_id)).one(self.db().reader()).await?;
        let gone = || Problem::new(ProblemCode::NotFound, &["input", "challengeId"], "you have no such challenge");
        let challenge = own.ok_or_else(gone)?;
        match challenge.status {
            ChallengeStatus::Active => Ok(challenge),
            ChallengeStatus::Pending => self.start_at(challenge, self.now(), client).await,
            over => {
                let message = format!("the challenge is {over}");
                Err(Problem::new(ProblemCode::Conflict, &["input", "challengeId"], message).into())
            }
        }
    }

    /// Begins a challenge that waits, as at a moment.
    pub(crate) async fn start_at(
        &self,
        mut challenge: Challenge,
        now: DateTime<Utc>,
        client: &ClientInfo,
    ) -> Result<Challenge> {
        let rules = challenge.rules()?.clone();
        let account = self.account_of_challenge(&challenge, &rules, now);
        // What was read, before anything is changed of it.
        let read = challenge.clone();
        challenge.account_id = Some(account.id);
        challenge.started_at = Some(now);
        let mut referee = Referee::of(read, 0);
        referee.challenge = challenge;
        let book = Book { account, seq: 0, balance: Money::ZERO, open: Vec::new(), challenge: Some(referee) };
        let mut booking = Booking::new(self, book, now);
        booking.entry(LedgerKind::Deposit, rules.initial_balance, None, None, Some("Initial balance".to_owned()))?;
        let initial = rules.initial_balance;
        let seen = Observation {
            at: now,
            balance: initial,
            equity: initial,
            open_trades: 0,
            pending_orders: 0,
            largest_position: Money::ZERO,
            opened: false,
        };
        let step = Step {
            seen: Some(seen),
            state: Some(State::begin(&rules, now)),
            status: ChallengeStatus::Active,
            expires_at: rules.expires_at(now),
            account: Some(booking.book.account.id),
            ..Step::of(booking.challenge()?, Cause::Started)
        };
        booking.take(step, &Marks::new())?;
        booking.note_equity(&Marks::new())?;
        let started = booking.challenge()?.clone();
        let entry = NewEntry {
            tenant_id: started.tenant_id,
            actor_id: Some(started.user_id),
            action: Action::ChallengeStarted,
            subject: Some(started.id.to_string()),
            details: json!({"account": booking.book.account.number, "tier": started.tier_code, "phase": started.phase}),
            client: client.clone(),
        };
        let work = Arc::new((booking, entry));
        let is_done = self
            .db()
            .write(|tx: &DatabaseTransaction| {
                let (domain, work) = (self.clone(), work.clone());
                Box::pin(async move {
                    if !work.0.is_current(tx).await? {
                        return Ok(false);
                    }
                    work.0.insert_account(tx).await?;
                    work.0.rows(tx).await?;
                    domain.audit(tx, work.1.clone()).await.map(|()| true)
                })
            })
            .await?;
        if is_done {
            super::count(&work.0.evidence);
            return Ok(started);
        }
        // Somebody began or cancelled it meanwhile.
        let now = challenge::Entity::unscoped().filter(challenge::Column::Id.eq(started.id));
        let now = now.one(self.db().reader()).await?.ok_or(Fault::NotFound)?;
        if now.status == ChallengeStatus::Active {
            return Ok(now);
        }
        let message = format!("the challenge is {}", now.status);
        Err(Problem::new(ProblemCode::Conflict, &["input", "challengeId"], message).into())
    }
}
