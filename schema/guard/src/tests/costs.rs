//! What operations cost: a table of documents and points.

use super::{check, guard, limit_of, unlimited, variables};
use crate::{Limits, Rule};
use serde_json::{Map, Value as Json, json};

fn cost(source: &str) -> u64 {
    cost_with(source, json!({}))
}

#[track_caller]
fn cost_with(source: &str, given: Json) -> u64 {
    match guard(unlimited()).check(source, None, &variables(given)) {
        Ok(accepted) => accepted.cost,
        Err(rejection) => panic!("{source}: {rejection}"),
    }
}

#[test]
fn fields() {
    for (source, points) in [
        ("{ hello role __typename }", 0),
        ("{ viewer { id role __typename } }", 1),
        ("{ extended { user { name createdAt } } }", 2),
        ("{ node(id: 1) { id ... on Signal { author { name } } ... on User { name } } }", 2),
        ("{ priced { price } }", 1),
        // Embedded values.
        ("{ signal(id: 1) { reasons { indicator value } payload } }", 2),
        ("{ quotes(symbols: [\"A\", \"B\"]) { price } }", 1),
        // Unknown to the schema.
        ("{ nothing }", 1),
        ("{ nothing { at { all } } viewer { none } }", 5),
        ("{ viewer { ... on Nothing { id } ...F } } fragment F on Nowhere { id }", 3),
    ] {
        assert_eq!(cost(source), points, "{source}");
    }
}

#[test]
fn connections() {
    for (source, points) in [
        ("{ signals { __typename } }", 1),
        ("{ signals(first: 10) { nodes { id } } }", 11),
        ("{ signals(first: 10) { edges { node { id } } } }", 11),
        ("{ signals(first: 10) { edges { cursor node { id author { name } } } } }", 21),
        ("{ signals(first: 10) { pageInfo { endCursor } nodes { author { name } } } }", 22),
        ("{ signals(first: 10) { totalCount } }", 21),
        ("{ historyCsv }", 500),
        ("{ exportHistory }", 500),
        ("{ verifyHistory { isValid first { id } } }", 501),
        ("{ signals(first: 10) { totalCount pageInfo { endCursor } edges { node { id } } nodes { id } } }", 42),
        // The page: 20 where nothing is said, the larger of the two, between 0 and 100.
        ("{ signals { nodes { id } } }", 21),
        ("{ signals(first: null) { nodes { id } } }", 21),
        ("{ signals(last: 7) { nodes { id } } }", 8),
        ("{ signals(first: 3, last: 7) { nodes { id } } }", 8),
        ("{ signals(first: 0) { nodes { id } } }", 1),
        ("{ signals(first: -5) { nodes { id } } }", 1),
        ("{ signals(first: 101) { nodes { id } } }", 101),
        ("{ signals(first: 99999999999999999999) { nodes { id } } }", 101),
        ("{ signals(first: 18446744073709551615) { nodes { id } } }", 101),
        ("{ signals(first: 1.5) { nodes { id } } }", 101),
        ("{ signals(first: \"2\") { nodes { id } } }", 101),
        // The default of the schema.
        ("{ history { nodes { id } } }", 51),
        ("{ history(first: 2) { nodes { id } } }", 3),
        // One inside the other.
        ("{ signals(first: 4) { nodes { author { signals(first: 5) { nodes { id } } } } } }", 33),
    ] {
        assert_eq!(cost(source), points, "{source}");
    }
}

#[test]
fn fragments_on_connections_take_the_page_of_the_place() {
    let fragment = "fragment F on SignalConnection { pageInfo { endCursor } ... { ...G } } fragment G on SignalConnection { totalCount nodes { id } }";
    for (source, points) in [
        ("{ signals(first: 10) { ...F } }", 1 + 1 + 20 + 10),
        ("{ signals(first: 10) { ...F } history { ...F } }", 32 + 72),
        ("{ signals(first: 10) { ... on SignalConnection { ...F nodes { id } } } }", 42),
    ] {
        assert_eq!(cost(&format!("{source} {fragment}")), points, "{source}");
    }
    // On a type that has no page the largest is assumed.
    assert_eq!(cost(&format!("{{ viewer {{ ...F }} }} {fragment}")), 1 + 1 + 20 + 100);
}

#[test]
fn variables_and_their_defaults() {
    let page = "query($n: Int) { signals(first: $n) { nodes { id } } }";
    let default = "query($n: Int = 7) { ...F } fragment F on Query { signals(first: $n) { nodes { id } } }";
    for (source, given, points) in [
        (page, json!({}), 21),
        (page, json!({"n": null}), 21),
        (page, json!({"n": 3}), 4),
        (page, json!({"n": -3}), 1),
        (page, json!({"n": 1000}), 101),
        (page, json!({"n": u64::MAX}), 101),
        (page, json!({"n": 2.5}), 101),
        (page, json!({"n": "3"}), 101),
        (page, json!({"n": [3]}), 101),
        (page, json!({"m": 3}), 21),
        (default, json!({}), 8),
        (default, json!({"n": null}), 21),
        (default, json!({"n": 9}), 10),
        ("query($n: Int = null) { signals(first: $n) { nodes { id } } }", json!({}), 21),
        ("{ signals(first: $unknown) { nodes { id } } }", json!({}), 21),
    ] {
        assert_eq!(cost_with(source, given.clone()), points, "{source} {given}");
    }
    // The same fragment under two operations with defaults of their own.
    let two = "query A($n: Int = 2) { ...F } query B($n: Int = 9) { ...F } fragment F on Query { signals(first: $n) { nodes { id } } }";
    let guard = guard(Limits::default());
    let costs = ["A", "B"].map(|name| guard.check(two, Some(name), &Map::new()).unwrap().cost);
    assert_eq!(costs, [3, 10]);
}

#[test]
fn lists_of_rows() {
    let by_ids = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }";
    for (source, given, points) in [
        ("{ nodes(ids: [1, 2, 3]) { id ... on Signal { author { name } } } }", json!({}), 6),
        ("{ nodes(ids: 1) { id } }", json!({}), 1),
        ("{ nodes(ids: []) { id } }", json!({}), 1),
        ("{ nodes(ids: null) { id } }", json!({}), 10),
        (by_ids, json!({"ids": [1, 2, 3, 4]}), 4),
        (by_ids, json!({"ids": "one"}), 1),
        (by_ids, json!({}), 10),
        ("query($ids: [ID!] = [1, 2]) { nodes(ids: $ids) { id } }", json!({}), 2),
        ("{ latestSignals(symbols: [1, 2], kinds: [1, 2, 3, 4, 5]) { author { name } } }", json!({}), 10),
        ("{ latestSignals(symbols: [1, 2]) { id } }", json!({}), 2),
        ("{ recentSignals { author { name } } }", json!({}), 20),
        ("{ recentSignals(limit: 3) { id } }", json!({}), 10),
        // A union with a row among its members.
        ("{ search { ... on Signal { author { name } } } }", json!({}), 20),
    ] {
        assert_eq!(cost_with(source, given.clone()), points, "{source} {given}");
    }
}

#[test]
fn writes_and_subscriptions() {
    for (source, points) in [
        ("mutation { ping }", 10),
        ("mutation { ping __typename login(input: {}) { viewer { id } userErrors { message } } }", 10 + 12),
        ("mutation { recordSignals(input: {}) { inserted results { index signal { id } } } }", 12),
        ("mutation { importSignals(ids: [1, 2]) { author { name } } }", 10 + 4),
        ("mutation { ...F } fragment F on Mutation { a: ping ... on Mutation { b: ping } }", 20),
        ("mutation { nothing { id } }", 11),
        ("subscription { signalRecorded { sequence signal { id } } }", 11),
        ("subscription { ticks }", 10),
    ] {
        assert_eq!(cost(source), points, "{source}");
    }
}

#[test]
fn the_limit() {
    // 1 for the connection, 9 a row: 999 points; the object beside it is the thousandth.
    let rows = "signals(first: 100) { pageInfo { endCursor } nodes { a:author{id} b:author{id} c:author{id} d:author{id} e:author{id} f:author{id} g:author{id} h:author{id} } }";
    assert_eq!(check(&format!("{{ {rows} }}")).unwrap().cost, 902);
    let more = |objects: usize| {
        format!("{{ {rows} viewer {{ id {} }} }}", super::repeat(objects, |_| "user { id }".to_owned()))
    };
    assert_eq!(check(&more(97)).unwrap().cost, 1_000);
    assert_eq!(limit_of(check(&more(98))), (Rule::Cost, 1_000, 1_001));
    // Multiplied again and again it stays at the most that can be counted.
    let nested = format!(
        "{{ signals(first: 100) {{ {}id{} }} }}",
        "nodes { author { signals(first: 100) { ".repeat(10),
        "} } } ".repeat(10)
    );
    assert_eq!(cost(&nested), u64::MAX);
}
