//! The closed list of the codes of top-level errors: what `extensions.code` may say.

macro_rules! error_codes {
    ($($name:ident = $text:literal, $retryable:literal, $doc:literal;)*) => {
        /// The code of a top-level error.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum ErrorCode { $(#[doc = $doc] $name,)* }

        impl ErrorCode {
            /// Every code.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The name in the contract.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// Whether the same request may succeed a little later.
            pub const fn is_retryable(self) -> bool {
                match self { $(Self::$name => $retryable,)* }
            }

            /// What it says, in a sentence or two.
            pub const fn description(self) -> &'static str {
                match self { $(Self::$name => $doc,)* }
            }
        }
    };
}

error_codes! {
    Unauthenticated = "UNAUTHENTICATED", false,
        "Nobody is signed in, or not any more. `extensions.reason` says why: MISSING, EXPIRED, REVOKED or INVALID.";
    Forbidden = "FORBIDDEN", false,
        "The role or the API key lacks a permission; `extensions.required` names it, and permissions.md says who holds it.";
    NotFound = "NOT_FOUND", false,
        "It does not exist, or is not the caller's to see.";
    RateLimited = "RATE_LIMITED", true,
        "Too often. `extensions.scope` says of what there was too much: LOGINS, REGISTRATIONS, RESETS, FORMS, REQUESTS, DELIVERIES, POINTS, ANALYSES or STREAMS; `extensions.retryAfterSeconds` and the header Retry-After say when to try again.";
    QueryRejected = "QUERY_REJECTED", false,
        "The document asks for more than one may hold, or for what its transport does not carry. Where a limit was met, `extensions.rule`, `limit` and `actual` say which.";
    GraphqlParseFailed = "GRAPHQL_PARSE_FAILED", false,
        "The document is not GraphQL; `locations` says where.";
    GraphqlValidationFailed = "GRAPHQL_VALIDATION_FAILED", false,
        "The document or its variables do not fit the schema.";
    BadRequest = "BAD_REQUEST", false,
        "The request or an argument of a query is not what was expected; `extensions.problems` names each argument with a code of the list below, a message and a path.";
    ResyncRequired = "RESYNC_REQUIRED", false,
        "A subscription missed events and has ended: read the list again, and follow anew from `extensions.lastSequence` where there is one.";
    MarketDataUnavailable = "MARKET_DATA_UNAVAILABLE", true,
        "No price of the asset, or no rate between the currencies, is known: neither here nor at a source that is switched on.";
    Unavailable = "UNAVAILABLE", true,
        "The service can't answer just now. `extensions.retryAfterSeconds` says when to try again.";
    Internal = "INTERNAL", false,
        "A bug of ours. The log has its cause under `extensions.requestId`.";
}
