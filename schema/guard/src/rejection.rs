//! Why a document was not accepted, in words a person can act on.

use crate::limits::Rule;
use std::fmt;
use thiserror::Error;

/// Longest name of the caller's that a rejection repeats, in characters.
const NAME_CHARS: usize = 64;

/// Why the guard refused a document.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Rejection {
    /// The document is not GraphQL.
    #[error("the document cannot be parsed: {message} (line {line}, column {column})")]
    Parse {
        /// What the parser expected, at most 200 characters, without a copy of the source.
        message: String,
        /// Line of the document, from 1.
        line: usize,
        /// Column of that line in characters, from 1.
        column: usize,
    },
    /// There is nothing to run: the document has no operation, or several and the request does not say which.
    #[error("no operation to run: the document has none, or has several and operationName does not say which")]
    NoOperation,
    /// The request names an operation that the document does not have.
    #[error("the document has no operation named \"{name}\"")]
    UnknownOperation {
        /// The name asked for, shortened.
        name: String,
    },
    /// A limit was exceeded.
    #[error("{}; at most {limit} {} allowed", rule.sentence(&Amount(*actual)), if *limit == 1 { "is" } else { "are" })]
    Limit {
        /// Which limit.
        rule: Rule,
        /// Its value.
        limit: u64,
        /// What the document reaches at least; `u64::MAX` where that is too large to be counted.
        actual: u64,
    },
    /// A spread names a fragment that the document does not have.
    #[error("the document spreads the fragment \"{name}\", which it does not define")]
    UnknownFragment {
        /// The name of the fragment, shortened.
        name: String,
    },
    /// A fragment contains itself, directly or through others.
    #[error("the fragment \"{name}\" contains itself, directly or through other fragments")]
    FragmentCycle {
        /// The name of one fragment of the cycle, shortened.
        name: String,
    },
}

impl Rejection {
    /// Refuses when `actual` is over `limit`.
    pub(crate) fn check(rule: Rule, actual: u64, limit: u64) -> Result<(), Self> {
        if actual > limit { Err(Self::Limit { rule, limit, actual }) } else { Ok(()) }
    }

    /// [`Rejection::check`] for sizes.
    pub(crate) fn check_len(rule: Rule, actual: usize, limit: usize) -> Result<(), Self> {
        Self::check(rule, as_count(actual), as_count(limit))
    }
}

/// A size as a count; there is no platform where it does not fit.
pub(crate) fn as_count(size: usize) -> u64 {
    u64::try_from(size).unwrap_or(u64::MAX)
}

/// The first characters of a name that the caller chose.
pub(crate) fn shorten(name: &str) -> String {
    truncate(name, NAME_CHARS)
}

/// The first `chars` characters of `text`, with an ellipsis as the last one where something is missing.
pub(crate) fn truncate(text: &str, chars: usize) -> String {
    if text.chars().nth(chars).is_none() {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(chars.saturating_sub(1)).collect();
    short.push('…');
    short
}

/// A count as people read it.
struct Amount(u64);

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == u64::MAX { f.write_str("uncountably many") } else { write!(f, "{}", self.0) }
    }
}
