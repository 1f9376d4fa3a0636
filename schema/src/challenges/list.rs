//! What is read at once of all that stands in a list, when it is asked for of one of them.

use std::collections::HashMap;
use std::sync::Arc;

use bellwether_domain::challenges::{self, Room};
use bellwether_domain::ids::{AccountId, ChallengeId};
use bellwether_domain::{Error, trading};
use tokio::sync::OnceCell;

use super::types::Challenge;
use crate::context::Request;
use crate::trading::Account;

/// Challenges of one list.
#[derive(Debug)]
pub(super) struct List {
    rows: Vec<Arc<challenges::Challenge>>,
    accounts: OnceCell<HashMap<AccountId, Account>>,
    rooms: OnceCell<HashMap<ChallengeId, Room>>,
    before: OnceCell<HashMap<ChallengeId, Challenge>>,
    after: OnceCell<HashMap<ChallengeId, Challenge>>,
}

impl List {
    pub(super) fn of(rows: Vec<Arc<challenges::Challenge>>) -> Self {
        let (before, after) = (OnceCell::new(), OnceCell::new());
        Self { rows, accounts: OnceCell::new(), rooms: OnceCell::new(), before, after }
    }

    /// The account of one of them.
    pub(super) async fn account(&self, request: &Request, id: AccountId) -> Result<Option<Account>, Error> {
        let read = async || {
            let ids = self.rows.iter().filter_map(|challenge| challenge.account_id).collect();
            let accounts = request.domain.accounts_by_id(request.viewer(), ids).await?;
            let accounts = Account::many(request, accounts).await?;
            Ok::<_, Error>(accounts.into_iter().map(|account| (account.row().id, account)).collect())
        };
        let accounts: &HashMap<AccountId, Account> = self.accounts.get_or_try_init(read).await?;
        Ok(accounts.get(&id).cloned())
    }

    /// The room that one of them leaves.
    pub(super) async fn room(&self, request: &Request, id: ChallengeId) -> Result<Option<Room>, Error> {
        let read = async || {
            let rows: Vec<&challenges::Challenge> = self.rows.iter().map(AsRef::as_ref).collect();
            request.domain.challenge_rooms(&rows).await
        };
        Ok(self.rooms.get_or_try_init(read).await?.get(&id).cloned())
    }

    /// The phase before one of them, by the id of that.
    pub(super) async fn before(&self, request: &Request, id: ChallengeId) -> Result<Option<Challenge>, Error> {
        let read = async || {
            let ids = self.rows.iter().filter_map(|challenge| challenge.previous_id).collect();
            let found = request.domain.challenges_by_id(request.viewer(), ids).await?;
            let shown = Challenge::many(found.into_values().collect());
            Ok::<_, Error>(shown.into_iter().map(|challenge| (challenge.row().id, challenge)).collect())
        };
        let found: &HashMap<ChallengeId, Challenge> = self.before.get_or_try_init(read).await?;
        Ok(found.get(&id).cloned())
    }

    /// The phase that came up after one of them.
    pub(super) async fn after(&self, request: &Request, id: ChallengeId) -> Result<Option<Challenge>, Error> {
        let read = async || {
            let passed = self.rows.iter().filter(|challenge| challenge.certificate.is_some());
            let ids: Vec<ChallengeId> = passed.map(|challenge| challenge.id).collect();
            let shown = Challenge::many(request.domain.next_phases(&ids).await?);
            let by_previous = |next: Challenge| next.row().previous_id.map(|previous| (previous, next));
            Ok::<_, Error>(shown.into_iter().filter_map(by_previous).collect())
        };
        let found: &HashMap<ChallengeId, Challenge> = self.after.get_or_try_init(read).await?;
        Ok(found.get(&id).cloned())
    }
}

/// The challenges that the accounts of one list belong to.
#[derive(Debug, Default)]
pub(crate) struct Challenges {
    ids: Vec<ChallengeId>,
    found: OnceCell<HashMap<ChallengeId, Challenge>>,
}

impl Challenges {
    /// Those of these accounts.
    pub(crate) fn of(accounts: &[trading::Account]) -> Self {
        Self { ids: accounts.iter().filter_map(|account| account.challenge_id).collect(), found: OnceCell::new() }
    }

    /// One of them, if the viewer may read it.
    pub(crate) async fn one(&self, request: &Request, id: ChallengeId) -> Result<Option<Challenge>, Error> {
        let read = async || {
            let found = request.domain.challenges_by_id(request.viewer(), self.ids.clone()).await?;
            let shown = Challenge::many(found.into_values().collect());
            Ok::<_, Error>(shown.into_iter().map(|challenge| (challenge.row().id, challenge)).collect())
        };
        let found: &HashMap<ChallengeId, Challenge> = self.found.get_or_try_init(read).await?;
        Ok(found.get(&id).cloned())
    }
}
