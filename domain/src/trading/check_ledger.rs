//! Proving that every balance is what its ledger says, and that the ledger is what its fills say.
//!
//! An account is read from its beginning: its entries are numbered without a gap, each balance is the one before and the
//! amount; what an entry says of a fill is computed again from the fills and trades, to the last digit.

use std::collections::HashMap;

use sea_orm::{ColumnTrait, QueryFilter, QueryOrder, QuerySelect};

use super::account::{self, Model as Account};
use super::amount::Exact;
use super::fill::{self, Model as Fill};
use super::ledger::{self, Model as LedgerEntry};
use super::trade::{self, Model as Trade};
use super::vocabulary::{LedgerKind, TradeStatus};
use crate::Domain;
use crate::error::{Fault, Result};
use crate::fixed::{FixedError, Money};
use crate::ids::{AccountId, FillId, TradeId};

/// Accounts that are read at once.
const BATCH: u64 = 100;
/// Faults that a report names at most.
const MOST_FAULTS: usize = 100;

/// What checking the ledgers found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LedgerReport {
    /// Accounts that were checked.
    pub accounts: u64,
    /// Their entries.
    pub entries: u64,
    /// Their fills.
    pub fills: u64,
    /// What is not as it should be, in one sentence each, at most 100.
    pub faults: Vec<String>,
}

impl Domain {
    /// Checks every account's ledger.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn check_ledgers(&self) -> Result<LedgerReport> {
        let (mut report, mut after) = (LedgerReport::default(), None);
        while let Some(last) = self.check_ledgers_after(after, &mut report).await? {
            after = Some(last);
        }
        Ok(report)
    }

    /// Checks the next accounts in the order of their ids; tells the last of them.
    pub(crate) async fn check_ledgers_after(
        &self,
        after: Option<AccountId>,
        report: &mut LedgerReport,
    ) -> Result<Option<AccountId>> {
        let mut accounts = account::Entity::unscoped().order_by_asc(account::Column::Id).limit(BATCH);
        if let Some(after) = after {
            accounts = accounts.filter(account::Column::Id.gt(after));
        }
        let accounts = accounts.all(self.db().reader()).await?;
        for account in &accounts {
            self.check_account(account, report).await?;
        }
        Ok(accounts.last().map(|account| account.id))
    }

    async fn check_account(&self, account: &Account, report: &mut LedgerReport) -> Result<()> {
        // Read again where it changed meanwhile, so that a report is of one moment.
        for _ in 0..10 {
            let before = self.version_of(account.id).await?;
            let history = self.whole_history(account).await?;
            if self.version_of(account.id).await? != before {
                continue;
            }
            report.accounts += 1;
            report.entries += history.entries.len() as u64;
            report.fills += history.fills.len() as u64;
            if let Err(fault) = history.check(account)
                && report.faults.len() < MOST_FAULTS
            {
                report.faults.push(format!("{} ({}): {fault}", account.number, account.id));
            }
            return Ok(());
        }
        Err(Fault::Unavailable(None).into())
    }

    async fn version_of(&self, id: AccountId) -> Result<Option<i64>> {
        let version = account::Entity::unscoped().select_only().column(account::Column::Version);
        Ok(version.filter(account::Column::Id.eq(id)).into_tuple().one(self.db().reader()).await?)
    }

    async fn whole_history(&self, account: &Account) -> Result<History> {
        let reader = self.db().reader();
        let entries = ledger::Entity::of(account.id).order_by_asc(ledger::Column::Seq).all(reader).await?;
        let fills = fill::Entity::of(account.id).all(reader).await?;
        let trades = trade::Entity::of(account.id).all(reader).await?;
        Ok(History {
            entries,
            fills: fills.into_iter().map(|fill| (fill.id, fill)).collect(),
            trades: trades.into_iter().map(|trade| (trade.id, trade)).collect(),
        })
    }
}

/// Everything that an account's balance came from.
struct History {
    entries: Vec<LedgerEntry>,
    fills: HashMap<FillId, Fill>,
    trades: HashMap<TradeId, Trade>,
}

impl History {
    fn check(&self, account: &Account) -> Result<(), String> {
        self.check_sums(account)?;
        self.check_entries(account)?;
        self.check_trades()
    }

    /// The entries are numbered from 1, and each balance is the one before and the amount.
    fn check_sums(&self, account: &Account) -> Result<(), String> {
        let (mut seq, mut balance) = (0, Money::ZERO);
        for entry in &self.entries {
            seq += 1;
            if entry.seq != seq {
                return Err(format!("entry {seq} is missing"));
            }
            balance = balance.checked_add(entry.amount).map_err(|error| error.to_string())?;
            if entry.balance_after != balance {
                return Err(format!("entry {seq} says a balance of {}, its sum is {balance}", entry.balance_after));
            }
        }
        match self.entries.first() {
            Some(first) if first.kind == LedgerKind::Deposit && first.amount == account.initial_balance => Ok(()),
            _ => Err("the first entry is not the initial balance".to_owned()),
        }
    }

    /// Each entry is what its fill and trade make of it, and each fill has its entries.
    fn check_entries(&self, account: &Account) -> Result<(), String> {
        let (mut fees, mut gains) = (HashMap::new(), HashMap::new());
        for entry in &self.entries {
            let by_fill = match entry.kind {
                LedgerKind::Fee => &mut fees,
                LedgerKind::RealizedPnl => &mut gains,
                LedgerKind::Deposit | LedgerKind::Adjustment | LedgerKind::Refund => continue,
            };
            let fill = entry.fill_id.ok_or_else(|| format!("entry {} has no fill", entry.seq))?;
            if by_fill.insert(fill, entry.amount).is_some() {
                return Err(format!("{fill} is in the ledger twice"));
            }
        }
        for fill in self.fills.values() {
            let fee = account.fees().fee(fill.price, fill.quantity, fill.rate, &account.currency);
            let fee = fee.map_err(|error| error.to_string())?;
            let booked = fees.remove(&fill.id).unwrap_or(Money::ZERO);
            if fill.fee != fee || booked.checked_add(fee) != Ok(Money::ZERO) {
                return Err(format!("the fee of {} should be {fee}, {} was booked", fill.id, booked));
            }
        }
        for trade in self.trades.values() {
            let Some(fill) = trade.close_fill_id else { continue };
            let gross = self.gross(account, trade).map_err(|error| error.to_string())?;
            if gains.remove(&fill) != gross || trade.gross_pnl != gross {
                return Err(format!("the gain of {} should be {gross:?}", trade.id));
            }
        }
        match fees.keys().chain(gains.keys()).next() {
            Some(fill) => Err(format!("the ledger knows of {fill}, which there is not")),
            None => Ok(()),
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

    /// Each trade has its fills, and the parts of one are as much as was opened, for the fee that was paid.
    fn check_trades(&self) -> Result<(), String> {
        let mut lots: HashMap<FillId, (i64, i64)> = HashMap::new();
        for trade in self.trades.values() {
            let has_fill = |id: FillId| self.fills.contains_key(&id);
            let is_closed = trade.status == TradeStatus::Closed;
            if !has_fill(trade.open_fill_id) || trade.close_fill_id.is_some_and(has_fill) != is_closed {
                return Err(format!("{} lacks a fill", trade.id));
            }
            let fees = trade.entry_fee.checked_add(trade.exit_fee.unwrap_or(Money::ZERO));
            let net = trade.gross_pnl.zip(fees.ok()).and_then(|(gross, fees)| gross.checked_sub(fees).ok());
            if trade.realized_pnl != net {
                return Err(format!("{} gained {net:?}, and says {:?}", trade.id, trade.realized_pnl));
            }
            let lot = lots.entry(trade.open_fill_id).or_default();
            *lot = (lot.0 + trade.quantity.raw(), lot.1 + trade.entry_fee.raw());
        }
        for (id, (quantity, fee)) in lots {
            let Some(fill) = self.fills.get(&id) else { continue };
            if (fill.quantity.raw(), fill.fee.raw()) != (quantity, fee) {
                return Err(format!("the trades of {id} are not as much as it filled"));
            }
        }
        Ok(())
    }
}
