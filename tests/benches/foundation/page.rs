//! A page of fifty signals with asset and author: the whole server against a plain axum handler.

use std::net::SocketAddr;

use axum::routing::post;
use axum::{Json, Router};
use bellwether_tests::Backend;
use serde_json::json;
use tokio::net::TcpListener;

use crate::data::Bench;
use crate::load::{self, compare, http_rate};
use crate::{Plan, raw};

const QUERY: &str = "query Page { signals(first: 50) { nodes { id symbol timeframe mode signalTime direction confidence \
    entry reasons { indicator value says } asset { symbol name } author { firstName lastName } } } }";
const CLIENTS: usize = 16;

/// Measures it.
pub async fn measure(bench: &Bench, plan: &Plan) {
    let bare = serve_bare(bench).await;
    let body = json!({"query": QUERY}).to_string();
    let ours = load::post("/graphql", bench.client.token.as_deref(), &body);
    let theirs = load::post("/page", None, "{}");
    compare(
        "page of 50 with asset and author, over HTTP",
        async || http_rate(bench.app.address, ours.clone(), CLIENTS, plan.seconds).await,
        async || http_rate(bare, theirs.clone(), CLIENTS, plan.seconds).await,
    )
    .await;
    if bench.app.database.backend == Backend::Postgres {
        let open = bench.app.another_without_wall().await;
        compare(
            "the same behind row-level security, against without",
            async || http_rate(bench.app.address, ours.clone(), CLIENTS, plan.seconds).await,
            async || http_rate(open, ours.clone(), CLIENTS, plan.seconds).await,
        )
        .await;
    }
}

async fn serve_bare(bench: &Bench) -> SocketAddr {
    let (bare, tenant, user) = (bench.bare.clone(), bench.tenant, bench.user);
    let page = move || {
        let bare = bare.clone();
        async move { Json(raw::page(&bare, tenant, user).await) }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/page", post(page))).await.unwrap() });
    address
}
