//! Filling what waits: pending orders, and the stops and targets of open trades.
//!
//! A batch of quotes is held against what waits for those assets as it comes in; a job does the same every minute for what
//! was missed, first with the candles that closed since it last looked. Both find what a tick touches in the database,
//! decide on each account as it is then, and may be run again, and at once, as often as one likes.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Statement};
use tokio::sync::broadcast;

use super::book::{Book, Mark};
use super::booking::Booking;
use super::cost::Cost;
use super::decide::{Execution, too_large};
use super::order::Model as Order;
use super::place_order::MOST_TRIES;
use super::trigger::{Tick, entry, exit};
use super::vocabulary::{AccountStatus, CloseReason, OrderStatus, OrderType, Side, TradeStatus};
use super::{order, trade};
use crate::Domain;
use crate::error::{Fault, Problem, ProblemCode, Result};
use crate::fixed::Price;
use crate::ids::{AccountId, AssetId};
use crate::market::{Asset, Quote, Timeframe};

/// The candles that a gap is looked through with.
const CANDLES: Timeframe = Timeframe::M1;
/// How many of them one look takes.
const MOST_CANDLES: usize = 1_500;

/// What was looked at, and when it began: what came later was not there.
struct Look {
    tick: Tick,
    /// When the candle opened; for a quote, now.
    began: DateTime<Utc>,
}

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
                // The job looks at what was missed.
                Err(broadcast::error::RecvError::Lagged(_)) => {}
                Err(broadcast::error::RecvError::Closed) => return,
            }
        }
    }

    /// Holds a batch of quotes against what waits for those assets. Tells how many orders and trades it moved.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn judge_quotes(&self, quotes: &[Arc<Quote>]) -> Result<u64> {
        let waiting = self.waited_for().await?;
        let mut moved = 0;
        for quote in quotes.iter().filter(|quote| waiting.contains(&quote.asset_id)) {
            let asset = self.asset_known_as(quote.asset_id).await?;
            moved += self.judge_asset(&asset).await?;
        }
        Ok(moved)
    }

    /// Holds what happened since the last look against everything that waits. Tells how many orders and trades it moved.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn judge_pending(&self) -> Result<u64> {
        let mut moved = 0;
        for id in self.waited_for().await? {
            let asset = self.asset_known_as(id).await?;
            moved += self.judge_gap(&asset).await?;
            moved += self.judge_asset(&asset).await?;
        }
        Ok(moved)
    }

    /// The assets that a pending order, a stop or a target waits for.
    async fn waited_for(&self) -> Result<BTreeSet<AssetId>> {
        let reader = self.db().reader();
        let orders = order::Entity::unscoped().filter(order::Column::Status.eq(OrderStatus::Pending));
        let orders = orders.select_only().column(order::Column::AssetId).distinct();
        let mut ids: BTreeSet<AssetId> = orders.into_tuple().all(reader).await?.into_iter().collect();
        let trades = trade::Entity::unscoped().filter(watched());
        let trades = trades.select_only().column(trade::Column::AssetId).distinct();
        ids.extend(trades.into_tuple::<AssetId>().all(reader).await?);
        Ok(ids)
    }

    /// Holds the candles that closed since the last look against what waited before they opened.
    async fn judge_gap(&self, asset: &Arc<Asset>) -> Result<u64> {
        let (now, reader) = (self.now(), self.db().reader());
        let read = Statement::from_sql_and_values(
            reader.get_database_backend(),
            "SELECT judged_until FROM trading_watermarks WHERE asset_id = $1",
            [asset.id.into()],
        );
        let row = reader.query_one_raw(read).await?;
        let until: Option<DateTime<Utc>> = row.map(|row| row.try_get("", "judged_until")).transpose()?;
        let mut moved = 0;
        if let Some(until) = until {
            let candles = self.closed_candles(asset, CANDLES, Some(until), now, MOST_CANDLES).await?;
            for candle in &candles {
                let tick = Tick::Candle { open: candle.open, high: candle.high, low: candle.low };
                moved += self.judge_look(asset, &Look { tick, began: candle.open_time }).await?;
            }
            let Some(last) = candles.last() else { return Ok(moved) };
            self.put_watermark(asset.id, last.open_time + CANDLES.span()).await?;
        } else {
            self.put_watermark(asset.id, now).await?;
        }
        Ok(moved)
    }

    async fn put_watermark(&self, asset: AssetId, until: DateTime<Utc>) -> Result<()> {
        use super::watermark::{ActiveModel, Column, Entity};
        let row = ActiveModel { asset_id: sea_orm::Set(asset), judged_until: sea_orm::Set(until) };
        self.db()
            .write(|tx| {
                let row = row.clone();
                Box::pin(async move {
                    let later = OnConflict::column(Column::AssetId)
                        .update_column(Column::JudgedUntil)
                        .action_and_where(Expr::col((Entity, Column::JudgedUntil)).lt(until))
                        .to_owned();
                    Entity::insert(row).on_conflict(later).try_insert().exec_without_returning(tx).await?;
                    Ok(())
                })
            })
            .await
    }

    /// Holds the asset's quote against what waits for it, if its market is open and the quote is fresh.
    async fn judge_asset(&self, asset: &Arc<Asset>) -> Result<u64> {
        let now = self.now();
        let quote = match self.quote_of(asset).await {
            Ok(quote) => quote,
            Err(crate::Error::Fault(Fault::MarketDataUnavailable(_))) => return Ok(0),
            Err(error) => return Err(error),
        };
        if quote.is_stale || !self.market_status(asset, now).is_open {
            return Ok(0);
        }
        let mark = Mark::new(Arc::clone(asset), quote, Price::from_int(1)?)?;
        self.judge_look(asset, &Look { tick: mark.tick(), began: now }).await
    }

    /// Fills what a look touches, account by account.
    async fn judge_look(&self, asset: &Arc<Asset>, look: &Look) -> Result<u64> {
        let mut moved = 0;
        for id in self.touched(asset.id, look).await? {
            moved += self.judge_account(id, asset, look).await?;
        }
        Ok(moved)
    }

    /// The accounts with orders or trades that a look touches.
    async fn touched(&self, asset: AssetId, look: &Look) -> Result<BTreeSet<AccountId>> {
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
            let Some(mark) = marks.get(&asset.id) else { return Ok(0) };
            let pending = order::Entity::of(id).filter(touched_orders(asset.id, look));
            // Who came first is served first.
            let pending = pending.order_by_asc(order::Column::AccountVersion).all(self.db().reader()).await?;
            let mut booking = Booking::new(self, book.clone(), self.now());
            let mut moved = self.close_touched(&book, mark, look, &mut booking)?;
            for order in pending {
                moved += self.fill_touched(order, mark, &marks, look, &mut booking)?;
            }
            if moved == 0 {
                return Ok(0);
            }
            booking.note_equity(&marks)?;
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
        let is_meant = |trade: &&trade::Model| trade.asset_id == mark.asset.id && trade.opened_at <= look.began;
        for open in book.open.iter().filter(is_meant) {
            let Some((reason, touch)) = exit(open.side, open.stop_loss, open.take_profit, &look.tick) else { continue };
            let execution = Execution::of(&touch, open.side.opposite(), mark, &look.tick, look.began)?;
            let mut order = self.closing_order(booking.version(), open, open.quantity, None);
            match reason {
                CloseReason::StopLoss => (order.order_type, order.stop_price) = (OrderType::Stop, open.stop_loss),
                CloseReason::TakeProfit => (order.order_type, order.limit_price) = (OrderType::Limit, open.take_profit),
                CloseReason::Manual => {}
            }
            booking.place(order.clone());
            booking.close(order, open, open.quantity, reason, &execution, mark.quote.source.as_str())?;
            moved += 1;
        }
        Ok(moved)
    }

    /// Fills a pending order, or refuses it where the account can't bear it any more.
    fn fill_touched(
        &self,
        order: Order,
        mark: &Mark,
        marks: &super::book::Marks,
        look: &Look,
        booking: &mut Booking,
    ) -> Result<u64> {
        let Some(touch) = entry(order.order_type, order.side, order.trigger_price(), &look.tick) else { return Ok(0) };
        let execution = Execution::of(&touch, order.side, mark, &look.tick, look.began)?;
        let book = &booking.book;
        let problem = match Cost::of(book, mark, execution.price, order.quantity) {
            Err(error) => Some(too_large(error)),
            Ok(_) if book.account.status != AccountStatus::Active => {
                let message = "the account is not active any more";
                Some(Problem::new(ProblemCode::AccountNotActive, &["input", "accountId"], message))
            }
            Ok(cost) => match cost.problem(book, &book.standing(marks)?, mark) {
                None => {
                    booking.open(order, &execution, &cost, mark.quote.source.as_str())?;
                    return Ok(1);
                }
                problem => problem,
            },
        };
        booking.finish(order, OrderStatus::Rejected, problem.as_ref());
        Ok(1)
    }
}

/// Open trades with a stop or a target.
fn watched() -> Condition {
    let has_one =
        Condition::any().add(trade::Column::StopLoss.is_not_null()).add(trade::Column::TakeProfit.is_not_null());
    Condition::all().add(trade::Column::Status.eq(TradeStatus::Open)).add(has_one)
}

/// Pending orders that a look touches: what `entry` says, in SQL.
fn touched_orders(asset: AssetId, look: &Look) -> Condition {
    use order::Column as C;
    let (lowest, highest) = (|side| look.tick.lowest(side), |side| look.tick.highest(side));
    let of_side = |side: Side, condition: Condition| Condition::all().add(C::Side.eq(side)).add(condition);
    let buys = Condition::any().add(C::LimitPrice.gte(lowest(Side::Buy))).add(C::StopPrice.lte(highest(Side::Buy)));
    let sells = Condition::any().add(C::LimitPrice.lte(highest(Side::Sell))).add(C::StopPrice.gte(lowest(Side::Sell)));
    let is_touched = Condition::any()
        .add(C::OrderType.eq(OrderType::Market))
        .add(of_side(Side::Buy, buys))
        .add(of_side(Side::Sell, sells));
    Condition::all()
        .add(C::Status.eq(OrderStatus::Pending))
        .add(C::AssetId.eq(asset))
        .add(C::CreatedAt.lte(look.began))
        .add(is_touched)
}

/// Open trades whose stop or target a look touches: what `exit` says, in SQL.
fn touched_trades(asset: AssetId, look: &Look) -> Condition {
    use trade::Column as C;
    let (lowest, highest) = (look.tick.lowest(Side::Sell), look.tick.highest(Side::Sell));
    let longs = Condition::any().add(C::StopLoss.gte(lowest)).add(C::TakeProfit.lte(highest));
    let (lowest, highest) = (look.tick.lowest(Side::Buy), look.tick.highest(Side::Buy));
    let shorts = Condition::any().add(C::StopLoss.lte(highest)).add(C::TakeProfit.gte(lowest));
    let of_side = |side: Side, condition: Condition| Condition::all().add(C::Side.eq(side)).add(condition);
    Condition::all()
        .add(C::Status.eq(TradeStatus::Open))
        .add(C::AssetId.eq(asset))
        .add(C::OpenedAt.lte(look.began))
        .add(Condition::any().add(of_side(Side::Buy, longs)).add(of_side(Side::Sell, shorts)))
}
