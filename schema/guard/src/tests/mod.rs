//! Tests of the guard as a whole; every file is about one promise.

mod attacks;
mod costs;
mod fixed;
mod introspection;
mod naive;
mod parsing;
mod property;
mod rules;

use crate::{Accepted, CostModel, Guard, Limits, Rejection, Rule};
use serde_json::{Map, Value as Json};
use std::sync::LazyLock;

/// A schema with every shape that costs differently.
pub(crate) const SDL: &str = r#"
schema { query: Query mutation: Mutation subscription: Subscription }
directive @include(if: Boolean!) on FIELD | FRAGMENT_SPREAD | INLINE_FRAGMENT
directive @oneOf on INPUT_OBJECT
"""
A description with a "quote" and a { bracket.
"""
scalar DateTime
scalar JSON @specifiedBy(url: "https://example.invalid")
enum Role { TRADER OWNER @deprecated(reason: "old") }
interface Node { id: ID! }
interface Priced { price: String quotes(symbols: [String!]): [Quote!] }
union Found = Signal | Quote
input SignalFilter { symbol: String in: [String!] and: [SignalFilter!] }
input LoginInput { email: String! password: String! }
type Query {
  hello: String
  role: Role
  node(id: ID!): Node
  nodes(ids: [ID!]!): [Node]
  viewer: Viewer
  signal(id: ID!): Signal
  signals(filter: SignalFilter, first: Int, after: String, last: Int, before: String): SignalConnection
  history(first: Int = 50): SignalConnection!
  historyCsv: String
  exportHistory: String
  verifyHistory: HistoryProof
  latestSignals(symbols: [String!]!, kinds: [String!] = ["A"]): [Signal!]
  recentSignals(limit: Int): [Signal!]!
  quotes(symbols: [String!]!): [Quote!]
  search(text: String): [Found!]
  priced: Priced
  login: Boolean
}
type Mutation {
  login(input: LoginInput!): LoginPayload
  ping: Boolean
  recordSignals(input: JSON): RecordSignalsPayload
  importSignals(ids: [ID!]!): [Signal!]
}
type Subscription { signalRecorded: SignalEvent! ticks: Int! }
type Viewer { id: ID! role: Role! user: User! signals(first: Int): SignalConnection! }
type User implements Node { id: ID! name: String createdAt: DateTime signals(first: Int): SignalConnection! }
type Signal implements Node { id: ID! symbol: String author: User reasons: [Reason!]! payload: JSON }
type HistoryProof { isValid: Boolean! first: Signal }
type Reason { indicator: String value: String }
type Quote implements Priced { symbol: String! price: String quotes(symbols: [String!]): [Quote!] }
type SignalEdge { cursor: String! node: Signal! }
type PageInfo { hasNextPage: Boolean! endCursor: String }
type SignalConnection { edges: [SignalEdge!]! nodes: [Signal!]! pageInfo: PageInfo! totalCount: Int }
type SignalEvent { sequence: String! signal: Signal! }
type LoginPayload { viewer: Viewer userErrors: [UserError!]! }
type UserError { message: String! path: [String!] }
type RecordResult { index: Int! signal: Signal userErrors: [UserError!]! }
type RecordSignalsPayload { results: [RecordResult!]! inserted: Int! }
extend type Query { extended: Viewer }
"#;

/// The fields that check a credential in [`SDL`].
pub(crate) const CREDENTIALS: &[&str] = &["login", "register"];

/// A guard over [`SDL`].
pub(crate) fn guard(limits: Limits) -> Guard {
    static MODEL: LazyLock<CostModel> = LazyLock::new(|| CostModel::from_sdl(SDL).unwrap());
    Guard::new(MODEL.clone(), limits, CREDENTIALS)
}

/// Limits that nothing reaches, except for the brackets.
pub(crate) fn unlimited() -> Limits {
    Limits {
        document_bytes: usize::MAX,
        tokens: usize::MAX,
        nesting: 64,
        depth: u32::MAX,
        introspection_depth: u32::MAX,
        introspection_lists: u32::MAX,
        introspection_fields: u64::MAX,
        aliases: usize::MAX,
        root_fields: usize::MAX,
        mutation_fields: usize::MAX,
        credential_fields: usize::MAX,
        directives_per_field: usize::MAX,
        directives: usize::MAX,
        operations: usize::MAX,
        fields: u64::MAX,
        selections: u64::MAX,
        list_items: usize::MAX,
        cost: u64::MAX,
    }
}

/// Checks with the default limits and without variables.
pub(crate) fn check(source: &str) -> Result<Accepted, Rejection> {
    guard(Limits::default()).check(source, None, &Map::new())
}

/// Variables from a JSON literal.
pub(crate) fn variables(value: Json) -> Map<String, Json> {
    match value {
        Json::Object(map) => map,
        other => panic!("variables are an object, not {other}"),
    }
}

/// The rule, limit and amount of a rejection.
#[track_caller]
pub(crate) fn limit_of(result: Result<Accepted, Rejection>) -> (Rule, u64, u64) {
    match result {
        Err(Rejection::Limit { rule, limit, actual }) => (rule, limit, actual),
        Err(other) => panic!("expected a limit, got: {other}"),
        Ok(accepted) => panic!("expected a limit, but it was accepted with cost {}", accepted.cost),
    }
}

/// `count` copies of what `item` makes of a number, with spaces between.
pub(crate) fn repeat(count: usize, item: impl Fn(usize) -> String) -> String {
    (0..count).map(item).collect::<Vec<_>>().join(" ")
}
