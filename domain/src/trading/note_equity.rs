//! Noting what accounts are worth while nobody trades on them.

use chrono::TimeDelta;
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder, QuerySelect};

use super::account::{self, Model as Account};
use super::equity_point::{self, day_of};
use super::trade;
use super::vocabulary::TradeStatus;
use crate::Domain;
use crate::error::Result;
use crate::ids::AccountId;

/// How long every point is kept; of older days the last one is.
const KEPT: TimeDelta = TimeDelta::days(30);

impl Domain {
    /// The next accounts with open trades, in the order of their ids.
    pub(crate) async fn accounts_with_open_trades(&self, after: Option<AccountId>, limit: u64) -> Result<Vec<Account>> {
        let reader = self.db().reader();
        let mut ids = trade::Entity::unscoped().filter(trade::Column::Status.eq(TradeStatus::Open)).select_only();
        if let Some(after) = after {
            ids = ids.filter(trade::Column::AccountId.gt(after));
        }
        let ids = ids.column(trade::Column::AccountId).distinct().order_by_asc(trade::Column::AccountId).limit(limit);
        let ids: Vec<AccountId> = ids.into_tuple().all(reader).await?;
        let accounts = account::Entity::unscoped().filter(account::Column::Id.is_in(ids));
        Ok(accounts.order_by_asc(account::Column::Id).all(reader).await?)
    }

    /// The point of an account at this moment; none where a price is missing, and what it is worth is not known.
    pub(crate) async fn equity_point(&self, account: &Account) -> Result<Option<equity_point::Model>> {
        let standing = self.standing(account).await?;
        let now = self.now();
        Ok(standing.is_complete.then(|| equity_point::Model {
            id: self.new_uuid(),
            tenant_id: account.tenant_id,
            account_id: account.id,
            day: day_of(now),
            at: now,
            version: account.version,
            balance: standing.balance,
            equity: standing.equity,
            traded: false,
        }))
    }

    /// The day before which only the last point of each day is kept.
    pub(crate) fn oldest_full_day(&self) -> String {
        day_of(self.now() - KEPT)
    }
}
