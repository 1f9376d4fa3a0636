//! What whoever runs the tenant may do with a challenge: look at it now, pass it, fail it, give it more days, correct its
//! balance, or take it back. Always with a reason, in its evidence and in the audit log.

use std::sync::Arc;

use chrono::TimeDelta;
use sea_orm::{ActiveModelTrait, ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter};
use serde_json::json;

use super::challenge::{self, Model as Challenge};
use super::evidence::{self, Step};
use super::vocabulary::{Cause, ChallengeStatus};
use crate::Domain;
use crate::audit::{Action, NewEntry};
use crate::error::{Fault, Problem, ProblemCode, Result};
use crate::fixed::{Money, MoneyUnit, Unit};
use crate::ids::{AccountId, ChallengeId};
use crate::permission::Permission;
use crate::text;
use crate::trading::accounts::LARGEST_BALANCE;
use crate::trading::booking::Booking;
use crate::trading::place_order::MOST_TRIES;
use crate::trading::referee::Ruling;
use crate::trading::{LedgerKind, minor_digits};
use crate::viewer::{ClientInfo, Viewer};

/// Days that a challenge can be given at once.
const MOST_DAYS: i32 = 365;

/// What is to be done with a challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Steer {
    /// Look at it now.
    Evaluate,
    /// It is passed, whatever its target.
    Pass,
    /// It is failed.
    Fail,
    /// It is taken back, begun or not.
    Cancel,
    /// It expires so many days later, 1 to 365.
    Extend(i32),
    /// Its balance is corrected by so much; the correction is profit or loss like any other, and is judged at once.
    Adjust(Money),
}

impl Steer {
    const fn action(self) -> Action {
        match self {
            Self::Evaluate => Action::ChallengeEvaluated,
            Self::Pass => Action::ChallengePassed,
            Self::Fail => Action::ChallengeFailed,
            Self::Cancel => Action::ChallengeCancelled,
            Self::Extend(_) => Action::ChallengeExtended,
            Self::Adjust(_) => Action::ChallengeAdjusted,
        }
    }

    /// What it makes of the challenge; none where that is for the judging to say.
    const fn leads_to(self) -> Option<ChallengeStatus> {
        match self {
            Self::Pass => Some(ChallengeStatus::Passed),
            Self::Fail => Some(ChallengeStatus::Failed),
            Self::Cancel => Some(ChallengeStatus::Cancelled),
            Self::Evaluate | Self::Extend(_) | Self::Adjust(_) => None,
        }
    }
}

impl Domain {
    /// Does something with a challenge of the viewer's tenant.
    ///
    /// # Errors
    /// UNAUTHENTICATED, FORBIDDEN; NOT_FOUND; CONFLICT where it is over, or not begun; VALIDATION.
    pub async fn steer_challenge(
        &self,
        viewer: &Viewer,
        id: ChallengeId,
        steer: Steer,
        reason: &str,
        client: &ClientInfo,
    ) -> Result<Challenge> {
        let member = viewer.permitted(Permission::ChallengesManage)?;
        let reason = text::line(reason, 300, &["input", "reason"])?;
        let visible = challenge::Entity::visible_to(viewer).filter(challenge::Column::Id.eq(id));
        let gone = || Problem::new(ProblemCode::NotFound, &["input", "challengeId"], "there is no such challenge");
        let found = visible.one(self.db().reader()).await?.ok_or_else(gone)?;
        let amount = if let Steer::Adjust(amount) = steer { Some(amount.to_string()) } else { None };
        let days = if let Steer::Extend(days) = steer { Some(days) } else { None };
        let entry = NewEntry {
            tenant_id: found.tenant_id,
            actor_id: (found.tenant_id == member.tenant_id).then_some(member.user_id),
            action: steer.action(),
            subject: Some(id.to_string()),
            details: json!({"reason": reason, "amount": amount, "days": days}),
            client: client.clone(),
        };
        let ruling = Ruling { actor: entry.actor_id, reason };
        match found.account_id {
            Some(account) => self.steer_running(id, account, steer, &ruling, entry).await,
            None => self.steer_waiting(found, steer, ruling, entry).await,
        }
    }

    /// The same with one that is not begun, and so has no account.
    async fn steer_waiting(
        &self,
        found: Challenge,
        steer: Steer,
        ruling: Ruling,
        entry: NewEntry,
    ) -> Result<Challenge> {
        if steer != Steer::Cancel || found.status != ChallengeStatus::Pending {
            let message = match found.status {
                ChallengeStatus::Pending => "the challenge is not begun: it can only be cancelled".to_owned(),
                over => format!("the challenge is {over}"),
            };
            return Err(conflict(message).into());
        }
        let (read, mut challenge) = (found.seq, found);
        let step = Step {
            actor: ruling.actor,
            reason: Some(ruling.reason),
            status: ChallengeStatus::Cancelled,
            ..Step::of(&challenge, Cause::Admin)
        };
        let row = challenge.take(self.now(), step)?;
        let work = Arc::new((challenge.clone(), row, entry));
        let is_done = self
            .db()
            .write(|tx: &DatabaseTransaction| {
                let (domain, work) = (self.clone(), work.clone());
                Box::pin(async move {
                    let (challenge, row, entry) = (work.0.clone(), work.1.clone(), work.2.clone());
                    let current = challenge::Entity::unscoped()
                        .filter(challenge::Column::Id.eq(challenge.id))
                        .filter(challenge::Column::Seq.eq(read));
                    if current.one(tx).await?.is_none() {
                        return Ok(false);
                    }
                    challenge::Entity::update(challenge::ActiveModel::from(challenge).reset_all()).exec(tx).await?;
                    let row = evidence::ActiveModel::from(row).reset_all();
                    evidence::Entity::insert(row).exec_without_returning(tx).await?;
                    domain.write_to_trader(tx, &work.0, std::slice::from_ref(&work.1)).await?;
                    domain.audit(tx, entry).await.map(|()| true)
                })
            })
            .await?;
        if is_done {
            super::count(std::slice::from_ref(&work.1));
            self.outbox().wake();
            return Ok(challenge);
        }
        Err(conflict("the challenge was begun meanwhile: look at it again".to_owned()).into())
    }

    async fn steer_running(
        &self,
        id: ChallengeId,
        account: AccountId,
        steer: Steer,
        ruling: &Ruling,
        entry: NewEntry,
    ) -> Result<Challenge> {
        let _turn = self.desk().turn(account).await;
        for _ in 0..MOST_TRIES {
            let book = self.read_book(account).await?;
            if book.challenge.is_none() {
                let over = challenge::Entity::unscoped().filter(challenge::Column::Id.eq(id));
                let over = over.one(self.db().reader()).await?.ok_or(Fault::NotFound)?;
                return Err(conflict(format!("the challenge is {}", over.status)).into());
            }
            let marks = self.marks_of(&book, None).await?;
            let now = self.now();
            if self.begin_day(&book, &marks, now).await? {
                continue;
            }
            let mut booking = Booking::new(self, book, now);
            check(steer, booking.challenge()?)?;
            match steer {
                Steer::Extend(days) => {
                    let challenge = booking.challenge()?;
                    let step = Step {
                        actor: ruling.actor,
                        reason: Some(ruling.reason.clone()),
                        expires_at: challenge.expires_at.map(|expires| expires + TimeDelta::days(days.into())),
                        ..Step::of(challenge, Cause::Admin)
                    };
                    booking.take(step, &marks)?;
                }
                Steer::Adjust(amount) => {
                    booking.entry(LedgerKind::Adjustment, amount, None, None, Some(ruling.reason.clone()))?;
                }
                Steer::Evaluate | Steer::Pass | Steer::Fail | Steer::Cancel => {}
            }
            match steer.leads_to() {
                Some(status) => booking.decide_challenge(&marks, status, ruling)?,
                None if matches!(steer, Steer::Extend(_)) => {}
                None => {
                    if !booking.judge(&marks, Cause::Admin, Some(ruling))? {
                        let message = "a price of what the account holds is missing: it can't be judged just now";
                        return Err(Problem::new(ProblemCode::StaleQuote, &["input", "challengeId"], message).into());
                    }
                }
            }
            booking.note_equity(&marks)?;
            let steered = booking.challenge()?.clone();
            let work = Arc::new((booking, entry.clone()));
            let is_done = self
                .db()
                .write(|tx: &DatabaseTransaction| {
                    let (domain, work) = (self.clone(), work.clone());
                    Box::pin(async move {
                        if !work.0.run(tx).await? {
                            return Ok(false);
                        }
                        domain.audit(tx, work.1.clone()).await.map(|()| true)
                    })
                })
                .await?;
            if is_done {
                work.0.tell();
                return Ok(steered);
            }
        }
        Err(Fault::Unavailable(None).into())
    }
}

/// Whether it can be done with a challenge that runs.
fn check(steer: Steer, challenge: &Challenge) -> Result<(), Problem> {
    match steer {
        Steer::Extend(days) if !(1..=MOST_DAYS).contains(&days) => {
            let message = format!("expected 1 to {MOST_DAYS} days, got {days}");
            Err(Problem::validation(&["input", "days"], message))
        }
        Steer::Extend(_) if challenge.expires_at.is_none() => Err(conflict("the challenge never expires".to_owned())),
        Steer::Adjust(amount) => {
            let currency = challenge.rules().map_or("USD", |rules| rules.currency.as_str());
            let minor = 10_i64.pow(MoneyUnit::SCALE - minor_digits(currency).unwrap_or(2));
            let path = ["input", "amount"];
            let most = Money::from_int(LARGEST_BALANCE).unwrap_or(Money::MAX);
            if amount == Money::ZERO || amount.raw().unsigned_abs() > most.raw().unsigned_abs() {
                let message = format!("expected an amount other than 0, of at most {most} either way");
                return Err(Problem::validation(&path, message));
            }
            if amount.raw() % minor != 0 {
                return Err(Problem::validation(&path, format!("{currency} has no amount of {amount}")));
            }
            Ok(())
        }
        Steer::Evaluate | Steer::Pass | Steer::Fail | Steer::Cancel | Steer::Extend(_) => Ok(()),
    }
}

fn conflict(message: String) -> Problem {
    Problem::new(ProblemCode::Conflict, &["input", "challengeId"], message)
}
