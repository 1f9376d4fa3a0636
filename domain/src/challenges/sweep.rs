//! Judging running challenges: those that hold what has a new price, those whose day is over, or all.
//!
//! Most looks change nothing, and those that do mostly raise a peak or begin a day. So a batch of challenges is read with
//! a handful of statements, judged in memory, and what only goes on is written with two (`advance.rs`); a challenge of which
//! something is said is judged again by itself, in a booking of its account (`trading/referee.rs`). What somebody else has
//! changed meanwhile is left to the next look.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait, DatabaseConnection, FromQueryResult, QueryFilter, QueryOrder, QuerySelect, Select};

use super::advance::Advance;
use super::challenge::{self, next_look};
use super::evaluate::{State, Verdict, evaluate};
use super::evidence::{self, ChainEnd, Step};
use super::phases::Phases;
use super::rules::Rules;
use super::vocabulary::{Cause, ChallengeStatus};
use crate::Domain;
use crate::error::{Error, Fault, Result};
use crate::ids::{AccountId, AssetId, ChallengeId, TenantId};
use crate::trading::book::Marks;
use crate::trading::booking::Booking;
use crate::trading::place_order::MOST_TRIES;
use crate::trading::referee::{Held, Seen};
use crate::trading::{Judged, OrderStatus, TradeStatus, order, trade};

/// Challenges that are judged at once, and of which what goes on is written at once: SQLite takes 32,766 values, and a row of
/// evidence has ten.
pub(super) const BATCH: usize = 1_000;

/// Which running challenges are looked at.
#[derive(Clone, Copy, Debug)]
pub enum Which<'a> {
    /// Those that hold one of these assets.
    Holding(&'a [AssetId]),
    /// Those of which the clock alone changes something.
    Due,
    /// All.
    All,
}

/// A running challenge without what its judging does not need.
#[derive(Clone, Debug, FromQueryResult)]
struct Running {
    id: ChallengeId,
    tenant_id: TenantId,
    account_id: AccountId,
    phase: i32,
    rules_hash: Vec<u8>,
    state: State,
    seq: i64,
    evidence_hash: Vec<u8>,
    expires_at: Option<DateTime<Utc>>,
}

/// Running challenges, a batch at a time.
enum Batches {
    /// Those of these accounts.
    Of(Vec<AccountId>),
    /// All after this one, or those of them of which the clock alone changes something by a moment.
    After { last: Option<ChallengeId>, due: Option<DateTime<Utc>> },
}

/// The hash of a challenge's rules, and which phase of them it is judged by.
type RulesKey = (Vec<u8>, i32);
/// The rules of running challenges.
type KnownRules = HashMap<RulesKey, Arc<Rules>>;

/// What came of a look at a challenge.
enum Looked {
    /// Nothing is new.
    Nothing,
    /// A price of what it holds is missing.
    Unknown,
    /// It goes on, and something is known that was not before.
    Advances(Box<Advance>),
    /// Something is said of it, or to be done: it is judged by itself.
    Alone,
}

/// What came of the looks at a batch.
#[derive(Default)]
struct Found {
    /// What goes on.
    advances: Vec<Advance>,
    /// The accounts of challenges that are judged by themselves.
    alone: Vec<AccountId>,
    /// What could not be judged.
    judged: Judged,
}

impl Domain {
    /// Judges running challenges, and closes what is still open where nothing is traded any more.
    pub async fn judge_challenges(&self, which: Which<'_>) -> Judged {
        let mut judged = Judged::default();
        if let Err(error) = self.judge_batches(which, &mut judged).await {
            judged.note(&"challenges", Err::<u64, _>(error));
        }
        if !matches!(which, Which::Holding(_)) {
            self.close_what_was_left(&mut judged).await;
        }
        judged
    }

    /// Judges a batch after the other: each is read and looked at while what was found in the one before is written.
    async fn judge_batches(&self, which: Which<'_>, judged: &mut Judged) -> Result<()> {
        let (mut batches, cause) = match which {
            Which::Holding(assets) => (Batches::Of(self.who_holds(assets).await?), Cause::Quote),
            Which::Due => (Batches::After { last: None, due: Some(self.now()) }, Cause::Clock),
            Which::All => (Batches::After { last: None, due: None }, Cause::Clock),
        };
        let (mut rules, mut found) = (KnownRules::new(), Found::default());
        loop {
            let next = async {
                let Some(running) = batches.next(self.db().reader()).await? else { return Ok::<_, Error>(None) };
                Ok(Some(self.look_at(&running, cause, &mut rules).await))
            };
            let (next, followed) = tokio::join!(next, self.follow(found, cause));
            *judged += followed;
            match next? {
                Some(next) => found = next,
                None => return Ok(()),
            }
        }
    }

    /// The accounts that hold one of these assets.
    async fn who_holds(&self, assets: &[AssetId]) -> Result<Vec<AccountId>> {
        use trade::Column as C;
        let holders = trade::Entity::unscoped().filter(C::Status.eq(TradeStatus::Open));
        let holders = holders.filter(C::AssetId.is_in(assets.iter().copied())).select_only().column(C::AccountId);
        Ok(holders.distinct().into_tuple().all(self.db().reader()).await?)
    }

    /// Looks at a batch; what can't be judged is told of, and keeps no other from it.
    async fn look_at(&self, running: &[Running], cause: Cause, known: &mut KnownRules) -> Found {
        let mut found = Found::default();
        if let Err(error) = self.try_look_at(running, cause, known, &mut found).await {
            found.judged.note(&"challenges", Err::<u64, _>(error));
        }
        found
    }

    async fn try_look_at(
        &self,
        running: &[Running],
        cause: Cause,
        known: &mut KnownRules,
        found: &mut Found,
    ) -> Result<()> {
        self.learn_rules(running, known).await?;
        let accounts = || running.iter().map(|running| running.account_id);
        let held = self.held_by(accounts()).await?;
        let waiting = self.waiting_of(accounts()).await?;
        let assets: Vec<AssetId> = held.values().flatten().map(|held| held.asset_id).collect();
        let (now, mut marks) = (self.now(), HashMap::<&str, Marks>::new());
        for challenge in running {
            let Some(rules) = known.get(&challenge.rules_key()) else {
                let error = Fault::Bug(format!("{}: its rules are not those whose hash it holds", challenge.id));
                found.judged.note(&challenge.id, Err::<u64, _>(error.into()));
                continue;
            };
            let currency = rules.currency.as_str();
            if !marks.contains_key(currency) {
                marks.insert(currency, self.marks(assets.clone(), currency).await?);
            }
            let Some(marks) = marks.get(currency) else { continue };
            let open = held.get(&challenge.account_id).map_or(&[][..], Vec::as_slice);
            let pending = waiting.get(&challenge.account_id).copied().unwrap_or(0);
            match challenge.look(rules, open, pending, marks, cause, now) {
                Ok(Looked::Nothing) => {}
                Ok(Looked::Unknown) => found.judged.waiting += 1,
                Ok(Looked::Advances(advance)) => found.advances.push(*advance),
                Ok(Looked::Alone) => found.alone.push(challenge.account_id),
                Err(error) => found.judged.note(&challenge.id, Err::<u64, _>(error)),
            }
        }
        Ok(())
    }

    /// Does what looks at a batch have led to.
    async fn follow(&self, found: Found, cause: Cause) -> Judged {
        let Found { advances, alone, mut judged } = found;
        judged.note(&"challenges", self.write_advances(advances).await);
        for account in alone {
            judged.note(&account, self.judge_challenge_of(account, cause).await);
        }
        judged
    }

    /// Reads the rules of challenges that are not among those that are known: of each only a text that has its hash.
    async fn learn_rules(&self, running: &[Running], known: &mut KnownRules) -> Result<()> {
        let unknown = |running: &&Running| !known.contains_key(&running.rules_key());
        let mut one_of_each: HashMap<RulesKey, ChallengeId> = HashMap::new();
        for running in running.iter().filter(unknown) {
            one_of_each.entry(running.rules_key()).or_insert(running.id);
        }
        let all: HashMap<RulesKey, Vec<ChallengeId>> =
            one_of_each.iter().map(|(key, id)| (key.clone(), vec![*id])).collect();
        self.learn_from(all, known).await?;
        // Where somebody has changed that one's text another says it.
        let mut rest: HashMap<RulesKey, Vec<ChallengeId>> = HashMap::new();
        for running in running.iter().filter(|running| !known.contains_key(&running.rules_key())) {
            rest.entry(running.rules_key()).or_default().push(running.id);
        }
        self.learn_from(rest, known).await
    }

    /// Reads rules from any of these challenges whose text has the hash.
    async fn learn_from(&self, from: HashMap<RulesKey, Vec<ChallengeId>>, known: &mut KnownRules) -> Result<()> {
        use challenge::Column as C;
        for ((hash, phase), ids) in from {
            let texts = challenge::Entity::unscoped().filter(C::Id.is_in(ids)).select_only().column(C::Phases);
            let texts: Vec<String> = texts.distinct().into_tuple().all(self.db().reader()).await?;
            let phases = texts.into_iter().filter_map(|text| Phases::read(text).ok());
            if let Some(rules) = phases.filter(|phases| phases.hash() == hash).find_map(|p| p.phase(phase).cloned()) {
                known.insert((hash, phase), Arc::new(rules));
            }
        }
        Ok(())
    }

    /// How many orders of these accounts wait; those of which none does are not among them.
    async fn waiting_of(&self, accounts: impl IntoIterator<Item = AccountId>) -> Result<HashMap<AccountId, u32>> {
        use order::Column as C;
        let waiting = order::Entity::unscoped().filter(C::Status.eq(OrderStatus::Pending));
        let waiting = waiting.filter(C::AccountId.is_in(accounts)).select_only().column(C::AccountId);
        let waiting = waiting.column_as(C::Id.count(), "count").group_by(C::AccountId);
        let waiting: Vec<(AccountId, i64)> = waiting.into_tuple().all(self.db().reader()).await?;
        Ok(waiting.into_iter().map(|(account, count)| (account, u32::try_from(count).unwrap_or(u32::MAX))).collect())
    }

    /// What these accounts hold.
    pub(super) async fn held_by(
        &self,
        accounts: impl IntoIterator<Item = AccountId>,
    ) -> Result<HashMap<AccountId, Vec<Held>>> {
        use trade::Column as C;
        let open =
            trade::Entity::unscoped().filter(C::Status.eq(TradeStatus::Open)).filter(C::AccountId.is_in(accounts));
        let columns = [C::Id, C::AccountId, C::AssetId, C::Side, C::Quantity, C::EntryPrice, C::Notional];
        let open = open.select_only().columns(columns).order_by_asc(C::OpenedAt).order_by_asc(C::Id);
        let mut held: HashMap<AccountId, Vec<Held>> = HashMap::new();
        for trade in open.into_model::<Held>().all(self.db().reader()).await? {
            held.entry(trade.account_id).or_default().push(trade);
        }
        Ok(held)
    }

    /// Judges the challenge of an account by itself; tells whether that changed anything.
    async fn judge_challenge_of(&self, account: AccountId, cause: Cause) -> Result<u64> {
        let _turn = self.desk().turn(account).await;
        for _ in 0..MOST_TRIES {
            let book = self.read_book(account).await?;
            let Some(referee) = &book.challenge else { return Ok(0) };
            let is_locked = referee.challenge.state.as_ref().is_some_and(|state| state.is_locked);
            let marks = self.marks_of(&book, None).await?;
            let open = book.open.len();
            let mut booking = Booking::new(self, book, self.now());
            let mut is_changed = booking.judge(&marks, cause, None)?;
            if !is_changed && is_locked {
                booking.flatten(&marks)?;
                is_changed = booking.book.open.len() < open;
                if is_changed {
                    booking.judge(&marks, Cause::Fill, None)?;
                }
            }
            if !is_changed {
                return Ok(0);
            }
            booking.note_equity(&marks)?;
            if booking.write().await?.is_ok() {
                return Ok(1);
            }
        }
        Err(Fault::Unavailable(None).into())
    }
}

impl Running {
    fn rules_key(&self) -> RulesKey {
        (self.rules_hash.clone(), self.phase)
    }

    /// Looks at it with what its account holds, and how many of its orders wait.
    fn look(
        &self,
        rules: &Rules,
        open: &[Held],
        pending_orders: u32,
        marks: &Marks,
        cause: Cause,
        now: DateTime<Utc>,
    ) -> Result<Looked> {
        if self.expires_at.is_some_and(|expires| now >= expires) {
            return Ok(Looked::Alone);
        }
        let mut seen = Seen::of(rules, self.state.balance, open, marks, now)?;
        if !seen.is_complete {
            return Ok(Looked::Unknown);
        }
        seen.observation.pending_orders = pending_orders;
        let (state, verdict) = evaluate(rules, self.expires_at, &self.state, &seen.observation);
        // What is locked is closed as soon as its market opens, while the day lasts.
        if verdict != Verdict::Continue || (state.is_locked && !open.is_empty()) {
            return Ok(Looked::Alone);
        }
        if state == self.state {
            return Ok(Looked::Nothing);
        }
        let end = ChainEnd {
            challenge: self.id,
            tenant: self.tenant_id,
            seq: self.seq,
            hash: self.evidence_hash.clone(),
            rules_hash: self.rules_hash.clone(),
        };
        let step = Step {
            cause,
            actor: None,
            reason: None,
            grant: None,
            account: None,
            certificate: None,
            seen: Some(seen.observation),
            holdings: seen.holdings,
            verdict: Some(Verdict::Continue),
            state: Some(state.clone()),
            status: ChallengeStatus::Active,
            expires_at: self.expires_at,
        };
        let row = evidence::Model::next(&end, rules, now, &step)?;
        Ok(Looked::Advances(Box::new(Advance { state, next_look: next_look(rules, self.expires_at, now), row })))
    }
}

impl Batches {
    /// The next batch, in which there may be none; none where that was all.
    async fn next(&mut self, reader: &DatabaseConnection) -> Result<Option<Vec<Running>>> {
        use challenge::Column as C;
        match self {
            Self::Of(accounts) if accounts.is_empty() => Ok(None),
            Self::Of(accounts) => {
                let next = running().filter(C::AccountId.is_in(accounts.drain(..accounts.len().min(BATCH))));
                Ok(Some(next.into_model().all(reader).await?))
            }
            Self::After { last, due } => {
                let mut next = running().order_by_asc(C::Id).limit(BATCH as u64);
                next = due.iter().fold(next, |next, due| next.filter(C::NextLook.lte(*due)));
                next = last.iter().fold(next, |next, last| next.filter(C::Id.gt(*last)));
                let running: Vec<Running> = next.into_model().all(reader).await?;
                *last = running.last().map(|running| running.id);
                Ok(last.map(|_| running))
            }
        }
    }
}

/// Running challenges, as a [`Running`] holds them.
fn running() -> Select<challenge::Entity> {
    use challenge::Column as C;
    let columns =
        [C::Id, C::TenantId, C::AccountId, C::Phase, C::RulesHash, C::State, C::Seq, C::EvidenceHash, C::ExpiresAt];
    let running = challenge::Entity::unscoped().filter(C::Status.eq(ChallengeStatus::Active));
    running.select_only().columns(columns)
}
