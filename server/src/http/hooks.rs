//! Webhooks: a delivery is kept as it came, and acknowledged; what it says is judged later.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use bellwether_domain::{Error, Fault};
use serde_json::json;
use tracing::Instrument;

use super::accept::Format;
use super::caller::Incoming;
use super::reply::Reply;
use super::{Http, body};

/// The largest delivery, in bytes.
const LARGEST: usize = 64 * 1_024;

/// How long keeping a delivery may take: TradingView gives up after three seconds, and asks again after a 503.
const LONGEST_WAIT: Duration = Duration::from_millis(2_500);

/// Keeps an alert of TradingView for the holder of the token, whatever it says it is.
pub(super) async fn tradingview(
    State(http): State<Http>,
    Extension(incoming): Extension<Arc<Incoming>>,
    token: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let refuse = |reply: Reply| reply.into_response(Format::Json);
    let Ok(Path(token)) = token else { return refuse(Reply::fault(&Fault::NotFound, &incoming.id)) };
    let body = match body::read(&headers, body, LARGEST).await {
        Ok(body) => body,
        Err(error) => return refuse(Reply::refused(error.status(), &error.message(), &incoming.id)),
    };
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let held = Arc::clone(&incoming);
    // A task of its own: what came in whole is kept, also when the sender does not wait for the answer.
    let kept = tokio::spawn(
        async move {
            let _held = held;
            http.app.domain.accept_delivery(&token, content_type.as_deref(), body).await
        }
        .in_current_span(),
    );
    // What is kept after all and comes again is one signal all the same.
    let Ok(kept) = tokio::time::timeout(LONGEST_WAIT, kept).await else {
        return refuse(Reply::fault(&Fault::Unavailable(None), &incoming.id));
    };
    match kept {
        Ok(Ok(id)) => (StatusCode::ACCEPTED, Json(json!({"delivery": id.to_string()}))).into_response(),
        Ok(Err(Error::Fault(fault))) => refuse(Reply::fault(&fault, &incoming.id)),
        Ok(Err(Error::Problems(_))) => {
            refuse(Reply::refused(StatusCode::BAD_REQUEST, "the delivery cannot be kept", &incoming.id))
        }
        Err(_) => refuse(Reply::fault(&Fault::Bug("keeping a delivery panicked".to_owned()), &incoming.id)),
    }
}
