//! Calls the parser of async-graphql and makes its errors short.

use crate::{
    rejection::{Rejection, truncate},
    scan::Unterminated,
};
use async_graphql_parser::{Error, Pos, parse_query, types::ExecutableDocument};

/// Longest message, in characters.
const MESSAGE_CHARS: usize = 200;

/// Parses a document whose brackets [`scan`](crate::scan::scan) has bounded.
pub(crate) fn parse(source: &str) -> Result<ExecutableDocument, Rejection> {
    parse_query(source).map_err(|error| match error {
        Error::MissingOperation => Rejection::NoOperation,
        error => rejection(&error),
    })
}

/// A block string without an end as a parse error.
pub(crate) fn unterminated(source: &str, found: Unterminated) -> Rejection {
    let before = source.get(..found.offset).unwrap_or_default();
    let line_start = before.rfind(['\n', '\r']).map_or(0, |end| end + 1);
    Rejection::Parse {
        message: "expected \"\"\" at the end of a block string".to_owned(),
        line: before.matches('\n').count() + 1,
        column: before.get(line_start..).unwrap_or_default().chars().count() + 1,
    }
}

/// The parser's error without the copy of the source that it carries.
pub(crate) fn rejection(error: &Error) -> Rejection {
    let (message, at) = syntax(error);
    Rejection::Parse { message, line: at.line, column: at.column }
}

/// What an error of the parser says, shortened, and where.
pub(crate) fn syntax(error: &Error) -> (String, Pos) {
    let text = error.to_string();
    // A syntax error draws the line of the source with a marker below; what was expected follows after "= " as the last
    // line, in the names of grammar rules.
    let message = match text.rsplit_once("\n  = ") {
        Some((_, expected)) => expected.replace('_', " "),
        None => text,
    };
    (truncate(message.trim(), MESSAGE_CHARS), error.positions().next().unwrap_or(Pos { line: 1, column: 1 }))
}
