//! What can go wrong, in the two kinds that the contract knows.
//!
//! A [`Problem`] is for the caller to mend by another input, or what a person would see beside a form. A [`Fault`] is
//! everything else. Nothing unforeseen has a message of its own outside: the schema shows its code and logs the rest.

use std::fmt;

use sea_orm::{DbErr, RuntimeErr, SqlxError};

use crate::fixed::FixedError;
use crate::permission::Permission;

/// Why a use case did not do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The caller can mend the input; every problem at once, at most [`Problem::MOST`].
    #[error("{}", .0.iter().map(Problem::to_string).collect::<Vec<_>>().join("; "))]
    Problems(Vec<Problem>),
    /// Nothing about the input would help.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// The short form of every use case's answer.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        Self::Problems(vec![problem])
    }
}

impl From<DbErr> for Error {
    fn from(error: DbErr) -> Self {
        Self::Fault(error.into())
    }
}

impl From<FixedError> for Error {
    /// What a use case did not refuse as an input, and could not compute.
    fn from(error: FixedError) -> Self {
        Self::Fault(Fault::Bug(error.to_string()))
    }
}

impl Error {
    /// The database's error, where that is what went wrong.
    pub(crate) fn database(&self) -> Option<&DbErr> {
        match self {
            Self::Fault(Fault::Unavailable(Some(error)) | Fault::Database(error)) => Some(error),
            _ => None,
        }
    }
}

/// One thing that the caller can mend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What kind of thing.
    pub code: ProblemCode,
    /// One sentence that a person can act on.
    pub message: String,
    /// Where in the input, from its root; empty for the whole.
    pub path: Vec<String>,
    /// The limit that was met, for LIMIT_EXCEEDED.
    pub limit: Option<Limit>,
    /// When to try again, in seconds.
    pub retry_after_seconds: Option<u32>,
}

impl Problem {
    /// How many problems one answer names at most.
    pub const MOST: usize = 20;

    /// A problem with a part of the input.
    pub fn new(code: ProblemCode, path: &[&str], message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            path: path.iter().map(|&part| part.to_owned()).collect(),
            limit: None,
            retry_after_seconds: None,
        }
    }

    /// An input that is not what was expected there.
    pub fn validation(path: &[&str], message: impl Into<String>) -> Self {
        Self::new(ProblemCode::Validation, path, message)
    }
}

impl fmt::Display for Problem {
    /// The message after the field it is about, for logs and terminals.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path: Vec<&str> = self.path.iter().map(String::as_str).filter(|part| *part != "input").collect();
        if !path.is_empty() {
            write!(f, "{}: ", path.join("."))?;
        }
        f.write_str(&self.message)
    }
}

/// The kinds of [`Problem`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProblemCode {
    /// Not what was expected there.
    Validation,
    /// What the input names does not exist, or is not the caller's to see.
    NotFound,
    /// Somebody else changed it meanwhile, or it exists already.
    Conflict,
    /// A limit of the plan or of the installation.
    LimitExceeded,
    /// Email and password do not fit together.
    InvalidCredentials,
    /// The email is in use.
    EmailTaken,
    /// The token is wrong, used, or too old.
    TokenInvalid,
    /// The same key was used with another input.
    IdempotencyMismatch,
    /// The account has too little free margin.
    InsufficientMargin,
    /// The asset's market is closed.
    MarketClosed,
    /// The last known price is too old to trade on.
    StaleQuote,
    /// The account is suspended or closed.
    AccountNotActive,
    /// The account may hold no more of it.
    PositionLimit,
    /// The trade is closed already.
    TradeClosed,
}

impl ProblemCode {
    const ALL: [Self; 14] = [
        Self::Validation,
        Self::NotFound,
        Self::Conflict,
        Self::LimitExceeded,
        Self::InvalidCredentials,
        Self::EmailTaken,
        Self::TokenInvalid,
        Self::IdempotencyMismatch,
        Self::InsufficientMargin,
        Self::MarketClosed,
        Self::StaleQuote,
        Self::AccountNotActive,
        Self::PositionLimit,
        Self::TradeClosed,
    ];

    /// The name in the contract, and in the table of orders.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Validation => "VALIDATION",
            Self::NotFound => "NOT_FOUND",
            Self::Conflict => "CONFLICT",
            Self::LimitExceeded => "LIMIT_EXCEEDED",
            Self::InvalidCredentials => "INVALID_CREDENTIALS",
            Self::EmailTaken => "EMAIL_TAKEN",
            Self::TokenInvalid => "TOKEN_INVALID",
            Self::IdempotencyMismatch => "IDEMPOTENCY_MISMATCH",
            Self::InsufficientMargin => "INSUFFICIENT_MARGIN",
            Self::MarketClosed => "MARKET_CLOSED",
            Self::StaleQuote => "STALE_QUOTE",
            Self::AccountNotActive => "ACCOUNT_NOT_ACTIVE",
            Self::PositionLimit => "POSITION_LIMIT",
            Self::TradeClosed => "TRADE_CLOSED",
        }
    }

    /// The code of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.as_str() == name)
    }
}

/// A limit that was met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limit {
    /// What is limited.
    pub key: String,
    /// How much is used.
    pub used: u32,
    /// How much is allowed.
    pub allowed: u32,
}

/// What no other input would mend.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// Nobody is signed in, or not any more.
    #[error("{0}")]
    Unauthenticated(UnauthenticatedReason),
    /// The role or the API key lacks a permission.
    #[error("this needs the permission {0}, which your role or API key does not hold")]
    Forbidden(Permission),
    /// It does not exist, or is not the caller's to see.
    #[error("not found")]
    NotFound,
    /// Too often.
    #[error("too many {scope}: try again in {retry_after_seconds} s")]
    RateLimited {
        /// What there were too many of.
        scope: LimitScope,
        /// When it would be answered, in seconds from now, at least 1.
        retry_after_seconds: u32,
    },
    /// A subscriber fell behind, or asked for what is not kept: it must read the list again.
    #[error("events were missed: read the list again, and follow anew from the newest sequence")]
    ResyncRequired {
        /// The newest there is: whoever reads the list now and then follows from here misses nothing. None where what is
        /// followed has no sequence.
        last_sequence: Option<i64>,
    },
    /// No price of it is known, here or at any source that is switched on.
    #[error("no price of {0} is known just now: try again later")]
    MarketDataUnavailable(String),
    /// The database does not answer, or the server is shutting down or overloaded.
    #[error("the service is not available just now: try again shortly")]
    Unavailable(Option<DbErr>),
    /// The database refused a statement: a bug of ours.
    #[error("the database refused a statement")]
    Database(#[source] DbErr),
    /// Any other bug of ours.
    #[error("{0}")]
    Bug(String),
}

/// What a limit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitScope {
    /// Logins, and other tries of a password.
    Logins,
    /// Registrations.
    Registrations,
    /// Letters with a link that are asked for.
    Resets,
    /// Forms of the site.
    Forms,
    /// Requests to the endpoint.
    Requests,
    /// Deliveries to a source of signals.
    Deliveries,
    /// Points that operations cost.
    Points,
    /// Analyses on demand.
    Analyses,
    /// WebSockets and event streams that are open.
    Streams,
}

impl LimitScope {
    /// The name in `extensions.scope`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Logins => "LOGINS",
            Self::Registrations => "REGISTRATIONS",
            Self::Resets => "RESETS",
            Self::Forms => "FORMS",
            Self::Requests => "REQUESTS",
            Self::Deliveries => "DELIVERIES",
            Self::Points => "POINTS",
            Self::Analyses => "ANALYSES",
            Self::Streams => "STREAMS",
        }
    }
}

impl fmt::Display for LimitScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Logins => "logins",
            Self::Registrations => "registrations",
            Self::Resets => "letters asked for",
            Self::Forms => "forms",
            Self::Requests => "requests",
            Self::Deliveries => "deliveries",
            Self::Points => "points for what operations cost",
            Self::Analyses => "analyses",
            Self::Streams => "open sockets and event streams",
        })
    }
}

impl From<DbErr> for Fault {
    fn from(error: DbErr) -> Self {
        if is_outage(&error) { Self::Unavailable(Some(error)) } else { Self::Database(error) }
    }
}

/// Why a caller is not signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnauthenticatedReason {
    /// There was no token.
    Missing,
    /// The token is past its time.
    Expired,
    /// Its session has ended.
    Revoked,
    /// It is not a token of ours.
    Invalid,
}

impl UnauthenticatedReason {
    /// The name in `extensions.reason`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "MISSING",
            Self::Expired => "EXPIRED",
            Self::Revoked => "REVOKED",
            Self::Invalid => "INVALID",
        }
    }
}

impl fmt::Display for UnauthenticatedReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "sign in first: send a token as Authorization: Bearer …",
            Self::Expired => "the access token or API key has expired: sign in again, or make another key",
            Self::Revoked => "the session has ended, or the API key was revoked: sign in again, or make another key",
            Self::Invalid => "the access token or API key is not valid",
        })
    }
}

/// SQLSTATE or SQLite's result code.
pub(crate) fn code(error: &DbErr) -> Option<String> {
    let (DbErr::Exec(cause) | DbErr::Query(cause) | DbErr::Conn(cause)) = error else { return None };
    let RuntimeErr::SqlxError(cause) = cause else { return None };
    cause.as_database_error().and_then(|e| e.code()).map(|c| c.into_owned())
}

/// Whether the database is away or cannot write just now, as against having refused a statement.
fn is_outage(error: &DbErr) -> bool {
    match error {
        DbErr::ConnectionAcquire(_) => true,
        DbErr::Conn(cause) | DbErr::Exec(cause) | DbErr::Query(cause) => match cause {
            RuntimeErr::SqlxError(cause) => match &**cause {
                SqlxError::Io(_)
                | SqlxError::PoolTimedOut
                | SqlxError::PoolClosed
                | SqlxError::WorkerCrashed
                | SqlxError::Protocol(_)
                | SqlxError::Tls(_) => true,
                SqlxError::Database(cause) => cause.code().is_some_and(|code| is_outage_code(&code)),
                _ => false,
            },
            RuntimeErr::Internal(_) => matches!(error, DbErr::Conn(_)),
        },
        _ => false,
    }
}

/// SQLite: busy (5), locked (6), read-only (8), I/O (10), full (13), cannot open (14), each with its extended codes in
/// the higher bytes. PostgreSQL: classes 08 (connection), 53 (resources), 57 (operator), 58 (system), 25006 (read-only),
/// and 40001, 40P01 after the last retry.
fn is_outage_code(code: &str) -> bool {
    if code.len() == 5 {
        return ["08", "53", "57", "58"].iter().any(|class| code.starts_with(class))
            || ["25006", "40001", "40P01"].contains(&code);
    }
    code.parse::<u32>().is_ok_and(|code| [5, 6, 8, 10, 13, 14].contains(&(code & 0xff)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outages_are_told_from_refused_statements() {
        for code in ["5", "517", "13", "14", "522", "08006", "57P01", "53300", "40001", "25006"] {
            assert!(is_outage_code(code), "{code}");
        }
        for code in ["1", "19", "2067", "1555", "23505", "42P01", "22021", "22003"] {
            assert!(!is_outage_code(code), "{code}");
        }
    }
}
