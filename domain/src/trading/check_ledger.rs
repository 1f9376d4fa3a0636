//! Checking the ledgers of all accounts, each as it was at one moment; what is proved of one is in `ledger_proof.rs`.

use sea_orm::{ColumnTrait, QueryFilter, QueryOrder, QuerySelect};

use super::account::{self, Model as Account};
use super::ledger_proof::History;
use super::vocabulary::OrderStatus;
use super::{fill, ledger, order, trade};
use crate::Domain;
use crate::error::{Fault, Result};
use crate::ids::AccountId;

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
    /// Accounts whose ledgers are not as they should be.
    pub wrong: u64,
    /// What is not as it should be, in one sentence each, at most 100.
    pub faults: Vec<String>,
    /// Accounts that could not be read, such as those that changed all the time, and why, at most 100. Nothing is proved of
    /// them, and nothing said against them.
    pub unread: Vec<String>,
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
            report.accounts += 1;
            match self.whole_history(account).await {
                Ok(history) => {
                    report.entries += history.entries.len() as u64;
                    report.fills += history.fills.len() as u64;
                    let faults = history.faults(account);
                    report.wrong += u64::from(!faults.is_empty());
                    faults.iter().for_each(|fault| tell(&mut report.faults, account, fault));
                }
                // It keeps the others from nothing.
                Err(error) => tell(&mut report.unread, account, &error.to_string()),
            }
        }
        Ok(accounts.last().map(|account| account.id))
    }

    async fn version_of(&self, id: AccountId) -> Result<Option<i64>> {
        let version = account::Entity::unscoped().select_only().column(account::Column::Version);
        Ok(version.filter(account::Column::Id.eq(id)).into_tuple().one(self.db().reader()).await?)
    }

    /// Everything of an account, read again where it changed meanwhile, so that it is of one moment.
    async fn whole_history(&self, account: &Account) -> Result<History> {
        let reader = self.db().reader();
        for _ in 0..10 {
            let before = self.version_of(account.id).await?;
            let entries = ledger::Entity::of(account.id).order_by_asc(ledger::Column::Seq).all(reader).await?;
            let fills = fill::Entity::of(account.id).all(reader).await?;
            let trades = trade::Entity::of(account.id).all(reader).await?;
            let orders = order::Entity::of(account.id).filter(order::Column::Status.ne(OrderStatus::Rejected));
            let orders = orders.all(reader).await?;
            if self.version_of(account.id).await? == before {
                return Ok(History::new(entries, fills, trades, orders));
            }
        }
        Err(Fault::Unavailable(None).into())
    }
}

impl LedgerReport {
    /// All of it in a sentence; none where every ledger was read and is right.
    pub(crate) fn complaint(&self) -> Option<String> {
        let wrong = self.faults.first().map(|first| format!("{} ledgers are wrong: {first}", self.wrong));
        let unread = self.unread.first().map(|first| format!("{} could not be read: {first}", self.unread.len()));
        let complaints: Vec<String> = wrong.into_iter().chain(unread).collect();
        (!complaints.is_empty()).then(|| complaints.join("; "))
    }
}

fn tell(told: &mut Vec<String>, account: &Account, what: &str) {
    if told.len() < MOST_FAULTS {
        told.push(format!("{} ({}): {what}", account.number, account.id));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ledgers_are_counted_and_not_their_faults() {
        let told = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
        let report = |wrong, faults, unread| LedgerReport { wrong, faults, unread, ..LedgerReport::default() };
        assert_eq!(report(0, told(&[]), told(&[])).complaint(), None);
        let wrong = report(1, told(&["A: this", "A: that"]), told(&[])).complaint();
        assert_eq!(wrong.as_deref(), Some("1 ledgers are wrong: A: this"));
        let both = report(1, told(&["A: this"]), told(&["B: busy"])).complaint();
        assert_eq!(both.as_deref(), Some("1 ledgers are wrong: A: this; 1 could not be read: B: busy"));
    }
}
