//! Who sends a request: what is known when it comes in, and what its token adds.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request};
use axum::http::{HeaderMap, HeaderValue, header};
use bellwether_domain::error::UnauthenticatedReason;
use bellwether_domain::limits::address_key;
use bellwether_domain::viewer::ClientInfo;
use bellwether_domain::{Domain, Fault, Viewer};
use bellwether_schema::RequestContext;
use ipnet::IpNet;

use super::serve::InFlight;
use super::{address, request_id};

/// Characters that are kept of what a program calls itself.
const LONGEST_USER_AGENT: usize = 200;

/// What is known of a request when it comes in. While it is held, the server waits for it before it stops.
pub(super) struct Incoming {
    /// The request's id.
    pub(super) id: String,
    /// Where it came from.
    pub(super) client: ClientInfo,
    _in_flight: Option<InFlight>,
}

impl Incoming {
    /// What is known of this request.
    pub(super) fn of(request: &Request, trusted_proxies: &[IpNet]) -> Self {
        let (headers, extensions) = (request.headers(), request.extensions());
        let peer = extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
        let user_agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
        Self {
            id: request_id::of(headers),
            client: ClientInfo {
                address: peer.map(|peer| address::client_address(peer, headers, trusted_proxies)),
                user_agent: user_agent.map(|text| text.chars().take(LONGEST_USER_AGENT).collect()),
            },
            _in_flight: extensions.get::<InFlight>().cloned(),
        }
    }

    /// What limits by address count this request by.
    pub(super) fn address_key(&self) -> String {
        self.client.address.map_or_else(|| "address:unknown".to_owned(), address_key)
    }

    /// The caller with this Authorization header, or without one.
    ///
    /// # Errors
    /// UNAUTHENTICATED: whoever presents a token that is not good is nobody, not anybody. UNAVAILABLE.
    pub(super) async fn caller(&self, domain: &Domain, authorization: Presented<'_>) -> Result<Caller, Fault> {
        let viewer = match authorization {
            Presented::Nothing => Viewer::Anonymous,
            Presented::Token(token) => domain.authenticate(token).await?,
            Presented::Unusable => return Err(Fault::Unauthenticated(UnauthenticatedReason::Invalid)),
        };
        Ok(self.caller_as(viewer))
    }

    /// The caller as this viewer.
    pub(super) fn caller_as(&self, viewer: Viewer) -> Caller {
        let key = match &viewer {
            Viewer::User(member) => format!("user:{}", member.user_id),
            Viewer::Anonymous | Viewer::System => self.address_key(),
        };
        let context = RequestContext { viewer, client: self.client.clone(), request_id: self.id.clone() };
        Caller { context: Arc::new(context), key }
    }
}

/// Who asks, and what the limits count them by.
#[derive(Clone)]
pub(super) struct Caller {
    /// What resolvers are given.
    pub(super) context: Arc<RequestContext>,
    /// The key of the limits.
    pub(super) key: String,
}

impl Caller {
    /// Counts a request.
    ///
    /// # Errors
    /// RATE_LIMITED.
    pub(super) fn count_request(&self, domain: &Domain) -> Result<(), Fault> {
        domain.limits().requests.check(&self.key)
    }

    /// The request's id.
    pub(super) fn request_id(&self) -> &str {
        &self.context.request_id
    }

    /// Who.
    pub(super) fn viewer(&self) -> &Viewer {
        &self.context.viewer
    }
}

/// What a caller shows to be let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Presented<'a> {
    /// Nothing.
    Nothing,
    /// A bearer token.
    Token(&'a str),
    /// Something else.
    Unusable,
}

impl<'a> Presented<'a> {
    /// What the Authorization header shows.
    pub(super) fn in_headers(headers: &'a HeaderMap) -> Self {
        let mut values = headers.get_all(header::AUTHORIZATION).iter();
        match (values.next().map(HeaderValue::to_str), values.next()) {
            (None, _) => Self::Nothing,
            (Some(Ok(value)), None) => Self::in_text(value),
            _ => Self::Unusable,
        }
    }

    /// What the text of an Authorization header shows.
    pub(super) fn in_text(value: &'a str) -> Self {
        match value.trim().split_once(' ') {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Self::Token(token.trim_start()),
            _ => Self::Unusable,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_and_nothing_else_is_nothing() {
        for (value, expected) in [
            ("Bearer abc", Presented::Token("abc")),
            ("bearer  abc", Presented::Token("abc")),
            ("Basic abc", Presented::Unusable),
            ("Bearer", Presented::Unusable),
            ("abc", Presented::Unusable),
            ("", Presented::Unusable),
        ] {
            let headers = HeaderMap::from_iter([(header::AUTHORIZATION, value.parse().unwrap())]);
            assert_eq!(Presented::in_headers(&headers), expected, "{value}");
        }
        assert_eq!(Presented::in_headers(&HeaderMap::new()), Presented::Nothing);
    }

    #[test]
    fn two_tokens_are_none() {
        let mut headers = HeaderMap::new();
        headers.append(header::AUTHORIZATION, "Bearer a".parse().unwrap());
        headers.append(header::AUTHORIZATION, "Bearer b".parse().unwrap());
        assert_eq!(Presented::in_headers(&headers), Presented::Unusable);
    }
}
