//! `POST /graphql`, and `GET /graphql` for queries (GraphQL over HTTP).
//!
//! The order is from the cheap to the dear: what the answer may look like, what the body is said to be, who asks, how
//! often they do, then the body itself, which may be larger for whoever is known.

use std::sync::Arc;

use async_graphql::parser::types::OperationType;
use axum::Extension;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use bellwether_domain::error::LimitScope;
use bellwether_domain::{Fault, Viewer};

use super::accept::{Accept, Format, is_json};
use super::caller::{Caller, Incoming, Presented};
use super::observe::Noted;
use super::operation::{self, Transport};
use super::params::Params;
use super::reply::Reply;
use super::{Http, body, sse};

/// The largest body of a caller who is not signed in, in bytes.
const ANONYMOUS_BODY: usize = 64 * 1_024;
/// The largest body of a caller with a good token, in bytes.
const MEMBER_BODY: usize = 1_024 * 1_024;
/// When a client with too many open streams may try again, in seconds: whenever one of them ends.
const STREAMS_RETRY_SECONDS: u32 = 10;

/// Answers a query in an address.
pub(super) async fn get(
    State(http): State<Http>,
    Extension(incoming): Extension<Arc<Incoming>>,
    request: Request,
) -> Response {
    let mut response = answer(&http, &incoming, request, |_| Transport::Get).await;
    if response.status() == StatusCode::METHOD_NOT_ALLOWED {
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("POST"));
    }
    response
}

/// Answers an operation in a body.
pub(super) async fn post(
    State(http): State<Http>,
    Extension(incoming): Extension<Arc<Incoming>>,
    request: Request,
) -> Response {
    answer(&http, &incoming, request, Transport::Post).await
}

async fn answer(
    http: &Http,
    incoming: &Arc<Incoming>,
    request: Request,
    transport: impl FnOnce(Accept) -> Transport,
) -> Response {
    let (parts, body) = request.into_parts();
    let Some(accept) = Accept::of(&parts.headers) else {
        let message = "answers are application/graphql-response+json, application/json or text/event-stream";
        return Reply::refused(StatusCode::NOT_ACCEPTABLE, message, &incoming.id).into_response(Format::Json);
    };
    let mut noted = Noted::default();
    let answer = process(http, incoming, &parts, body, transport(accept), &mut noted).await;
    let mut response = match answer {
        Ok(Answer::Stream(response)) => response,
        Ok(Answer::Single(reply)) | Err(reply) => {
            noted.code = reply.code().map(str::to_owned);
            reply.into_response(accept.format())
        }
    };
    if noted.kind.is_some() || noted.code.is_some() {
        noted.count(&http.names);
    }
    response.headers_mut().append(header::VARY, HeaderValue::from_static("accept"));
    response.extensions_mut().insert(noted);
    response
}

enum Answer {
    Single(Box<Reply>),
    Stream(Response),
}

async fn process(
    http: &Http,
    incoming: &Arc<Incoming>,
    parts: &Parts,
    body: Body,
    transport: Transport,
    noted: &mut Noted,
) -> Result<Answer, Box<Reply>> {
    let app = &http.app;
    let is_post = matches!(transport, Transport::Post(_));
    if is_post && !is_json(&parts.headers) {
        let message = "the body must be application/json, in UTF-8";
        return Err(Box::new(Reply::refused(StatusCode::UNSUPPORTED_MEDIA_TYPE, message, &incoming.id)));
    }
    let caller = authenticate(http, incoming, parts).await?;
    noted.viewer = Some(caller.viewer().clone());
    let refuse = |status, message: &str| Box::new(Reply::refused(status, message, &incoming.id));
    let params = if is_post {
        let most = if matches!(caller.viewer(), Viewer::User(_)) { MEMBER_BODY } else { ANONYMOUS_BODY };
        let body = body::read(&parts.headers, body, most).await;
        let body = body.map_err(|error| refuse(error.status(), &error.message()))?;
        Params::in_body(&body)
    } else {
        Params::in_query(&parts.uri)
    };
    let params = params.map_err(|message| refuse(StatusCode::BAD_REQUEST, &message))?;

    let operation = operation::admit(app, &caller, params, transport, noted)?;
    if operation.kind != OperationType::Subscription {
        let reply = operation.run(app.settings.request_timeout, Arc::clone(incoming)).await;
        return Ok(Answer::Single(Box::new(reply)));
    }
    let Some(place) = http.streams.enter(incoming.address_key(), app.settings.max_sockets_per_client) else {
        let fault = Fault::RateLimited { scope: LimitScope::Streams, retry_after_seconds: STREAMS_RETRY_SECONDS };
        return Err(Box::new(Reply::fault(&fault, &incoming.id)));
    };
    let held = (place, Arc::clone(incoming));
    let events = sse::many(app.domain.clone(), caller, app.shutdown.clone(), operation.events(), held);
    Ok(Answer::Stream(events))
}

/// Tells who asks, and counts that they do; whoever shows a bad token is counted by their address.
async fn authenticate(http: &Http, incoming: &Incoming, parts: &Parts) -> Result<Caller, Box<Reply>> {
    let domain = &http.app.domain;
    let refuse = |fault: Fault| Box::new(Reply::fault(&fault, &incoming.id));
    match incoming.caller(domain, Presented::in_headers(&parts.headers)).await {
        Ok(caller) => {
            caller.count_request(domain).map_err(refuse)?;
            Ok(caller)
        }
        Err(fault) => Err(refuse(incoming.caller_as(Viewer::Anonymous).count_request(domain).err().unwrap_or(fault))),
    }
}
