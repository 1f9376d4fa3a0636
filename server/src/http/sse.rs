//! Answers as server-sent events: GraphQL over SSE, distinct connections mode.
//!
//! Each answer is an event `next`, the end an event `complete`. A stream that is cut off by the server stopping ends
//! without `complete`, so that the client connects again.

use std::convert::Infallible;
use std::pin::Pin;
use std::time::Duration;

use async_graphql::Response as GraphqlResponse;
use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, header};
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

/// An event without a `data`, however empty, is not handed on by browsers.
const COMPLETE: &str = "event: complete\ndata: \n\n";
/// A comment, which clients pass over.
const STILL_HERE: &str = ":\n\n";

/// A whole answer as events.
pub(super) fn single(response: &GraphqlResponse) -> Response {
    respond(stream::iter([next(response), COMPLETE.to_owned()]))
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
            Progress::Open(mut open) => {
                let answer = tokio::time::timeout(KEEP_ALIVE, open.answer()).await;
                Some(match answer {
                    Ok(Some(Ok(response))) => (next(&response), Progress::Open(open)),
                    Ok(Some(Err(fault))) => (next(&open.refusal(&fault)), Progress::Ending),
                    Ok(None) => (COMPLETE.to_owned(), Progress::Ended),
                    Err(_) => (STILL_HERE.to_owned(), Progress::Open(open)),
                })
            }
            Progress::Ending => Some((COMPLETE.to_owned(), Progress::Ended)),
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

/// JSON has no line breaks, so it is one line of `data`.
fn next(response: &GraphqlResponse) -> String {
    format!("event: next\ndata: {}\n\n", Payload::of(response).to_json())
}

fn respond(events: impl Stream<Item = String> + Send + 'static) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
        // nginx would hold events back until its buffer is full.
        (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
    ];
    (headers, Body::from_stream(events.map(Ok::<_, Infallible>))).into_response()
}

#[cfg(test)]
mod tests {
    use async_graphql::value;

    use super::*;

    #[tokio::test]
    async fn a_whole_answer_is_two_events() {
        let body = single(&GraphqlResponse::new(value!({"a": "b\nc"}))).into_body();
        let text = axum::body::to_bytes(body, 1_000).await.unwrap();
        assert_eq!(text, "event: next\ndata: {\"data\":{\"a\":\"b\\nc\"}}\n\nevent: complete\ndata: \n\n");
    }
}
