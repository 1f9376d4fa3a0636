//! Letters to people: what they tell, and the port through which they leave.
//!
//! The domain says what is to be told; the words, in every [`Locale`], are the mailer's.

use async_trait::async_trait;
use secrecy::SecretString;
use uuid::Uuid;

use crate::challenges::News;
use crate::locale::Locale;

/// How mail leaves.
#[derive(Clone, Debug)]
pub struct MailSettings {
    /// Where the frontend is reached, without a slash at the end: links in letters start with it. It is never taken
    /// from a request.
    pub link_base_url: String,
    /// How often a letter is tried before it is given up, at least 1.
    pub attempts: u32,
}

impl Default for MailSettings {
    fn default() -> Self {
        Self { link_base_url: "http://127.0.0.1:8080".to_owned(), attempts: 8 }
    }
}

/// A letter to one person.
#[derive(Clone, Debug)]
pub struct Letter {
    /// The same each time that the letter is tried.
    pub id: Uuid,
    /// The address, checked.
    pub to: String,
    /// The first name, where the person's address is verified: until then a name is what some stranger typed.
    pub name: Option<String>,
    /// The language.
    pub locale: Locale,
    /// The name of the tenant that writes.
    pub tenant: String,
    /// What it tells.
    pub notice: Notice,
}

/// What a letter tells. Links open something for whoever holds them; their Debug is masked.
#[derive(Clone, Debug)]
pub enum Notice {
    /// Follow the link to show that the address is yours.
    VerifyEmail {
        /// Good for one time, for so many hours.
        link: SecretString,
        /// How long.
        hours: i64,
    },
    /// Follow the link to set a new password.
    ResetPassword {
        /// Good for one time, for so many hours.
        link: SecretString,
        /// How long.
        hours: i64,
    },
    /// You are invited: follow the link to set a password.
    Invitation {
        /// Good for one time, for so many hours.
        link: SecretString,
        /// How long.
        hours: i64,
    },
    /// Your password was changed.
    PasswordChanged,
    /// Your account was closed.
    AccountClosed,
    /// A step of your challenge.
    Challenge(Box<News>),
}

impl Notice {
    /// The name in templates and logs.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::VerifyEmail { .. } => "verify_email",
            Self::ResetPassword { .. } => "reset_password",
            Self::Invitation { .. } => "invitation",
            Self::PasswordChanged => "password_changed",
            Self::AccountClosed => "account_closed",
            Self::Challenge(news) => news.change.as_str(),
        }
    }
}

/// Why a letter did not leave. The messages hold nothing of the letter's content.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MailError {
    /// Trying again would not help: the address or the letter is refused.
    #[error("refused: {0}")]
    Refused(String),
    /// Trying again may help: the server is away, busy, or not ours.
    #[error("not delivered: {0}")]
    Failed(String),
}

/// Takes letters to their readers.
#[async_trait]
pub trait Mailer: Send + Sync + 'static {
    /// Sends a letter: after `Ok` somebody else has taken charge of it.
    ///
    /// # Errors
    /// Whether to try again.
    async fn send(&self, letter: &Letter) -> Result<(), MailError>;
}
