//! The numbers a document is compared with, and the names of the rules.

use std::fmt;

/// How much one document may ask for. All numbers are inclusive: a document that reaches one exactly is accepted.
///
/// "Expanded" means with every fragment spread replaced by what the fragment selects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Length of the document in bytes of UTF-8.
    pub document_bytes: usize,
    /// Lexical tokens of the document.
    pub tokens: usize,
    /// Brackets of any kind inside each other, in the source. It bounds the recursion of the parser, so keep it
    /// well below what a thread's stack can take.
    pub nesting: usize,
    /// Levels of fields, expanded; a root field is at level 1.
    pub depth: u32,
    /// Levels of fields below (and including) the root fields `__schema` and `__type` of a query.
    pub introspection_depth: u32,
    /// Lists of the introspection schema inside each other, such as `types { fields { args } }`.
    pub introspection_lists: u32,
    /// Fields below (and including) the root fields `__schema` and `__type` of a query, expanded. They do not count
    /// towards [`Limits::fields`].
    pub introspection_fields: u64,
    /// Aliases of one operation, expanded.
    pub aliases: usize,
    /// Root fields of one operation, expanded.
    pub root_fields: usize,
    /// Root fields of one mutation, expanded.
    pub mutation_fields: usize,
    /// Root fields of one operation that check a credential, expanded; see [`Guard::new`](crate::Guard::new).
    pub credential_fields: usize,
    /// Directives on one field, fragment, operation or variable.
    pub directives_per_field: usize,
    /// Directives of the whole document as written, and of each operation expanded.
    pub directives: usize,
    /// Operations of the document.
    pub operations: usize,
    /// Fields of one operation, expanded, introspection apart.
    pub fields: u64,
    /// Fields, fragment spreads and inline fragments of one operation together, expanded: what later validation walks
    /// through.
    pub selections: u64,
    /// Elements of any one list, in the variables or written in the document.
    pub list_items: usize,
    /// Points one operation may cost.
    pub cost: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            document_bytes: 16_384,
            tokens: 2_000,
            nesting: 64,
            depth: 12,
            introspection_depth: 16,
            introspection_lists: 3,
            introspection_fields: 500,
            aliases: 30,
            root_fields: 20,
            mutation_fields: 10,
            credential_fields: 1,
            directives_per_field: 5,
            directives: 20,
            operations: 5,
            fields: 500,
            selections: 2_000,
            list_items: 1_000,
            cost: 1_000,
        }
    }
}

/// Which of the [`Limits`] a document went over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rule {
    /// [`Limits::document_bytes`].
    DocumentBytes,
    /// [`Limits::tokens`].
    Tokens,
    /// [`Limits::nesting`].
    Nesting,
    /// [`Limits::depth`] or [`Limits::introspection_depth`].
    Depth,
    /// [`Limits::introspection_lists`].
    IntrospectionLists,
    /// [`Limits::aliases`].
    Aliases,
    /// [`Limits::root_fields`].
    RootFields,
    /// [`Limits::mutation_fields`].
    MutationFields,
    /// [`Limits::credential_fields`].
    CredentialFields,
    /// [`Limits::directives_per_field`] or [`Limits::directives`].
    Directives,
    /// [`Limits::operations`].
    Operations,
    /// [`Limits::fields`] or [`Limits::introspection_fields`].
    Fields,
    /// [`Limits::selections`].
    Selections,
    /// [`Limits::list_items`].
    ListItems,
    /// [`Limits::cost`].
    Cost,
}

impl Rule {
    /// The name of the rule for machines, for example `DOCUMENT_BYTES`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DocumentBytes => "DOCUMENT_BYTES",
            Self::Tokens => "TOKENS",
            Self::Nesting => "NESTING",
            Self::Depth => "DEPTH",
            Self::IntrospectionLists => "INTROSPECTION_LISTS",
            Self::Aliases => "ALIASES",
            Self::RootFields => "ROOT_FIELDS",
            Self::MutationFields => "MUTATION_FIELDS",
            Self::CredentialFields => "CREDENTIAL_FIELDS",
            Self::Directives => "DIRECTIVES",
            Self::Operations => "OPERATIONS",
            Self::Fields => "FIELDS",
            Self::Selections => "SELECTIONS",
            Self::ListItems => "LIST_ITEMS",
            Self::Cost => "COST",
        }
    }

    /// What the rule counts, as the middle of the sentence "the document … {count}".
    pub(crate) fn sentence(self, count: &dyn fmt::Display) -> String {
        match self {
            Self::DocumentBytes => format!("the document is {count} bytes long"),
            Self::Tokens => format!("the document has {count} tokens"),
            Self::Nesting => format!("the document opens {count} brackets inside each other"),
            Self::Depth => format!("the document selects fields {count} levels deep"),
            Self::IntrospectionLists => format!("the document nests {count} introspection lists inside each other"),
            Self::Aliases => format!("the document uses {count} aliases once its fragments are expanded"),
            Self::RootFields => format!("an operation selects {count} root fields once its fragments are expanded"),
            Self::MutationFields => format!("a mutation selects {count} root fields once its fragments are expanded"),
            Self::CredentialFields => format!("an operation selects {count} root fields that check a credential"),
            Self::Directives => format!("the document or one of its fields carries {count} directives"),
            Self::Operations => format!("the document has {count} operations"),
            Self::Fields => format!("the document selects {count} fields once its fragments are expanded"),
            Self::Selections => {
                format!("the document has {count} fields and fragments once its fragments are expanded")
            }
            Self::ListItems => format!("a list has {count} elements"),
            Self::Cost => format!("an operation costs {count} points"),
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
