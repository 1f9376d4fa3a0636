//! What is told of letters.

use async_graphql::{Enum, ID, Object};
use bellwether_domain::outbox;
use chrono::{DateTime, Utc};

use crate::paging::Item;

/// What a letter is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "outbox::Topic")]
pub(crate) enum LetterTopic {
    /// The address is to be shown to be one's own.
    VerifyEmail,
    /// A new password may be set.
    ResetPassword,
    /// Somebody was invited.
    Invitation,
    /// The password was changed.
    PasswordChanged,
    /// The account was closed.
    AccountClosed,
    /// A challenge was granted.
    ChallengeGranted,
    /// A challenge is passed, and its next phase may be begun.
    ChallengePassed,
    /// A challenge is failed.
    ChallengeFailed,
    /// A challenge has expired.
    ChallengeExpired,
    /// A challenge was cancelled.
    ChallengeCancelled,
    /// Nothing is traded in a challenge until the day is over.
    ChallengeLocked,
}

/// A letter that could not be sent in all its tries.
#[derive(Debug)]
pub(crate) struct DeadLetter(pub(super) outbox::DeadLetter);

impl Item for DeadLetter {
    const NAME: &str = "DeadLetter";
}

/// A letter that could not be sent in all its tries.
#[Object]
impl DeadLetter {
    /// The id, `ltr_…`.
    async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }

    /// What it is about; null for one that this version of the server can't read.
    async fn topic(&self) -> Option<LetterTopic> {
        self.0.topic.map(LetterTopic::from)
    }

    /// The address that it is for; null where that is not known any more.
    async fn to(&self) -> Option<&str> {
        self.0.to.as_deref()
    }

    /// How often it was tried.
    async fn attempts(&self) -> i32 {
        self.0.attempts
    }

    /// Why the last try failed; null where nothing was said.
    async fn error(&self) -> Option<&str> {
        self.0.error.as_deref()
    }

    /// When it was to be sent first.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// When it was given up; null for one that was just put back to be sent.
    async fn given_up_at(&self) -> Option<DateTime<Utc>> {
        self.0.given_up_at
    }
}
