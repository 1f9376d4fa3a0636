//! Every rule on both sides of its limit, directly and through fragments.

use super::{check, guard, limit_of, repeat, variables};
use crate::{Limits, Rejection, Rule};
use serde_json::{Map, json};

/// Asserts that `at` is accepted and that `over` breaks `rule` by one.
#[track_caller]
fn boundary(rule: Rule, limit: u64, at: &str, over: &str) {
    if let Err(rejection) = check(at) {
        panic!("at the limit of {rule}: {rejection}");
    }
    assert_eq!(limit_of(check(over)), (rule, limit, limit + 1), "over the limit of {rule}");
}

#[test]
fn depth() {
    // The innermost field is one level more.
    let nested = |levels: usize| format!("{{ {}hello{} }}", "viewer {".repeat(levels - 1), "}".repeat(levels - 1));
    boundary(Rule::Depth, 12, &nested(12), &nested(13));
    let split = |levels: usize| {
        let below = format!("{}hello{}", "viewer {".repeat(levels - 5), "}".repeat(levels - 5));
        format!("{{ a {{ a {{ ... {{ a {{ ...F }} }} }} }} }} fragment F on Viewer {{ a {{ {below} }} }}")
    };
    boundary(Rule::Depth, 12, &split(12), &split(13));
}

#[test]
fn aliases() {
    let direct = |count: usize| format!("{{ viewer {{ {} }} }}", repeat(count, |n| format!("a{n}: id")));
    boundary(Rule::Aliases, 30, &direct(30), &direct(31));
    let twice = |count: usize| {
        let extra = if count % 2 == 1 { "last: id" } else { "" };
        let own = repeat(count / 2, |n| format!("a{n}: id"));
        format!("{{ viewer {{ ...F {extra} user {{ ...F }} }} }} fragment F on User {{ {own} }}")
    };
    boundary(Rule::Aliases, 30, &twice(30), &twice(31));
}

#[test]
fn root_fields() {
    let direct = |count: usize| format!("{{ {} }}", repeat(count, |_| "hello".to_owned()));
    boundary(Rule::RootFields, 20, &direct(20), &direct(21));
    let spread = |count: usize| {
        let rest = repeat(count - 10, |_| "hello".to_owned());
        format!("{{ ...F ... on Query {{ ...F }} {rest} }} fragment F on Query {{ a b c d __typename }}")
    };
    boundary(Rule::RootFields, 20, &spread(20), &spread(21));
    let watch = |count: usize| format!("subscription {{ {} }}", repeat(count, |_| "ticks".to_owned()));
    boundary(Rule::RootFields, 20, &watch(20), &watch(21));
    // Below the root they are counted as fields only.
    assert!(check(&format!("{{ viewer {{ {} }} }}", repeat(40, |_| "id".to_owned()))).is_ok());
}

#[test]
fn mutation_fields() {
    let direct = |count: usize| format!("mutation {{ {} }}", repeat(count, |_| "ping".to_owned()));
    boundary(Rule::MutationFields, 10, &direct(10), &direct(11));
    let spread = |count: usize| {
        let rest = repeat(count - 8, |_| "ping".to_owned());
        format!("mutation {{ ...F ...F {rest} }} fragment F on Mutation {{ ping ping ping ping }}")
    };
    boundary(Rule::MutationFields, 10, &spread(10), &spread(11));
}

#[test]
fn credential_fields() {
    let login = "login(input: {email: \"a\", password: \"b\"}) { viewer { id } }";
    boundary(
        Rule::CredentialFields,
        1,
        &format!("mutation {{ a: {login} ping }}"),
        &format!("mutation {{ a: {login} b: {login} }}"),
    );
    boundary(
        Rule::CredentialFields,
        1,
        &format!("mutation {{ ...F }} fragment F on Mutation {{ {login} }}"),
        &format!("mutation {{ ...F ... {{ ...F }} }} fragment F on Mutation {{ {login} }}"),
    );
    // In queries too, and by the name of the field, not by the alias.
    boundary(Rule::CredentialFields, 1, "{ login }", "{ login register }");
    assert!(check("{ login: hello register: hello viewer { login login } }").is_ok());
    // One in each of two operations: only one of them runs.
    let two = guard(Limits::default()).check("query A { login } query B { login }", Some("A"), &Map::new());
    assert!(two.is_ok());
}

#[test]
fn directives_on_one_place() {
    let marks = |count: usize| repeat(count, |_| "@include(if: true)".to_owned());
    for place in [
        "{ hello DIR }",
        "{ ... DIR { hello } }",
        "{ ...F DIR } fragment F on Query { hello }",
        "{ ...F } fragment F on Query DIR { hello }",
        "query DIR { hello }",
        "query($a: Int DIR) { hello }",
    ] {
        boundary(Rule::Directives, 5, &place.replace("DIR", &marks(5)), &place.replace("DIR", &marks(6)));
    }
}

#[test]
fn directives_in_all() {
    let direct = |count: usize| format!("{{ viewer {{ {} }} }}", repeat(count, |_| "id @a".to_owned()));
    boundary(Rule::Directives, 20, &direct(20), &direct(21));
    // Four of its own, and four a spread: one on the definition, one on the spread, two inside.
    let spread = |extra: &str| {
        format!(
            "query @q($v: Int @v) {{ viewer {{ id @a {extra} ... @a {{ id }} {} }} }} fragment F on Viewer @d {{ id @a @a }}",
            repeat(4, |_| "...F @s".to_owned())
        )
        .replace("query @q($v: Int @v)", "query($v: Int @v) @q")
    };
    boundary(Rule::Directives, 20, &spread(""), &spread("role @a"));
    // Across definitions, whether they are used or not.
    let apart = |count: usize| {
        let ids = |count: usize| repeat(count, |_| "id @a".to_owned());
        format!("query A {{ viewer {{ {} }} }} fragment F on Viewer {{ {} }}", ids(10), ids(count - 10))
    };
    boundary(Rule::Directives, 20, &apart(20), &apart(21));
}

#[test]
fn operations() {
    let guard = guard(Limits::default());
    let many = |count: usize| repeat(count, |n| format!("query Q{n} {{ hello }}"));
    assert!(guard.check(&many(5), Some("Q3"), &Map::new()).is_ok());
    assert_eq!(limit_of(guard.check(&many(6), Some("Q3"), &Map::new())), (Rule::Operations, 5, 6));
}

#[test]
fn fields() {
    let direct = |count: usize| format!("{{ viewer {{ {} }} }}", repeat(count - 1, |_| "id".to_owned()));
    boundary(Rule::Fields, 500, &direct(500), &direct(501));
    let spread = |count: usize| {
        // viewer, 49 times ten, and the rest.
        let rest = repeat(count - 491, |_| "id".to_owned());
        let spreads = repeat(49, |_| "...F".to_owned());
        format!("{{ viewer {{ {spreads} {rest} }} }} fragment F on Viewer {{ {} }}", repeat(10, |_| "id".to_owned()))
    };
    boundary(Rule::Fields, 500, &spread(500), &spread(501));
    let message = check(&direct(501)).unwrap_err().to_string();
    assert_eq!(message, "the document selects 501 fields once its fragments are expanded; at most 500 are allowed");
}

#[test]
fn selections() {
    let limits = Limits { selections: 10, ..Limits::default() };
    let guard = guard(limits);
    let source = |spreads: usize| {
        format!("{{ viewer {{ {} }} }} fragment F on Viewer {{ ... {{ id }} }}", repeat(spreads, |_| "...F".to_owned()))
    };
    assert!(guard.check(&source(3), None, &Map::new()).is_ok());
    assert_eq!(limit_of(guard.check(&source(4), None, &Map::new())), (Rule::Selections, 10, 13));
}

#[test]
fn lists_in_variables_and_in_the_document() {
    let guard = guard(Limits { cost: 5_000, ..Limits::default() });
    let list = |length: usize| json!(vec![0; length]);
    for shape in [
        |list| json!({ "a": list }),
        |list| json!({ "a": {"b": [1, {"c": list}, []]} }),
        |list| json!({ "a": [[list]] }),
    ] {
        assert!(guard.check("{ hello }", None, &variables(shape(list(1_000)))).is_ok());
        let over = guard.check("{ hello }", None, &variables(shape(list(1_001))));
        assert_eq!(limit_of(over), (Rule::ListItems, 1_000, 1_001));
    }
    for place in [
        "query($a: [Int] = LIST) { hello }",
        "{ hello(a: LIST) }",
        "{ hello @a(b: {c: [LIST]}) }",
        "{ hello } fragment F on Query { hello(a: {b: LIST}) }",
    ] {
        let with = |length: usize| {
            guard.check(&place.replace("LIST", &format!("[{}]", "0 ".repeat(length))), None, &Map::new())
        };
        assert!(with(1_000).is_ok(), "{place}");
        assert_eq!(limit_of(with(1_001)), (Rule::ListItems, 1_000, 1_001), "{place}");
    }
}

#[test]
fn operations_that_do_not_run_and_unused_fragments_are_bounded_too() {
    let guard = guard(Limits::default());
    let deep = format!("{}id{}", "a {".repeat(12), "}".repeat(12));
    let many = repeat(501, |_| "id".to_owned());
    let aliases = repeat(31, |n| format!("a{n}: id"));
    let cases = [
        ("query Other { BODY }", deep.as_str(), Rule::Depth),
        ("query Other { viewer { BODY } }", &many, Rule::Fields),
        ("fragment Other on Viewer { BODY }", &many, Rule::Fields),
        ("query Other { viewer { BODY } }", &aliases, Rule::Aliases),
        ("fragment Other on Viewer { BODY }", &aliases, Rule::Aliases),
        ("mutation Other { BODY }", "ping ping ping ping ping ping ping ping ping ping ping", Rule::MutationFields),
        ("mutation Other { BODY }", "login login", Rule::CredentialFields),
        (
            "query Other { BODY }",
            "signals(first: 100) { nodes { author { signals(first: 100) { nodes { id } } } } }",
            Rule::Cost,
        ),
    ];
    for (definition, body, rule) in cases {
        let source = format!("query Read {{ hello }} {}", definition.replace("BODY", body));
        assert_eq!(limit_of(guard.check(&source, Some("Read"), &Map::new())).0, rule, "{definition}");
    }
}

#[test]
fn fragments_must_exist_and_not_contain_themselves() {
    for source in [
        "{ ...Missing }",
        "{ viewer { ... { ...Missing } } }",
        "{ hello } fragment F on Query { ...Missing }",
        "query A { hello } query B { ...Missing }",
    ] {
        let name = "Missing".to_owned();
        let found = guard(Limits::default()).check(source, source.contains("query A").then_some("A"), &Map::new());
        assert_eq!(found.unwrap_err(), Rejection::UnknownFragment { name }, "{source}");
    }
    for source in [
        "{ ...F } fragment F on Query { ...F }",
        "{ ...F } fragment F on Query { viewer { ... on Viewer { ...F } } }",
        "{ hello } fragment F on Query { ...G } fragment G on Query { hello ...H } fragment H on Query { a { ...F } }",
    ] {
        assert_eq!(check(source).unwrap_err(), Rejection::FragmentCycle { name: "F".to_owned() }, "{source}");
    }
    let ring = repeat(200, |n| format!("fragment F{n} on Query {{ ...F{} }}", (n + 1) % 200));
    assert_eq!(check(&format!("{{ hello }} {ring}")).unwrap_err(), Rejection::FragmentCycle { name: "F0".to_owned() });
    // Reached twice is not a cycle.
    let diamond = "{ ...A } fragment A on Query { ...B ...C } fragment B on Query { ...D } fragment C on Query { ...D } fragment D on Query { hello }";
    assert_eq!(check(diamond).unwrap().root_fields, ["hello", "hello"]);
}

#[test]
fn every_rejection_can_be_read() {
    let limit = |rule, limit, actual| Rejection::Limit { rule, limit, actual }.to_string();
    assert_eq!(
        limit(Rule::CredentialFields, 1, 2),
        "an operation selects 2 root fields that check a credential; at most 1 is allowed"
    );
    assert_eq!(
        limit(Rule::Cost, 1_000, u64::MAX),
        "an operation costs uncountably many points; at most 1000 are allowed"
    );
    assert_eq!(Rule::DocumentBytes.to_string(), "DOCUMENT_BYTES");
    for rejection in [
        Rejection::NoOperation,
        Rejection::UnknownOperation { name: "A".into() },
        Rejection::UnknownFragment { name: "A".into() },
        Rejection::FragmentCycle { name: "A".into() },
    ] {
        assert!(rejection.to_string().len() > 30);
    }
}
