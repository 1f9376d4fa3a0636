//! Which form of answer a caller takes (RFC 9110, 12.5.1), and which form of body a request may have.
//!
//! By default, and for `*/*`, a caller gets `application/json`, as GraphQL over HTTP has it for clients that do not
//! say: they may be older than `application/graphql-response+json` and its meaningful statuses.

use async_graphql::parser::types::OperationType;
use axum::http::{HeaderMap, header};

/// A form of answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// `application/graphql-response+json`: the status says how it went.
    GraphqlResponse,
    /// `application/json`: the status is 200 for every well-formed request.
    Json,
    /// `text/event-stream`: graphql-sse with distinct connections.
    Events,
}

impl Format {
    /// The media type, as it is sent.
    pub(super) const fn content_type(self) -> &'static str {
        match self {
            Self::GraphqlResponse => "application/graphql-response+json; charset=utf-8",
            Self::Json | Self::Events => "application/json; charset=utf-8",
        }
    }
}

/// What a caller takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Accept {
    /// The form of a single answer; none if only events are taken.
    single: Option<Format>,
    /// Whether events are taken; only if they are named.
    events: bool,
}

impl Accept {
    /// What these headers ask for; nothing if we have none of it.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        if !headers.contains_key(header::ACCEPT) {
            return Some(Self { single: Some(Format::Json), events: false });
        }
        let values = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
        let ranges: Vec<(String, f32)> = values.flat_map(|value| value.split(',')).filter_map(parse_range).collect();
        let named = |name: &str| ranges.iter().find(|(range, _)| range == name).map(|(_, q)| *q);
        let any = named("application/*").or_else(|| named("*/*")).unwrap_or(0.0);

        let response = named("application/graphql-response+json");
        let json = named("application/json").unwrap_or(any);
        let single = match response {
            Some(q) if q > 0.0 && (q >= json || named("application/json").is_none()) => Some(Format::GraphqlResponse),
            _ if json > 0.0 => Some(Format::Json),
            None if any > 0.0 => Some(Format::GraphqlResponse),
            _ => None,
        };
        let events = named("text/event-stream").or_else(|| named("text/*")).unwrap_or(0.0) > 0.0;
        (single.is_some() || events).then_some(Self { single, events })
    }

    /// The form of an answer to what is not a subscription.
    pub(super) fn format(self) -> Format {
        self.single.unwrap_or(Format::Events)
    }

    /// Whether an operation of this type is answered with events.
    pub(super) fn streams(self, kind: OperationType) -> bool {
        self.events && (self.single.is_none() || kind == OperationType::Subscription)
    }
}

/// A media range in lower case without its parameters, and its weight.
fn parse_range(range: &str) -> Option<(String, f32)> {
    let mut parts = range.split(';').map(str::trim);
    let name = parts.next().filter(|name| !name.is_empty())?.to_ascii_lowercase();
    let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
    Some((name, weight.map_or(1.0, |q| q.parse().unwrap_or(0.0))))
}

/// Whether the body is said to be JSON, in UTF-8 where it says so.
pub(super) fn is_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()) else { return false };
    let mut parts = value.split(';').map(str::trim);
    let is_json = parts.next().is_some_and(|essence| essence.eq_ignore_ascii_case("application/json"));
    let is_utf8 = parts.filter_map(|part| part.split_once('=')).all(|(name, value)| {
        !name.eq_ignore_ascii_case("charset") || value.trim_matches('"').eq_ignore_ascii_case("utf-8")
    });
    is_json && is_utf8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accept(value: &str) -> Option<Accept> {
        Accept::of(&HeaderMap::from_iter([(header::ACCEPT, value.parse().unwrap())]))
    }

    #[test]
    fn a_single_answer_is_negotiated() {
        for (value, expected) in [
            ("application/graphql-response+json", Format::GraphqlResponse),
            ("application/graphql-response+json; charset=utf-8", Format::GraphqlResponse),
            ("Application/JSON", Format::Json),
            ("*/*", Format::Json),
            ("application/*", Format::Json),
            ("text/html, */*;q=0.1", Format::Json),
            ("application/graphql-response+json, application/json;q=0.9", Format::GraphqlResponse),
            ("application/json, application/graphql-response+json", Format::GraphqlResponse),
            ("application/json, application/graphql-response+json;q=0.9", Format::Json),
            ("application/graphql-response+json;q=0.5, */*", Format::GraphqlResponse),
            ("application/json;q=0, */*", Format::GraphqlResponse),
            ("text/event-stream", Format::Events),
        ] {
            assert_eq!(accept(value).map(Accept::format), Some(expected), "{value}");
        }
        assert_eq!(Accept::of(&HeaderMap::new()).map(Accept::format), Some(Format::Json));
    }

    #[test]
    fn what_we_do_not_have_is_not_acceptable() {
        for value in ["text/html", "application/xml", "application/json;q=0", "", "multipart/mixed"] {
            assert_eq!(accept(value), None, "{value}");
        }
    }

    #[test]
    fn events_are_sent_to_whoever_names_them() {
        let streams = |value: &str, kind| accept(value).is_some_and(|accept| accept.streams(kind));
        assert!(streams("text/event-stream", OperationType::Query));
        assert!(streams("text/event-stream", OperationType::Subscription));
        let both = "application/graphql-response+json, application/json, text/event-stream, multipart/mixed";
        assert!(!streams(both, OperationType::Query));
        assert!(streams(both, OperationType::Subscription));
        assert!(!streams("*/*", OperationType::Subscription));
    }

    #[test]
    fn only_json_is_a_body() {
        let is_json = |value: &str| is_json(&HeaderMap::from_iter([(header::CONTENT_TYPE, value.parse().unwrap())]));
        for right in ["application/json", "application/json;charset=UTF-8", "APPLICATION/JSON; charset=\"utf-8\""] {
            assert!(is_json(right), "{right}");
        }
        for wrong in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "application/json; charset=utf-16",
            "application/jsonx",
            "",
        ] {
            assert!(!is_json(wrong), "{wrong}");
        }
        assert!(!super::is_json(&HeaderMap::new()));
    }
}
