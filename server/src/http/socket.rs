//! `GET /graphql/ws`: subscriptions over WebSocket, in the protocol graphql-transport-ws and no other.

mod connection;
mod protocol;

use std::sync::Arc;

use axum::Extension;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use bellwether_domain::error::LimitScope;
use bellwether_domain::{Fault, Viewer};

use super::accept::Format;
use super::caller::{Incoming, Presented};
use super::observe::Noted;
use super::reply::Reply;
use super::{Http, origin};
use connection::Connection;

/// The subprotocol, as clients ask for it.
const PROTOCOL: &str = "graphql-transport-ws";
/// The largest message, in bytes.
const LARGEST_MESSAGE: usize = 64 * 1_024;
/// Bytes read at once. The default of 128 KiB would be held by every idle socket.
const READ_BUFFER: usize = 4_096;
/// When a client with too many open sockets may try again, in seconds: whenever one of them closes.
const SOCKETS_RETRY_SECONDS: u32 = 10;

/// Opens a socket.
pub(super) async fn upgrade(
    State(http): State<Http>,
    Extension(incoming): Extension<Arc<Incoming>>,
    request: Request,
) -> Response {
    let (mut parts, _) = request.into_parts();
    let mut noted = Noted::default();
    let mut response = match open(http, &incoming, &mut parts, &mut noted).await {
        Ok(response) => response,
        Err(reply) => {
            noted.code = reply.code().map(str::to_owned);
            reply.into_response(Format::Json)
        }
    };
    if response.status() == StatusCode::UPGRADE_REQUIRED {
        response.headers_mut().insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    }
    response.extensions_mut().insert(noted);
    response
}

async fn open(
    http: Http,
    incoming: &Arc<Incoming>,
    parts: &mut Parts,
    noted: &mut Noted,
) -> Result<Response, Box<Reply>> {
    let refuse = |status, message: &str| Box::new(Reply::refused(status, message, &incoming.id));
    let fault = |fault: Fault| Box::new(Reply::fault(&fault, &incoming.id));
    let settings = Arc::clone(&http.app.settings);
    if !origin::may_open_socket(&parts.headers, &settings.allowed_origins) {
        return Err(refuse(StatusCode::FORBIDDEN, "pages of this origin may not open a socket here"));
    }
    let upgrade = WebSocketUpgrade::from_request_parts(parts, &()).await.map_err(|rejection| {
        let status = match rejection {
            WebSocketUpgradeRejection::InvalidConnectionHeader(_)
            | WebSocketUpgradeRejection::InvalidUpgradeHeader(_) => StatusCode::UPGRADE_REQUIRED,
            _ => StatusCode::BAD_REQUEST,
        };
        refuse(status, "expected the handshake of a WebSocket, version 13")
    })?;
    let upgrade = upgrade.protocols([PROTOCOL]);
    if upgrade.selected_protocol().is_none() {
        return Err(refuse(StatusCode::BAD_REQUEST, "ask for the subprotocol graphql-transport-ws"));
    }
    let presented = Presented::in_headers(&parts.headers);
    let caller = match incoming.caller(&http.app.domain, presented).await {
        Ok(caller) => caller,
        Err(bad) => {
            let counted = incoming.caller_as(Viewer::Anonymous).count_request(&http.app.domain);
            return Err(fault(counted.err().unwrap_or(bad)));
        }
    };
    caller.count_request(&http.app.domain).map_err(fault)?;
    noted.viewer = Some(caller.viewer().clone());
    let Some(place) = http.streams.enter(incoming.address_key(), settings.max_sockets_per_client) else {
        return Err(fault(Fault::RateLimited {
            scope: LimitScope::Streams,
            retry_after_seconds: SOCKETS_RETRY_SECONDS,
        }));
    };
    let connection = Connection { http, incoming: Arc::clone(incoming), caller };
    let response = upgrade
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(READ_BUFFER)
        .max_message_size(LARGEST_MESSAGE)
        .max_frame_size(LARGEST_MESSAGE)
        .on_upgrade(move |socket| async move {
            connection.run(socket).await;
            drop(place);
        });
    Ok(response)
}
