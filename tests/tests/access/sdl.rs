//! The exported schema, read.

use async_graphql_parser::parse_schema;
use async_graphql_parser::types::{TypeDefinition, TypeKind, TypeSystemDefinition};

/// The type of this name.
fn type_named(name: &str) -> TypeDefinition {
    let document = parse_schema(bellwether_schema::sdl()).unwrap();
    let mut types = document.definitions.into_iter().filter_map(|definition| match definition {
        TypeSystemDefinition::Type(definition) => Some(definition.node),
        TypeSystemDefinition::Schema(_) | TypeSystemDefinition::Directive(_) => None,
    });
    types.find(|definition| definition.name.node == name).unwrap_or_else(|| panic!("no type {name}"))
}

/// Every root field as `Query.node`, with its description.
pub fn root_fields() -> Vec<(String, String)> {
    let fields = |root: &'static str| {
        let TypeKind::Object(object) = type_named(root).kind else { panic!("{root} is no object") };
        object.fields.into_iter().map(move |field| {
            let description = field.node.description.map(|text| text.node).unwrap_or_default();
            (format!("{root}.{}", field.node.name.node), description)
        })
    };
    ["Query", "Mutation", "Subscription"].into_iter().flat_map(fields).collect()
}

/// The values of an enum, sorted, with their descriptions.
pub fn enum_values(name: &str) -> Vec<(String, String)> {
    let TypeKind::Enum(values) = type_named(name).kind else { panic!("{name} is no enum") };
    let value = |value: async_graphql_parser::types::EnumValueDefinition| {
        (value.value.node.to_string(), value.description.map(|text| text.node).unwrap_or_default())
    };
    let mut values: Vec<_> = values.values.into_iter().map(|found| value(found.node)).collect();
    values.sort();
    values
}
