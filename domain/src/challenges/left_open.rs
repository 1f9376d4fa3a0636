//! Closing what challenges that are over have left open, because its market was closed.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use sea_orm::{ColumnTrait, QueryFilter, QueryOrder, QuerySelect};

use super::sweep::BATCH;
use crate::Domain;
use crate::error::{Fault, Result};
use crate::ids::AccountId;
use crate::trading::booking::Booking;
use crate::trading::place_order::MOST_TRIES;
use crate::trading::{AccountStatus, Judged, account};

impl Domain {
    /// Closes what challenges that are over have left open, as far as its markets are open now.
    pub(super) async fn close_what_was_left(&self, judged: &mut Judged) {
        let mut after = None;
        loop {
            match self.left_open_after(after).await {
                Ok(None) => return,
                Ok(Some((last, accounts))) => {
                    after = Some(last);
                    for id in accounts {
                        judged.note(&id, self.close_left_open(id).await);
                    }
                }
                Err(error) => return judged.note(&"challenges", Err::<u64, _>(error)),
            }
        }
    }

    /// The next accounts of challenges that are over with trades that could not be closed then: the last of the batch, and
    /// those of which something can be done now.
    async fn left_open_after(&self, after: Option<AccountId>) -> Result<Option<(AccountId, Vec<AccountId>)>> {
        use account::Column as C;
        let mut left = account::Entity::unscoped().filter(C::ChallengeId.is_not_null());
        left = left.filter(C::Status.eq(AccountStatus::Suspended));
        if let Some(after) = after {
            left = left.filter(C::Id.gt(after));
        }
        let left = left.select_only().column(C::Id).order_by_asc(C::Id).limit(BATCH as u64).into_tuple();
        let left: Vec<AccountId> = left.all(self.db().reader()).await?;
        let Some(&last) = left.last() else { return Ok(None) };
        let held = self.held_by(left.iter().copied()).await?;
        let (now, mut is_open) = (self.now(), HashMap::new());
        for asset in held.values().flatten().map(|held| held.asset_id) {
            if let Entry::Vacant(unknown) = is_open.entry(asset) {
                unknown.insert(self.market_status(&*self.asset_known_as(asset).await?, now).is_open);
            }
        }
        let can_be_closed = |id: &AccountId| {
            held.get(id).is_none_or(|held| held.iter().any(|held| is_open.get(&held.asset_id) == Some(&true)))
        };
        Ok(Some((last, left.into_iter().filter(can_be_closed).collect())))
    }

    /// Closes what can be closed of it just now, and the account where nothing is open any more; tells how many trades.
    async fn close_left_open(&self, id: AccountId) -> Result<u64> {
        let _turn = self.desk().turn(id).await;
        for _ in 0..MOST_TRIES {
            let book = self.read_book(id).await?;
            let marks = self.marks_of(&book, None).await?;
            let open = book.open.len();
            let mut booking = Booking::new(self, book, self.now());
            booking.flatten(&marks)?;
            // Its trader, a stop or the stop-out may have closed the last of them.
            let (closed, is_flat) = (open - booking.book.open.len(), booking.book.open.is_empty());
            if closed == 0 && !is_flat {
                return Ok(0);
            }
            if is_flat {
                booking.set_status(AccountStatus::Closed);
            }
            booking.note_equity(&marks)?;
            if booking.write().await?.is_ok() {
                return Ok(closed as u64);
            }
        }
        Err(Fault::Unavailable(None).into())
    }
}
