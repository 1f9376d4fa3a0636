//! The HTTP edge: what the world may send, what it is answered, and how little of either is trusted.
//!
//! A request is observed (its id, its client, one line in the log), the caller is told apart before the body is
//! read, and every GraphQL document, by whichever of the three transports, walks through the same
//! `operation::admit`. What is no endpoint is a page of the static site, where there is one. Everything that is refused,
//! on any path, is refused in the shape of a GraphQL error; only people who ask for a page are told on one.

mod accept;
mod address;
mod body;
mod caller;
mod demo_path;
mod documents;
mod etag;
mod graphiql;
mod graphql;
mod headers;
mod health;
mod hooks;
mod names;
mod observe;
mod open_streams;
mod operation;
mod origin;
mod params;
mod reply;
mod request_id;
mod serve;
mod session;
mod site;
mod socket;
mod sse;
pub(crate) mod status;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware;
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Extension, Router};
use bellwether_domain::{Domain, Fault};
use bellwether_schema::Schema;
use futures_util::future::BoxFuture;
use ipnet::IpNet;
use tokio_util::sync::CancellationToken;
use tower::util::option_layer;
use tower_http::compression::CompressionLayer;

use accept::Format;
use caller::Incoming;
pub use documents::Documents;
use names::OperationNames;
use open_streams::OpenStreams;
use reply::Reply;
pub use serve::serve;
pub use site::Site;

/// What the endpoints work with. Cheap to clone.
#[derive(Clone)]
pub struct AppState {
    /// The business.
    pub domain: Domain,
    /// The GraphQL schema with its resolvers.
    pub schema: Schema,
    /// The same for mutations.
    pub mutations: Schema,
    /// Decides which documents may run.
    pub documents: Arc<Documents>,
    /// What the installation decided.
    pub settings: Arc<HttpSettings>,
    /// Cancelled when the server is to stop: streams end and sockets are closed with 1001.
    pub shutdown: CancellationToken,
}

/// What the installation decided about HTTP.
#[derive(Clone)]
pub struct HttpSettings {
    /// The origins of other sites whose pages may call the API and open sockets, such as `https://app.example.com`;
    /// `*` for all. Pages of the server's own host always may.
    pub allowed_origins: Vec<String>,
    /// The proxies in front of the server, whose X-Forwarded-For is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Whether everybody may introspect the schema, or only who holds SCHEMA_INTROSPECT.
    pub open_introspection: bool,
    /// Whether GraphiQL is served.
    pub graphiql: bool,
    /// How long an operation may take before it is answered UNAVAILABLE.
    pub request_timeout: Duration,
    /// Sockets and event streams that one address may have open.
    pub max_sockets_per_client: usize,
    /// Subscriptions that one socket may follow.
    pub streams_per_socket: usize,
    /// The static site, where there is one.
    pub site: Option<Site>,
    /// Tells /ready whether the database has the schema that this version needs.
    pub migrations: Arc<dyn MigrationCheck>,
}

/// Tells how far the database's schema is behind.
pub trait MigrationCheck: Send + Sync + 'static {
    /// How many migrations are still to be applied, or why that is not known.
    fn pending(&self) -> BoxFuture<'_, Result<usize, String>>;
}

/// The state of the handlers: what they are given, and what they count.
#[derive(Clone)]
struct Http {
    app: AppState,
    streams: OpenStreams,
    names: Arc<OperationNames>,
}

/// Every endpoint of the server, to be [`serve`]d.
pub fn router(state: AppState) -> Router {
    observe::describe_metrics();
    let settings = Arc::clone(&state.settings);
    let http = Http { app: state, streams: OpenStreams::default(), names: Arc::default() };
    let mut router = Router::new()
        .route("/graphql", get(graphql::get).post(graphql::post))
        .route("/graphql/ws", get(socket::upgrade))
        .route("/hooks/tradingview/{token}", post(hooks::tradingview))
        .route("/health", get(health::health))
        .route("/ready", get(health::ready))
        .route("/.well-known/jwks.json", get(health::jwks));
    if settings.graphiql {
        router = router
            .route("/graphiql", get(graphiql::page))
            .route("/graphiql/operations.json", get(demo_path::tabs))
            .route("/graphiql/{file}", get(graphiql::asset));
    }
    router
        .fallback(elsewhere)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(CompressionLayer::new())
        // Around the routes and their fallbacks: a preflight's OPTIONS is no route.
        .layer(option_layer(headers::cors(&settings.allowed_origins)))
        .layer(middleware::from_fn_with_state(http.clone(), observe::observe))
        .with_state(http)
}

/// What is no endpoint: a page of the site, or nothing.
async fn elsewhere(
    State(http): State<Http>,
    Extension(incoming): Extension<Arc<Incoming>>,
    request: Request,
) -> Response {
    let page = http.app.settings.site.as_ref().and_then(|site| site.answer(&request));
    page.unwrap_or_else(|| Reply::fault(&Fault::NotFound, &incoming.id).into_response(Format::Json))
}

async fn method_not_allowed(Extension(incoming): Extension<Arc<Incoming>>) -> Response {
    let message = "this address does not answer that method: see the Allow header";
    Reply::refused(StatusCode::METHOD_NOT_ALLOWED, message, &incoming.id).into_response(Format::Json)
}
