//! Taking connections, and letting them go.
//!
//! HTTP/1.1 alone: WebSockets need it, and whoever wants HTTP/2 has a proxy for TLS in front, which speaks HTTP/1.1
//! to us. hyper closes a connection whose next request's head does not come in time, also an idle one.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::serve::Listener;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;
use tower::ServiceExt;

/// How long the head of a request may take to come in.
const HEAD_WITHIN: Duration = Duration::from_secs(10);
/// How large it may be, in bytes.
const LARGEST_HEAD: usize = 32 * 1_024;
/// How long requests may take to end once the server is to stop: of the half minute that the process has in all, what
/// leaves it time to close the database.
const STOP_WITHIN: Duration = Duration::from_secs(28);

/// Held by work that the server waits for before it stops.
#[derive(Clone)]
pub(super) struct InFlight(#[expect(dead_code, reason = "held, not read")] TaskTrackerToken);

/// Serves `router` until `shutdown`: then no connection is taken any more, and requests, sockets and what was written
/// on behalf of callers who hung up have 28 s to end.
///
/// # Errors
/// None at present: connections that fail are dropped, and a listener that fails is tried again.
pub async fn serve(mut listener: TcpListener, router: Router, shutdown: CancellationToken) -> io::Result<()> {
    let in_flight = TaskTracker::new();
    loop {
        tokio::select! {
            (stream, peer) = Listener::accept(&mut listener) => {
                let connection = connection(stream, peer, router.clone(), in_flight.clone(), shutdown.clone());
                in_flight.spawn(connection);
            }
            () = shutdown.cancelled() => break,
        }
    }
    drop(listener);
    in_flight.close();
    if tokio::time::timeout(STOP_WITHIN, in_flight.wait()).await.is_err() {
        tracing::warn!(left = in_flight.len(), "stopping although some requests have not ended");
    }
    Ok(())
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    in_flight: TaskTracker,
    shutdown: CancellationToken,
) {
    // Events are small and should not wait for more of them.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY could not be set");
    }
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let mut request: Request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        request.extensions_mut().insert(InFlight(in_flight.token()));
        router.clone().oneshot(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WITHIN)
        .max_buf_size(LARGEST_HEAD)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = shutdown.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}
