//! Judging an account that belongs to a challenge, in the booking that changes it.
//!
//! A booking settles: what the account is worth now is held against the challenge's rules, and what that leads to (the
//! evidence, closing what is open, the account's end, the next phase) is written with it or not at all. The challenge's row
//! changes only from the number of evidence that was read, so that of two looks at once one must look again.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, DatabaseTransaction, EntityTrait, FromQueryResult, PaginatorTrait, QueryFilter,
    QuerySelect,
};

use super::account::Model as Account;
use super::book::{Book, Marks, gained};
use super::booking::{Booking, insert};
use super::decide::closing;
use super::order;
use super::protections::Lock;
use super::trade::Model as Trade;
use super::vocabulary::{AccountStatus, CloseReason, OrderStatus, Side};
use crate::Domain;
use crate::challenges::challenge::{self, Model as Challenge};
use crate::challenges::evidence::{self, Holding, Step};
use crate::challenges::{Breach, Cause, ChallengeStatus, Observation, Rules, Verdict, evaluate};
use crate::error::{Fault, Result};
use crate::fixed::{FixedError, Money, Price, Quantity};
use crate::ids::{AccountId, AssetId, TradeId, UserId};

/// An account's running challenge, as its book finds it.
#[derive(Clone, Debug)]
pub(crate) struct Referee {
    pub(crate) challenge: Challenge,
    /// The orders that wait.
    pub(super) pending: u32,
    /// The number of evidence that was read.
    read_seq: i64,
}

impl Referee {
    pub(crate) fn of(challenge: Challenge, pending: u32) -> Self {
        let read_seq = challenge.seq;
        Self { challenge, pending, read_seq }
    }

    /// Why nothing is traded until the day is over, where its loss limit was broken.
    pub(super) fn lock(&self, now: DateTime<Utc>) -> Option<Lock> {
        let (rules, state) = (self.challenge.rules().ok()?, self.challenge.state.as_ref()?);
        if !state.is_locked || rules.day_of(now) > state.day {
            return None;
        }
        let resets = rules.next_reset(now);
        let message =
            format!("the day's loss limit was broken: nothing is traded until {}", resets.format("%Y-%m-%d %H:%M UTC"));
        Some(Lock { message, seconds: u32::try_from((resets - now).num_seconds().max(1)).ok() })
    }

    /// The rule of the challenge that an account would break if it were as in this booking, which is not written.
    pub(super) fn would_break(booking: &Booking, marks: &Marks) -> Result<Option<Breach>> {
        let Some(Self { challenge, .. }) = &booking.book.challenge else { return Ok(None) };
        let Some(state) = &challenge.state else { return Ok(None) };
        let rules = challenge.rules()?;
        let seen = Seen::of_book(rules, &booking.book, marks, booking.now())?;
        Ok(match evaluate(rules, None, state, &seen.observation).1 {
            Verdict::Lock(breach) | Verdict::Fail(breach) => Some(breach),
            Verdict::Continue | Verdict::Pass | Verdict::Expire => None,
        })
    }
}

/// An open trade, as a challenge sees it.
#[derive(Clone, Debug, FromQueryResult)]
pub(crate) struct Held {
    pub(crate) id: TradeId,
    pub(crate) account_id: AccountId,
    pub(crate) asset_id: AssetId,
    pub(crate) side: Side,
    pub(crate) quantity: Quantity,
    pub(crate) entry_price: Price,
    pub(crate) notional: Money,
}

impl From<&Trade> for Held {
    fn from(trade: &Trade) -> Self {
        Self {
            id: trade.id,
            account_id: trade.account_id,
            asset_id: trade.asset_id,
            side: trade.side,
            quantity: trade.quantity,
            entry_price: trade.entry_price,
            notional: trade.notional,
        }
    }
}

/// An account as a challenge sees it.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) observation: Observation,
    pub(crate) holdings: Vec<Holding>,
    /// Whether every open trade has a price; one without is counted as worth what it was bought for.
    pub(crate) is_complete: bool,
}

impl Seen {
    /// An account with this balance and these open trades, at these marks and under these rules.
    pub(crate) fn of(
        rules: &Rules,
        balance: Money,
        open: &[Held],
        marks: &Marks,
        at: DateTime<Utc>,
    ) -> Result<Self, FixedError> {
        let (mut equity, mut costs) = (balance, HashMap::<AssetId, Money>::new());
        let mut holdings = Vec::with_capacity(open.len());
        for held in open {
            let sum = costs.entry(held.asset_id).or_insert(Money::ZERO);
            *sum = sum.checked_add(held.notional)?;
            let Some(mark) = marks.get(&held.asset_id) else { continue };
            let (price, rate) = (mark.closing_price(held.side), mark.rate.rate);
            let pnl = gained(price, held.entry_price, held.quantity, rate, held.side, &rules.currency)?;
            equity = equity.checked_add(pnl)?;
            holdings.push(Holding {
                trade: held.id,
                symbol: mark.asset.symbol.clone(),
                side: held.side,
                quantity: held.quantity,
                entry_price: held.entry_price,
                notional: held.notional,
                price,
                rate,
                source: mark.quote.source.as_str().to_owned(),
                quoted_at: mark.quote.exchange_time,
                unrealized_pnl: pnl,
            });
        }
        let observation = Observation {
            at,
            balance,
            equity,
            open_trades: u32::try_from(open.len()).unwrap_or(u32::MAX),
            pending_orders: 0,
            largest_position: costs.into_values().max().unwrap_or(Money::ZERO),
            opened: false,
        };
        Ok(Self { observation, is_complete: holdings.len() == open.len(), holdings })
    }

    /// The same of a book.
    pub(crate) fn of_book(rules: &Rules, book: &Book, marks: &Marks, at: DateTime<Utc>) -> Result<Self, FixedError> {
        let open: Vec<Held> = book.open.iter().map(Held::from).collect();
        Self::of(rules, book.balance, &open, marks, at)
    }
}

/// A decision of whoever runs the tenant.
#[derive(Clone, Debug)]
pub(crate) struct Ruling {
    pub(crate) actor: Option<UserId>,
    pub(crate) reason: String,
}

impl Domain {
    /// The running challenge of an account, if it has one. An account without costs no statement.
    pub(super) async fn referee_of(&self, account: &Account) -> Result<Option<Referee>> {
        let Some(id) = account.challenge_id else { return Ok(None) };
        let reader = self.db().reader();
        let challenge = challenge::Entity::unscoped().filter(challenge::Column::Id.eq(id)).one(reader).await?;
        let challenge = challenge.ok_or_else(|| Fault::Bug(format!("the challenge {id} is gone")))?;
        if challenge.status != ChallengeStatus::Active {
            return Ok(None);
        }
        let pending = order::Entity::of(account.id).filter(order::Column::Status.eq(OrderStatus::Pending));
        let pending = u32::try_from(pending.count(reader).await?).unwrap_or(u32::MAX);
        Ok(Some(Referee::of(challenge, pending)))
    }

    /// Brings a running challenge to the day that has begun, or to its end, before anything else is done on its account;
    /// tells whether something was written, and the book is to be read again.
    pub(crate) async fn begin_day(&self, book: &Book, marks: &Marks, now: DateTime<Utc>) -> Result<bool> {
        let Some(Referee { challenge, .. }) = &book.challenge else { return Ok(false) };
        let rules = challenge.rules()?;
        let is_due = challenge.state.as_ref().is_some_and(|state| rules.day_of(now) > state.day)
            || challenge.expires_at.is_some_and(|expires| now >= expires);
        if !is_due {
            return Ok(false);
        }
        let mut booking = Booking::new(self, book.clone(), now);
        if !booking.judge(marks, Cause::Clock, None)? {
            return Ok(false);
        }
        booking.note_equity(marks)?;
        // If somebody was quicker, it is read again all the same.
        booking.write().await.map(|_| true)
    }
}

impl Booking {
    /// Looks at the account as it is now: judges the challenge that it belongs to, and notes what it is worth. The last thing
    /// that a booking with fills does.
    pub(crate) fn settle(&mut self, marks: &Marks) -> Result<()> {
        self.judge(marks, Cause::Fill, None)?;
        Ok(self.note_equity(marks)?)
    }

    /// Judges the challenge; tells whether that changed anything.
    pub(crate) fn judge(&mut self, marks: &Marks, cause: Cause, ruling: Option<&Ruling>) -> Result<bool> {
        let pending = self.pending_orders();
        let Some(Referee { challenge, .. }) = &self.book.challenge else { return Ok(false) };
        if challenge.status != ChallengeStatus::Active {
            return Ok(false);
        }
        let rules = challenge.rules()?;
        let seen = Seen::of_book(rules, &self.book, marks, self.now())?;
        // What was filled is known whatever the prices, and so is the end of the days; nothing else is said on the prices of
        // some alone.
        let is_expired = challenge.expires_at.is_some_and(|expires| self.now() >= expires);
        if !seen.is_complete && cause != Cause::Fill && !is_expired {
            return Ok(false);
        }
        let observation = Observation { pending_orders: pending, opened: self.has_opened(), ..seen.observation };
        let known = challenge.state.as_ref().ok_or_else(|| Fault::Bug(format!("{} is not begun", challenge.id)))?;
        let (state, verdict) = evaluate(rules, challenge.expires_at, known, &observation);
        let is_nothing_new = verdict == Verdict::Continue && state == *known;
        if is_nothing_new && cause != Cause::Fill && ruling.is_none() {
            return Ok(false);
        }
        let passes = verdict.leads_to() == ChallengeStatus::Passed;
        let step = Step {
            certificate: passes.then(|| self.domain().readable_number("CH")),
            seen: Some(observation),
            holdings: seen.holdings,
            verdict: Some(verdict),
            state: Some(state),
            status: verdict.leads_to(),
            actor: ruling.and_then(|ruling| ruling.actor),
            reason: ruling.map(|ruling| ruling.reason.clone()),
            ..Step::of(challenge, cause)
        };
        self.take(step, marks)?;
        Ok(true)
    }

    /// The challenge as it will be.
    pub(crate) fn challenge(&self) -> Result<&Challenge> {
        let referee = self.book.challenge.as_ref();
        Ok(referee.map(|referee| &referee.challenge).ok_or_else(|| Fault::Bug("no challenge is judged".to_owned()))?)
    }

    /// Somebody decides what becomes of the challenge.
    pub(crate) fn decide_challenge(&mut self, marks: &Marks, status: ChallengeStatus, ruling: &Ruling) -> Result<()> {
        let passes = status == ChallengeStatus::Passed;
        let step = Step {
            certificate: passes.then(|| self.domain().readable_number("CH")),
            actor: ruling.actor,
            reason: Some(ruling.reason.clone()),
            status,
            ..Step::of(self.challenge()?, Cause::Admin)
        };
        self.take(step, marks)
    }

    /// Takes a step of the challenge, with all that it leads to on the account.
    pub(crate) fn take(&mut self, step: Step, marks: &Marks) -> Result<()> {
        let now = self.now();
        let Some(referee) = &mut self.book.challenge else { return Ok(()) };
        let is_locking = matches!(step.verdict, Some(Verdict::Lock(_)));
        let row = referee.challenge.take(now, step)?;
        self.evidence.push(row);
        let status = referee.challenge.status;
        if status == ChallengeStatus::Passed {
            self.pass()?;
        }
        if !is_locking && !status.is_over() {
            return Ok(());
        }
        let open = self.book.open.len();
        self.cancels_pending = true;
        self.flatten(marks)?;
        if status.is_over() {
            let is_flat = self.book.open.is_empty();
            self.set_status(if is_flat { AccountStatus::Closed } else { AccountStatus::Suspended });
        } else if self.book.open.len() < open {
            // What closing came to is known too before the day goes on.
            self.judge(marks, Cause::Fill, None)?;
        }
        Ok(())
    }

    /// Lets the next phase come up.
    fn pass(&mut self) -> Result<()> {
        let (now, id) = (self.now(), self.domain().new_uuid());
        let Some(referee) = &mut self.book.challenge else { return Ok(()) };
        if let Some((next, row)) = referee.challenge.next_phase(id, now)? {
            self.next_phases.push(next);
            self.evidence.push(row);
        }
        Ok(())
    }

    /// Closes at the market what can be closed just now; the rest is closed when its market opens.
    pub(crate) fn flatten(&mut self, marks: &Marks) -> Result<()> {
        let domain = self.domain().clone();
        for trade in self.book.open.clone() {
            let Some(mark) = marks.get(&trade.asset_id) else { continue };
            let market = domain.market_status(&mark.asset, self.now());
            let Ok(execution) = closing(self.book.account.status, mark, &market, trade.side, self.now()) else {
                continue;
            };
            let order = domain.closing_order(self, &trade, trade.quantity, None);
            self.place(order.clone());
            self.close(order, &trade, trade.quantity, CloseReason::Challenge, &execution)?;
        }
        Ok(())
    }

    /// Whether the challenge is still as it was read.
    pub(crate) async fn is_current(&self, tx: &DatabaseTransaction) -> Result<bool> {
        let Some(Referee { challenge, read_seq, .. }) = &self.book.challenge else { return Ok(true) };
        let now = challenge::Entity::unscoped().filter(challenge::Column::Id.eq(challenge.id)).select_only();
        let now: Option<i64> = now.column(challenge::Column::Seq).into_tuple().one(tx).await?;
        Ok(now == Some(*read_seq))
    }

    /// Writes what became of the challenge.
    pub(super) async fn write_challenge(&self, tx: &DatabaseTransaction) -> Result<()> {
        let Some(Referee { challenge, .. }) = &self.book.challenge else { return Ok(()) };
        if !self.evidence.is_empty() {
            let row = challenge::ActiveModel::from(challenge.clone()).reset_all();
            challenge::Entity::update(row).exec(tx).await?;
            insert::<challenge::Entity, challenge::ActiveModel>(tx, &self.next_phases).await?;
            insert::<evidence::Entity, evidence::ActiveModel>(tx, &self.evidence).await?;
            if self.writes_letters {
                self.domain().write_to_trader(tx, challenge, &self.evidence).await?;
            }
        }
        if self.cancels_pending {
            order::Entity::update_many()
                .col_expr(order::Column::Status, Expr::value(OrderStatus::Cancelled.as_str()))
                .col_expr(order::Column::DoneAt, Expr::value(self.now()))
                .filter(order::Column::AccountId.eq(self.book.account.id))
                .filter(order::Column::Status.eq(OrderStatus::Pending))
                .exec(tx)
                .await?;
        }
        Ok(())
    }
}
