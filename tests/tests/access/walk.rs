//! Questions made of the exported schema: each root field with everything that can be selected of its answer, and each
//! place in its arguments that takes an id, a name or a cursor asked for on its own.
//!
//! A field that is added to the schema is walked without a word here.

use std::collections::HashMap;
use std::fmt::Write as _;

use async_graphql_parser::parse_schema;
use async_graphql_parser::types::{
    BaseType, FieldDefinition, InputValueDefinition, Type, TypeDefinition, TypeKind, TypeSystemDefinition,
};

/// How deep objects are selected below a root field, lists of a connection not counted.
const DEPTH: usize = 2;
/// How deep input objects are filled.
const INPUT_DEPTH: usize = 3;
/// Fields that are selected at once: the guard takes 500 of a document, and of a list what a page of them costs.
const MOST_FIELDS: usize = 150;

/// What a place in the arguments takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The id of something.
    Id,
    /// A cursor.
    Cursor,
    /// Any other text.
    Text,
}

/// A question with one place left open: `$x`.
#[derive(Clone, Debug)]
pub struct Question {
    /// The root field and the path of the open place.
    pub what: String,
    /// The whole document.
    pub query: String,
    /// What the place takes.
    pub kind: Kind,
    /// The prefix of the ids that its description names; none where it takes all.
    pub prefix: Option<String>,
}

/// The schema by the names of its types.
pub struct Walk {
    types: HashMap<String, TypeDefinition>,
}

impl Walk {
    /// The exported schema.
    pub fn new() -> Self {
        let document = parse_schema(bellwether_schema::sdl()).unwrap();
        let types = document.definitions.into_iter().filter_map(|definition| match definition {
            TypeSystemDefinition::Type(definition) => Some((definition.node.name.node.to_string(), definition.node)),
            TypeSystemDefinition::Schema(_) | TypeSystemDefinition::Directive(_) => None,
        });
        Self { types: types.collect() }
    }

    /// Every question about an id, a name or a cursor that the queries and mutations can be asked.
    pub fn questions(&self) -> Vec<Question> {
        let mut questions = Vec::new();
        for (root, keyword) in [("Query", "query"), ("Mutation", "mutation")] {
            for field in self.fields(root) {
                self.ask(keyword, field, &mut questions);
            }
        }
        questions
    }

    /// Every query that can be asked without an argument.
    pub fn lists(&self) -> Vec<(String, String)> {
        let bare = |field: &&FieldDefinition| field.arguments.iter().all(|argument| is_optional(&argument.node));
        let fields = self.fields("Query").into_iter().filter(bare);
        let lists = fields.flat_map(|field| {
            let name = field.name.node.to_string();
            self.selections(named(&field.ty.node), DEPTH)
                .into_iter()
                .map(move |selection| (name.clone(), format!("{{ {name} {selection} }}")))
        });
        lists.collect()
    }

    fn fields(&self, of: &str) -> Vec<&FieldDefinition> {
        match &self.types[of].kind {
            TypeKind::Object(object) => object.fields.iter().map(|field| &field.node).collect(),
            TypeKind::Interface(interface) => interface.fields.iter().map(|field| &field.node).collect(),
            _ => Vec::new(),
        }
    }

    fn inputs(&self, of: &str) -> Vec<&InputValueDefinition> {
        match self.types.get(of).map(|definition| &definition.kind) {
            Some(TypeKind::InputObject(input)) => input.fields.iter().map(|field| &field.node).collect(),
            _ => Vec::new(),
        }
    }

    fn ask(&self, keyword: &str, field: &FieldDefinition, questions: &mut Vec<Question>) {
        let arguments: Vec<_> = field.arguments.iter().map(|argument| &argument.node).collect();
        let name = &field.name.node;
        for (place, open) in arguments.iter().enumerate() {
            for (path, value, leaf) in self.open(open, INPUT_DEPTH) {
                let mut filled = String::new();
                for (other, argument) in arguments.iter().enumerate() {
                    if other == place {
                        write!(filled, "{}: {value} ", argument.name.node).unwrap();
                    } else if !is_optional(argument) {
                        write!(filled, "{}: {} ", argument.name.node, self.any(&argument.ty.node)).unwrap();
                    }
                }
                let kind = match named(&leaf.ty.node) {
                    "ID" => Kind::Id,
                    _ if ["after", "before"].contains(&leaf.name.node.as_str()) => Kind::Cursor,
                    _ => Kind::Text,
                };
                let of = if kind == Kind::Id { "ID" } else { "String" };
                let text = leaf.description.as_ref().map(|text| text.node.as_str()).unwrap_or_default();
                let prefix = text.split('`').find_map(|part| part.strip_suffix("_…")).map(str::to_owned);
                for selection in self.selections(named(&field.ty.node), DEPTH) {
                    questions.push(Question {
                        what: format!("{name}({path})"),
                        query: format!("{keyword} ($x: {of}!) {{ {name}({filled}) {selection} }}"),
                        kind,
                        prefix: prefix.clone(),
                    });
                }
            }
        }
    }

    /// Every place inside an argument that takes an id or a text: its path, the argument's value with `$x` there and what
    /// else is needed, and the place's definition.
    fn open<'a>(
        &'a self,
        argument: &'a InputValueDefinition,
        depth: usize,
    ) -> Vec<(String, String, &'a InputValueDefinition)> {
        let (name, ty) = (argument.name.node.as_str(), &argument.ty.node);
        let listed = |value: String| if matches!(ty.base, BaseType::List(_)) { format!("[{value}]") } else { value };
        if ["ID", "String"].contains(&named(ty)) {
            return vec![(name.to_owned(), listed("$x".to_owned()), argument)];
        }
        if depth == 0 {
            return Vec::new();
        }
        let fields = self.inputs(named(ty));
        let mut places = Vec::new();
        for (place, open) in fields.iter().enumerate() {
            for (path, value, leaf) in self.open(open, depth - 1) {
                let mut filled = String::new();
                for (other, field) in fields.iter().enumerate() {
                    if other == place {
                        write!(filled, "{}: {value} ", field.name.node).unwrap();
                    } else if !is_optional(field) {
                        write!(filled, "{}: {} ", field.name.node, self.any(&field.ty.node)).unwrap();
                    }
                }
                places.push((format!("{name}.{path}"), listed(format!("{{ {filled}}}")), leaf));
            }
        }
        places
    }

    /// Some value of this type.
    fn any(&self, ty: &Type) -> String {
        if let BaseType::List(item) = &ty.base {
            return format!("[{}]", self.any(item));
        }
        match (named(ty), self.types.get(named(ty)).map(|definition| &definition.kind)) {
            (_, Some(TypeKind::Enum(values))) => values.values[0].node.value.node.to_string(),
            (_, Some(TypeKind::InputObject(input))) => {
                let needed = input.fields.iter().map(|field| &field.node).filter(|field| !is_optional(field));
                let needed = needed.map(|field| format!("{}: {}", field.name.node, self.any(&field.ty.node)));
                format!("{{ {} }}", needed.collect::<Vec<_>>().join(" "))
            }
            ("Int", _) => "1".to_owned(),
            ("Boolean", _) => "true".to_owned(),
            ("DateTime", _) => "\"2026-01-05T10:00:00Z\"".to_owned(),
            _ => "\"1\"".to_owned(),
        }
    }

    /// What can be selected of a type: of an interface, of each of its objects apart; of an object with more fields than are
    /// taken at once, of some of them after the others.
    fn selections(&self, of: &str, depth: usize) -> Vec<String> {
        if self.is_leaf(of) {
            return vec![String::new()];
        }
        if let Some(nodes) = self.nodes_of(of) {
            let around = self.selection("PageInfo", 0);
            let each = self.selections(nodes, depth).into_iter();
            return each.map(|nodes| format!("{{ __typename nodes {nodes} pageInfo {around} totalCount }}")).collect();
        }
        let Some(TypeKind::Interface(_)) = self.types.get(of).map(|definition| &definition.kind) else {
            return self.in_portions(of, depth);
        };
        let mut objects: Vec<&TypeDefinition> = self.types.values().collect();
        objects.retain(|object| {
            matches!(&object.kind, TypeKind::Object(object) if object.implements.iter().any(|name| name.node == of))
        });
        objects.sort_by_key(|object| object.name.node.to_string());
        let each = objects.into_iter().map(|object| object.name.node.as_str());
        let portions =
            each.flat_map(|name| self.in_portions(name, depth).into_iter().map(move |fields| (name, fields)));
        portions.map(|(name, fields)| format!("{{ __typename id ... on {name} {fields} }}")).collect()
    }

    /// Whether nothing is selected of it.
    fn is_leaf(&self, of: &str) -> bool {
        let kind = self.types.get(of).map(|definition| &definition.kind);
        kind.is_none_or(|kind| matches!(kind, TypeKind::Scalar | TypeKind::Enum(_)))
    }

    /// What the items of a connection are.
    fn nodes_of(&self, of: &str) -> Option<&str> {
        let nodes = self.fields(of).into_iter().find(|field| field.name.node == "nodes")?;
        of.ends_with("Connection").then(|| named(&nodes.ty.node))
    }

    fn selection(&self, of: &str, depth: usize) -> String {
        format!("{{ __typename {}}}", self.parts(of, depth).concat())
    }

    /// The same in as many selections as it takes.
    fn in_portions(&self, of: &str, depth: usize) -> Vec<String> {
        let is_name = |word: &&str| word.starts_with(|letter: char| letter == '_' || letter.is_alphabetic());
        let count = |text: &str| text.split_whitespace().filter(is_name).count();
        let mut portions = vec![String::new()];
        for part in self.parts(of, depth) {
            if count(portions.last().unwrap()) + count(&part) > MOST_FIELDS {
                portions.push(String::new());
            }
            portions.last_mut().unwrap().push_str(&part);
        }
        portions.into_iter().map(|portion| format!("{{ __typename {portion}}}")).collect()
    }

    /// What can be selected of each field.
    fn parts(&self, of: &str, depth: usize) -> Vec<String> {
        let mut parts = Vec::new();
        for field in self.fields(of) {
            let (name, target) = (field.name.node.as_str(), named(&field.ty.node));
            let is_asked = field.arguments.iter().any(|argument| !is_optional(&argument.node));
            // The items are those of `nodes`; their cursors are asked for by other tests.
            if is_asked || (of.ends_with("Connection") && name == "edges") {
                continue;
            }
            if self.is_leaf(target) {
                parts.push(format!("{name} "));
            } else if depth > 0 || of.ends_with("Connection") {
                let below = if of.ends_with("Connection") { depth } else { depth - 1 };
                // A list in a list costs a page of pages: two of each will do.
                let is_paged = field.arguments.iter().any(|argument| argument.node.name.node == "first");
                let page = if is_paged { "(first: 2)" } else { "" };
                parts.push(format!("{name}{page} {} ", self.selection(target, below)));
            }
        }
        parts
    }
}

fn is_optional(input: &InputValueDefinition) -> bool {
    input.ty.node.nullable || input.default_value.is_some()
}

/// The name of the type inside lists.
fn named(ty: &Type) -> &str {
    match &ty.base {
        BaseType::Named(name) => name,
        BaseType::List(item) => named(item),
    }
}

#[test]
fn every_field_that_takes_an_id_or_a_name_is_asked() {
    let walk = Walk::new();
    let questions = walk.questions();
    for wanted in [
        "node(id)",
        "nodes(ids)",
        "signals(filter.author.eq)",
        "signals(filter.or.author.in)",
        "signals(after)",
        "latestSignals(symbols)",
        "auditLog(filter.actorId)",
        "users(filter.search)",
        "setUserRole(input.userId)",
        "login(input.tenant)",
        "recordSignals(input.signals.strategy)",
    ] {
        assert!(questions.iter().any(|question| question.what == wanted), "{wanted} is not asked");
    }
    let user = questions.iter().find(|question| question.what == "setUserRole(input.userId)").unwrap();
    assert_eq!((user.kind, user.prefix.as_deref()), (Kind::Id, Some("usr")));
    assert!(user.query.contains("tenant {"), "{}", user.query);
}
