//! Introspection as tools ask for it passes; what would make an answer large does not.

use super::{check, limit_of, repeat};
use crate::Rule;

/// The query that graphql-js 16 sends, with everything it can be asked to include.
const CANONICAL: &str = r"
query IntrospectionQuery {
  __schema {
    description
    queryType { name kind }
    mutationType { name kind }
    subscriptionType { name kind }
    types { ...FullType }
    directives {
      name
      description
      isRepeatable
      locations
      args(includeDeprecated: true) { ...InputValue }
    }
  }
}
fragment FullType on __Type {
  kind
  name
  description
  specifiedByURL
  isOneOf
  fields(includeDeprecated: true) {
    name
    description
    args(includeDeprecated: true) { ...InputValue }
    type { ...TypeRef }
    isDeprecated
    deprecationReason
  }
  inputFields(includeDeprecated: true) { ...InputValue }
  interfaces { ...TypeRef }
  enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason }
  possibleTypes { ...TypeRef }
}
fragment InputValue on __InputValue {
  name
  description
  type { ...TypeRef }
  defaultValue
  isDeprecated
  deprecationReason
}
fragment TypeRef on __Type {
  kind
  name
  ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name
    ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } } } } } }
}
";

#[test]
fn the_canonical_query_passes() {
    let accepted = check(CANONICAL).unwrap();
    assert_eq!(accepted.cost, 50);
    assert!(accepted.is_introspection_only && accepted.uses_introspection);
    assert_eq!(accepted.root_fields, ["__schema"]);
    assert_eq!(accepted.operation_name.as_deref(), Some("IntrospectionQuery"));
}

#[test]
fn depth_and_fields_have_limits_of_their_own() {
    let deep = |levels: usize| format!("{}name{}", "ofType {".repeat(levels - 2), "}".repeat(levels - 2));
    let typed = |body: &str| format!("{{ __type(name: \"Query\") {{ {body} }} }}");
    assert!(check(&typed(&deep(16))).is_ok());
    assert_eq!(limit_of(check(&typed(&deep(17)))), (Rule::Depth, 16, 17));

    let names = |count: usize| typed(&repeat(count - 1, |_| "name".to_owned()));
    assert!(check(&names(500)).is_ok());
    assert_eq!(limit_of(check(&names(501))), (Rule::Fields, 500, 501));
    // Beside introspection the other fields keep their own limits.
    let both = format!("{} viewer {{ {} }} }}", names(500).trim_end_matches('}'), repeat(499, |_| "id".to_owned()));
    assert!(check(&both.replacen("name viewer", "name } viewer", 1)).is_ok());
    let beside = format!("{{ __typename __schema {{ types {{ name }} }} {}id{} }}", "a {".repeat(12), "}".repeat(12));
    assert_eq!(limit_of(check(&beside)), (Rule::Depth, 12, 13));
}

#[test]
fn lists_inside_lists_are_limited() {
    for lists in ["types { fields { args { name } } }", "types { fields { type { possibleTypes { name } } } }"] {
        assert!(check(&format!("{{ __schema {{ {lists} }} }}")).is_ok(), "{lists}");
    }
    let four = "types { fields { type { fields { type { fields { name } } } } } }";
    assert_eq!(limit_of(check(&format!("{{ __schema {{ {four} }} }}"))), (Rule::IntrospectionLists, 3, 4));
    let spread = "{ __schema { types { ...T } } } fragment T on __Type { fields { type { ...U } } } fragment U on __Type { fields { args { name } } }";
    assert_eq!(limit_of(check(spread)), (Rule::IntrospectionLists, 3, 4));
    // The names mean nothing outside introspection.
    assert!(check("{ fields { fields { fields { fields { id } } } } }").is_ok());
}

#[test]
fn it_costs_the_same_whatever_is_selected() {
    assert_eq!(check("{ __schema { types { name } } }").unwrap().cost, 50);
    assert_eq!(
        check("{ a: __type(name: \"A\") { name } b: __type(name: \"B\") { fields { name } } hello }").unwrap().cost,
        100
    );
    // Elsewhere it is a field that the schema does not know.
    assert_eq!(check("{ viewer { __schema { types { name } } } }").unwrap().cost, 4);
    assert_eq!(check("mutation { __schema { types { name } } }").unwrap().cost, 12);
    assert_eq!(check("{ ...F } fragment F on Query { __schema { types { name } } viewer { id } }").unwrap().cost, 51);
}
