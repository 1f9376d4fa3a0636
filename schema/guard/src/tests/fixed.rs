//! Answers that were wrong somewhere once, in this guard or in another, and what an accepted document tells.

use super::{check, guard, limit_of, repeat};
use crate::{Limits, OperationType, Rule};
use serde_json::Map;

#[test]
fn a_fragment_named_like_introspection_is_a_fragment() {
    let deep = |levels: usize| format!("{}id{}", "a {".repeat(levels - 1), "}".repeat(levels - 1));
    for name in ["__schema", "__type"] {
        let source = |levels: usize| format!("{{ ...{name} }} fragment {name} on Query {{ {} }}", deep(levels));
        assert!(check(&source(12)).is_ok());
        assert_eq!(limit_of(check(&source(13))), (Rule::Depth, 12, 13));
        let many =
            format!("{{ a {{ ...{name} }} }} fragment {name} on Query {{ {} }}", repeat(500, |_| "id".to_owned()));
        assert_eq!(limit_of(check(&many)), (Rule::Fields, 500, 501));
        let named = check(&format!("{{ ...{name} }} fragment {name} on Query {{ hello }}")).unwrap();
        assert!(!named.uses_introspection && !named.is_introspection_only);
        // An alias does not make introspection either.
        assert_eq!(limit_of(check(&format!("{{ {name}: a {{ {} }} }}", deep(12)))), (Rule::Depth, 12, 13));
    }
}

#[test]
fn a_fragment_counts_at_every_place_where_it_is_used() {
    // Six levels of its own: shallow at first, too deep the second time, in both orders.
    let fragment = "fragment F on Viewer { a { a { a { a { a { id } } } } } }";
    let below = |levels: usize| format!("{}...F{}", "a {".repeat(levels), "}".repeat(levels));
    for (first, second) in [(1, 7), (7, 1)] {
        let source = format!("{{ {} {} }} {fragment}", below(first), below(second));
        assert_eq!(limit_of(check(&source)), (Rule::Depth, 12, 13));
    }
    assert!(check(&format!("{{ {} {} }} {fragment}", below(1), below(6))).is_ok());
}

#[test]
fn introspection_fields_below_the_root_or_in_writes_are_plain_fields() {
    let deep = format!("{}id{}", "a {".repeat(11), "}".repeat(11));
    for source in [
        format!("mutation {{ __schema {{ {deep} }} }}"),
        format!("subscription {{ __schema {{ {deep} }} }}"),
        format!(
            "{{ a {{ ...F }} }} fragment F on Query {{ __schema {{ {} }} }}",
            deep.replacen("a {", "", 1).replacen('}', "", 1)
        ),
    ] {
        assert_eq!(limit_of(check(&source)), (Rule::Depth, 12, 13), "{source}");
    }
    // The same fragment at the root of a query and below: each with its own limit.
    let fragment = format!("fragment F on Query {{ __schema {{ {deep} }} }}");
    assert!(check(&format!("{{ ...F }} {fragment}")).is_ok());
    assert_eq!(limit_of(check(&format!("{{ ...F a {{ ...F }} }} {fragment}"))), (Rule::Depth, 12, 14));
}

#[test]
fn an_accepted_document_tells_what_it_is() {
    let source = "query Page { one: hello ...F ... on Query { hello } } fragment F on Query { viewer { id } ...G } fragment G on Query { role }";
    let accepted = check(source).unwrap();
    assert_eq!(accepted.operation_type, OperationType::Query);
    assert_eq!(accepted.operation_name.as_deref(), Some("Page"));
    assert_eq!(accepted.root_fields, ["hello", "viewer", "role", "hello"]);
    assert_eq!(accepted.cost, 1);
    assert_eq!(accepted.document.fragments.len(), 2);
    for (source, only, uses) in [
        ("{ hello }", false, false),
        ("{ __typename }", true, false),
        ("{ __typename __schema { types { name } } }", true, true),
        ("{ a: __type(name: \"Query\") { name } }", true, true),
        ("{ ...F } fragment F on Query { ... { __schema { types { name } } } }", true, true),
        ("{ hello __schema { types { name } } }", false, true),
        ("mutation { __typename }", true, false),
    ] {
        let accepted = check(source).unwrap();
        assert_eq!((accepted.is_introspection_only, accepted.uses_introspection), (only, uses), "{source}");
    }
    // Only the operation that runs is told about.
    let two = "query A { hello } query B { __schema { types { name } } }";
    assert!(!guard(Limits::default()).check(two, Some("A"), &Map::new()).unwrap().uses_introspection);
}

#[test]
fn a_path_through_as_many_fragments_as_fit_needs_no_stack() {
    let chain = |count: usize| {
        let links = repeat(count - 1, |n| format!("fragment F{n} on Query {{ ...F{} }}", n + 1));
        format!("{{ ...F0 }} {links} fragment F{} on Query {{ hello }}", count - 1)
    };
    assert_eq!(check(&chain(240)).unwrap().root_fields, ["hello"]);
    // Far beyond the limits of a request, and backwards, which is the other order of the search.
    let guard = guard(super::unlimited());
    let long = chain(20_000);
    assert_eq!(guard.check(&long, None, &Map::new()).unwrap().root_fields, ["hello"]);
    let mut definitions: Vec<_> = long.split(" fragment").collect();
    definitions[1..].reverse();
    assert!(guard.check(&definitions.join(" fragment"), None, &Map::new()).is_ok());
}
