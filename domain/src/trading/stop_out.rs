//! Closing trades of an account that has lost too much of what they tie up, before it loses what it does not have.
//!
//! An account whose equity is at its used margin or below takes no more trades (it has no free margin: the margin call). At
//! its stop-out level, a share of the used margin, its trades are closed at the market, the one that has lost most first,
//! until the equity is above the level again. It is looked at where pending orders are: with each batch of quotes, and by the
//! job. Candles say nothing of it, for they do not say what the account's other assets cost at the same time.

use std::collections::HashMap;

use sea_orm::{ColumnTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait};

use super::account::{self, Model as Account};
use super::book::{Book, Marks, Standing, unrealized};
use super::booking::Booking;
use super::decide::{Execution, closing};
use super::judged::Judged;
use super::place_order::MOST_TRIES;
use super::trade::{self, Model as Trade};
use super::vocabulary::{CloseReason, TradeStatus};
use crate::Domain;
use crate::error::{Fault, Result};
use crate::fixed::FixedError;
use crate::ids::{AccountId, AssetId, TradeId};

/// Accounts that are looked at at once.
const BATCH: u64 = 100;
/// The level of accounts that do not say another: half of the used margin.
const USUAL: i32 = 50;

/// The stop-out level of an account that says none: 50 % where money is lent. Who borrows nothing may sit through what a
/// long trade loses, and a short one is closed when nothing is left.
pub(super) const fn usual_level(leverage: i32) -> i32 {
    if leverage > 1 { USUAL } else { 0 }
}

/// Whether an account is at its stop-out level: `equity ≤ used margin × level`, with something tied up at all.
pub(super) fn is_at_level(standing: &Standing, percent: i32) -> bool {
    let (equity, margin) = (i128::from(standing.equity.raw()), i128::from(standing.used_margin.raw()));
    margin > 0 && equity * 100 <= margin * i128::from(percent)
}

/// The trade that is closed next: of those that can be closed just now the one that has lost most, of equal ones the oldest;
/// none while the account is above its level, and where it is not known what all of its trades are worth.
pub(super) fn next_to_go<'b>(
    book: &'b Book,
    marks: &Marks,
    can_be_closed: impl Fn(&Trade) -> bool,
) -> Result<Option<&'b Trade>, FixedError> {
    let standing = book.standing(marks)?;
    if !standing.is_complete || !is_at_level(&standing, book.account.stop_out_percent) {
        return Ok(None);
    }
    let mut worst = None;
    for trade in book.open.iter().filter(|trade| can_be_closed(trade)) {
        let Some(mark) = marks.get(&trade.asset_id) else { continue };
        let gained = unrealized(trade, mark, &book.account.currency)?;
        if worst.is_none_or(|(least, _)| gained < least) {
            worst = Some((gained, trade));
        }
    }
    Ok(worst.map(|(_, trade)| trade))
}

impl Domain {
    /// Closes trades of accounts that are at their stop-out level: of those that hold one of these assets, or of all.
    pub(super) async fn judge_stop_outs(&self, assets: Option<&[AssetId]>) -> Judged {
        let (mut judged, mut after) = (Judged::default(), None);
        loop {
            let accounts = match self.holders(assets, after).await {
                Ok(accounts) => accounts,
                Err(error) => {
                    judged.note(&"stop-outs", Err::<u64, _>(error));
                    return judged;
                }
            };
            let Some(last) = accounts.last() else { return judged };
            after = Some(last.id);
            // Where one of them can't be valued each is looked at by itself, and it alone fails.
            let standings = self.standings(&accounts).await.ok();
            let is_at_level = |account: &&Account| {
                let standing = standings.as_ref().and_then(|standings| standings.get(&account.id));
                standing.is_none_or(|standing| is_at_level(standing, account.stop_out_percent))
            };
            for account in accounts.iter().filter(is_at_level) {
                judged.note(&account.id, self.stop_out_account(account.id).await);
            }
        }
    }

    /// The next accounts with open trades in one of these assets, or in any, in the order of their ids.
    async fn holders(&self, assets: Option<&[AssetId]>, after: Option<AccountId>) -> Result<Vec<Account>> {
        let mut open = trade::Entity::unscoped().filter(trade::Column::Status.eq(TradeStatus::Open));
        if let Some(assets) = assets {
            open = open.filter(trade::Column::AssetId.is_in(assets.iter().copied()));
        }
        let open = open.select_only().column(trade::Column::AccountId).into_query();
        let mut accounts = account::Entity::unscoped().filter(account::Column::Id.in_subquery(open));
        if let Some(after) = after {
            accounts = accounts.filter(account::Column::Id.gt(after));
        }
        Ok(accounts.order_by_asc(account::Column::Id).limit(BATCH).all(self.db().reader()).await?)
    }

    /// Closes what an account at its stop-out level has to close, in one booking. Tells how many trades.
    async fn stop_out_account(&self, id: AccountId) -> Result<u64> {
        let _turn = self.desk().turn(id).await;
        for _ in 0..MOST_TRIES {
            let book = self.read_book(id).await?;
            let marks = self.marks_of(&book, None).await?;
            let now = self.now();
            if self.begin_day(&book, &marks, now).await? {
                continue;
            }
            // Closing one changes nothing of what another would be closed at.
            let execution = |trade: &Trade| Some((trade.id, self.stop_out_execution(&book.account, &marks, trade)?));
            let executions: HashMap<TradeId, Execution> = book.open.iter().filter_map(execution).collect();
            let mut booking = Booking::new(self, book, now);
            let mut moved = 0;
            loop {
                let next = next_to_go(&booking.book, &marks, |trade| executions.contains_key(&trade.id))?;
                let Some((trade, execution)) = next.and_then(|trade| Some((trade.clone(), executions.get(&trade.id)?)))
                else {
                    break;
                };
                let order = self.closing_order(&booking, &trade, trade.quantity, None);
                booking.place(order.clone());
                booking.close(order, &trade, trade.quantity, CloseReason::StopOut, execution)?;
                moved += 1;
            }
            if moved == 0 {
                return Ok(0);
            }
            booking.settle(&marks)?;
            if booking.write().await?.is_ok() {
                tracing::info!(account = %id, trades = moved, "closed at the stop-out level");
                return Ok(moved);
            }
        }
        Err(Fault::Unavailable(None).into())
    }

    /// What a trade would be closed at just now; none where its market is closed, or its price or rate too old.
    fn stop_out_execution(&self, account: &Account, marks: &Marks, trade: &Trade) -> Option<Execution> {
        let (mark, now) = (marks.get(&trade.asset_id)?, self.now());
        let market = self.market_status(&mark.asset, now);
        closing(account.status, mark, &market, trade.side, now).ok()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use chrono::DateTime;
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::super::book::Mark;
    use super::super::protections::Protections;
    use super::super::vocabulary::{AccountStatus, Side, WhenClosed};
    use super::*;
    use crate::fixed::{Money, Percent, Price, Quantity};
    use crate::ids::{FillId, Id, TenantId, UserId};
    use crate::market::{Asset, AssetKind, LicenceClass, Quote, Rate, SourceName, SourceSymbols};

    fn money(whole: i64) -> Money {
        Money::from_int(whole).unwrap()
    }

    fn price(whole: i64) -> Price {
        Price::from_int(whole).unwrap()
    }

    /// An account with so much money and one trade of one unit for each of these: long or not, its entry, the price now.
    fn book(balance: i64, leverage: i32, percent: i32, trades: &[(bool, i64, i64)]) -> (Book, Marks) {
        let at = DateTime::UNIX_EPOCH;
        let account = Account {
            id: AccountId::from_uuid(Uuid::nil()),
            tenant_id: TenantId::from_uuid(Uuid::nil()),
            user_id: UserId::from_uuid(Uuid::nil()),
            number: String::new(),
            name: String::new(),
            currency: "USD".to_owned(),
            status: AccountStatus::Active,
            leverage,
            initial_balance: money(balance),
            fee_percent: Percent::ZERO,
            fee_minimum: Money::ZERO,
            fee_per_unit: Price::ZERO,
            when_closed: WhenClosed::Reject,
            max_open_trades: None,
            max_position: None,
            stop_out_percent: percent,
            protections: Protections::default(),
            challenge_id: None,
            version: 1,
            created_at: at,
            updated_at: at,
        };
        let mut marks = Marks::new();
        let open = (0_u128..).zip(trades).map(|(number, &(is_long, entry, now))| {
            let asset_id = AssetId::from_uuid(Uuid::from_u128(number));
            marks.insert(asset_id, mark(asset_id, price(now)));
            Trade {
                id: TradeId::from_uuid(Uuid::from_u128(number)),
                tenant_id: account.tenant_id,
                account_id: account.id,
                asset_id,
                signal_id: None,
                parent_id: None,
                side: if is_long { Side::Buy } else { Side::Sell },
                quantity: Quantity::from_int(1).unwrap(),
                entry_price: price(entry),
                entry_fee: Money::ZERO,
                margin: Money::from_raw(money(entry).raw() / i64::from(leverage)),
                notional: money(entry),
                stop_loss: None,
                take_profit: None,
                status: TradeStatus::Open,
                open_fill_id: FillId::from_uuid(Uuid::from_u128(number)),
                opened_at: at,
                close_fill_id: None,
                exit_price: None,
                exit_fee: None,
                gross_pnl: None,
                realized_pnl: None,
                close_reason: None,
                closed_at: None,
                watched_from: None,
            }
        });
        let open = open.collect();
        (Book { seq: 1, balance: money(balance), open, account, challenge: None }, marks)
    }

    fn mark(asset_id: AssetId, now: Price) -> Mark {
        let at = DateTime::UNIX_EPOCH;
        let asset = Asset {
            id: asset_id,
            symbol: "X".to_owned(),
            name: "X".to_owned(),
            kind: AssetKind::Stock,
            exchange: "X".to_owned(),
            currency: "USD".to_owned(),
            tick_size: Price::from_raw(1),
            lot_size: Quantity::from_int(1).unwrap(),
            sector: None,
            source_symbols: SourceSymbols::default(),
            created_at: at,
            updated_at: at,
        };
        let quote = Quote {
            asset_id,
            symbol: "X".to_owned(),
            price: now,
            bid: now,
            ask: now,
            currency: "USD".to_owned(),
            previous_close: None,
            exchange_time: at,
            fetched_at: at,
            source: SourceName::Csv,
            licence: LicenceClass::Public,
            is_stale: false,
        };
        let rate = Rate { rate: price(1), source: None, at, licence: LicenceClass::Public, is_stale: false };
        Mark { asset: Arc::new(asset), quote, bid: now, ask: now, rate, rate_is_stale: false }
    }

    /// Closes at the mark, for nothing, what is to be closed; tells what each had gained.
    fn run(book: &mut Book, marks: &Marks, can_be_closed: impl Fn(&Trade) -> bool) -> Vec<Money> {
        let mut gone = Vec::new();
        while let Some(next) = next_to_go(book, marks, &can_be_closed).unwrap().cloned() {
            let gained = unrealized(&next, &marks[&next.asset_id], "USD").unwrap();
            book.balance = book.balance.checked_add(gained).unwrap();
            book.open.retain(|trade| trade.id != next.id);
            gone.push(gained);
        }
        gone
    }

    #[test]
    fn the_largest_loss_goes_first_and_an_unknown_price_lets_all_stay() {
        // 100 of money; margins of 10, 20 and 30: the level is 30.
        let (mut all, marks) = book(100, 10, 50, &[(true, 100, 80), (false, 200, 245), (true, 300, 290)]);
        assert_eq!(all.standing(&marks).unwrap().equity, money(25));
        let mut blind = (all.clone(), marks.clone());
        assert_eq!(run(&mut all, &marks, |_| true), [money(-45)]);
        blind.1.remove(&blind.0.open[2].asset_id);
        assert!(run(&mut blind.0, &blind.1, |_| true).is_empty());
    }

    proptest! {
        /// Afterwards the account is above its level, or holds nothing that could be closed; nothing goes while it is above,
        /// the larger loss goes before the smaller one, and to look again closes nothing.
        #[test]
        fn closing_ends_above_the_level(
            balance in 1_i64..1_000, leverage in 1_i32..100, percent in 0_i32..=100,
            trades in prop::collection::vec((any::<bool>(), 1_i64..2_000, 1_i64..2_000, any::<bool>()), 0..8),
        ) {
            let prices: Vec<_> = trades.iter().map(|&(is_long, entry, now, _)| (is_long, entry, now)).collect();
            let (mut book, marks) = book(balance, leverage, percent, &prices);
            let closable = |trade: &Trade| trades[usize::try_from(trade.id.uuid().as_u128()).unwrap()].3;
            let before = book.standing(&marks).unwrap();
            let gone = run(&mut book, &marks, closable);
            prop_assert!(is_at_level(&before, percent) || gone.is_empty());
            prop_assert!(gone.is_sorted());
            let after = book.standing(&marks).unwrap();
            prop_assert!(!is_at_level(&after, percent) || !book.open.iter().any(closable));
            prop_assert_eq!(after.equity, before.equity, "closing at the mark changes nothing of what there is");
            prop_assert!(run(&mut book, &marks, closable).is_empty());
        }
    }
}
