//! Proving that an account's balance is what its ledger says, and that its ledger is what its orders, fills and trades say:
//! both ways, so that nothing is there without a cause and no cause is there without what it should have led to.
//!
//! An account is read from its beginning. Its entries are numbered without a gap, and each balance is the one before and the
//! amount. Every fill has its order, its trade and its fee; every filled order has its fill; every closed trade has its gain;
//! all amounts are computed again, to the last digit; and what is left in the ledger then should not be there. Pure.

use std::collections::HashMap;
use std::fmt::Display;

use super::account::Model as Account;
use super::amount::Exact;
use super::fill::Model as Fill;
use super::ledger::Model as LedgerEntry;
use super::order::Model as Order;
use super::trade::Model as Trade;
use super::vocabulary::{LedgerKind, OrderStatus, TradeStatus};
use crate::fixed::{FixedError, Money};
use crate::ids::{FillId, OrderId, TradeId};

/// Everything that an account's balance came from.
pub(super) struct History {
    pub(super) entries: Vec<LedgerEntry>,
    pub(super) fills: HashMap<FillId, Fill>,
    trades: Vec<Trade>,
    orders: HashMap<OrderId, Order>,
}

impl History {
    /// All that there is of an account, the ledger in its order.
    pub(super) fn new(entries: Vec<LedgerEntry>, fills: Vec<Fill>, trades: Vec<Trade>, orders: Vec<Order>) -> Self {
        Self {
            entries,
            fills: fills.into_iter().map(|fill| (fill.id, fill)).collect(),
            trades,
            orders: orders.into_iter().map(|order| (order.id, order)).collect(),
        }
    }

    /// What is not as it should be, in one sentence each; nothing where all is proved.
    pub(super) fn faults(&self, account: &Account) -> Vec<String> {
        let mut faults = Faults::default();
        self.prove_sums(account, &mut faults);
        self.prove_entries(account, &mut faults);
        self.prove_orders(&mut faults);
        self.prove_trades(&mut faults);
        self.prove_balance(account, &mut faults);
        faults.0
    }

    /// The entries are numbered from 1, and each balance is the one before and the amount.
    fn prove_sums(&self, account: &Account, faults: &mut Faults) {
        let (mut seq, mut balance) = (0, Money::ZERO);
        for entry in &self.entries {
            seq += 1;
            if entry.seq != seq {
                faults.tell(format!("entry {seq} is missing"));
                seq = entry.seq;
            }
            match balance.checked_add(entry.amount) {
                Ok(sum) if sum == entry.balance_after => {}
                Ok(sum) => {
                    faults.tell(format!("entry {seq} says a balance of {}, its sum is {sum}", entry.balance_after))
                }
                Err(error) => faults.tell(format!("entry {seq}: {error}")),
            }
            balance = entry.balance_after;
        }
        match self.entries.first() {
            Some(first) if first.kind == LedgerKind::Deposit && first.amount == account.initial_balance => {}
            _ => faults.tell("the first entry is not the initial balance".to_owned()),
        }
    }

    /// Each entry is what its fill and trade make of it, and each fill and closed trade has its entries.
    fn prove_entries(&self, account: &Account, faults: &mut Faults) {
        let (mut fees, mut gains) = (HashMap::new(), HashMap::new());
        for entry in &self.entries {
            let by_fill = match entry.kind {
                LedgerKind::Fee => &mut fees,
                LedgerKind::RealizedPnl => &mut gains,
                LedgerKind::Deposit if entry.seq == 1 => continue,
                // Whoever runs the tenant may correct what a challenge is judged by; its evidence says why.
                LedgerKind::Adjustment if account.challenge_id.is_some() && entry.note.is_some() => continue,
                // Nothing here books such a thing.
                kind => {
                    faults.tell(format!("entry {} is of the kind {kind}, and nothing accounts for it", entry.seq));
                    continue;
                }
            };
            let Some(fill) = entry.fill_id else {
                faults.tell(format!("entry {} has no fill", entry.seq));
                continue;
            };
            if by_fill.insert(fill, entry).is_some() {
                faults.tell(format!("{fill} is in the ledger twice"));
            }
        }
        let opened_by: HashMap<TradeId, FillId> =
            self.trades.iter().map(|trade| (trade.id, trade.open_fill_id)).collect();
        let mut trade_of: HashMap<FillId, &Trade> = HashMap::new();
        for trade in &self.trades {
            trade_of.entry(trade.open_fill_id).or_insert(trade);
            trade_of.extend(trade.close_fill_id.map(|fill| (fill, trade)));
        }
        for fill in self.fills.values() {
            let booked = fees.remove(&fill.id);
            let amount = booked.map_or(Money::ZERO, |entry: &LedgerEntry| entry.amount);
            match account.fees().fee(fill.price, fill.quantity, fill.rate, &account.currency) {
                Ok(fee) if fill.fee == fee && amount.checked_add(fee) == Ok(Money::ZERO) => {}
                Ok(fee) => faults.tell(format!("the fee of {} should be {fee}, {amount} was booked", fill.id)),
                Err(error) => faults.tell(format!("{}: {error}", fill.id)),
            }
            let Some(trade) = trade_of.get(&fill.id) else {
                faults.tell(format!("{} opened and closed no trade", fill.id));
                continue;
            };
            // The parts of a lot have its opening fill in common; its fee is booked for the one that has what is left.
            let is_of_trade = |id| id == trade.id || opened_by.get(&id) == Some(&fill.id);
            if booked.is_some_and(|entry| !entry.trade_id.is_some_and(is_of_trade)) {
                faults.tell(format!("the fee of {} is booked for another trade", fill.id));
            }
        }
        for trade in &self.trades {
            let Some(fill) = trade.close_fill_id else { continue };
            let booked = gains.remove(&fill);
            match self.gross(account, trade) {
                Ok(gross) if booked.map(|entry| entry.amount) == gross && trade.gross_pnl == gross => {}
                Ok(gross) => faults.tell(format!("the gain of {} should be {}", trade.id, shown(gross))),
                Err(error) => faults.tell(format!("{}: {error}", trade.id)),
            }
            if booked.is_some_and(|entry| entry.trade_id != Some(trade.id)) {
                faults.tell(format!("the gain of {} is booked for another trade", trade.id));
            }
        }
        for (fill, entry) in fees.into_iter().chain(gains) {
            faults.tell(format!("entry {} is for {fill}, which there is not, or which gained nothing", entry.seq));
        }
    }

    /// What a closed trade gained before fees, from its two fills.
    fn gross(&self, account: &Account, trade: &Trade) -> Result<Option<Money>, FixedError> {
        let close = trade.close_fill_id.and_then(|id| self.fills.get(&id));
        let (Some(open), Some(close)) = (self.fills.get(&trade.open_fill_id), close) else { return Ok(None) };
        let gained = close.price.checked_sub(open.price)?;
        let exact = Exact::product(gained, trade.quantity, close.rate)?.signed(trade.side.sign());
        exact.book(&account.currency).map(Some)
    }

    /// Each fill is what its order asked for, and each filled order has its fill.
    fn prove_orders(&self, faults: &mut Faults) {
        let mut filled: HashMap<OrderId, FillId> = HashMap::new();
        for fill in self.fills.values() {
            if filled.insert(fill.order_id, fill.id).is_some() {
                faults.tell(format!("{} was filled twice", fill.order_id));
            }
            let is_asked = |order: &&Order| {
                let (asked, got) =
                    ((order.asset_id, order.side, order.quantity), (fill.asset_id, fill.side, fill.quantity));
                order.status == OrderStatus::Filled && asked == got
            };
            if self.orders.get(&fill.order_id).filter(is_asked).is_none() {
                faults.tell(format!("{} is not what {} asked for", fill.id, fill.order_id));
            }
        }
        for order in self.orders.values().filter(|order| order.status == OrderStatus::Filled) {
            if !filled.contains_key(&order.id) {
                faults.tell(format!("{} is filled, and has no fill", order.id));
            }
        }
    }

    /// Each trade is what its fills made it, and the parts of one are as much as was opened, for the fee that was paid.
    fn prove_trades(&self, faults: &mut Faults) {
        let mut lots: HashMap<FillId, (i64, i64)> = HashMap::new();
        for trade in &self.trades {
            let (open, close) =
                (self.fills.get(&trade.open_fill_id), trade.close_fill_id.and_then(|id| self.fills.get(&id)));
            let is_closed = trade.status == TradeStatus::Closed;
            if open.is_none() || close.is_some() != is_closed {
                faults.tell(format!("{} lacks a fill", trade.id));
            }
            let opened_so = open.is_none_or(|fill| {
                (fill.asset_id, fill.side, fill.price) == (trade.asset_id, trade.side, trade.entry_price)
            });
            let closed_so = close.is_none_or(|fill| {
                let said = (trade.asset_id, trade.side.opposite(), trade.quantity, trade.exit_price, trade.exit_fee);
                (fill.asset_id, fill.side, fill.quantity, Some(fill.price), Some(fill.fee)) == said
            });
            if !opened_so || !closed_so {
                faults.tell(format!("{} is not what its fills made it", trade.id));
            }
            let fees = trade.entry_fee.checked_add(trade.exit_fee.unwrap_or(Money::ZERO));
            let net = trade.gross_pnl.zip(fees.ok()).and_then(|(gross, fees)| gross.checked_sub(fees).ok());
            if trade.realized_pnl != net {
                faults.tell(format!("{} gained {}, and says {}", trade.id, shown(net), shown(trade.realized_pnl)));
            }
            let lot = lots.entry(trade.open_fill_id).or_default();
            *lot = (lot.0.saturating_add(trade.quantity.raw()), lot.1.saturating_add(trade.entry_fee.raw()));
        }
        for (id, (quantity, fee)) in lots {
            let Some(fill) = self.fills.get(&id) else { continue };
            if (fill.quantity.raw(), fill.fee.raw()) != (quantity, fee) {
                faults.tell(format!("the trades of {id} are not as much as it filled"));
            }
        }
    }

    /// The balance is the deposit, what closed trades gained after fees, and what opening the others cost.
    fn prove_balance(&self, account: &Account, faults: &mut Faults) {
        let part = |trade: &Trade| trade.realized_pnl.map_or_else(|| trade.entry_fee.checked_neg(), Ok);
        let mut corrected = self.entries.iter().filter(|entry| entry.kind == LedgerKind::Adjustment);
        let begun = corrected.try_fold(account.initial_balance, |sum, entry| sum.checked_add(entry.amount));
        let sum =
            begun.and_then(|begun| self.trades.iter().try_fold(begun, |sum, trade| sum.checked_add(part(trade)?)));
        let balance = self.entries.last().map_or(Money::ZERO, |last| last.balance_after);
        match sum {
            Ok(sum) if sum == balance => {}
            Ok(sum) => faults.tell(format!("the balance is {balance}, its deposit and trades make {sum}")),
            Err(error) => faults.tell(format!("the balance: {error}")),
        }
    }
}

/// What was found, a few at most: one wrong row may be wrong in many ways.
#[derive(Default)]
struct Faults(Vec<String>);

impl Faults {
    fn tell(&mut self, fault: String) {
        if self.0.len() < 10 {
            self.0.push(fault);
        }
    }
}

fn shown(amount: Option<impl Display>) -> String {
    amount.map_or_else(|| "nothing".to_owned(), |amount| amount.to_string())
}
