//! A letter as a message.

use std::fmt;

use bellwether_domain::mail::{Letter, MailError};
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::{Address, Message};

use super::words;

/// Whom mail is from.
#[derive(Clone)]
pub struct Sender(Mailbox);

/// A text that is not somebody mail can be from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected an address like \"Bellwether <no-reply@example.com>\"")]
pub struct SenderError;

impl std::str::FromStr for Sender {
    type Err = SenderError;

    fn from_str(text: &str) -> Result<Self, SenderError> {
        text.parse().map(Self).map_err(|_| SenderError)
    }
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl Sender {
    /// The letter as a message with a text and an HTML part. Its id is the same each time that it is made, so that a
    /// letter that was sent twice can be told to be one.
    pub(super) fn message(&self, letter: &Letter) -> Result<Message, MailError> {
        let refused = |error: &dyn fmt::Display| MailError::Refused(error.to_string());
        let to: Address = letter.to.parse().map_err(|error| refused(&error))?;
        let written = words::write(letter).map_err(|error| MailError::Failed(error.to_string()))?;
        let automatic = HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned());
        Message::builder()
            .message_id(Some(format!("<{}@{}>", letter.id, self.0.email.domain())))
            .from(self.0.clone())
            .to(Mailbox::new(None, to))
            .subject(written.subject)
            .raw_header(automatic)
            .multipart(MultiPart::alternative_plain_html(written.text, written.html))
            .map_err(|error| refused(&error))
    }
}
