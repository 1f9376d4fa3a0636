//! Writing down what was decided: an order, its fill, the trades that change, and the ledger, in one transaction under one
//! version of the account.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveModelTrait, ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter};

use super::amount::{Exact, pro_rata};
use super::book::{Book, Marks};
use super::cost::Cost;
use super::decide::Execution;
use super::equity_point::{self, day_of};
use super::order::Model as Order;
use super::protections::Closed;
use super::vocabulary::{AccountStatus, CloseReason, LedgerKind, OrderStatus, TradeStatus};
use super::{account, fill, ledger, order, trade};
use crate::Domain;
use crate::challenges::{challenge, evidence};
use crate::error::{Problem, Result};
use crate::fixed::{FixedError, Money, Quantity};
use crate::ids::{FillId, Id, TradeId};

/// What one transaction writes about an account.
#[derive(Clone, Debug)]
pub(crate) struct Booking {
    domain: Domain,
    /// The account as it will be.
    pub(crate) book: Book,
    now: DateTime<Utc>,
    new_orders: Vec<order::Model>,
    /// Orders that were there and are no longer pending.
    done_orders: Vec<order::Model>,
    fills: Vec<fill::Model>,
    new_trades: Vec<trade::Model>,
    changed_trades: Vec<trade::Model>,
    entries: Vec<ledger::Model>,
    point: Option<equity_point::Model>,
    /// What becomes of the account, where its challenge is over.
    status: Option<AccountStatus>,
    /// Whether the orders that wait are taken back.
    pub(super) cancels_pending: bool,
    /// How its challenge was judged.
    pub(crate) evidence: Vec<evidence::Model>,
    /// Phases that come up.
    pub(super) next_phases: Vec<challenge::Model>,
    /// Whether its challenge's trader is written to.
    pub(super) writes_letters: bool,
}

/// Says what is counted here.
pub(crate) fn describe_metrics() {
    let what = "Orders by the status that they came to: one that waits for its price counts again at its end";
    metrics::describe_counter!("bellwether_orders_total", what);
}

/// Why a booking was not made: something of the account changed since its book was read. Read it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Outdated;

impl Booking {
    /// Begins to write about an account.
    pub(crate) fn new(domain: &Domain, mut book: Book, now: DateTime<Utc>) -> Self {
        book.account.version += 1;
        book.account.updated_at = now;
        Self {
            domain: domain.clone(),
            book,
            now,
            new_orders: Vec::new(),
            done_orders: Vec::new(),
            fills: Vec::new(),
            new_trades: Vec::new(),
            changed_trades: Vec::new(),
            entries: Vec::new(),
            point: None,
            status: None,
            cancels_pending: false,
            evidence: Vec::new(),
            next_phases: Vec::new(),
            writes_letters: true,
        }
    }

    /// Where it is written.
    pub(super) const fn domain(&self) -> &Domain {
        &self.domain
    }

    /// The account may do this from now on.
    pub(crate) fn set_status(&mut self, status: AccountStatus) {
        self.book.account.status = status;
        self.status = Some(status);
    }

    /// Whether a trade was opened.
    pub(super) fn has_opened(&self) -> bool {
        self.new_trades.iter().any(|trade| trade.parent_id.is_none())
    }

    /// A trade that it has opened, as it is now.
    pub(super) fn opened(&self, id: TradeId) -> Option<trade::Model> {
        self.new_trades.iter().find(|trade| trade.id == id).cloned()
    }

    /// The orders that wait once it is written.
    pub(super) fn pending_orders(&self) -> u32 {
        let Some(referee) = self.book.challenge.as_ref().filter(|_| !self.cancels_pending) else { return 0 };
        let new = self.new_orders.iter().filter(|order| order.status == OrderStatus::Pending).count();
        let count = |orders: usize| u32::try_from(orders).unwrap_or(u32::MAX);
        (referee.pending + count(new)).saturating_sub(count(self.done_orders.len()))
    }

    /// The version that the account will have.
    pub(crate) fn version(&self) -> i64 {
        self.book.account.version
    }

    /// When all of it happens.
    pub(crate) const fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// Writes an order down as it is.
    pub(super) fn place(&mut self, order: Order) {
        self.new_orders.push(order);
    }

    /// An order is done: it was filled, refused or taken back.
    pub(super) fn finish(&mut self, mut order: Order, status: OrderStatus, refusal: Option<&Problem>) -> Order {
        order.status = status;
        order.done_at = Some(self.now);
        order.refusal_code = refusal.map(|problem| problem.code.as_str().to_owned());
        order.refusal_message = refusal.map(|problem| problem.message.clone());
        let is_new = self.new_orders.iter().any(|new| new.id == order.id);
        if is_new {
            self.new_orders.retain(|new| new.id != order.id);
            self.new_orders.push(order.clone());
        } else {
            self.done_orders.push(order.clone());
        }
        order
    }

    /// Fills an order that opens a trade.
    pub(super) fn open(
        &mut self,
        order: Order,
        execution: &Execution,
        cost: &Cost,
    ) -> Result<(Order, trade::Model), FixedError> {
        let order = self.finish(order, OrderStatus::Filled, None);
        let fill_id = self.fill(&order, order.quantity, execution, cost.fee);
        let opened = trade::Model {
            id: TradeId::from_uuid(self.domain.new_uuid()),
            tenant_id: order.tenant_id,
            account_id: order.account_id,
            asset_id: order.asset_id,
            signal_id: order.signal_id,
            parent_id: None,
            side: order.side,
            quantity: order.quantity,
            entry_price: execution.price,
            entry_fee: cost.fee,
            margin: cost.margin,
            notional: cost.notional,
            stop_loss: order.stop_loss,
            take_profit: order.take_profit,
            status: TradeStatus::Open,
            open_fill_id: fill_id,
            opened_at: self.now,
            close_fill_id: None,
            exit_price: None,
            exit_fee: None,
            gross_pnl: None,
            realized_pnl: None,
            close_reason: None,
            closed_at: None,
            watched_from: execution.ended,
        };
        self.new_trades.push(opened.clone());
        self.book.open.push(opened.clone());
        self.charge(cost.fee, fill_id, opened.id)?;
        Ok((order, opened))
    }

    /// Fills an order that closes some of a trade, which must be open and hold as much.
    pub(super) fn close(
        &mut self,
        order: Order,
        open: &trade::Model,
        quantity: Quantity,
        reason: CloseReason,
        execution: &Execution,
    ) -> Result<(Order, trade::Model), FixedError> {
        let currency = self.book.account.currency.clone();
        let gained = execution.price.checked_sub(open.entry_price)?;
        let gross = Exact::product(gained, quantity, execution.rate.rate)?.signed(open.side.sign()).book(&currency)?;
        let fee = self.book.account.fees().fee(execution.price, quantity, execution.rate.rate, &currency)?;
        let order = self.finish(order, OrderStatus::Filled, None);
        let fill_id = self.fill(&order, quantity, execution, fee);
        let is_part = quantity < open.quantity;
        let entry_fee = pro_rata(open.entry_fee, quantity, open.quantity, &currency);
        let margin = pro_rata(open.margin, quantity, open.quantity, &currency);
        let notional = pro_rata(open.notional, quantity, open.quantity, &currency);
        let closed = trade::Model {
            id: if is_part { TradeId::from_uuid(self.domain.new_uuid()) } else { open.id },
            parent_id: if is_part { Some(open.id) } else { open.parent_id },
            quantity,
            entry_fee,
            margin,
            notional,
            status: TradeStatus::Closed,
            close_fill_id: Some(fill_id),
            exit_price: Some(execution.price),
            exit_fee: Some(fee),
            gross_pnl: Some(gross),
            realized_pnl: Some(gross.checked_sub(entry_fee)?.checked_sub(fee)?),
            close_reason: Some(reason),
            closed_at: Some(self.now),
            ..open.clone()
        };
        if is_part {
            let rest = trade::Model {
                quantity: open.quantity.checked_sub(quantity)?,
                entry_fee: open.entry_fee.checked_sub(entry_fee)?,
                margin: open.margin.checked_sub(margin)?,
                notional: open.notional.checked_sub(notional)?,
                ..open.clone()
            };
            self.new_trades.push(closed.clone());
            self.book.open.iter_mut().filter(|trade| trade.id == rest.id).for_each(|trade| *trade = rest.clone());
            self.change(rest);
        } else {
            self.book.open.retain(|trade| trade.id != closed.id);
            self.change(closed.clone());
        }
        self.entry(LedgerKind::RealizedPnl, gross, Some(fill_id), Some(closed.id), None)?;
        self.charge(fee, fill_id, closed.id)?;
        Ok((order, closed))
    }

    /// The trades that are closed by it, as protections see them.
    pub(super) fn closed(&self) -> Vec<Closed> {
        self.new_trades.iter().chain(&self.changed_trades).filter_map(Closed::of).collect()
    }

    /// A trade is another now: one that was there, or that this booking has opened.
    pub(super) fn change(&mut self, changed: trade::Model) {
        if let Some(new) = self.new_trades.iter_mut().find(|trade| trade.id == changed.id) {
            *new = changed;
            return;
        }
        self.changed_trades.retain(|trade| trade.id != changed.id);
        self.changed_trades.push(changed);
    }

    fn fill(&mut self, order: &Order, quantity: Quantity, execution: &Execution, fee: Money) -> FillId {
        let id = FillId::from_uuid(self.domain.new_uuid());
        self.fills.push(fill::Model {
            id,
            tenant_id: order.tenant_id,
            account_id: order.account_id,
            account_version: self.version(),
            order_id: order.id,
            asset_id: order.asset_id,
            side: order.side,
            quantity,
            price: execution.price,
            reference_price: execution.reference_price,
            basis: execution.basis,
            quote_price: execution.quote_price,
            quote_time: execution.quote_time,
            quote_source: execution.source.as_str().to_owned(),
            candle: execution.candle,
            rate: execution.rate.rate,
            rate_source: execution.rate.source.map(|source| source.as_str().to_owned()),
            rate_time: execution.rate.source.map(|_| execution.rate.at),
            fee,
            filled_at: self.now,
        });
        id
    }

    fn charge(&mut self, fee: Money, fill: FillId, trade: TradeId) -> Result<(), FixedError> {
        if fee.is_positive() {
            self.entry(LedgerKind::Fee, fee.checked_neg()?, Some(fill), Some(trade), None)?;
        }
        Ok(())
    }

    /// Changes the balance: the only way to.
    pub(crate) fn entry(
        &mut self,
        kind: LedgerKind,
        amount: Money,
        fill_id: Option<FillId>,
        trade_id: Option<TradeId>,
        note: Option<String>,
    ) -> Result<(), FixedError> {
        let margin_after = self.book.margin()?;
        self.book.seq += 1;
        self.book.balance = self.book.balance.checked_add(amount)?;
        self.entries.push(ledger::Model {
            account_id: self.book.account.id,
            seq: self.book.seq,
            tenant_id: self.book.account.tenant_id,
            kind,
            amount,
            balance_after: self.book.balance,
            margin_after,
            fill_id,
            trade_id,
            note,
            at: self.now,
        });
        Ok(())
    }

    /// Notes what the account is worth now.
    pub(crate) fn note_equity(&mut self, marks: &Marks) -> Result<(), FixedError> {
        let standing = self.book.standing(marks)?;
        self.point = Some(equity_point::Model {
            id: self.domain.new_uuid(),
            tenant_id: self.book.account.tenant_id,
            account_id: self.book.account.id,
            day: day_of(self.now),
            at: self.now,
            version: self.version(),
            balance: standing.balance,
            equity: standing.equity,
            traded: !self.fills.is_empty(),
        });
        Ok(())
    }

    /// Writes it all, if the account is still as its book was; then tells whoever follows the account.
    pub(crate) async fn write(self) -> Result<Result<Book, Outdated>> {
        let (domain, book) = (self.domain.clone(), self.book.clone());
        let work = Arc::new(self);
        let is_done = domain
            .db()
            .write(|tx| {
                let work = Arc::clone(&work);
                Box::pin(async move { work.run(tx).await })
            })
            .await?;
        if !is_done {
            return Ok(Err(Outdated));
        }
        work.tell();
        Ok(Ok(book))
    }

    /// Counts what was written, and tells whoever follows the account.
    pub(crate) fn tell(&self) {
        for order in self.new_orders.iter().chain(&self.done_orders) {
            metrics::counter!("bellwether_orders_total", "status" => order.status.as_str()).increment(1);
        }
        crate::challenges::count(&self.evidence);
        if self.evidence.iter().any(|row| row.topic().is_some()) {
            self.domain.outbox().wake();
        }
        self.domain.account_feed().tell(self.book.account.id, self.version());
    }

    /// Writes the account itself, which is new.
    pub(crate) async fn insert_account(&self, tx: &DatabaseTransaction) -> Result<()> {
        insert::<account::Entity, account::ActiveModel>(tx, std::slice::from_ref(&self.book.account)).await
    }

    /// The same in a transaction; tells whether the account, and its challenge, were still as its book was.
    pub(crate) async fn run(&self, tx: &DatabaseTransaction) -> Result<bool> {
        let (account, version) = (&self.book.account, self.version());
        if !self.is_current(tx).await? {
            return Ok(false);
        }
        let mut raise = account::Entity::update_many();
        if let Some(status) = self.status {
            raise = raise.col_expr(account::Column::Status, Expr::value(status.as_str()));
        }
        let raised = raise
            .col_expr(account::Column::Version, Expr::value(version))
            .col_expr(account::Column::UpdatedAt, Expr::value(self.now))
            .filter(account::Column::Id.eq(account.id))
            .filter(account::Column::Version.eq(version - 1))
            .exec(tx)
            .await?;
        if raised.rows_affected != 1 {
            return Ok(false);
        }
        self.rows(tx).await.map(|()| true)
    }

    /// Writes all but the account.
    pub(crate) async fn rows(&self, tx: &DatabaseTransaction) -> Result<()> {
        insert::<order::Entity, order::ActiveModel>(tx, &self.new_orders).await?;
        for done in &self.done_orders {
            let row = order::ActiveModel::from(done.clone()).reset_all();
            order::Entity::update(row).exec(tx).await?;
        }
        insert::<fill::Entity, fill::ActiveModel>(tx, &self.fills).await?;
        for changed in &self.changed_trades {
            let row = trade::ActiveModel::from(changed.clone()).reset_all();
            trade::Entity::update(row).exec(tx).await?;
        }
        insert::<trade::Entity, trade::ActiveModel>(tx, &self.new_trades).await?;
        insert::<ledger::Entity, ledger::ActiveModel>(tx, &self.entries).await?;
        insert::<equity_point::Entity, equity_point::ActiveModel>(tx, self.point.as_slice()).await?;
        if !self.fills.is_empty() || self.status.is_some() {
            let account = &self.book.account;
            self.domain.queue_ranking(tx, (account.tenant_id, account.user_id)).await?;
        }
        self.write_challenge(tx).await
    }
}

/// Rows that one statement inserts at most: SQLite takes 32,766 values.
const BATCH: usize = 500;

pub(crate) async fn insert<E, A>(tx: &DatabaseTransaction, rows: &[E::Model]) -> Result<()>
where
    E: EntityTrait,
    A: ActiveModelTrait<Entity = E> + From<E::Model> + Send,
    E::Model: Clone,
{
    for batch in rows.chunks(BATCH) {
        let batch = batch.iter().map(|row| A::from(row.clone()).reset_all());
        E::insert_many(batch).exec_without_returning(tx).await?;
    }
    Ok(())
}
