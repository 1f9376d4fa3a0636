//! Closing a trade, whole or in part.

use std::collections::BTreeSet;

use sea_orm::{ColumnTrait, QueryFilter, QuerySelect, QueryTrait};
use sha2::{Digest, Sha256};

use super::account::{self, Model as Account};
use super::book::{Book, Marks};
use super::booking::Booking;
use super::decide::closing;
use super::order::Model as Order;
use super::place_order::MOST_TRIES;
use super::request::{client_order_id, quantity};
use super::trade::Model as Trade;
use super::vocabulary::{CloseReason, OrderStatus, OrderType, TradeStatus};
use super::{fill, trade};
use crate::Domain;
use crate::error::{Error, Fault, Problem, ProblemCode, Result};
use crate::fixed::Quantity;
use crate::ids::{AccountId, Id, OrderId, TradeId};
use crate::permission::Permission;
use crate::viewer::Viewer;

/// A trade to be closed.
#[derive(Clone, Debug)]
pub struct CloseTrade {
    /// Which.
    pub trade_id: TradeId,
    /// How much of it; none for all.
    pub quantity: Option<String>,
    /// What makes it the same order when it is sent again.
    pub client_order_id: Option<String>,
}

/// A trade that was closed.
#[derive(Clone, Debug)]
pub struct ClosedTrade {
    /// The part that was closed, or the whole.
    pub trade: Trade,
    /// The order that closed it.
    pub order: Order,
    /// Its account.
    pub account: Account,
    /// Whether it had been closed by the same order before.
    pub replayed: bool,
}

/// What was closed at once.
#[derive(Clone, Debug)]
pub struct ClosedAll {
    /// The trades.
    pub trades: Vec<Trade>,
    /// Their account.
    pub account: Account,
}

impl Domain {
    /// Closes a trade of the viewer's, or some of it. Where that is refused nothing changes.
    ///
    /// # Errors
    /// UNAUTHENTICATED, FORBIDDEN; NOT_FOUND, TRADE_CLOSED, VALIDATION, CONFLICT, MARKET_CLOSED, STALE_QUOTE as problems;
    /// MARKET_DATA_UNAVAILABLE.
    pub async fn close_trade(&self, viewer: &Viewer, close: CloseTrade) -> Result<ClosedTrade> {
        viewer.permitted(Permission::TradingWrite)?;
        let mut problems = Vec::new();
        let part = close.quantity.as_deref().and_then(|text| quantity(text, &mut problems));
        let client_id = client_order_id(close.client_order_id.as_deref(), &mut problems);
        if !problems.is_empty() {
            return Err(Error::Problems(problems));
        }
        let id = self.account_of_trade(viewer, close.trade_id).await?;
        let hash = Sha256::digest(format!("close {:?} {part:?}", close.trade_id)).to_vec();
        let sent_as = client_id.map(|client_id| (client_id, hash));
        let mut turn = self.desk().turn(id).await;
        let mut is_fresh = false;
        for _ in 0..MOST_TRIES {
            let book = self.read_book(id).await?;
            if let Some((client_id, hash)) = &sent_as
                && let Some(order) = self.order_of_client(id, client_id, hash).await?
            {
                return self.replay_close(book.account, order).await;
            }
            let open = open_trade(&book, close.trade_id)?;
            let part = part.unwrap_or(open.quantity);
            self.check_part(&open, part).await?;
            let marks = self.marks_of(&book, None).await?;
            let old = if is_fresh { BTreeSet::new() } else { old_rates(&marks, std::slice::from_ref(&open)) };
            if !old.is_empty() {
                // Nobody else waits for a source.
                drop(turn);
                self.freshen_rates(old, &book.account.currency).await?;
                (turn, is_fresh) = (self.desk().turn(id).await, true);
                continue;
            }
            let now = self.now();
            if self.begin_day(&book, &marks, now).await? {
                continue;
            }
            let mut booking = Booking::new(self, book.clone(), now);
            let (order, trade) =
                self.book_close(&book, &marks, &mut booking, &open, part, CloseReason::Manual, sent_as.clone())?;
            booking.settle(&marks)?;
            if let Ok(book) = booking.write().await? {
                return Ok(ClosedTrade { trade, order, account: book.account, replayed: false });
            }
        }
        drop(turn);
        Err(Fault::Unavailable(None).into())
    }

    /// Closes all open trades of an account of the viewer's in one asset, or in all, at once or not at all.
    ///
    /// # Errors
    /// As [`Domain::close_trade`].
    pub async fn close_all(&self, viewer: &Viewer, id: AccountId, symbol: Option<&str>) -> Result<ClosedAll> {
        viewer.permitted(Permission::TradingWrite)?;
        let asset = match symbol {
            Some(symbol) => Some(self.ordered_asset(symbol).await?),
            None => None,
        };
        let mut turn = self.desk().turn(id).await;
        let mut is_fresh = false;
        for _ in 0..MOST_TRIES {
            let book = self.own_book(viewer, id).await?;
            let is_meant = |trade: &&Trade| asset.as_ref().is_none_or(|asset| asset.id == trade.asset_id);
            let open: Vec<Trade> = book.open.iter().filter(is_meant).cloned().collect();
            if open.is_empty() {
                return Ok(ClosedAll { trades: open, account: book.account });
            }
            let marks = self.marks_of(&book, None).await?;
            let old = if is_fresh { BTreeSet::new() } else { old_rates(&marks, &open) };
            if !old.is_empty() {
                // Nobody else waits for a source.
                drop(turn);
                self.freshen_rates(old, &book.account.currency).await?;
                (turn, is_fresh) = (self.desk().turn(id).await, true);
                continue;
            }
            let now = self.now();
            if self.begin_day(&book, &marks, now).await? {
                continue;
            }
            let mut booking = Booking::new(self, book.clone(), now);
            let mut trades = Vec::with_capacity(open.len());
            for open in &open {
                let reason = CloseReason::Manual;
                let (_, closed) = self.book_close(&book, &marks, &mut booking, open, open.quantity, reason, None)?;
                trades.push(closed);
            }
            booking.settle(&marks)?;
            if let Ok(book) = booking.write().await? {
                return Ok(ClosedAll { trades, account: book.account });
            }
        }
        drop(turn);
        Err(Fault::Unavailable(None).into())
    }

    /// Books the closing of some of an open trade at the market.
    #[expect(clippy::too_many_arguments, reason = "what is closed, on what, and for what reason")]
    fn book_close(
        &self,
        book: &Book,
        marks: &Marks,
        booking: &mut Booking,
        open: &Trade,
        part: Quantity,
        reason: CloseReason,
        sent_as: Option<(String, Vec<u8>)>,
    ) -> Result<(Order, Trade)> {
        let missing = || Fault::MarketDataUnavailable(open.asset_id.to_string());
        let mark = marks.get(&open.asset_id).ok_or_else(missing)?;
        let now = self.now();
        let market = self.market_status(&mark.asset, now);
        let execution = closing(book.account.status, mark, &market, open.side, now)?;
        let order = self.closing_order(booking, open, part, sent_as);
        booking.place(order.clone());
        Ok(booking.close(order, open, part, reason, &execution)?)
    }

    /// An order that closes some of a trade at the market.
    pub(super) fn closing_order(
        &self,
        booking: &Booking,
        open: &Trade,
        part: Quantity,
        sent_as: Option<(String, Vec<u8>)>,
    ) -> Order {
        let (client_order_id, request_hash) = sent_as.unzip();
        Order {
            id: OrderId::from_uuid(self.new_uuid()),
            tenant_id: open.tenant_id,
            account_id: open.account_id,
            account_version: booking.version(),
            asset_id: open.asset_id,
            signal_id: None,
            closes_trade_id: Some(open.id),
            client_order_id,
            request_hash,
            side: open.side.opposite(),
            order_type: OrderType::Market,
            quantity: part,
            limit_price: None,
            stop_price: None,
            stop_loss: None,
            take_profit: None,
            status: OrderStatus::Pending,
            refusal_code: None,
            refusal_message: None,
            created_at: booking.now(),
            done_at: None,
        }
    }

    async fn check_part(&self, open: &Trade, part: Quantity) -> Result<()> {
        let path = ["input", "quantity"];
        if part > open.quantity {
            let message = format!("the trade has {} open, got {part}", open.quantity);
            return Err(Problem::validation(&path, message).into());
        }
        let lot = self.asset_known_as(open.asset_id).await?.lot_size;
        if part < open.quantity && part.raw() % lot.raw().max(1) != 0 {
            return Err(Problem::validation(&path, format!("expected a multiple of {lot}, got {part}")).into());
        }
        Ok(())
    }

    /// The account of a trade that is the viewer's.
    async fn account_of_trade(&self, viewer: &Viewer, id: TradeId) -> Result<AccountId> {
        let trade = trade::Entity::unscoped().filter(trade::Column::Id.eq(id)).select_only();
        let trade = trade.column(trade::Column::AccountId).into_query();
        let account = account::Entity::owned_by(viewer).filter(account::Column::Id.in_subquery(trade));
        let account: Option<AccountId> =
            account.select_only().column(account::Column::Id).into_tuple().one(self.db().reader()).await?;
        let problem = || Problem::new(ProblemCode::NotFound, &["input", "tradeId"], "you have no such trade");
        Ok(account.ok_or_else(problem)?)
    }

    /// What an order has closed before.
    async fn replay_close(&self, account: Account, order: Order) -> Result<ClosedTrade> {
        let reader = self.db().reader();
        let fill = fill::Entity::of(account.id).filter(fill::Column::OrderId.eq(order.id)).one(reader).await?;
        let fill = fill.ok_or_else(|| Fault::Bug(format!("{} closed a trade without a fill", order.id)))?;
        let closed = trade::Entity::of(account.id).filter(trade::Column::CloseFillId.eq(fill.id)).one(reader).await?;
        let trade = closed.ok_or_else(|| Fault::Bug(format!("{} closed no trade", order.id)))?;
        Ok(ClosedTrade { trade, order, account, replayed: true })
    }
}

/// The currencies whose rates are too old to book the closing of these trades at.
fn old_rates(marks: &Marks, closed: &[Trade]) -> BTreeSet<String> {
    let marks = closed.iter().filter_map(|trade| marks.get(&trade.asset_id));
    marks.filter(|mark| mark.rate_is_stale).map(|mark| mark.asset.currency.clone()).collect()
}

/// The open trade of this id; what has been closed before is TRADE_CLOSED.
fn open_trade(book: &Book, id: TradeId) -> Result<Trade> {
    let open = book.open.iter().find(|trade| trade.id == id && trade.status == TradeStatus::Open);
    let problem = || Problem::new(ProblemCode::TradeClosed, &["input", "tradeId"], "the trade is closed already");
    Ok(open.cloned().ok_or_else(problem)?)
}
