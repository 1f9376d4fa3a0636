//! The outbox: what is to be done outside, written in the transaction of what it tells of, and done afterwards.
//!
//! A message is taken by a conditional update that counts the try and holds the message for a while, so that of several
//! processes one has it; a process that dies with it leaves it to the next one. What fails is tried again after growing
//! waits, and given up as a dead letter after so many tries.
//!
//! **Nothing secret lies in it.** A message about a link names the user and what the link is for; its token is made when
//! the letter is, and only the token's hash is written. So a dead letter may keep its message, and a delivered one has
//! it blanked all the same, because it may name an address.

mod dead;
mod deliver;
mod measure;
mod message;
mod prepare;
pub(crate) mod row;

use tokio::sync::Notify;

pub use dead::DeadLetter;
pub use deliver::Delivered;
pub(crate) use measure::{describe_metrics, measure};
pub(crate) use message::Message;
pub use message::Topic;

use crate::mail::Mailer;

/// Wakes whoever delivers, and holds the mailer.
pub(crate) struct Outbox {
    mailer: std::sync::Arc<dyn Mailer>,
    wake: Notify,
}

impl Outbox {
    /// An outbox whose letters leave through this mailer.
    pub(crate) fn new(mailer: std::sync::Arc<dyn Mailer>) -> Self {
        Self { mailer, wake: Notify::new() }
    }

    /// Tells that something was enqueued and committed. Without it, it would wait for the next look.
    pub(crate) fn wake(&self) {
        self.wake.notify_one();
    }
}
