//! What the fields of the schema cost, read once from its SDL.

use crate::{
    parse::syntax,
    variables::{Known, of_const},
};
use async_graphql_parser::{
    Positioned, parse_schema,
    types::{BaseType, FieldDefinition, ServiceDocument, Type, TypeKind, TypeSystemDefinition},
};
use async_graphql_value::Name;
use std::collections::HashMap;
use thiserror::Error;

/// Elements of a page when neither the request nor the schema says how many.
pub(crate) const DEFAULT_PAGE: u64 = 20;
/// Elements of the largest page.
pub(crate) const MAX_PAGE: u64 = 100;

/// Why no [`CostModel`] could be made.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ModelError {
    /// The SDL cannot be parsed.
    #[error("the schema cannot be parsed: {message} (line {line}, column {column})")]
    Syntax {
        /// What the parser expected.
        message: String,
        /// Line of the SDL, from 1.
        line: usize,
        /// Column of that line, from 1.
        column: usize,
    },
    /// The SDL does not define the type of the query root.
    #[error("the schema does not define its query type \"{name}\"")]
    NoQueryType {
        /// Name of the type.
        name: String,
    },
}

/// What every field of a schema costs. Build it once, from the SDL that the schema exports.
///
/// | selected | points |
/// | --- | --- |
/// | scalar, enum, `__typename` | 0 |
/// | object, list of embedded values | 1 + what is selected on it |
/// | list of objects that implement `Node` | n × (1 + selected); n: the longest list among its arguments, or 10 |
/// | connection | 1 + selected beside the elements + page × selected of one element |
/// | element of a connection | `nodes`: 1 + selected; `edges`: selected, where `node` is an object like any other |
/// | `totalCount` of a connection | 20 |
/// | scalar whose name ends in `Csv` or begins with `export`: a whole list as a file | 500 |
/// | object whose type's name ends in `Proof`: a whole list was gone through for it | 500 + what is selected on it |
/// | root field of a mutation or subscription | 10 instead of the 1; 10 more for a scalar or a list of `Node`s |
/// | `__schema`, `__type` of a query | 50, whatever is selected on them |
/// | what the schema does not know | 1 + selected; validation refuses it later |
///
/// The page is `first` or `last`, whichever is larger, between 0 and 100; where the request does not say, the default of
/// the schema, or 20. A connection is a type whose name ends in `Connection` and that has `edges` or `nodes`. All
/// arithmetic saturates.
#[derive(Debug, Clone)]
pub struct CostModel {
    types: Vec<TypeModel>,
    numbers: HashMap<Box<str>, TypeId>,
    query: TypeId,
    mutation: Option<TypeId>,
    subscription: Option<TypeId>,
}

/// Number of an object, interface or union type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TypeId(usize);

/// An object, interface or union type.
#[derive(Debug, Clone, Default)]
struct TypeModel {
    fields: HashMap<Box<str>, FieldModel>,
}

/// A field as the cost sees it.
#[derive(Debug, Clone)]
pub(crate) struct FieldModel {
    /// How it is counted.
    pub(crate) shape: Shape,
    /// The type that its selections are on; `None` for scalars and enums.
    pub(crate) target: Option<TypeId>,
}

/// How a field is counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A scalar or an enum.
    Leaf,
    /// An object, or a list of values embedded in their parent.
    Object,
    /// A list of rows of their own: objects that implement `Node`.
    Rows {
        /// The arguments that are lists: what is asked for by name.
        list_arguments: Box<[Box<str>]>,
    },
    /// A connection.
    Connection {
        /// Length of the page where the request does not say.
        default_page: u64,
    },
    /// `edges` of a connection.
    Edges,
    /// `nodes` of a connection.
    Nodes,
    /// `totalCount` of a connection.
    TotalCount,
    /// A whole list: as a file, or gone through.
    Whole,
}

impl CostModel {
    /// Reads the SDL of a schema.
    ///
    /// # Errors
    ///
    /// SDL that cannot be parsed or has no query type.
    pub fn from_sdl(sdl: &str) -> Result<Self, ModelError> {
        let document = parse_schema(sdl).map_err(|error| {
            let (message, at) = syntax(&error);
            ModelError::Syntax { message, line: at.line, column: at.column }
        })?;
        let draft = Draft::read(&document);
        let numbers: HashMap<Box<str>, TypeId> =
            draft.types.iter().enumerate().map(|(number, kind)| (Box::from(kind.name), TypeId(number))).collect();
        let types = draft.types.iter().map(|of| draft.type_model(of, &numbers)).collect();
        let root = |name: &str| numbers.get(name).copied();
        let query = root(draft.query).ok_or_else(|| ModelError::NoQueryType { name: draft.query.to_owned() })?;
        let (mutation, subscription) = (root(draft.mutation), root(draft.subscription));
        Ok(Self { types, numbers, query, mutation, subscription })
    }

    /// The type of that name, unless it is a scalar, an enum, an input or unknown.
    pub(crate) fn type_id(&self, name: &str) -> Option<TypeId> {
        self.numbers.get(name).copied()
    }

    /// The root type of the queries.
    pub(crate) fn query(&self) -> TypeId {
        self.query
    }

    /// The root type of the mutations.
    pub(crate) fn mutation(&self) -> Option<TypeId> {
        self.mutation
    }

    /// The root type of the subscriptions.
    pub(crate) fn subscription(&self) -> Option<TypeId> {
        self.subscription
    }

    /// A field of a type.
    pub(crate) fn field(&self, of: TypeId, name: &str) -> Option<&FieldModel> {
        self.types.get(of.0)?.fields.get(name)
    }
}

/// The SDL with extensions joined to their types.
struct Draft<'a> {
    types: Vec<DraftType<'a>>,
    query: &'a str,
    mutation: &'a str,
    subscription: &'a str,
    /// Places in `types` by name.
    places: HashMap<&'a str, usize>,
}

struct DraftType<'a> {
    name: &'a str,
    implements: Vec<&'a str>,
    fields: Vec<&'a FieldDefinition>,
    members: Vec<&'a str>,
}

impl<'a> Draft<'a> {
    fn read(document: &'a ServiceDocument) -> Self {
        let mut draft = Self {
            types: Vec::new(),
            query: "Query",
            mutation: "Mutation",
            subscription: "Subscription",
            places: HashMap::new(),
        };
        for definition in &document.definitions {
            match definition {
                TypeSystemDefinition::Schema(schema) => {
                    let name =
                        |root: &'a Option<Positioned<Name>>, or| root.as_ref().map_or(or, |name| name.node.as_str());
                    draft.query = name(&schema.node.query, draft.query);
                    draft.mutation = name(&schema.node.mutation, draft.mutation);
                    draft.subscription = name(&schema.node.subscription, draft.subscription);
                }
                TypeSystemDefinition::Type(definition) => {
                    let (implements, fields, members) = match &definition.node.kind {
                        TypeKind::Object(object) => (&*object.implements, &*object.fields, &[][..]),
                        TypeKind::Interface(interface) => (&*interface.implements, &*interface.fields, &[][..]),
                        TypeKind::Union(union) => (&[][..], &[][..], &*union.members),
                        TypeKind::Scalar | TypeKind::Enum(_) | TypeKind::InputObject(_) => continue,
                    };
                    let name = definition.node.name.node.as_str();
                    let place = *draft.places.entry(name).or_insert(draft.types.len());
                    if place == draft.types.len() {
                        draft.types.push(DraftType { name, implements: vec![], fields: vec![], members: vec![] });
                    }
                    if let Some(of) = draft.types.get_mut(place) {
                        of.implements.extend(implements.iter().map(|name| name.node.as_str()));
                        of.fields.extend(fields.iter().map(|field| &field.node));
                        of.members.extend(members.iter().map(|name| name.node.as_str()));
                    }
                }
                TypeSystemDefinition::Directive(_) => {}
            }
        }
        draft
    }

    fn find(&self, name: &str) -> Option<&DraftType<'a>> {
        self.types.get(*self.places.get(name)?)
    }

    fn type_model(&self, of: &DraftType<'_>, numbers: &HashMap<Box<str>, TypeId>) -> TypeModel {
        let is_connection = of.is_connection();
        let fields = of.fields.iter().map(|field| {
            let target = named(&field.ty.node);
            let model = FieldModel { shape: self.shape(field, is_connection), target: numbers.get(target).copied() };
            (Box::from(field.name.node.as_str()), model)
        });
        TypeModel { fields: fields.collect() }
    }

    fn shape(&self, field: &FieldDefinition, in_connection: bool) -> Shape {
        let target = self.find(named(&field.ty.node));
        match (field.name.node.as_str(), target) {
            ("totalCount", None) if in_connection => Shape::TotalCount,
            (name, None) if name.ends_with("Csv") || name.starts_with("export") => Shape::Whole,
            (_, None) => Shape::Leaf,
            ("edges", Some(_)) if in_connection => Shape::Edges,
            ("nodes", Some(_)) if in_connection => Shape::Nodes,
            (_, Some(target)) if target.is_connection() => Shape::Connection { default_page: default_page(field) },
            (_, Some(target)) if target.name.ends_with("Proof") => Shape::Whole,
            (_, Some(target)) if is_list(&field.ty.node) && self.is_row(target) => {
                let lists = field.arguments.iter().filter(|argument| is_list(&argument.node.ty.node));
                Shape::Rows { list_arguments: lists.map(|argument| Box::from(&*argument.node.name.node)).collect() }
            }
            (_, Some(_)) => Shape::Object,
        }
    }

    /// Whether a value of that type may be an object that implements `Node`.
    fn is_row(&self, of: &DraftType<'_>) -> bool {
        let is_node = |of: &DraftType<'_>| of.name == "Node" || of.implements.contains(&"Node");
        is_node(of)
            || of.members.iter().filter_map(|name| self.find(name)).any(is_node)
            || self.types.iter().any(|other| other.implements.contains(&of.name) && is_node(other))
    }
}

impl DraftType<'_> {
    fn is_connection(&self) -> bool {
        self.name.ends_with("Connection")
            && self.fields.iter().any(|field| matches!(field.name.node.as_str(), "edges" | "nodes"))
    }
}

/// The name of the type inside lists.
fn named(of: &Type) -> &str {
    match &of.base {
        BaseType::Named(name) => name,
        BaseType::List(items) => named(items),
    }
}

fn is_list(of: &Type) -> bool {
    matches!(of.base, BaseType::List(_))
}

/// The default of the page arguments where the schema gives one.
fn default_page(field: &FieldDefinition) -> u64 {
    let pages = field.arguments.iter().filter(|argument| matches!(argument.node.name.node.as_str(), "first" | "last"));
    pages
        .filter_map(|argument| page(of_const(&argument.node.default_value.as_ref()?.node)))
        .max()
        .unwrap_or(DEFAULT_PAGE)
}

/// How many elements a page argument asks for; `None` where it does not say.
pub(crate) fn page(asked: Known) -> Option<u64> {
    match asked {
        Known::Absent => None,
        Known::Whole(count) => Some(u64::try_from(count).unwrap_or(0).min(MAX_PAGE)),
        // Not an integer: it will be refused; until then it counts as the most it could be.
        Known::List(_) | Known::Other => Some(MAX_PAGE),
    }
}
