//! Bytes, tokens, brackets, syntax errors, and the choice of the operation.

use super::{check, guard, limit_of, repeat};
use crate::{
    CostModel, Limits, ModelError, OperationType, Rejection, Rule,
    scan::{Scan, Unterminated, scan},
};
use serde_json::Map;

fn scanned(source: &str) -> (usize, usize) {
    let Scan { tokens, nesting } = scan(source).unwrap();
    (tokens, nesting)
}

#[test]
fn the_scan_counts_tokens_and_brackets() {
    for (source, tokens, nesting) in [
        ("", 0, 0),
        (" \t\r\n,\u{feff}", 0, 0),
        ("{a}", 3, 1),
        ("query Q($a: [Int!]! = [1, 2]) { b(c: $a) { ...D } }", 30, 2),
        ("{ a # } } { [ \"\n b }", 4, 1),
        ("{ a # no line break }", 2, 1),
        ("# one\r{ a }", 3, 1),
        (r#"{ a(b: "{[(\"{ \\") }"#, 8, 2),
        ("{ a(b: \"\"\"{ \" \"\" \\\"\"\" {\"\"\") }", 8, 2),
        (r#"{ a(b: "") }"#, 8, 2),
        (r#"{ a(b: """""") }"#, 8, 2),
        // Not closed: the string ends with the line.
        ("{ a(b: \"{{{\n c }", 8, 2),
        ("{ a(b: \"{{{\\\n c }", 8, 2),
        ("\"", 1, 0),
        ("\"\\", 1, 0),
        ("[-1.5e-3 0 00 -0.25 1e5 1e 1.x]", 13, 1),
        ("- -- ...", 4, 0),
        ("..", 2, 0),
        ("}}}{", 4, 1),
        ("é", 2, 0),
        ("[[(({{", 6, 6),
    ] {
        assert_eq!(scanned(source), (tokens, nesting), "{source:?}");
    }
}

#[test]
fn the_scan_reports_a_block_string_without_an_end() {
    for source in [r#"{ a(b: """c"#, r#"{ a(b: """c""#, r#"{ a(b: """c\""""#] {
        assert_eq!(scan(source), Err(Unterminated { offset: 7 }), "{source:?}");
    }
    let rejection = check("{ hello\n  signal(id: \"\"\"x\" ) }").unwrap_err();
    let Rejection::Parse { message, line, column } = rejection else { panic!("{rejection}") };
    assert_eq!((message.as_str(), line, column), ("expected \"\"\" at the end of a block string", 2, 14));
}

#[test]
fn bytes_and_tokens_are_limited() {
    let padded = |bytes: usize| format!("{{hello}}{}", " ".repeat(bytes - 7));
    assert!(check(&padded(16_384)).is_ok());
    assert_eq!(limit_of(check(&padded(16_385))), (Rule::DocumentBytes, 16_384, 16_385));

    // Brackets, a field name, and as many values as wanted: six tokens around them.
    let tokens = |count: usize| format!("{{ quotes(symbols: [{}]) }}", repeat(count - 9, |_| "1".to_owned()));
    let limits = Limits { list_items: 5_000, cost: 5_000, ..Limits::default() };
    let guard = guard(limits);
    assert!(guard.check(&tokens(2_000), None, &Map::new()).is_ok());
    assert_eq!(limit_of(guard.check(&tokens(2_001), None, &Map::new())), (Rule::Tokens, 2_000, 2_001));
}

#[test]
fn brackets_are_limited_before_the_parser_sees_them() {
    for (open, close) in [("[", "]"), ("{a:", "}")] {
        // Two brackets are around the value already.
        let nested = |count: usize| format!("{{ hello(a: {}1{}) }}", open.repeat(count), close.repeat(count));
        assert!(check(&nested(62)).is_ok(), "{open}");
        assert_eq!(limit_of(check(&nested(63))), (Rule::Nesting, 64, 65), "{open}");
        assert_eq!(limit_of(check(&nested(400))), (Rule::Nesting, 64, 402), "{open}");
    }
    let types = |count: usize| format!("query($a: {}Int{}) {{ hello }}", "[".repeat(count), "]".repeat(count));
    assert!(check(&types(63)).is_ok());
    assert_eq!(limit_of(check(&types(64))), (Rule::Nesting, 64, 65));
    let fields = |count: usize| format!("{}hello{}", "{a ".repeat(count), "}".repeat(count));
    assert_eq!(limit_of(check(&fields(64))).0, Rule::Depth);
    assert_eq!(limit_of(check(&fields(65))).0, Rule::Nesting);
    assert_eq!(limit_of(check(&"{".repeat(1_500))).0, Rule::Nesting);
    let inline = |count: usize| format!("{}hello{}", "{... ".repeat(count), "}".repeat(count));
    assert!(check(&inline(1).replace("{... ", "{ ... { ").replace("hello}", "hello} }")).is_ok());
    assert_eq!(limit_of(check(&format!("{{ {} }}", inline(64).replacen('{', "... {", 1)))).0, Rule::Nesting);
}

#[test]
fn a_syntax_error_says_where_and_what_but_does_not_repeat_the_source() {
    let source = format!("query Q {{\n  secret_{} ( }}", "x".repeat(900));
    let rejection = check(&source).unwrap_err();
    let Rejection::Parse { message, line, column } = &rejection else { panic!("{rejection}") };
    assert_eq!((*line, *column), (2, 913));
    assert_eq!(message, "expected name");
    assert!(!rejection.to_string().contains("secret"));

    for source in [
        "",
        "hello",
        "{",
        "{ a(b: \"unclosed) }",
        "{ a(b: 1e999) }",
        "{ a(b: $) }",
        "\0",
        "{a} {b}",
        "query A {a} query A {b}",
    ] {
        let rejection = check(source).unwrap_err();
        let Rejection::Parse { message, line, column } = &rejection else { panic!("{source:?}: {rejection}") };
        assert!(message.chars().count() <= 200 && !message.contains('\n'), "{message:?}");
        assert!(*line == 1 && *column >= 1, "{source:?}");
    }
    let twice = format!("fragment {0} on Query {{a}} fragment {0} on Query {{a}}", "name_".repeat(100));
    let Err(Rejection::Parse { message, .. }) = check(&twice) else { panic!("defined twice") };
    assert_eq!(message.chars().count(), 200);
    assert!(message.starts_with("fragment name_name_"), "{message}");
}

#[test]
fn the_operation_is_chosen_as_async_graphql_chooses_it() {
    let guard = guard(Limits::default());
    let chosen = |source: &str, name: Option<&str>| {
        guard.check(source, name, &Map::new()).map(|accepted| (accepted.operation_type, accepted.operation_name))
    };
    let unknown = |name: &str| Err(Rejection::UnknownOperation { name: name.to_owned() });
    let named = |ty, name: &str| Ok((ty, Some(name.to_owned())));
    let both = "query Read { hello } mutation Write { ping } subscription Watch { ticks }";

    assert_eq!(chosen("{ hello }", None), Ok((OperationType::Query, None)));
    assert_eq!(chosen("mutation { ping }", None), Ok((OperationType::Mutation, None)));
    assert_eq!(chosen("{ hello }", Some("Read")), unknown("Read"));
    assert_eq!(chosen("{ hello }", Some("")), unknown(""));
    assert_eq!(chosen("query Read { hello }", None), named(OperationType::Query, "Read"));
    assert_eq!(chosen("query Read { hello }", Some("Write")), unknown("Write"));
    assert_eq!(chosen(both, Some("Write")), named(OperationType::Mutation, "Write"));
    assert_eq!(chosen(both, Some("Watch")), named(OperationType::Subscription, "Watch"));
    assert_eq!(chosen(both, None), Err(Rejection::NoOperation));
    assert_eq!(chosen("fragment F on Query { hello }", None), Err(Rejection::NoOperation));
    let long = "n".repeat(5_000);
    let Err(Rejection::UnknownOperation { name }) = chosen(both, Some(&long)) else { panic!("unknown") };
    assert_eq!(name.chars().count(), 64);
}

#[test]
fn the_schema_must_parse_and_have_a_query() {
    let Err(ModelError::Syntax { line, .. }) = CostModel::from_sdl("type Query {\n a: }") else { panic!("syntax") };
    assert_eq!(line, 2);
    let missing = CostModel::from_sdl("schema { query: Root } type Query { a: Int }").unwrap_err();
    assert_eq!(missing, ModelError::NoQueryType { name: "Root".to_owned() });
    assert!(CostModel::from_sdl("type Query { a: Int }").is_ok());
}

#[test]
fn a_credential_field_that_does_not_exist_is_reported() {
    let model = CostModel::from_sdl(super::SDL).unwrap();
    let guard = crate::Guard::new(model, Limits::default(), &["login", "signIn", "logIn"]);
    assert_eq!(guard.unknown_credential_fields(), ["logIn", "signIn"]);
}
