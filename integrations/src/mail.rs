//! Mail: from a letter to a message (RFC 5322), and two ways for it to leave.
//!
//! [`SmtpMailer`] hands it to a mail server; [`FileMailer`] writes it to a folder, for development and for an
//! installation that has no server yet.

mod challenge;
mod file;
mod message;
mod smtp;
mod words;

pub use file::FileMailer;
pub use message::{Sender, SenderError};
pub use smtp::{SmtpError, SmtpMailer, SmtpSettings, TlsMode};
