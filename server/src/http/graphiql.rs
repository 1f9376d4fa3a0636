//! GraphiQL, from this binary alone: nothing is loaded from another host, and the page's policy would refuse it.

use std::sync::{Arc, LazyLock};

use axum::Extension;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bellwether_domain::Fault;

use super::accept::Format;
use super::caller::Incoming;
use super::etag;
use super::reply::Reply;

/// The page's policy. The hash is that of the one style that its editor writes into the page.
const POLICY: &str = "default-src 'none'; script-src 'self'; \
    style-src 'self' 'sha256-Y/huXlwoYkVyQlxwSVcCi1RCDGDCSVBzDt0hYP9qlTc='; img-src 'self'; connect-src 'self'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const JAVASCRIPT: &str = "text/javascript; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";

struct Asset {
    name: &'static str,
    content_type: &'static str,
    bytes: &'static [u8],
}

macro_rules! assets {
    ($($name:literal as $content_type:expr;)*) => {
        &[$(Asset {
            name: $name,
            content_type: $content_type,
            bytes: include_bytes!(concat!("../../assets/graphiql/", $name)),
        },)*]
    };
}

/// The page first.
const ASSETS: &[Asset] = assets! {
    "index.html" as "text/html; charset=utf-8";
    "bellwether.css" as CSS;
    "bellwether.js" as JAVASCRIPT;
    "favicon.svg" as "image/svg+xml";
    "graphiql.min.css" as CSS;
    "graphiql.min.js" as JAVASCRIPT;
    "graphql-ws.min.js" as JAVASCRIPT;
    "react-dom.production.min.js" as JAVASCRIPT;
    "react.production.min.js" as JAVASCRIPT;
    "LICENSES" as "text/plain; charset=utf-8";
};

/// The entity tags of [`ASSETS`].
static TAGS: LazyLock<Vec<HeaderValue>> = LazyLock::new(|| ASSETS.iter().map(|asset| etag::of(asset.bytes)).collect());

/// The page.
pub(super) async fn page(headers: HeaderMap) -> Response {
    send(0, &headers)
}

/// One of the files that the page loads.
pub(super) async fn asset(
    Extension(incoming): Extension<Arc<Incoming>>,
    Path(file): Path<String>,
    headers: HeaderMap,
) -> Response {
    match ASSETS.iter().position(|asset| asset.name == file) {
        Some(index) => send(index, &headers),
        None => Reply::fault(&Fault::NotFound, &incoming.id).into_response(Format::Json),
    }
}

fn send(index: usize, headers: &HeaderMap) -> Response {
    let (asset, tag) = (&ASSETS[index], &TAGS[index]);
    let common = [
        (header::ETAG, tag.clone()),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
    ];
    if etag::is_known(headers, tag) {
        return (StatusCode::NOT_MODIFIED, common).into_response();
    }
    let content_type = [(header::CONTENT_TYPE, HeaderValue::from_static(asset.content_type))];
    (common, content_type, asset.bytes).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_loads_only_what_is_here() {
        let page = std::str::from_utf8(ASSETS[0].bytes).unwrap();
        for (_, rest) in page.match_indices("/graphiql/").map(|(at, found)| page.split_at(at + found.len())) {
            let file = &rest[..rest.find('"').unwrap()];
            assert!(ASSETS.iter().any(|asset| asset.name == file), "{file}");
        }
    }

    #[test]
    fn what_the_browser_has_is_not_sent_again() {
        let first = send(1, &HeaderMap::new());
        let tag = first.headers()[header::ETAG].clone();
        let again = send(1, &HeaderMap::from_iter([(header::IF_NONE_MATCH, tag)]));
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
        let other = send(2, &HeaderMap::from_iter([(header::IF_NONE_MATCH, first.headers()[header::ETAG].clone())]));
        assert_eq!(other.status(), StatusCode::OK);
    }
}
