//! Filling what waits: pending orders, and the stops and targets of open trades.
//!
//! A batch of quotes is held against what waits for those assets as it comes in; a job does the same every minute for what
//! was missed, first with the candles that closed since it last looked (`gap.rs`). Both find what a look touches in the
//! database, decide on each account as it is then, and may be run again, and at once, as often as one likes. Whatever goes
//! wrong with one account or asset goes wrong there alone.

use std::cmp::min;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder, QuerySelect};
use tokio::sync::broadcast;
use tokio::time::Instant;

use super::book::{Book, Mark, Marks};
use super::booking::Booking;
use super::cost::Cost;
use super::decide::{Execution, too_large};
use super::gap::FETCHING;
use super::guard::Guard;
use super::judged::Judged;
use super::look::Look;
use super::order::Model as Order;
use super::place_order::MOST_TRIES;
use super::touched::{touched_orders, touched_trades, watched, watched_since};
use super::trigger::{entry, exit};
use super::vocabulary::{AccountStatus, CloseReason, OrderStatus, OrderType};
use super::{order, trade};
use crate::Domain;
use crate::challenges::Which;
use crate::error::{Fault, Problem, ProblemCode, Result};
use crate::ids::{AccountId, AssetId};
use crate::market::{Asset, Quote};

impl Domain {
    /// Fills what quotes touch as they come in, until the process ends; to be run once a process.
    pub async fn run_pending_orders(self) {
        let mut batches = self.quote_batches();
        loop {
            match batches.recv().await {
                Ok(quotes) => {
                    if let Err(error) = self.judge_quotes(&quotes).await {
                        tracing::warn!(%error, "pending orders could not be judged; the job tries again");
                    }
                }
                // The job looks at what was missed of orders.
                Err(broadcast::error::RecvError::Lagged(_)) => {
                    self.judge_challenges(Which::All).await;
                }
                Err(broadcast::error::RecvError::Closed) => return,
            }
        }
    }

    /// Holds a batch of quotes against what waits for those assets, and closes trades of accounts that they bring to their
    /// stop-out level.
    ///
    /// # Errors
    /// When the database does not say what waits.
    pub async fn judge_quotes(&self, quotes: &[Arc<Quote>]) -> Result<Judged> {
        let (waiting, mut judged) = (self.waited_for().await?, Judged::default());
        for quote in quotes.iter().filter(|quote| waiting.contains_key(&quote.asset_id)) {
            judged.note(&quote.symbol, self.judge_asset(quote.asset_id).await);
        }
        let assets: Vec<AssetId> = quotes.iter().map(|quote| quote.asset_id).collect();
        judged += self.judge_stop_outs(Some(&assets)).await;
        judged += self.judge_challenges(Which::Holding(&assets)).await;
        Ok(judged)
    }

    /// Holds what happened since the last look against everything that waits, and closes trades of accounts that are at
    /// their stop-out level.
    ///
    /// # Errors
    /// When the database does not say what waits.
    pub async fn judge_pending(&self) -> Result<Judged> {
        let (mut judged, ask_until) = (Judged::default(), Instant::now() + FETCHING);
        for (id, since) in self.waited_for().await? {
            judged.note(&id, self.judge_gap(id, since, ask_until).await);
            judged.note(&id, self.judge_asset(id).await);
        }
        judged += self.judge_stop_outs(None).await;
        Ok(judged)
    }

    /// The assets that a pending order, a stop or a target waits for, and since when the oldest of them does.
    async fn waited_for(&self) -> Result<BTreeMap<AssetId, DateTime<Utc>>> {
        type Row = (AssetId, DateTime<Utc>);
        let reader = self.db().reader();
        let orders = order::Entity::unscoped().filter(order::Column::Status.eq(OrderStatus::Pending)).select_only();
        let orders = orders.column(order::Column::AssetId).column_as(order::Column::CreatedAt.min(), "since");
        let orders: Vec<Row> = orders.group_by(order::Column::AssetId).into_tuple().all(reader).await?;
        let trades = trade::Entity::unscoped().filter(watched()).select_only();
        let trades = trades.column(trade::Column::AssetId).column_as(Expr::expr(watched_since()).min(), "since");
        let trades: Vec<Row> = trades.group_by(trade::Column::AssetId).into_tuple().all(reader).await?;
        let mut waiting: BTreeMap<AssetId, DateTime<Utc>> = BTreeMap::new();
        for (asset, since) in orders.into_iter().chain(trades) {
            waiting.entry(asset).and_modify(|oldest| *oldest = min(since, *oldest)).or_insert(since);
        }
        Ok(waiting)
    }

    /// Holds the asset's quote against what waits for it, if its market is open and the quote is fresh.
    async fn judge_asset(&self, id: AssetId) -> Result<Judged> {
        let (asset, now) = (self.asset_known_as(id).await?, self.now());
        let quote = match self.quote_of(&asset).await {
            Ok(quote) => quote,
            Err(crate::Error::Fault(Fault::MarketDataUnavailable(_))) => return Ok(Judged::default()),
            Err(error) => return Err(error),
        };
        if quote.is_stale || !self.market_status(&asset, now).is_open {
            return Ok(Judged::default());
        }
        // Whose account it is, and at which rate, changes nothing of the price.
        let rate = self.rate(&asset.currency, &asset.currency).await?;
        let mark = Mark::new(Arc::clone(&asset), quote, rate, false)?;
        Ok(self.judge_look(&asset, &Look::quote(&mark, now)).await)
    }

    /// Fills what a look touches, account by account.
    pub(super) async fn judge_look(&self, asset: &Arc<Asset>, look: &Look) -> Judged {
        let mut judged = Judged::default();
        match self.touched(asset.id, look).await {
            Ok(accounts) => {
                for id in accounts {
                    judged.note(&id, self.judge_account(id, asset, look).await);
                }
            }
            Err(error) => judged.note(&asset.symbol, Err::<u64, _>(error)),
        }
        judged
    }

    /// The accounts with orders or trades that a look touches.
    pub(super) async fn touched(&self, asset: AssetId, look: &Look) -> Result<BTreeSet<AccountId>> {
        let reader = self.db().reader();
        let orders = order::Entity::unscoped().filter(touched_orders(asset, look)).select_only();
        let orders = orders.column(order::Column::AccountId).distinct().into_tuple().all(reader).await?;
        let trades = trade::Entity::unscoped().filter(touched_trades(asset, look)).select_only();
        let trades: Vec<AccountId> =
            trades.column(trade::Column::AccountId).distinct().into_tuple().all(reader).await?;
        Ok(orders.into_iter().chain(trades).collect())
    }

    /// Fills what a look touches of an account, in one booking: first what closes trades, then what opens them.
    async fn judge_account(&self, id: AccountId, asset: &Arc<Asset>, look: &Look) -> Result<u64> {
        let _turn = self.desk().turn(id).await;
        for _ in 0..MOST_TRIES {
            let book = self.read_book(id).await?;
            let marks = self.marks_of(&book, Some(asset)).await?;
            // A candle that is past does not come again: what can't be booked now is to be tried again.
            let mark = marks.get(&asset.id).filter(|mark| !mark.rate_is_stale);
            let mark = mark.ok_or_else(|| no_rate(&book, asset))?;
            let now = self.now();
            if self.begin_day(&book, &marks, now).await? {
                continue;
            }
            let pending = order::Entity::of(id).filter(touched_orders(asset.id, look));
            // Who came first is served first.
            let pending = pending.order_by_asc(order::Column::AccountVersion).all(self.db().reader()).await?;
            let mut booking = Booking::new(self, book.clone(), now);
            let mut moved = self.close_touched(&book, mark, look, &mut booking)?;
            let guard = if pending.is_empty() { Guard::default() } else { self.guard_of(&book.account).await? };
            for order in pending {
                moved += self.fill_touched(order, mark, &marks, look, &guard, &mut booking)?;
            }
            if moved == 0 {
                return Ok(0);
            }
            booking.settle(&marks)?;
            if booking.write().await?.is_ok() {
                return Ok(moved);
            }
        }
        Err(Fault::Unavailable(None).into())
    }

    /// Closes the trades whose stop or target a look touches.
    fn close_touched(&self, book: &Book, mark: &Mark, look: &Look, booking: &mut Booking) -> Result<u64> {
        let mut moved = 0;
        if book.account.status == AccountStatus::Closed {
            return Ok(0);
        }
        let is_meant = |trade: &&trade::Model| trade.asset_id == mark.asset.id && trade.watched_since() <= look.began;
        for open in book.open.iter().filter(is_meant) {
            let Some((reason, touch)) = exit(open.side, open.stop_loss, open.take_profit, &look.tick) else { continue };
            let execution = Execution::of(&touch, open.side.opposite(), mark, look)?;
            let mut order = self.closing_order(booking, open, open.quantity, None);
            match reason {
                CloseReason::StopLoss => (order.order_type, order.stop_price) = (OrderType::Stop, open.stop_loss),
                CloseReason::TakeProfit => (order.order_type, order.limit_price) = (OrderType::Limit, open.take_profit),
                CloseReason::Manual | CloseReason::StopOut | CloseReason::Challenge => {}
            }
            booking.place(order.clone());
            booking.close(order, open, open.quantity, reason, &execution)?;
            moved += 1;
        }
        Ok(moved)
    }

    /// Fills a pending order, or refuses it where it would be refused if it were placed now: where the account can't bear it
    /// any more, or a protection holds.
    fn fill_touched(
        &self,
        order: Order,
        mark: &Mark,
        marks: &Marks,
        look: &Look,
        guard: &Guard,
        booking: &mut Booking,
    ) -> Result<u64> {
        let Some(touch) = entry(order.order_type, order.side, order.trigger_price(), &look.tick) else { return Ok(0) };
        let execution = Execution::of(&touch, order.side, mark, look)?;
        let (book, standing) = (&booking.book, booking.book.standing(marks)?);
        let lock = guard.lock(&book.account, standing.equity, Some(booking), self.now());
        let lock = book.challenge.as_ref().and_then(|referee| referee.lock(self.now())).or(lock);
        let problem = if book.account.status != AccountStatus::Active {
            let message = "the account is not active any more";
            Some(Problem::new(ProblemCode::AccountNotActive, &["input", "accountId"], message))
        } else if let Some(lock) = lock {
            Some(lock.problem())
        } else {
            match Cost::of(book, mark, execution.price, order.quantity) {
                Err(error) => Some(too_large(error)),
                Ok(cost) => match cost.problem(book, &standing, mark) {
                    None => {
                        booking.open(order, &execution, &cost)?;
                        return Ok(1);
                    }
                    problem => problem,
                },
            }
        };
        booking.finish(order, OrderStatus::Rejected, problem.as_ref());
        Ok(1)
    }
}

fn no_rate(book: &Book, asset: &Asset) -> Fault {
    Fault::MarketDataUnavailable(format!("{} in {}", asset.symbol, book.account.currency))
}
