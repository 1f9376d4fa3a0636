//! Following a challenge as it changes, whichever process changes it.
//!
//! What changes of a challenge that is begun is written with its account, and told by whoever follows that
//! (`trading/feed.rs`); so is what its open trades gain and lose. Only what the clock does to one that holds nothing, such
//! as a day that begins, leaves the account as it is: that is looked for, and so is the beginning of one that waits.

use std::time::Duration;

use futures_util::stream::BoxStream;
use futures_util::{Stream, StreamExt, stream};

use super::Challenge;
use crate::Domain;
use crate::error::{Error, Fault, Result};
use crate::ids::ChallengeId;
use crate::permission::Permission;
use crate::trading::Account;
use crate::viewer::Viewer;

/// How long it may go unseen that one that waited was begun or cancelled.
const LOOK_WHILE_WAITING: Duration = Duration::from_secs(1);
/// How long a change that the account was not told of may go unseen.
const LOOK_WHILE_BEGUN: Duration = Duration::from_secs(5);

impl Domain {
    /// A challenge that the viewer may read: as it is now, and again whenever it changed or what its account holds costs
    /// something else.
    ///
    /// Ends with UNAUTHENTICATED when the session has ended, and by itself where nothing of it can change any more: it was
    /// cancelled before it was begun.
    ///
    /// # Errors
    /// UNAUTHENTICATED, FORBIDDEN; NOT_FOUND.
    pub async fn follow_challenge(
        &self,
        viewer: &Viewer,
        id: ChallengeId,
    ) -> Result<impl Stream<Item = Result<Challenge, Fault>> + Send + use<>> {
        viewer.permitted(Permission::TradingRead)?;
        self.challenge(viewer, id).await?.ok_or(Fault::NotFound)?;
        let follower = Follower { domain: self.clone(), viewer: viewer.clone(), id, told: None, account: None };
        Ok(stream::unfold(Some(follower), |state| async move {
            let mut follower = state?;
            let event = follower.next().await?;
            // An error is the last thing that is told.
            let state = event.is_ok().then_some(follower);
            Some((event, state))
        }))
    }
}

/// Who follows a challenge.
struct Follower {
    domain: Domain,
    viewer: Viewer,
    id: ChallengeId,
    /// What was told last; none before anything was.
    told: Option<Challenge>,
    /// What is told of its account, once it is begun.
    account: Option<BoxStream<'static, Result<Account, Fault>>>,
}

impl Follower {
    /// The challenge after the next change; none when there will be none, or the server stops.
    async fn next(&mut self) -> Option<Result<Challenge, Fault>> {
        loop {
            let by_account = match &mut self.account {
                Some(account) => tokio::select! {
                    told = account.next() => match told? {
                        Ok(_) => true,
                        Err(fault) => return Some(Err(fault)),
                    },
                    () = tokio::time::sleep(LOOK_WHILE_BEGUN) => false,
                },
                None => {
                    if let Some(told) = &self.told {
                        if told.status.is_over() {
                            return None;
                        }
                        tokio::time::sleep(LOOK_WHILE_WAITING).await;
                    }
                    false
                }
            };
            let challenge = match self.domain.challenge(&self.viewer, self.id).await {
                Ok(Some(challenge)) => challenge,
                Ok(None) => return Some(Err(Fault::NotFound)),
                Err(error) => return Some(Err(fault(error))),
            };
            if let (None, Some(account)) = (&self.account, challenge.account_id) {
                // The first thing that is told of it is what it is now.
                match self.domain.follow_account(&self.viewer, account).await {
                    Ok(account) => self.account = Some(account.boxed()),
                    Err(error) => return Some(Err(fault(error))),
                }
                continue;
            }
            if !by_account {
                if self.told.as_ref().is_some_and(|told| told.seq == challenge.seq) {
                    continue;
                }
                // Whoever tells of the account has looked.
                if let Err(fault) = self.domain.still_signed_in(&self.viewer).await {
                    return Some(Err(fault));
                }
            }
            self.told = Some(challenge.clone());
            return Some(Ok(challenge));
        }
    }
}

/// What ends the following.
fn fault(error: Error) -> Fault {
    match error {
        Error::Fault(fault) => fault,
        Error::Problems(_) => Fault::Bug(error.to_string()),
    }
}
