//! Around every request: its id, its client, its line in the log, its counts, and a last net for panics.
//!
//! The line has no body, no variables, no token and no query string: it names the route by its template.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use async_graphql::parser::types::OperationType;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderValue, Method};
use axum::middleware::Next;
use axum::response::Response;
use bellwether_domain::{Fault, Viewer};
use futures_util::FutureExt;
use tracing::Instrument;

use super::Http;
use super::accept::Format;
use super::caller::Incoming;
use super::headers;
use super::names::OperationNames;
use super::reply::Reply;
use super::request_id::X_REQUEST_ID;

/// Letters of an operation's name that the log shows.
const LONGEST_NAME: usize = 100;
/// The status in the log of a request whose client hung up before it was answered, as nginx has it.
const CLIENT_CLOSED_REQUEST: u16 = 499;

/// What a handler found out about its request, for the log.
#[derive(Clone, Default)]
pub(super) struct Noted {
    /// Who asked; none where that does not matter, or is not known because the token was bad.
    pub(super) viewer: Option<Viewer>,
    /// What the operation is called.
    pub(super) operation: Option<String>,
    /// What type it has.
    pub(super) kind: Option<OperationType>,
    /// The code of the first error.
    pub(super) code: Option<String>,
}

impl Noted {
    fn kind(&self) -> &'static str {
        match self.kind {
            Some(OperationType::Query) => "query",
            Some(OperationType::Mutation) => "mutation",
            Some(OperationType::Subscription) => "subscription",
            None => "unknown",
        }
    }

    fn code(&self) -> &str {
        self.code.as_deref().unwrap_or("OK")
    }

    /// Counts the operation.
    pub(super) fn count(&self, names: &OperationNames) {
        let is_signed_in = matches!(self.viewer, Some(Viewer::User(_)));
        metrics::counter!(
            "bellwether_graphql_operations_total",
            "operation" => names.label(self.operation.as_deref(), is_signed_in),
            "type" => self.kind(),
            "code" => self.code().to_owned(),
        )
        .increment(1);
    }
}

/// Says what the metrics of this module are.
pub(super) fn describe_metrics() {
    metrics::describe_counter!("bellwether_http_requests_total", "Requests by route, method and status");
    metrics::describe_histogram!(
        "bellwether_http_request_duration_seconds",
        metrics::Unit::Seconds,
        "From a request's head to its answer's"
    );
    metrics::describe_counter!("bellwether_graphql_operations_total", "Operations by name, type and first error code");
    metrics::describe_gauge!("bellwether_streams_open", "Open sockets and event streams");
}

/// Runs a request inside all of this.
pub(super) async fn observe(State(http): State<Http>, mut request: Request, next: Next) -> Response {
    let incoming = Arc::new(Incoming::of(&request, &http.app.settings.trusted_proxies));
    request.extensions_mut().insert(Arc::clone(&incoming));
    let span = tracing::info_span!("request", request_id = incoming.id);
    async move {
        let line = Line::new(&request);
        let answer = AssertUnwindSafe(next.run(request)).catch_unwind().await;
        let mut response = answer.unwrap_or_else(|panic| panicked(&*panic, &incoming));
        headers::secure(response.headers_mut());
        if let Ok(id) = HeaderValue::from_str(&incoming.id) {
            response.headers_mut().insert(X_REQUEST_ID, id);
        }
        let noted = response.extensions_mut().remove::<Noted>().unwrap_or_default();
        line.write(response.status().as_u16(), noted);
        response
    }
    .instrument(span)
    .await
}

fn panicked(panic: &(dyn Any + Send), incoming: &Incoming) -> Response {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    let fault = Fault::Bug(format!("a handler panicked: {}", text.unwrap_or("without a text")));
    Reply::fault(&fault, &incoming.id).into_response(Format::Json)
}

/// The line that is written of a request, also if its client does not wait for the answer.
struct Line {
    method: &'static str,
    route: String,
    started: Instant,
    /// The answer's status, and what was found out; none while there is no answer.
    outcome: Option<(u16, Noted)>,
}

impl Line {
    fn new(request: &Request) -> Self {
        let route = request.extensions().get::<MatchedPath>();
        Self {
            method: method_label(request.method()),
            route: route.map_or_else(|| "unmatched".to_owned(), |route| route.as_str().to_owned()),
            started: Instant::now(),
            outcome: None,
        }
    }

    /// Writes the line.
    fn write(mut self, status: u16, noted: Noted) {
        self.outcome = Some((status, noted));
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        let gone = || (CLIENT_CLOSED_REQUEST, Noted { code: Some("CLIENT_GONE".to_owned()), ..Noted::default() });
        let (status, noted) = self.outcome.take().unwrap_or_else(gone);
        let elapsed = self.started.elapsed();
        let (route, method) = (std::mem::take(&mut self.route), self.method);
        let name = noted.operation.as_ref().map(|name| name.chars().take(LONGEST_NAME).collect::<String>());
        let (viewer, role) = match &noted.viewer {
            Some(Viewer::User(member)) => (Some(member.user_id.to_string()), Some(member.role.as_str())),
            Some(Viewer::Anonymous | Viewer::System) => (Some("anonymous".to_owned()), None),
            None => (None, None),
        };
        tracing::info!(
            method,
            route,
            status,
            latency_ms = (elapsed.as_secs_f64() * 1e6).round() / 1e3,
            operation = name,
            operation_type = noted.kind.map(|_| noted.kind()),
            viewer,
            role,
            code = noted.code(),
            "request"
        );
        let status = status.to_string();
        metrics::histogram!("bellwether_http_request_duration_seconds", "route" => route.clone(), "method" => method)
            .record(elapsed.as_secs_f64());
        metrics::counter!("bellwether_http_requests_total", "route" => route, "method" => method, "status" => status)
            .increment(1);
    }
}

/// The method, or one label for all that nobody uses.
fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        _ => "OTHER",
    }
}
