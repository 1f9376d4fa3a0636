//! Writing down a challenge that is taken to have been: the demo's.

use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait, PaginatorTrait, QueryFilter};

use super::challenge::{Column, Entity, Model as Challenge};
use super::vocabulary::Cause;
use crate::Domain;
use crate::error::{Fault, Result};
use crate::ids::{TenantId, UserId};
use crate::trading::book::Marks;
use crate::trading::booking::Booking;
use crate::trading::past_trades::{mark, written};
use crate::trading::{CloseReason, PastPrice, Side};
use crate::viewer::ClientInfo;

/// What was done at a moment that is taken to have been.
#[derive(Clone, Debug)]
pub struct PastEvent {
    /// The moment.
    pub at: DateTime<Utc>,
    /// What everything that is held was bid and asked at, and what is bought: symbols with their prices.
    pub prices: Vec<(&'static str, PastPrice)>,
    /// What was done.
    pub act: PastAct,
}

/// What was done.
#[derive(Clone, Debug)]
pub enum PastAct {
    /// Nothing: prices came in.
    Look,
    /// A market order.
    Open {
        /// Of what.
        symbol: &'static str,
        /// Long or short.
        side: Side,
        /// How much.
        quantity: String,
    },
    /// Everything that is open was closed.
    CloseAll,
}

impl Domain {
    /// Grants a user a challenge and begins it, as at a moment, with what is taken to have happened, the first first; unless
    /// they have one that was begun then. What comes after its end is left out. For demo data: everything is judged and written as
    /// of any challenge.
    ///
    /// # Errors
    /// When an event is not one, or the database does not answer.
    pub async fn put_past_challenge(
        &self,
        owner: (TenantId, UserId),
        (tier, reason): (&str, &str),
        begun_at: DateTime<Utc>,
        events: &[PastEvent],
    ) -> Result<Option<Challenge>> {
        let own = Entity::unscoped().filter(Column::UserId.eq(owner.1)).filter(Column::StartedAt.eq(begun_at));
        if own.count(self.db().reader()).await? > 0 {
            return Ok(None);
        }
        let granted = self.grant_demo_challenge(owner, tier, reason, begun_at).await?;
        let mut challenge = self.start_at(granted, begun_at, &ClientInfo::default()).await?;
        for event in events {
            match self.put_past_event(&challenge, event).await? {
                Some(after) => challenge = after,
                None => break,
            }
        }
        Ok(Some(challenge))
    }

    /// The challenge after an event; none where it is over.
    async fn put_past_event(&self, challenge: &Challenge, event: &PastEvent) -> Result<Option<Challenge>> {
        let account = challenge.account_id.ok_or_else(|| Fault::Bug(format!("{} is not begun", challenge.id)))?;
        let mut marks = Marks::new();
        for &(symbol, price) in &event.prices {
            let asset = self.asset_of_symbol(symbol, &[]).await?;
            marks.insert(asset.id, mark(&asset, price)?);
        }
        let mut begins = Booking::new(self, self.read_book(account).await?, event.at);
        if begins.book.challenge.is_none() {
            return Ok(None);
        }
        let is_new_day = challenge
            .state
            .as_ref()
            .is_some_and(|state| challenge.rules().is_ok_and(|rules| rules.day_of(event.at) > state.day));
        if is_new_day && begins.judge(&marks, Cause::Clock, None)? {
            written(begins).await?;
        }
        let book = self.read_book(account).await?;
        let mut booking = Booking::new(self, book.clone(), event.at);
        if book.challenge.is_none() {
            return Ok(None);
        }
        let is_changed = match &event.act {
            PastAct::Look => {
                let is_changed = booking.judge(&marks, Cause::Quote, None)?;
                booking.note_equity(&marks)?;
                is_changed
            }
            PastAct::Open { symbol, side, quantity } => {
                let asset = self.asset_of_symbol(symbol, &[]).await?;
                let mark = marks.get(&asset.id).ok_or_else(|| Fault::Bug(format!("{symbol} has no price")))?;
                self.open_past(&mut booking, mark, *side, quantity)?;
                booking.settle(&marks)?;
                true
            }
            PastAct::CloseAll => {
                for trade in &book.open {
                    let Some(mark) = marks.get(&trade.asset_id) else { continue };
                    self.close_past(&mut booking, mark, trade, CloseReason::Manual)?;
                }
                booking.settle(&marks)?;
                !book.open.is_empty()
            }
        };
        if is_changed {
            let after = booking.challenge()?.clone();
            written(booking).await?;
            return Ok(Some(after));
        }
        Ok(Some(booking.challenge()?.clone()))
    }
}
