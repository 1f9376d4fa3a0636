//! A trader as ranking reads them, and what follows from that.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Days, NaiveDate, Utc};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, QueryFilter, QuerySelect, Select};
use sha2::{Digest, Sha256};

use super::achievement::{self, Model as Achievement};
use super::entry::{self, Model as Standing};
use super::figures::{FEWEST_TRADES, Figures, Gain};
use super::period::{begins, kept_since};
use super::profile::{self, Model as Profile};
use super::record::{Record, profits_reached};
use super::result::{self, Model as TraderResult};
use super::round_trip::{Lot, RoundTrip, round_trips};
use super::vocabulary::{AchievementKind, Period, Scope};
use crate::Domain;
use crate::challenges::{ChallengeStatus, PhaseKind, Phases, challenge};
use crate::error::Result;
use crate::fixed::{FixedError, Money, Price};
use crate::ids::{AccountId, ChallengeId, Id, TenantId, UserId};
use crate::trading::{AccountStatus, account, trade};

/// What an account of one's own must have been opened with to be ranked, in its currency: of a few cents, half a cent's rounding
/// is a profit of half.
const LEAST_BALANCE: i64 = 1_000;

/// An account of a trader.
#[derive(Debug)]
struct Contender {
    id: AccountId,
    currency: String,
    initial_balance: Money,
    /// What it is held against; none for one that is not ranked.
    scope: Option<Scope>,
}

/// A trader, with what is written down of them and what that is to follow from.
#[derive(Debug, Default)]
pub(super) struct Trader {
    pub(super) profile: Option<Profile>,
    pub(super) entries: Vec<Standing>,
    pub(super) results: Vec<TraderResult>,
    pub(super) achieved: BTreeSet<AchievementKind>,
    accounts: Vec<Contender>,
    lots: Vec<Lot>,
    /// When challenges were passed with all their phases.
    passed: Vec<DateTime<Utc>>,
}

/// What follows from a trader's trades and challenges.
#[derive(Debug)]
pub(super) struct Ranking {
    pub(super) record: Record,
    pub(super) entries: Vec<Standing>,
    pub(super) results: Vec<TraderResult>,
}

impl Trader {
    /// What follows from their trades and challenges; of weeks and months that begin before a day nothing.
    pub(super) fn ranking(&self, owner: (TenantId, UserId), since: NaiveDate) -> Result<Ranking, FixedError> {
        let trips = round_trips(&self.lots)?;
        let record = Record::of(&self.lots, &trips, &self.currencies(), self.passed.clone())?;
        let results = record.results.iter().map(|(currency, takings)| TraderResult {
            user_id: owner.1,
            currency: currency.clone(),
            tenant_id: owner.0,
            profit: takings.profit,
            best_trade: takings.best_trade,
            worst_trade: takings.worst_trade,
        });
        Ok(Ranking { results: results.collect(), entries: self.entries(owner, &trips, since)?, record })
    }

    fn entries(
        &self,
        (tenant_id, user_id): (TenantId, UserId),
        trips: &[RoundTrip],
        since: NaiveDate,
    ) -> Result<Vec<Standing>, FixedError> {
        let mut entries = Vec::new();
        for account in &self.accounts {
            let Some(scope) = account.scope else { continue };
            for ((period, begins), closed) in self.periods(account, trips, since)? {
                let figures = Figures::of(account.initial_balance, closed.before, &closed.gains, &closed.trips)?;
                let Some(figures) = figures else { continue };
                entries.push(Standing {
                    account_id: account.id,
                    period,
                    begins: begins.to_string(),
                    tenant_id,
                    user_id,
                    scope,
                    currency: account.currency.clone(),
                    trades: figures.trades,
                    wins: figures.wins,
                    profit: figures.profit,
                    loss_percent: figures.profit_percent.checked_neg()?,
                    drawdown_percent: figures.drawdown_percent,
                    consistency: figures.consistency,
                    reached_at: figures.reached_at,
                    tiebreak: tiebreak(account.id, &figures),
                    is_best: false,
                });
            }
        }
        mark_best(&mut entries);
        entries.sort_by(|a, b| a.key().cmp(&b.key()));
        Ok(entries)
    }

    /// What was closed on an account, by period.
    fn periods<'t>(
        &self,
        account: &Contender,
        trips: &'t [RoundTrip],
        since: NaiveDate,
    ) -> Result<BTreeMap<(Period, NaiveDate), Closed<'t>>, FixedError> {
        let mut lots: Vec<_> = self.lots.iter().filter(|lot| lot.account_id == account.id).collect();
        lots.sort_by_key(|lot| (lot.closed_at, lot.id));
        let of = |at: DateTime<Utc>| Period::ALL.iter().map(move |period| (*period, begins(*period, at.date_naive())));
        let is_kept = |key: &(Period, NaiveDate)| key.0 == Period::AllTime || key.1 >= since;
        let mut periods: BTreeMap<(Period, NaiveDate), Closed<'t>> = BTreeMap::new();
        let mut balance = account.initial_balance;
        for (at, profit) in lots.into_iter().filter_map(|lot| Some((lot.closed_at?, lot.profit?))) {
            for key in of(at).filter(is_kept) {
                let new = || Closed { before: balance, gains: Vec::new(), trips: Vec::new() };
                periods.entry(key).or_insert_with(new).gains.push((at, profit));
            }
            balance = balance.checked_add(profit)?;
        }
        for trip in trips.iter().filter(|trip| trip.account_id == account.id) {
            for key in of(trip.closed_at) {
                if let Some(closed) = periods.get_mut(&key) {
                    closed.trips.push(trip);
                }
            }
        }
        Ok(periods)
    }

    /// The currencies of the accounts.
    fn currencies(&self) -> HashMap<AccountId, String> {
        self.accounts.iter().map(|account| (account.id, account.currency.clone())).collect()
    }

    /// When their profits were achievements that are not written down.
    pub(super) fn new_profits(&self, rates: &HashMap<String, Price>) -> BTreeMap<AchievementKind, DateTime<Utc>> {
        let mut reached = profits_reached(&self.lots, &self.currencies(), rates);
        reached.retain(|kind, _| !self.achieved.contains(kind));
        reached
    }

    /// Whether what is written down is what follows. Weeks and months that fall out of those that are kept within a day do not
    /// matter: midnight may have passed since one or the other was computed.
    pub(super) fn is_as(&self, ranking: &Ranking, since: NaiveDate) -> bool {
        let since = since.checked_add_days(Days::new(1)).unwrap_or(since).to_string();
        let kept = |entries: &[Standing]| -> Vec<Standing> {
            let is_kept = |entry: &&Standing| entry.period == Period::AllTime || entry.begins > since;
            entries.iter().filter(is_kept).cloned().collect()
        };
        let is_blank = ranking.record == Record::default();
        let figures = self.profile.as_ref().map_or(is_blank, |profile| *profile == profile.with(&ranking.record));
        let mut achieved = ranking.record.unlocked.keys();
        figures
            && kept(&self.entries) == kept(&ranking.entries)
            && self.results == ranking.results
            && achieved.all(|kind| self.achieved.contains(kind))
    }
}

/// What was closed on an account within a period.
struct Closed<'t> {
    /// The balance before it.
    before: Money,
    /// What was gained, part by part.
    gains: Vec<Gain>,
    /// The trades that were closed to the last part.
    trips: Vec<&'t RoundTrip>,
}

/// A number that tells nothing of the account, for cursors are for everybody; another one whenever the figures are others, so
/// that nobody is followed by it.
fn tiebreak(account: AccountId, figures: &Figures) -> i64 {
    let mut hash = Sha256::new_with_prefix(account.uuid().as_bytes());
    for number in [figures.profit.raw(), figures.drawdown_percent.raw(), figures.reached_at.timestamp_micros()] {
        hash.update(number.to_be_bytes());
    }
    hash.finalize().first_chunk().map_or(0, |bytes| i64::from_be_bytes(*bytes))
}

/// Of a trader's accounts that have traded enough in a period, the best is the one that they are ranked by.
fn mark_best(entries: &mut [Standing]) {
    let mut best: HashMap<(Scope, Period, String), usize> = HashMap::new();
    for (index, entry) in entries.iter().enumerate().filter(|(_, entry)| entry.trades >= FEWEST_TRADES) {
        let of_its_kind = best.entry((entry.scope, entry.period, entry.begins.clone())).or_insert(index);
        if entry.order() < entries[*of_its_kind].order() {
            *of_its_kind = index;
        }
    }
    for index in best.into_values() {
        entries[index].is_best = true;
    }
}

impl Domain {
    /// What is known of traders, by their ids: first the versions of their profiles, so that whatever is written of them
    /// after that is seen by the version.
    pub(super) async fn traders(&self, ids: &[UserId]) -> Result<HashMap<UserId, Trader>> {
        let reader = self.db().reader();
        let mut traders: HashMap<UserId, Trader> = ids.iter().map(|id| (*id, Trader::default())).collect();
        let profiles = profile::Entity::unscoped().filter(profile::Column::UserId.is_in(ids.iter().copied()));
        for profile in profiles.all(reader).await? {
            let trader = traders.entry(profile.user_id).or_default();
            trader.profile = Some(profile);
        }
        let entries = entry::Entity::unscoped().filter(entry::Column::UserId.is_in(ids.iter().copied()));
        let mut entries = entries.all(reader).await?;
        entries.sort_by(|a, b| a.key().cmp(&b.key()));
        for entry in entries {
            traders.entry(entry.user_id).or_default().entries.push(entry);
        }
        let results = result::Entity::unscoped().filter(result::Column::UserId.is_in(ids.iter().copied()));
        let mut results = results.all(reader).await?;
        results.sort_by(|a, b| a.currency.cmp(&b.currency));
        for result in results {
            traders.entry(result.user_id).or_default().results.push(result);
        }
        let achieved = achievement::Entity::unscoped().filter(achievement::Column::UserId.is_in(ids.iter().copied()));
        for Achievement { user_id, kind, .. } in achieved.all(reader).await? {
            traders.entry(user_id).or_default().achieved.insert(kind);
        }
        let statuses = self.read_challenges(ids, &mut traders).await?;
        self.read_trades(ids, &statuses, &mut traders).await?;
        Ok(traders)
    }

    /// Reads when they passed challenges; tells the status of each challenge.
    async fn read_challenges(
        &self,
        ids: &[UserId],
        traders: &mut HashMap<UserId, Trader>,
    ) -> Result<HashMap<ChallengeId, ChallengeStatus>> {
        use challenge::Column as C;
        type Row = (ChallengeId, UserId, ChallengeStatus, i32, String, Option<DateTime<Utc>>);
        let rows = challenge::Entity::unscoped().filter(C::UserId.is_in(ids.iter().copied())).select_only();
        let rows = rows.columns([C::Id, C::UserId, C::Status, C::Phase, C::Phases, C::EndedAt]);
        let rows: Vec<Row> = rows.into_tuple().all(self.db().reader()).await?;
        let mut statuses = HashMap::new();
        for (id, user, status, phase, phases, ended_at) in rows {
            statuses.insert(id, status);
            // Rules that cannot be read are for the judging to tell of.
            let Ok(phases) = Phases::read(phases) else { continue };
            // The last phase before the trader is funded is what passes the challenge.
            let kind = |number| phases.phase(number).map(|rules| rules.phase);
            let is_last =
                kind(phase) != Some(PhaseKind::Funded) && kind(phase + 1).is_none_or(|next| next == PhaseKind::Funded);
            if let Some(ended_at) = ended_at.filter(|_| status == ChallengeStatus::Passed && is_last) {
                traders.entry(user).or_default().passed.push(ended_at);
            }
        }
        Ok(statuses)
    }

    async fn read_trades(
        &self,
        ids: &[UserId],
        statuses: &HashMap<ChallengeId, ChallengeStatus>,
        traders: &mut HashMap<UserId, Trader>,
    ) -> Result<()> {
        use account::Column as A;
        use trade::Column as T;
        type AccountRow = (AccountId, UserId, String, Money, AccountStatus, Option<ChallengeId>);
        let reader = self.db().reader();
        let rows = account::Entity::unscoped().filter(A::UserId.is_in(ids.iter().copied())).select_only();
        let rows = rows.columns([A::Id, A::UserId, A::Currency, A::InitialBalance, A::Status, A::ChallengeId]);
        let rows: Vec<AccountRow> = rows.into_tuple().all(reader).await?;
        let (mut owners, least) = (HashMap::new(), Money::from_int(LEAST_BALANCE)?);
        for (id, user, currency, initial_balance, status, challenge) in rows {
            owners.insert(id, user);
            let scope = match challenge.map(|challenge| statuses.get(&challenge)) {
                None if initial_balance < least => None,
                None => (status == AccountStatus::Active).then_some(Scope::Paper),
                Some(Some(ChallengeStatus::Active | ChallengeStatus::Passed)) => Some(Scope::Challenge),
                Some(_) => None,
            };
            traders.entry(user).or_default().accounts.push(Contender { id, currency, initial_balance, scope });
        }
        // By the status as a word of the statement, so that the indexes of open and of closed trades serve.
        for status in ["status = 'OPEN'", "status = 'CLOSED'"] {
            let lots: Select<trade::Entity> = trade::Entity::unscoped().filter(Expr::cust(status));
            let lots = lots.filter(T::AccountId.is_in(owners.keys().copied())).select_only();
            let lots = lots.columns([T::Id, T::AccountId, T::ParentId, T::OpenedAt, T::ClosedAt, T::RealizedPnl]);
            for lot in lots.into_model::<Lot>().all(reader).await? {
                if let Some(user) = owners.get(&lot.account_id) {
                    traders.entry(*user).or_default().lots.push(lot);
                }
            }
        }
        Ok(())
    }

    /// The day from which on weeks and months are ranked.
    pub fn ranked_since(&self) -> NaiveDate {
        kept_since(self.now())
    }
}
