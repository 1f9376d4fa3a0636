//! Computing traders' ranking anew where something of theirs has changed.
//!
//! Any instance may do it at any time: it writes only over the version of the profile that was there when it began to read,
//! so what is written last is what was read last. A trader of whom nothing can be computed keeps nobody else waiting.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait, TryInsertResult,
};

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
const BATCH: u64 = 50;
/// Entries that one statement removes at most: SQLite takes no condition of a thousand parts.
const MOST_GONE: usize = 200;
/// The currency of the profits that are achievements.
const DOLLAR: &str = "USD";

/// What working off the queue came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RankingUpdate {
    /// Traders that were ranked anew.
    pub ranked: u64,
    /// Traders that could not be: they wait.
    pub failed: u64,
}

impl Domain {
    /// Works off the queue of changes.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn update_rankings(&self) -> Result<RankingUpdate> {
        let (mut ranked, mut failed, mut last) = (0, HashSet::new(), None);
        let (since, rates) = (self.ranked_since(), self.dollar_rates().await?);
        loop {
            let mut waiting = queue::Entity::unscoped().order_by_asc(queue::Column::Id).limit(BATCH);
            if let Some(last) = last {
                waiting = waiting.filter(queue::Column::Id.gt(last));
            }
            let waiting = waiting.all(self.db().reader()).await?;
            let Some(newest) = waiting.last() else {
                return Ok(RankingUpdate { ranked, failed: failed.len() as u64 });
            };
            last = Some(newest.id);
            let owners = waiting.iter().map(|row| (row.tenant_id, row.user_id));
            let owners: BTreeSet<_> = owners.filter(|(_, user)| !failed.contains(user)).collect();
            let users: Vec<UserId> = owners.iter().map(|(_, user)| *user).collect();
            let mut traders = self.traders_apart(&users).await;
            let mut done = Vec::new();
            for owner in owners {
                let Some(trader) = traders.remove(&owner.1) else { continue };
                let written = async { self.rank(owner, trader?, since, &rates).await };
                match written.await {
                    Ok(true) => {
                        ranked += 1;
                        done.extend(waiting.iter().filter(|row| row.user_id == owner.1).map(|row| row.id));
                    }
                    // Somebody else was quicker; what they read may be older.
                    Ok(false) => {}
                    Err(error) => {
                        tell(owner.1, &error);
                        failed.insert(owner.1);
                    }
                }
            }
            // After what they led to: done twice is done once.
            let done = queue::Entity::delete_many().filter(queue::Column::Id.is_in(done));
            self.db().run(done.build(self.db().backend())).await?;
        }
    }

    /// What is known of traders; where that can't be read of all at once, of each what can be.
    pub(super) async fn traders_apart(&self, users: &[UserId]) -> HashMap<UserId, Result<Trader>> {
        match self.traders(users).await {
            Ok(traders) => return traders.into_iter().map(|(user, trader)| (user, Ok(trader))).collect(),
            Err(error) => tracing::warn!(%error, "traders could not be read at once: each is read apart"),
        }
        let mut apart = HashMap::new();
        for user in users {
            let read = self.traders(&[*user]).await;
            apart.insert(*user, read.map(|mut traders| traders.remove(user).unwrap_or_default()));
        }
        apart
    }

    /// Writes what follows from a trader's trades; false where somebody else has written meanwhile, and then nothing is done.
    pub(super) async fn rank(
        &self,
        owner: (TenantId, UserId),
        trader: Trader,
        since: NaiveDate,
        rates: &HashMap<String, Price>,
    ) -> Result<bool> {
        let ranking = trader.ranking(owner, since)?;
        let mut unlocked = trader.new_profits(rates);
        unlocked.extend(ranking.record.unlocked.iter().filter(|(kind, _)| !trader.achieved.contains(kind)));
        if unlocked.is_empty() && trader.is_as(&ranking, since) {
            return Ok(true);
        }
        let work = Arc::new((trader, ranking, unlocked, self.readable_number(Profile::HANDLE)));
        let written = self.db().write(|tx| {
            let (domain, work) = (self.clone(), Arc::clone(&work));
            Box::pin(async move {
                let (trader, ranking, unlocked, handle) = &*work;
                if !domain.raise_profile(tx, owner, trader, ranking, handle).await? {
                    return Ok(false);
                }
                replace(tx, trader, ranking).await?;
                unlock(tx, owner, unlocked).await?;
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
        use profile::Column as C;
        let (now, record) = (self.now(), &ranking.record);
        let Some(known) = &trader.profile else {
            let made = Profile { version: 1, ..Profile::blank(owner, handle.to_owned(), now).with(record) };
            return insert_profile(tx, made).await;
        };
        let raised = profile::Entity::update_many()
            .col_expr(C::Version, Expr::value(known.version + 1))
            .col_expr(C::Opened, Expr::value(record.opened))
            .col_expr(C::Closed, Expr::value(record.closed))
            .col_expr(C::Won, Expr::value(record.won))
            .col_expr(C::LongestWinRun, Expr::value(record.longest_win_run))
            .col_expr(C::LongestDayRun, Expr::value(record.longest_day_run))
            .col_expr(C::ChallengesPassed, Expr::value(record.challenges_passed))
            .col_expr(C::UpdatedAt, Expr::value(now))
            .filter(C::UserId.eq(owner.1))
            .filter(C::Version.eq(known.version))
            .exec(tx)
            .await?;
        Ok(raised.rows_affected == 1)
    }

    /// What one unit of each currency in which somebody has an account is in US dollars, by the last rates that are known.
    pub(super) async fn dollar_rates(&self) -> Result<HashMap<String, Price>> {
        use crate::trading::account;
        let currencies = account::Entity::unscoped().select_only().column(account::Column::Currency).distinct();
        let currencies: Vec<String> = currencies.into_tuple().all(self.db().reader()).await?;
        let mut rates = HashMap::new();
        for currency in currencies {
            if let Some(rate) = self.dollar_rate(&currency).await? {
                rates.insert(currency, rate);
            }
        }
        Ok(rates)
    }

    async fn dollar_rate(&self, currency: &str) -> Result<Option<Price>> {
        match self.rate(currency, DOLLAR).await {
            Ok(rate) => Ok(Some(rate.rate)),
            Err(Error::Fault(Fault::MarketDataUnavailable(_))) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Amounts in US dollars; what no rate is known of counts for nothing.
    pub(super) async fn in_dollars(&self, amounts: &[result::Model]) -> Result<Money> {
        let mut sum = 0_i128;
        for amount in amounts {
            let Some(rate) = self.dollar_rate(&amount.currency).await? else { continue };
            sum += i128::from(amount.profit.raw()) * i128::from(rate.raw());
        }
        let sum = divide_half_even(sum, 10_i128.pow(PriceUnit::SCALE));
        Ok(Money::from_raw(<i64 as TryFrom<i128>>::try_from(sum).unwrap_or(if sum < 0 { i64::MIN } else { i64::MAX })))
    }
}

/// Tells of a trader who could not be ranked.
pub(super) fn tell(user: UserId, error: &Error) {
    tracing::error!(%user, %error, "a trader could not be ranked");
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
    use entry::Column as C;
    let gone: Vec<_> = trader.entries.iter().filter(|known| !ranking.entries.contains(known)).collect();
    for gone in gone.chunks(MOST_GONE) {
        let any = gone.iter().fold(Condition::any(), |any, gone| {
            let key = Condition::all().add(C::AccountId.eq(gone.account_id)).add(C::Period.eq(gone.period));
            any.add(key.add(C::Begins.eq(gone.begins.clone())))
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
