//! People beside what they made: the author of each signal of a list.
//!
//! Remembered for five seconds, within which a change by another instance shows; one by this instance shows at once.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use moka::future::Cache;
use sea_orm::entity::prelude::*;

use super::{User, user};
use crate::Domain;
use crate::error::Result;
use crate::ids::UserId;
use crate::viewer::Viewer;

/// The people who were met lately.
#[derive(Debug)]
pub struct Profiles(Cache<UserId, Arc<User>>);

impl Default for Profiles {
    fn default() -> Self {
        Self(Cache::builder().max_capacity(10_000).time_to_live(Duration::from_secs(5)).build())
    }
}

impl Profiles {
    /// Forgets a user, so that a change of theirs shows here at once.
    pub(super) async fn forget(&self, id: UserId) {
        self.0.invalidate(&id).await;
    }
}

impl Domain {
    /// The users of these ids that the viewer may see, as they were a moment ago.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn users(&self, viewer: &Viewer, ids: Vec<UserId>) -> Result<HashMap<UserId, Arc<User>>> {
        let mut users = self.profiles(ids).await?;
        users.retain(|_, user| user.is_visible_to(viewer));
        Ok(users)
    }

    /// The people of these ids, whoever may see them: the ids are of authors, who are shown beside what the viewer was
    /// shown. One statement for all who are not remembered.
    pub(crate) async fn profiles(&self, mut ids: Vec<UserId>) -> Result<HashMap<UserId, Arc<User>>> {
        ids.sort();
        ids.dedup();
        let known = &self.known_profiles().0;
        let mut found = HashMap::with_capacity(ids.len());
        let mut missing = Vec::new();
        for id in ids {
            match known.get(&id).await {
                Some(user) => drop(found.insert(id, user)),
                None => missing.push(id),
            }
        }
        if missing.is_empty() {
            return Ok(found);
        }
        for user in user::Entity::unscoped().filter(user::Column::Id.is_in(missing)).all(self.db().reader()).await? {
            let user = Arc::new(user);
            known.insert(user.id, Arc::clone(&user)).await;
            found.insert(user.id, user);
        }
        Ok(found)
    }
}
