//! Taking an order back.

use sea_orm::{ColumnTrait, QueryFilter};

use super::account;
use super::booking::Booking;
use super::order::{self, Model as Order};
use super::place_order::MOST_TRIES;
use super::vocabulary::OrderStatus;
use crate::Domain;
use crate::challenges::Cause;
use crate::error::{Fault, Problem, ProblemCode, Result};
use crate::ids::OrderId;
use crate::permission::Permission;
use crate::viewer::Viewer;

impl Domain {
    /// Takes back an order of the viewer's that waits. One that was taken back stays so.
    ///
    /// # Errors
    /// UNAUTHENTICATED, FORBIDDEN; NOT_FOUND; CONFLICT for one that was filled or refused.
    pub async fn cancel_order(&self, viewer: &Viewer, id: OrderId) -> Result<Order> {
        viewer.permitted(Permission::TradingWrite)?;
        let reader = self.db().reader();
        let gone = || Problem::new(ProblemCode::NotFound, &["input", "orderId"], "you have no such order");
        let find = || order::Entity::unscoped().filter(order::Column::Id.eq(id)).one(reader);
        let account_id = find().await?.ok_or_else(gone)?.account_id;
        let own = account::Entity::owned_by(viewer).filter(account::Column::Id.eq(account_id));
        own.one(reader).await?.ok_or_else(gone)?;
        let _turn = self.desk().turn(account_id).await;
        for _ in 0..MOST_TRIES {
            let book = self.read_book(account_id).await?;
            let order = find().await?.ok_or_else(gone)?;
            match order.status {
                OrderStatus::Pending => {}
                OrderStatus::Cancelled => return Ok(order),
                OrderStatus::Filled | OrderStatus::Rejected => {
                    let message = format!("the order is {} already", order.status);
                    return Err(Problem::new(ProblemCode::Conflict, &["input", "orderId"], message).into());
                }
            }
            let now = self.now();
            if book.challenge.is_some() && self.begin_day(&book, &self.marks_of(&book, None).await?, now).await? {
                continue;
            }
            let mut booking = Booking::new(self, book, now);
            let order = booking.finish(order, OrderStatus::Cancelled, None);
            // A target that was reached may have waited for this alone.
            if booking.book.challenge.is_some() {
                let marks = self.marks_of(&booking.book, None).await?;
                if booking.judge(&marks, Cause::Order, None)? {
                    booking.note_equity(&marks)?;
                }
            }
            if booking.write().await?.is_ok() {
                return Ok(order);
            }
        }
        Err(Fault::Unavailable(None).into())
    }
}
