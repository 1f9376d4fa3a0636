//! What the caller can mend, in the payload of a mutation.

use async_graphql::{Enum, SimpleObject};
use bellwether_domain::error;

/// What is wrong with an input, or what a person would be shown beside a form.
#[derive(Clone, Debug, SimpleObject)]
pub(crate) struct UserError {
    /// What kind of problem it is.
    code: UserErrorCode,
    /// One sentence that a person can act on.
    message: String,
    /// Where in the input, from `input` down; null for the whole.
    path: Option<Vec<String>>,
    /// The limit that was met; null unless the code is LIMIT_EXCEEDED.
    limit: Option<Limit>,
    /// In how many seconds to try again; null where that would not help.
    retry_after_seconds: Option<u32>,
}

/// So many of something that one may have.
#[derive(Clone, Debug, SimpleObject)]
pub(crate) struct Limit {
    /// What is limited, such as signalSources.
    key: String,
    /// How much is used.
    used: u32,
    /// How much is allowed.
    allowed: u32,
}

impl From<error::Limit> for Limit {
    fn from(error::Limit { key, used, allowed }: error::Limit) -> Self {
        Self { key, used, allowed }
    }
}

/// The kinds of problem that the caller can mend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "bellwether_domain::ProblemCode")]
pub(crate) enum UserErrorCode {
    /// Not what was expected there.
    Validation,
    /// What the input names does not exist, or is not yours to see.
    NotFound,
    /// It was changed meanwhile, or is in a state that does not allow this.
    Conflict,
    /// A limit of the plan or of the installation is met.
    LimitExceeded,
    /// Email and password do not fit together.
    InvalidCredentials,
    /// The email is in use.
    EmailTaken,
    /// The token is wrong, used, or too old.
    TokenInvalid,
    /// The same key was used with another input.
    IdempotencyMismatch,
    /// The account has too little free margin for the order.
    InsufficientMargin,
    /// The asset's market is closed.
    MarketClosed,
    /// The last known price of the asset is too old to trade on.
    StaleQuote,
    /// The account is suspended or closed.
    AccountNotActive,
    /// The account may hold no more of it, or has as many open trades as it may.
    PositionLimit,
    /// The trade is closed already.
    TradeClosed,
}

/// The code's name in the contract.
pub(crate) fn code_name(code: error::ProblemCode) -> async_graphql::Name {
    match async_graphql::resolver_utils::enum_value(UserErrorCode::from(code)) {
        async_graphql::Value::Enum(name) => name,
        _ => async_graphql::Name::new("VALIDATION"),
    }
}

impl From<error::Problem> for UserError {
    fn from(problem: error::Problem) -> Self {
        Self {
            code: problem.code.into(),
            message: problem.message,
            path: (!problem.path.is_empty()).then_some(problem.path),
            limit: problem.limit.map(Limit::from),
            retry_after_seconds: problem.retry_after_seconds,
        }
    }
}

/// The problems with a path put before each path: `["input"]`, or `["input", "signals", "3"]`.
pub(crate) fn under(prefix: &[&str], problems: Vec<error::Problem>) -> Vec<UserError> {
    let mut errors = Vec::with_capacity(problems.len());
    for mut problem in problems {
        problem.path.splice(0..0, prefix.iter().map(|&part| part.to_owned()));
        errors.push(problem.into());
    }
    errors
}
