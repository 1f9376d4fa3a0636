//! What machines ask: whether the server lives, whether it can serve, and with which keys its tokens are signed.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::Http;

/// How long each check of readiness may take.
const READY_WITHIN: Duration = Duration::from_secs(1);

/// 200 while the process serves.
pub(super) async fn health() -> Json<Value> {
    Json(json!({"status": "healthy"}))
}

/// 200 if everything that answering needs is there, else 503 with what is not.
pub(super) async fn ready(State(http): State<Http>) -> Response {
    let (database, migrations) = tokio::join!(check_database(&http), check_migrations(&http));
    let server = if http.app.shutdown.is_cancelled() { Err("is shutting down".to_owned()) } else { Ok(()) };
    let checks = [("database", database), ("migrations", migrations), ("server", server)];
    let failed: Vec<&str> = checks.iter().filter(|(_, check)| check.is_err()).map(|(name, _)| *name).collect();
    let status = if failed.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let said = checks.iter().map(|(name, check)| {
        let said = check.as_ref().map_or_else(String::as_str, |()| "ok");
        ((*name).to_owned(), Value::from(said))
    });
    let body = json!({
        "status": if failed.is_empty() { "ready" } else { "not ready" },
        "failed": failed,
        "checks": said.collect::<serde_json::Map<_, _>>(),
    });
    (status, Json(body)).into_response()
}

async fn check_database(http: &Http) -> Result<(), String> {
    match tokio::time::timeout(READY_WITHIN, http.app.domain.db().reader().ping()).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => {
            tracing::warn!(%error, "the database does not answer");
            Err("does not answer".to_owned())
        }
        Err(_) => Err(too_slow()),
    }
}

async fn check_migrations(http: &Http) -> Result<(), String> {
    let migrations = Arc::clone(&http.app.settings.migrations);
    match tokio::time::timeout(READY_WITHIN, migrations.pending()).await {
        Ok(Ok(0)) => Ok(()),
        Ok(Ok(pending)) => Err(format!("{pending} still to be applied: run bellwether migrate")),
        Ok(Err(error)) => {
            tracing::warn!(error, "it cannot be told which migrations are applied");
            Err("cannot be told".to_owned())
        }
        Err(_) => Err(too_slow()),
    }
}

fn too_slow() -> String {
    format!("no answer within {} s", READY_WITHIN.as_secs())
}

/// The public keys of access tokens (RFC 7517).
pub(super) async fn jwks(State(http): State<Http>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/jwk-set+json")),
        (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300")),
    ];
    (headers, http.app.domain.keys().public_jwks().to_string()).into_response()
}
