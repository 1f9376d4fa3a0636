//! What HTTP says about a GraphQL answer.
//!
//! With `application/graphql-response+json` the status tells whether anything was done: 200 as soon as one root field
//! has an answer, else what kept all of them from one.

use async_graphql::{PathSegment, Response, ServerError, Value};
use axum::http::StatusCode;
use bellwether_schema::{ErrorCode, error_code};

/// The status of an answer.
pub(super) fn of(response: &Response) -> StatusCode {
    match &response.data {
        Value::Null if !response.errors.is_empty() => worst(&response.errors).unwrap_or(StatusCode::BAD_REQUEST),
        Value::Object(fields) => {
            let failed = |field: &str| {
                let is_at =
                    |error: &ServerError| matches!(error.path.first(), Some(PathSegment::Field(at)) if at == field);
                response.errors.iter().any(is_at)
            };
            let nothing = fields.iter().all(|(field, value)| *value == Value::Null && failed(field));
            if nothing { worst(&response.errors).unwrap_or(StatusCode::OK) } else { StatusCode::OK }
        }
        _ => StatusCode::OK,
    }
}

/// The status of an answer for clients of `application/json`: what the document did or did not do is told by the body
/// alone, what the server could not do just now by the status too.
pub(super) fn legacy(status: StatusCode) -> StatusCode {
    match status {
        StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => StatusCode::OK,
        other => other,
    }
}

/// The codes whose errors have a status of their own, the gravest first.
const STATUSES: [(ErrorCode, StatusCode); 5] = [
    (ErrorCode::Internal, StatusCode::INTERNAL_SERVER_ERROR),
    (ErrorCode::Unavailable, StatusCode::SERVICE_UNAVAILABLE),
    (ErrorCode::RateLimited, StatusCode::TOO_MANY_REQUESTS),
    (ErrorCode::Forbidden, StatusCode::FORBIDDEN),
    (ErrorCode::Unauthenticated, StatusCode::UNAUTHORIZED),
];

/// The status of an answer of which errors of this code left nothing.
pub(crate) fn of_code(code: ErrorCode) -> StatusCode {
    STATUSES.iter().find(|(of, _)| *of == code).map_or(StatusCode::BAD_REQUEST, |(_, status)| *status)
}

/// The status of the gravest of the errors that have one of their own.
fn worst(errors: &[ServerError]) -> Option<StatusCode> {
    let any = |code: ErrorCode| errors.iter().any(|error| error_code(error) == Some(code.as_str()));
    STATUSES.into_iter().find(|(code, _)| any(*code)).map(|(_, status)| status)
}

#[cfg(test)]
mod tests {
    use async_graphql::{ErrorExtensionValues, value};

    use super::*;

    fn error(path: Option<&str>, code: &str) -> ServerError {
        let mut error = ServerError::new("no", None);
        error.path = path.map(|field| PathSegment::Field(field.to_owned())).into_iter().collect();
        let mut extensions = ErrorExtensionValues::default();
        extensions.set("code", code);
        error.extensions = Some(extensions);
        error
    }

    fn status(data: Value, errors: &[(Option<&str>, &str)]) -> u16 {
        let mut response = Response::new(data);
        response.errors = errors.iter().map(|(path, code)| error(*path, code)).collect();
        of(&response).as_u16()
    }

    #[test]
    fn without_data_the_code_decides() {
        for (code, expected) in [
            ("GRAPHQL_PARSE_FAILED", 400),
            ("GRAPHQL_VALIDATION_FAILED", 400),
            ("QUERY_REJECTED", 400),
            ("BAD_REQUEST", 400),
            ("UNAUTHENTICATED", 401),
            ("FORBIDDEN", 403),
            ("RATE_LIMITED", 429),
            ("INTERNAL", 500),
            ("UNAVAILABLE", 503),
        ] {
            assert_eq!(status(Value::Null, &[(None, code)]), expected, "{code}");
        }
    }

    #[test]
    fn one_answered_field_is_a_success() {
        assert_eq!(status(value!({"a": 1}), &[]), 200);
        assert_eq!(status(value!({"a": null}), &[]), 200);
        assert_eq!(status(value!({"a": null, "b": 1}), &[(Some("a"), "UNAUTHENTICATED")]), 200);
        assert_eq!(status(value!({"a": null, "b": null}), &[(Some("a"), "INTERNAL")]), 200);
        assert_eq!(status(value!({}), &[]), 200);
    }

    #[test]
    fn where_every_field_failed_the_gravest_decides() {
        let both = value!({"a": null, "b": null});
        assert_eq!(status(both.clone(), &[(Some("a"), "UNAUTHENTICATED"), (Some("b"), "UNAUTHENTICATED")]), 401);
        assert_eq!(status(both.clone(), &[(Some("a"), "FORBIDDEN"), (Some("b"), "FORBIDDEN")]), 403);
        assert_eq!(status(both, &[(Some("a"), "FORBIDDEN"), (Some("b"), "INTERNAL")]), 500);
        assert_eq!(status(value!({"a": null}), &[(Some("a"), "RATE_LIMITED")]), 429);
        assert_eq!(status(value!({"a": null}), &[(Some("a"), "NOT_FOUND")]), 200);
        assert_eq!(status(value!({"a": null}), &[(Some("a"), "BAD_REQUEST")]), 200);
    }
}
