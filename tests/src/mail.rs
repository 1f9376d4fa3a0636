//! A mailer that keeps what it is given.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use bellwether_domain::mail::{Letter, MailError, Mailer, Notice};
use secrecy::ExposeSecret;

/// Every letter that was sent, in order.
#[derive(Debug, Default)]
pub struct Mailbox {
    letters: Mutex<Vec<Letter>>,
    failures: Mutex<VecDeque<MailError>>,
}

impl Mailbox {
    /// The letters to an address.
    pub fn to(&self, email: &str) -> Vec<Letter> {
        self.letters.lock().unwrap().iter().filter(|letter| letter.to == email).cloned().collect()
    }

    /// How many letters were sent.
    pub fn count(&self) -> usize {
        self.letters.lock().unwrap().len()
    }

    /// Makes the next tries fail, one by one.
    pub fn fail(&self, failures: impl IntoIterator<Item = MailError>) {
        self.failures.lock().unwrap().extend(failures);
    }

    /// Waits for the `nth` letter (from 1) to an address that is about this, for as long as a test waits.
    pub async fn wait_for(&self, email: &str, about: &str, nth: usize) -> Letter {
        let waiting = async {
            loop {
                let mut found = self.to(email).into_iter().filter(|letter| letter.notice.as_str() == about);
                if let Some(letter) = found.nth(nth - 1) {
                    return letter;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let found = tokio::time::timeout(crate::PATIENCE, waiting).await;
        found.unwrap_or_else(|_| panic!("no {about} number {nth} came to {email}: {:?}", self.to(email)))
    }
}

#[async_trait]
impl Mailer for Mailbox {
    async fn send(&self, letter: &Letter) -> Result<(), MailError> {
        if let Some(failure) = self.failures.lock().unwrap().pop_front() {
            return Err(failure);
        }
        self.letters.lock().unwrap().push(letter.clone());
        Ok(())
    }
}

/// The link of a letter.
pub fn link(letter: &Letter) -> String {
    match &letter.notice {
        Notice::VerifyEmail { link, .. } | Notice::ResetPassword { link, .. } | Notice::Invitation { link, .. } => {
            link.expose_secret().to_owned()
        }
        notice => panic!("{notice:?} has no link"),
    }
}

/// The token of a letter's link.
pub fn token(letter: &Letter) -> String {
    link(letter).rsplit_once("#token=").unwrap_or_else(|| panic!("{}", link(letter))).1.to_owned()
}

/// A message with its quoted-printable (RFC 2045, 6.7) undone.
pub fn readable(message: &str) -> String {
    let joined = message.replace("=\r\n", "");
    let mut bytes = Vec::new();
    let mut rest = joined.as_str();
    while let Some(at) = rest.find('=') {
        bytes.extend_from_slice(&rest.as_bytes()[..at]);
        match rest.get(at + 1..at + 3).and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => bytes.push(byte),
            None => bytes.extend_from_slice(&rest.as_bytes()[at..(at + 3).min(rest.len())]),
        }
        rest = rest.get(at + 3..).unwrap_or_default();
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The tokens of the links in a message, one a part.
pub fn tokens_in(message: &str) -> Vec<String> {
    let text = readable(message);
    let ends = |c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-';
    text.split("#token=").skip(1).map(|rest| rest.split(ends).next().unwrap_or_default().to_owned()).collect()
}
