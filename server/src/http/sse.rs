//! Answers as server-sent events: GraphQL over SSE, distinct connections mode.
//!
//! Each answer is an event `next`, the end an event `complete`. A stream that is cut off by the server stopping ends
//! without `complete`, so that the client connects again.

use std::convert::Infallible;
use std::pin::Pin;
use std::time::Duration;

use async_graphql::Response as GraphqlResponse;
use axum::http::{HeaderName, HeaderValue};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use bellwether_domain::{Domain, Fault};
use bellwether_schema::fault_error;
use futures_util::stream::{self, BoxStream, Stream, StreamExt};
use tokio_util::sync::CancellationToken;

use super::caller::Caller;
use super::reply::Payload;
use super::session;

/// How often a silent stream says that it is still there.
const KEEP_ALIVE: Duration = Duration::from_secs(12);

/// A whole answer as events.
pub(super) fn single(response: &GraphqlResponse) -> Response {
    respond(stream::iter([next(response), complete()]))
}

/// The answers of a subscription as events. `held` is kept until the last.
pub(super) fn many<T: Send + 'static>(
    domain: Domain,
    caller: Caller,
    shutdown: CancellationToken,
    answers: impl Stream<Item = GraphqlResponse> + Send + 'static,
    held: T,
) -> Response {
    let ended = Box::pin(session::ended(domain, caller.viewer().clone()));
    let open = Open { answers: answers.boxed(), ended, caller };
    let events = stream::unfold(Progress::Open(open), |progress| async {
        match progress {
            Progress::Open(mut open) => match open.answer().await {
                Some(Ok(response)) => Some((next(&response), Progress::Open(open))),
                Some(Err(fault)) => Some((next(&open.refusal(&fault)), Progress::Ending)),
                None => Some((complete(), Progress::Ended)),
            },
            Progress::Ending => Some((complete(), Progress::Ended)),
            Progress::Ended => None,
        }
    });
    let events = events.take_until(async move { shutdown.cancelled().await }).map(move |event| {
        let _held = &held;
        event
    });
    respond(events)
}

struct Open {
    answers: BoxStream<'static, GraphqlResponse>,
    ended: Pin<Box<dyn Future<Output = Fault> + Send>>,
    caller: Caller,
}

enum Progress {
    Open(Open),
    Ending,
    Ended,
}

impl Open {
    /// The next answer, or why there is none; nothing at the end.
    async fn answer(&mut self) -> Option<Result<GraphqlResponse, Fault>> {
        tokio::select! {
            answer = self.answers.next() => answer.map(Ok),
            fault = &mut self.ended => Some(Err(fault)),
        }
    }

    fn refusal(&self, fault: &Fault) -> GraphqlResponse {
        GraphqlResponse::from_errors(vec![fault_error(fault, self.caller.request_id())])
    }
}

fn next(response: &GraphqlResponse) -> Event {
    Event::default().event("next").data(Payload::of(response).to_json())
}

/// With an empty `data`, without which browsers do not hand an event on.
fn complete() -> Event {
    Event::default().event("complete").data("")
}

fn respond(events: impl Stream<Item = Event> + Send + 'static) -> Response {
    let events = events.map(Ok::<_, Infallible>);
    let mut response = Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response();
    // nginx would hold events back until its buffer is full.
    let unbuffered = HeaderName::from_static("x-accel-buffering");
    response.headers_mut().insert(unbuffered, HeaderValue::from_static("no"));
    response
}
