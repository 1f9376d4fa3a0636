//! The part of the attack list that concerns documents: each is refused, after an amount of work that is bounded by the
//! tokens. The documents are built here and described nowhere.

use super::{check, guard, limit_of, repeat, unlimited, variables};
use crate::{Limits, Rejection, Rule, scan::scan, work};
use serde_json::{Map, json};

/// Most looks at a selection for each token: one to read it, one for its extent, one for its price in each of five
/// operations; a selection is a token at least.
const WORK_PER_TOKEN: u64 = 7;

/// Asserts that `source` is refused by one of `rules` and that the work stayed in proportion.
#[track_caller]
fn refused(source: &str, operation: Option<&str>, rules: &[Rule]) {
    let guard = guard(Limits::default());
    work::take();
    let result = guard.check(source, operation, &Map::new());
    let visited = work::take();
    let tokens = u64::try_from(scan(source).unwrap().tokens).unwrap();
    assert!(visited <= WORK_PER_TOKEN * tokens, "{visited} visits for {tokens} tokens");
    match result {
        Err(Rejection::Limit { rule, .. }) if rules.contains(&rule) => {}
        Err(other) => panic!("refused for another reason: {other}"),
        Ok(_) => panic!("accepted"),
    }
}

/// Fragments for the tests below.
fn layers(levels: usize, width: usize, item: &str) -> String {
    let layer = |level: usize| {
        let body = repeat(width, |_| item.replace('…', &format!("...F{}", level + 1)));
        format!("fragment F{level} on Query {{ {body} }}")
    };
    format!("{} fragment F{levels} on Query {{ hello }}", repeat(levels, layer))
}

#[test]
fn layered_documents() {
    let operations = [
        ("{ ...F0 }", None),
        ("{ viewer { user { ...F0 } } }", None),
        ("{ ... on Query { ... { ...F0 } } }", None),
        ("mutation { ...F0 }", None),
        ("subscription { ...F0 }", None),
        ("query A { hello } query B { ...F0 }", Some("A")),
        ("{ hello }", None),
    ];
    for (levels, width) in [(7, 10), (22, 2), (30, 2), (28, 8), (60, 4)] {
        for item in ["…", "a { … }", "... { … }"] {
            let fragments = layers(levels, width, item);
            for (operation, name) in operations {
                let source = format!("{operation} {fragments}");
                let rules = [Rule::Fields, Rule::Depth, Rule::Tokens, Rule::DocumentBytes];
                refused(&source, name, &rules);
                refused(&format!("{fragments} {operation}"), name, &rules);
            }
        }
    }
    refused(&format!("{{ ...F0 }} {}", layers(28, 200, "…")), None, &[Rule::DocumentBytes]);
}

#[test]
fn the_work_does_not_depend_on_the_expanded_size() {
    // Without limits nothing is cut short, and still everything is looked at a fixed number of times; the root names are
    // walked through only after the limits, so the query has none of the layers at its root.
    let guard = guard(Limits { fields: u64::MAX, ..unlimited() });
    for levels in [10, 100, 1_000] {
        let source = format!("{{ viewer {{ ...F0 }} }} {}", layers(levels, 3, "…"));
        work::take();
        assert!(guard.check(&source, None, &Map::new()).is_ok());
        let selections = u64::try_from(2 + 3 * levels + 1).unwrap();
        assert_eq!(work::take(), 3 * selections + 1);
    }
}

#[test]
fn many_inline_fragments() {
    let inline = |outer: usize, inner: usize| {
        format!("{{ {} }}", repeat(outer, |_| format!("... on Query {{ {} }}", repeat(inner, |_| "hello".to_owned()))))
    };
    refused(&inline(60, 70), None, &[Rule::Tokens, Rule::DocumentBytes]);
    refused(&inline(25, 70), None, &[Rule::Fields]);
    refused(&inline(5, 5), None, &[Rule::RootFields]);
    let arguments = format!("{{ viewer {{ {} }} }}", repeat(3_000, |n| format!("id(a:{n})")));
    refused(&arguments, None, &[Rule::DocumentBytes]);
    let arguments = format!("{{ viewer {{ {} }} }}", repeat(400, |n| format!("id(a:{n})")));
    refused(&arguments, None, &[Rule::Tokens]);
}

#[test]
fn aliases() {
    refused(
        &format!("{{ {} }}", repeat(101, |n| format!("a{n}: __typename"))),
        None,
        &[Rule::Aliases, Rule::RootFields],
    );
    refused(&format!("{{ viewer {{ {} }} }}", repeat(101, |n| format!("a{n}: __typename"))), None, &[Rule::Aliases]);
    let heavy = "signals(first: 100) { edges { node { author { name } } } }";
    refused(&format!("{{ viewer {{ {} }} }}", repeat(30, |n| format!("a{n}: {heavy}"))), None, &[Rule::Cost]);
}

#[test]
fn credentials() {
    let attempt = |n: usize| format!("a{n}: login(input: {{email: \"a\", password: \"{n}\"}}) {{ viewer {{ id }} }}");
    for count in [2, 10, 50] {
        refused(&format!("mutation {{ {} }}", repeat(count, attempt)), None, &[Rule::CredentialFields]);
    }
    refused(&format!("mutation {{ {} }}", repeat(900, attempt)), None, &[Rule::DocumentBytes]);
    let fragments = repeat(10, |n| format!("fragment F{n} on Mutation {{ {} }}", attempt(n)));
    let spreads = repeat(10, |n| format!("...F{n}"));
    refused(&format!("mutation {{ {spreads} }} {fragments}"), None, &[Rule::CredentialFields]);
    let other = format!("query A {{ hello }} mutation B {{ {} }}", repeat(2, attempt));
    refused(&other, Some("A"), &[Rule::CredentialFields]);
}

#[test]
fn repeated_fields_and_unknown_fields() {
    refused(&format!("{{ {} }}", repeat(500, |_| "__typename".to_owned())), None, &[Rule::RootFields]);
    refused(&format!("{{ {} }}", repeat(900, |n| format!("x{n}"))), None, &[Rule::Fields]);
    refused(&format!("{{ viewer {{ {} }} }}", repeat(900, |n| format!("x{n}"))), None, &[Rule::Fields]);
}

#[test]
fn directives() {
    refused(&format!("{{ __typename {} }}", repeat(10, |_| "@aa".to_owned())), None, &[Rule::Directives]);
    refused(&format!("{{ viewer {{ {} }} }}", repeat(100, |_| "id @aa @bb".to_owned())), None, &[Rule::Directives]);
    let spread = "{ viewer { ...F ...F ...F ...F ...F ...F } } fragment F on Viewer { id @a @a @a @a }";
    refused(spread, None, &[Rule::Directives]);
}

#[test]
fn circular_introspection() {
    let nested = |levels: usize| {
        format!("{{ __schema {{ types {{ {}name{} }} }} }}", "fields { type { ".repeat(levels), "} } ".repeat(levels))
    };
    for levels in 3..8 {
        refused(&nested(levels), None, &[Rule::IntrospectionLists, Rule::Depth]);
    }
    assert!(check(&nested(1)).is_ok());
}

#[test]
fn deep_and_long_values() {
    for (open, close) in [("[", "]"), ("{a:", "}")] {
        let value = format!("{}1{}", open.repeat(900), close.repeat(900));
        let source = format!("{{ hello(a: {value}) }}");
        refused(&source, None, &[Rule::Tokens, Rule::Nesting]);
    }
    for unbalanced in ["{", "[", "(", "{a(", "{a(b:[", "{a(b:{c:["] {
        refused(&unbalanced.repeat(200), None, &[Rule::Nesting]);
    }
    refused(&format!("{{ hello(a: [{}]) }}", "1 ".repeat(1_500)), None, &[Rule::ListItems]);

    let guard = guard(Limits::default());
    let long = variables(json!({ "a": {"b": vec![1; 100_000]} }));
    assert_eq!(limit_of(guard.check("{ hello }", None, &long)), (Rule::ListItems, 1_000, 100_000));
    // As deep as a JSON parser lets through.
    let deep = (0..127).fold(json!(1), |inner, _| json!([inner]));
    assert!(guard.check("{ hello }", None, &variables(json!({ "a": deep }))).is_ok());
    refused(&format!("{{ hello(a: [{}]) }}", "0".repeat(16_000)), None, &[Rule::Tokens]);
    refused(&format!("{{ hello(a: [{}]) }}", "null".repeat(4_000)), None, &[Rule::ListItems]);
}
