//! An answer in the shape of GraphQL, on its way to HTTP.

use std::collections::BTreeMap;

use async_graphql::{Response as GraphqlResponse, ServerError, Value, value};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bellwether_domain::Fault;
use bellwether_schema::{bad_request, error_code, fault_error, retry_after};
use serde::Serialize;

use super::accept::Format;
use super::observe::Noted;
use super::{sse, status};

/// An answer and what HTTP says about it.
pub(super) struct Reply {
    response: GraphqlResponse,
    status: StatusCode,
    /// Whether HTTP refused before GraphQL was asked: then the status is the same in every form of answer.
    is_refusal: bool,
}

/// What an operation costs its caller, in points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cost {
    /// What it was charged.
    pub(super) requested: u64,
    /// What the caller has left.
    pub(super) available: u32,
}

impl Reply {
    /// What a document was answered.
    pub(super) fn answered(response: GraphqlResponse) -> Self {
        Self { status: status::of(&response), response, is_refusal: false }
    }

    /// A document that is not run.
    pub(super) fn declined(error: ServerError) -> Self {
        Self::answered(GraphqlResponse::from_errors(vec![error]))
    }

    /// A request that does not come to GraphQL: BAD_REQUEST with another status.
    pub(super) fn refused(status: StatusCode, message: &str, request_id: &str) -> Self {
        Self::refused_with(status, bad_request(message, request_id))
    }

    /// A request that does not come to GraphQL, because of this.
    pub(super) fn fault(fault: &Fault, request_id: &str) -> Self {
        let status = match fault {
            Fault::Unauthenticated(_) => StatusCode::UNAUTHORIZED,
            Fault::Forbidden(_) => StatusCode::FORBIDDEN,
            Fault::NotFound => StatusCode::NOT_FOUND,
            Fault::RateLimited { .. } => StatusCode::TOO_MANY_REQUESTS,
            Fault::ResyncRequired { .. } => StatusCode::CONFLICT,
            Fault::Unavailable(_) | Fault::MarketDataUnavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Fault::Database(_) | Fault::Bug(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self::refused_with(status, fault_error(fault, request_id))
    }

    fn refused_with(status: StatusCode, error: ServerError) -> Self {
        Self { response: GraphqlResponse::from_errors(vec![error]), status, is_refusal: true }
    }

    /// The same with its cost.
    pub(super) fn with_cost(mut self, cost: Cost) -> Self {
        let cost = value!({"requested": cost.requested, "available": cost.available});
        self.response.extensions.insert("cost".to_owned(), cost);
        self
    }

    /// The code of its first error.
    pub(super) fn code(&self) -> Option<&str> {
        self.response.errors.first().and_then(error_code)
    }

    /// Its errors.
    pub(super) fn into_errors(self) -> Vec<ServerError> {
        self.response.errors
    }

    /// What a caller who is not let in should show (RFC 6750, 3): nothing more is said to who showed nothing.
    const fn challenge(&self) -> &'static str {
        if self.is_refusal {
            "Bearer realm=\"bellwether\", error=\"invalid_token\""
        } else {
            "Bearer realm=\"bellwether\""
        }
    }

    /// The answer in this form, with its code noted for the log.
    pub(super) fn into_response(self, format: Format) -> Response {
        let noted = Noted { code: self.code().map(str::to_owned), ..Noted::default() };
        let mut response = self.to_response(format);
        // Also where other fields were answered and the status is 200, and where the answer is an event.
        if let Some(seconds) = self.response.errors.iter().filter_map(retry_after).max() {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        response.extensions_mut().insert(noted);
        response
    }

    fn to_response(&self, format: Format) -> Response {
        if format == Format::Events && !self.is_refusal {
            return sse::single(&self.response);
        }
        let is_legacy = format == Format::Json && !self.is_refusal;
        let status = if is_legacy { status::legacy(self.status) } else { self.status };
        let content_type = HeaderValue::from_static(format.content_type());
        let body = Payload::of(&self.response).to_json();
        let mut response = (status, [(header::CONTENT_TYPE, content_type)], body).into_response();
        if status == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static(self.challenge());
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

/// An answer as it is written: without `data` where the request never came to have any.
#[derive(Serialize)]
pub(super) struct Payload<'a> {
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [ServerError],
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a Value>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    extensions: &'a BTreeMap<String, Value>,
}

impl<'a> Payload<'a> {
    /// What of this answer is written.
    pub(super) fn of(response: &'a GraphqlResponse) -> Self {
        let never_ran = response.data == Value::Null
            && !response.errors.is_empty()
            && response.errors.iter().all(|error| {
                // An argument is coerced when its field is come to, and so its error has a path.
                error.path.is_empty() || error_code(error) == Some("GRAPHQL_VALIDATION_FAILED")
            });
        Self {
            errors: &response.errors,
            data: (!never_ran).then_some(&response.data),
            extensions: &response.extensions,
        }
    }

    /// The answer as JSON.
    pub(super) fn to_json(&self) -> String {
        to_json(self)
    }
}

/// Anything of ours as JSON. It has no maps with keys other than strings, so this does not fail.
pub(super) fn to_json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_else(|error| {
        tracing::error!(%error, "an answer could not be written");
        r#"{"errors":[{"message":"an internal error","extensions":{"code":"INTERNAL","retryable":false}}]}"#.to_owned()
    })
}

#[cfg(test)]
mod tests {
    use async_graphql::PathSegment;

    use super::*;

    #[test]
    fn data_is_there_if_something_ran() {
        let json = |response: &GraphqlResponse| Payload::of(response).to_json();
        assert_eq!(json(&GraphqlResponse::new(value!({"a": 1}))), r#"{"data":{"a":1}}"#);
        let mut refused = GraphqlResponse::from_errors(vec![ServerError::new("no", None)]);
        assert_eq!(json(&refused), r#"{"errors":[{"message":"no"}]}"#);
        refused.errors[0].path = vec![PathSegment::Field("a".to_owned())];
        assert_eq!(json(&refused), r#"{"errors":[{"message":"no","path":["a"]}],"data":null}"#);
    }

    #[test]
    fn what_http_refuses_has_its_status_in_every_form() {
        let refused = || Reply::refused(StatusCode::PAYLOAD_TOO_LARGE, "no", "r");
        for format in [Format::GraphqlResponse, Format::Json, Format::Events] {
            assert_eq!(refused().into_response(format).status(), 413);
        }
        let declined = || Reply::declined(bad_request("no", "r"));
        assert_eq!(declined().into_response(Format::GraphqlResponse).status(), 400);
        assert_eq!(declined().into_response(Format::Json).status(), 200);
        assert_eq!(declined().into_response(Format::Events).status(), 200);
    }

    #[test]
    fn headers_tell_what_to_do() {
        let limited = Reply::fault(
            &Fault::RateLimited { scope: bellwether_domain::error::LimitScope::Requests, retry_after_seconds: 7 },
            "r",
        )
        .into_response(Format::Json);
        assert_eq!(limited.headers()[header::RETRY_AFTER], "7");
        let reason = bellwether_domain::error::UnauthenticatedReason::Expired;
        let unknown = Reply::fault(&Fault::Unauthenticated(reason), "r").into_response(Format::Json);
        assert!(unknown.headers().contains_key(header::WWW_AUTHENTICATE));
    }
}
