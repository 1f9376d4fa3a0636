//! Computing traders' ranking anew where something of theirs has changed.
//!
//! Any instance may do it at any time: it writes only over the version of the profile that was there when it began to read,
//! so what is written last is what was read last.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    TryInsertResult,
};
use uuid::Uuid;

use super::profile::Model as Profile;
use super::trader::{Ranking, Trader};
use super::vocabulary::AchievementKind;
use super::{achievement, entry, profile, queue, result};
use crate::Domain;
use crate::error::{Error, Fault, Result};
use crate::fixed::{Money, Price, PriceUnit, Unit, divide_half_even};
use crate::ids::{TenantId, UserId};
use crate::trading::booking::insert;

/// Changes that are worked off at once.
const BATCH: u64 = 200;

/// The currency of the profits that are achievements.
const DOLLAR: &str = "USD";

impl Domain {
    /// Works off the queue of changes; tells how many traders were looked at.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn update_rankings(&self) -> Result<u64> {
        let mut looked_at = 0;
        loop {
            let waiting = queue::Entity::unscoped().order_by_asc(queue::Column::Id).limit(BATCH);
            let waiting = waiting.all(self.db().reader()).await?;
            let mut owners: Vec<_> = waiting.iter().map(|row| (row.tenant_id, row.user_id)).collect();
            owners.sort();
            owners.dedup();
            let users: Vec<UserId> = owners.iter().map(|(_, user)| *user).collect();
            let traders = self.traders(&users).await?;
            let mut done = 0;
            for owner in owners {
                let Some(trader) = traders.get(&owner.1) else { continue };
                let changes = waiting.iter().filter(|row| row.user_id == owner.1).map(|row| row.id).collect();
                done += u64::from(self.rank(owner, trader, changes).await?);
            }
            looked_at += done;
            // Where somebody else was quicker with all of them, they are at it.
            if done == 0 {
                return Ok(looked_at);
            }
        }
    }

    /// Writes what follows from a trader's trades and takes these changes out of the queue; false where somebody else has
    /// written meanwhile, and then nothing is done.
    pub(super) async fn rank(&self, owner: (TenantId, UserId), trader: &Trader, changes: Vec<Uuid>) -> Result<bool> {
        let ranking = trader.ranking(owner, self.ranked_since())?;
        let mut unlocked = ranking.record.unlocked.clone();
        let dollars = self.in_dollars(ranking.results.iter().map(|sum| (sum.currency.as_str(), sum.profit))).await?;
        for (kind, goal) in [(AchievementKind::Profit1000, 1_000), (AchievementKind::Profit10000, 10_000)] {
            if dollars >= Money::from_int(goal)? {
                unlocked.entry(kind).or_insert(self.now());
            }
        }
        unlocked.retain(|kind, _| !trader.achieved.contains(kind));
        let is_known = unlocked.is_empty() && trader.is_as(&ranking);
        let handle = self.readable_number("T");
        let work = Arc::new((trader.clone(), ranking, unlocked, changes, handle));
        let written = self.db().write(|tx| {
            let (domain, work) = (self.clone(), Arc::clone(&work));
            Box::pin(async move {
                let (trader, ranking, unlocked, changes, handle) = &*work;
                if !is_known {
                    if !domain.raise_profile(tx, owner, trader, ranking, handle).await? {
                        return Ok(false);
                    }
                    replace(tx, trader, ranking).await?;
                    unlock(tx, owner, unlocked).await?;
                }
                let done = queue::Entity::delete_many().filter(queue::Column::Id.is_in(changes.iter().copied()));
                done.exec(tx).await?;
                Ok(true)
            })
        });
        written.await
    }

    /// Writes the figures of a profile, or makes it; false where another has meanwhile.
    async fn raise_profile(
        &self,
        tx: &DatabaseTransaction,
        owner: (TenantId, UserId),
        trader: &Trader,
        ranking: &Ranking,
        handle: &str,
    ) -> Result<bool> {
        let now = self.now();
        let Some(known) = &trader.profile else {
            let made = Profile { version: 1, ..Profile::blank(owner, handle.to_owned(), now).with(&ranking.record) };
            return insert_profile(tx, made).await;
        };
        let record = &ranking.record;
        let raised = profile::Entity::update_many()
            .col_expr(profile::Column::Version, Expr::value(known.version + 1))
            .col_expr(profile::Column::Opened, Expr::value(record.opened))
            .col_expr(profile::Column::Closed, Expr::value(record.closed))
            .col_expr(profile::Column::Won, Expr::value(record.won))
            .col_expr(profile::Column::LongestWinRun, Expr::value(record.longest_win_run))
            .col_expr(profile::Column::LongestDayRun, Expr::value(record.longest_day_run))
            .col_expr(profile::Column::ChallengesPassed, Expr::value(record.challenges_passed))
            .col_expr(profile::Column::UpdatedAt, Expr::value(now))
            .filter(profile::Column::UserId.eq(owner.1))
            .filter(profile::Column::Version.eq(known.version))
            .exec(tx)
            .await?;
        Ok(raised.rows_affected == 1)
    }

    /// Amounts in US dollars, by the last rates that are known; what no rate is known of counts for nothing.
    pub(super) async fn in_dollars<'c>(&self, amounts: impl Iterator<Item = (&'c str, Money)>) -> Result<Money> {
        let mut sum = Money::ZERO;
        for (currency, amount) in amounts {
            let rate = match self.rate(currency, DOLLAR).await {
                Ok(rate) => rate.rate,
                Err(Error::Fault(Fault::MarketDataUnavailable(_))) => continue,
                Err(error) => return Err(error),
            };
            sum = sum.checked_add(times(amount, rate)).unwrap_or(Money::MAX);
        }
        Ok(sum)
    }
}

/// An amount at a rate, half to even; one that does not fit is the largest there is.
fn times(amount: Money, rate: Price) -> Money {
    let product = i128::from(amount.raw()) * i128::from(rate.raw());
    let rounded = divide_half_even(product, 10_i128.pow(PriceUnit::SCALE));
    Money::from_raw(<i64 as TryFrom<i128>>::try_from(rounded).unwrap_or(if product < 0 { i64::MIN } else { i64::MAX }))
}

/// Writes a profile where there is none; tells whether it did.
pub(super) async fn insert_profile(tx: &DatabaseTransaction, made: Profile) -> Result<bool> {
    let row = profile::ActiveModel::from(made).reset_all();
    let unique = OnConflict::column(profile::Column::UserId).do_nothing().to_owned();
    let inserted = profile::Entity::insert(row).on_conflict(unique).try_insert().exec_without_returning(tx).await?;
    Ok(matches!(inserted, TryInsertResult::Inserted(1)))
}

/// Writes what has been achieved, where it has not been before.
pub(super) async fn unlock(
    tx: &DatabaseTransaction,
    (tenant_id, user_id): (TenantId, UserId),
    unlocked: &BTreeMap<AchievementKind, DateTime<Utc>>,
) -> Result<()> {
    use achievement::Column as C;
    let row = |(kind, at): (&_, &_)| achievement::Model { user_id, kind: *kind, tenant_id, unlocked_at: *at };
    let rows: Vec<_> = unlocked.iter().map(|new| achievement::ActiveModel::from(row(new)).reset_all()).collect();
    if rows.is_empty() {
        return Ok(());
    }
    let once = OnConflict::columns([C::UserId, C::Kind]).do_nothing().to_owned();
    achievement::Entity::insert_many(rows).on_conflict(once).try_insert().exec_without_returning(tx).await?;
    Ok(())
}

/// Writes the entries and results that are others than those that are known.
async fn replace(tx: &DatabaseTransaction, trader: &Trader, ranking: &Ranking) -> Result<()> {
    let gone = trader.entries.iter().filter(|known| !ranking.entries.contains(known)).collect::<Vec<_>>();
    if !gone.is_empty() {
        let any = gone.iter().fold(Condition::any(), |any, gone| {
            let key = Condition::all().add(entry::Column::AccountId.eq(gone.account_id));
            any.add(key.add(entry::Column::Period.eq(gone.period)).add(entry::Column::Begins.eq(gone.begins.clone())))
        });
        entry::Entity::delete_many().filter(any).exec(tx).await?;
    }
    let new: Vec<_> = ranking.entries.iter().filter(|new| !trader.entries.contains(new)).cloned().collect();
    insert::<entry::Entity, entry::ActiveModel>(tx, &new).await?;
    if trader.results != ranking.results {
        if let Some(user) = trader.results.first().map(|known| known.user_id) {
            result::Entity::delete_many().filter(result::Column::UserId.eq(user)).exec(tx).await?;
        }
        insert::<result::Entity, result::ActiveModel>(tx, &ranking.results).await?;
    }
    Ok(())
}
