//! Why a balance is what it is.

use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait, ConnectionTrait, QueryFilter, QueryOrder, QuerySelect, Statement};

use super::account::Model as Account;
use super::ledger::{self, Model as LedgerEntry};
use super::vocabulary::LedgerKind;
use crate::Domain;
use crate::error::{Problem, ProblemCode, Result};
use crate::fixed::Money;

/// The last entries that an explanation names one by one.
const LAST: u64 = 20;

/// Everything of one kind in a ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BalancePart {
    /// The kind.
    pub kind: LedgerKind,
    /// How many entries.
    pub count: i64,
    /// Their sum.
    pub amount: Money,
}

/// Why a balance is what it is: what was added up, and the last entries themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BalanceExplanation {
    /// When it was that.
    pub at: DateTime<Utc>,
    /// What it was: the last entry's until then, and the sum of the parts.
    pub balance: Money,
    /// The number of the last entry until then.
    pub seq: i64,
    /// The sum of each kind of entry.
    pub parts: Vec<BalancePart>,
    /// The last entries until then, at most 20, the newest first.
    pub last_entries: Vec<LedgerEntry>,
    /// The same in a sentence.
    pub summary: String,
}

impl Domain {
    /// Why the balance of an account that the viewer may read was what it was at a moment.
    ///
    /// # Errors
    /// A problem for a moment before the account was opened.
    pub async fn explain_balance(&self, account: &Account, at: Option<DateTime<Utc>>) -> Result<BalanceExplanation> {
        let at = at.unwrap_or_else(|| self.now());
        let reader = self.db().reader();
        let until = ledger::Entity::of(account.id).filter(ledger::Column::At.lte(at));
        let last_entries = until.order_by_desc(ledger::Column::Seq).limit(LAST).all(reader).await?;
        let Some(last) = last_entries.first() else {
            let opened = account.created_at.format("%Y-%m-%d %H:%M:%S UTC");
            let message = format!("the account was opened at {opened}: ask for then or later");
            return Err(Problem::new(ProblemCode::Validation, &["at"], message).into());
        };
        let query = Statement::from_sql_and_values(
            reader.get_database_backend(),
            "SELECT kind, COUNT(*) AS count, CAST(SUM(amount) AS BIGINT) AS amount FROM ledger_entries
             WHERE account_id = $1 AND seq <= $2 GROUP BY kind ORDER BY MIN(seq)",
            [account.id.into(), last.seq.into()],
        );
        let mut parts = Vec::new();
        for row in reader.query_all_raw(query).await? {
            parts.push(BalancePart {
                kind: row.try_get("", "kind")?,
                count: row.try_get("", "count")?,
                amount: row.try_get("", "amount")?,
            });
        }
        let summary = summary(&parts, last.balance_after, &account.currency);
        Ok(BalanceExplanation { at, balance: last.balance_after, seq: last.seq, parts, last_entries, summary })
    }
}

fn summary(parts: &[BalancePart], balance: Money, currency: &str) -> String {
    let part = |part: &BalancePart| {
        let what = match part.kind {
            LedgerKind::Deposit => "put in",
            LedgerKind::Fee => "of fees",
            LedgerKind::RealizedPnl => "from closed trades",
            LedgerKind::Adjustment => "of adjustments",
            LedgerKind::Refund => "of refunds",
        };
        let times = if part.count == 1 { "1 entry".to_owned() } else { format!("{} entries", part.count) };
        format!("{} {what} ({times})", part.amount)
    };
    let parts: Vec<String> = parts.iter().map(part).collect();
    format!("{balance} {currency} = {}", parts.join(" + "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_is_the_sum_in_words() {
        let part = |kind, count, amount: &str| BalancePart { kind, count, amount: amount.parse().unwrap() };
        let parts = [part(LedgerKind::Deposit, 1, "1000"), part(LedgerKind::Fee, 3, "-1.5")];
        let text = summary(&parts, "998.5".parse().unwrap(), "USD");
        assert_eq!(text, "998.5 USD = 1000 put in (1 entry) + -1.5 of fees (3 entries)");
    }
}
