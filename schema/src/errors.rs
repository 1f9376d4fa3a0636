//! The only place where an error becomes public.
//!
//! Top-level errors carry `extensions {code, requestId, retryable}` with a code of one closed list. What was not
//! foreseen is logged with the request's id and shown as INTERNAL without its text.

use async_graphql::{ErrorExtensionValues, Pos, Response, ServerError, Value};
use bellwether_domain::{Error, Fault, Problem};
use bellwether_guard::Rejection;

use crate::error_code::ErrorCode;
use crate::problems::code_name;

/// Errors that one answer shows at most.
const MOST_ERRORS: usize = 20;
/// Characters that a message of the framework shows at most.
const LONGEST_MESSAGE: usize = 300;

/// A finished top-level error for a fault that is met before a field is resolved.
pub fn fault_error(fault: &Fault, request_id: &str) -> ServerError {
    finished(from_fault(fault, None), request_id)
}

/// A finished top-level error for a document that the guard refused.
pub fn rejection_error(rejection: &Rejection, request_id: &str) -> ServerError {
    let pos = match rejection {
        Rejection::Parse { line, column, .. } => Some(Pos { line: *line, column: *column }),
        _ => None,
    };
    let mut error = ServerError::new(rejection.to_string(), pos);
    let code = match rejection {
        Rejection::Parse { .. } => ErrorCode::GraphqlParseFailed,
        Rejection::NoOperation | Rejection::UnknownOperation { .. } => ErrorCode::BadRequest,
        Rejection::UnknownFragment { .. } | Rejection::FragmentCycle { .. } => ErrorCode::GraphqlValidationFailed,
        Rejection::Limit { rule, limit, actual } => {
            let extensions = extensions(&mut error);
            extensions.set("rule", rule.as_str());
            extensions.set("limit", *limit);
            extensions.set("actual", *actual);
            ErrorCode::QueryRejected
        }
    };
    set_code(&mut error, code);
    finished(error, request_id)
}

/// A finished top-level error for a request that is not one.
pub fn bad_request(message: &str, request_id: &str) -> ServerError {
    let mut error = ServerError::new(message, None);
    set_code(&mut error, ErrorCode::BadRequest);
    finished(error, request_id)
}

/// The error's code.
pub fn error_code(error: &ServerError) -> Option<&str> {
    match error.extensions.as_ref()?.get("code")? {
        Value::String(code) => Some(code),
        _ => None,
    }
}

/// When to try again, in seconds, where the error says so.
pub fn retry_after(error: &ServerError) -> Option<u32> {
    match error.extensions.as_ref()?.get("retryAfterSeconds")? {
        Value::Number(seconds) => seconds.as_u64().and_then(|seconds| u32::try_from(seconds).ok()),
        _ => None,
    }
}

/// Finishes an answer: every error gets its code and the request's id, what was not foreseen is masked, and at most
/// twenty are shown.
pub fn publish(response: &mut Response, request_id: &str) {
    response.errors.truncate(MOST_ERRORS);
    for error in &mut response.errors {
        if error_code(error).is_none() {
            if error.source.is_some() {
                tracing::error!(request_id, error = error.message, path = ?error.path, "an error was not foreseen");
                "an internal error: quote the request id to whoever runs this".clone_into(&mut error.message);
                set_code(error, ErrorCode::Internal);
            } else {
                // The framework's own: a document or a value that does not fit the schema.
                error.message = error.message.chars().take(LONGEST_MESSAGE).collect();
                set_code(error, ErrorCode::GraphqlValidationFailed);
            }
        }
        extensions(error).set("requestId", request_id);
    }
}

/// The top-level error of a field.
pub(crate) fn server_error(error: &Error, pos: Pos) -> ServerError {
    match error {
        Error::Fault(fault) => from_fault(fault, Some(pos)),
        Error::Problems(problems) => from_problems(problems, pos),
    }
}

/// The same as the framework takes it from a subscription, whose first error has no place yet.
pub(crate) fn field_error(error: &Error) -> async_graphql::Error {
    let error = server_error(error, Pos::default());
    async_graphql::Error { message: error.message, source: error.source, extensions: error.extensions }
}

fn from_fault(fault: &Fault, pos: Option<Pos>) -> ServerError {
    let mut error = ServerError::new(fault.to_string(), pos);
    match fault {
        Fault::Unauthenticated(reason) => {
            set_code(&mut error, ErrorCode::Unauthenticated);
            extensions(&mut error).set("reason", reason.as_str());
        }
        Fault::Forbidden(permission) => {
            set_code(&mut error, ErrorCode::Forbidden);
            extensions(&mut error).set("required", permission.as_str());
        }
        Fault::NotFound => set_code(&mut error, ErrorCode::NotFound),
        Fault::RateLimited { retry_after_seconds } => {
            set_code(&mut error, ErrorCode::RateLimited);
            extensions(&mut error).set("retryAfterSeconds", *retry_after_seconds);
        }
        Fault::ResyncRequired => set_code(&mut error, ErrorCode::ResyncRequired),
        Fault::MarketDataUnavailable(_) => set_code(&mut error, ErrorCode::MarketDataUnavailable),
        Fault::Unavailable(cause) => {
            if let Some(cause) = cause {
                tracing::warn!(error = %cause, "the database is not available");
            }
            set_code(&mut error, ErrorCode::Unavailable);
            extensions(&mut error).set("retryAfterSeconds", 1);
        }
        Fault::Database(cause) => mask(&mut error, cause),
        Fault::Bug(cause) => mask(&mut error, cause),
    }
    error
}

fn mask(error: &mut ServerError, cause: &dyn std::fmt::Display) {
    tracing::error!(error = %cause, "an error was not foreseen");
    "an internal error: quote the request id to whoever runs this".clone_into(&mut error.message);
    set_code(error, ErrorCode::Internal);
}

/// Problems with the arguments of a query, which has no payload to say them in.
fn from_problems(problems: &[Problem], pos: Pos) -> ServerError {
    let messages: Vec<&str> = problems.iter().map(|problem| problem.message.as_str()).collect();
    let mut error = ServerError::new(messages.join("; "), Some(pos));
    set_code(&mut error, ErrorCode::BadRequest);
    let problem = |problem: &Problem| {
        async_graphql::value!({
            "code": code_name(problem.code),
            "message": problem.message.clone(),
            "path": problem.path.clone(),
        })
    };
    extensions(&mut error).set("problems", Value::List(problems.iter().map(problem).collect()));
    error
}

fn set_code(error: &mut ServerError, code: ErrorCode) {
    let extensions = extensions(error);
    extensions.set("code", code.as_str());
    extensions.set("retryable", code.is_retryable());
}

fn finished(mut error: ServerError, request_id: &str) -> ServerError {
    extensions(&mut error).set("requestId", request_id);
    error
}

fn extensions(error: &mut ServerError) -> &mut ErrorExtensionValues {
    error.extensions.get_or_insert_default()
}
