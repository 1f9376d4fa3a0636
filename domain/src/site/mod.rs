//! What the static site's visitors send: the waitlist and contact messages.
//!
//! Whoever sends a form is nobody: it is taken for the installation's default tenant, by address only so often a
//! minute, and a form in which the field is filled that people do not see is taken and thrown away.

mod contact;
mod contact_message;
mod form;
mod inbox;
mod join_waitlist;
mod remove;
mod waitlist_entry;

pub use contact::NewMessage;
pub use contact_message::{ContactTopic, Model as ContactMessage};
pub use inbox::InboxKey;
pub use join_waitlist::JoinWaitlist;
pub use waitlist_entry::Model as WaitlistEntry;
