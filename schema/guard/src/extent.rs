//! What a definition amounts to once its fragments are expanded: counts that need neither types nor variables.
//!
//! Every fragment is computed once and reused wherever it is spread. The numbers of a fragment do not depend on where
//! it is used: depths are relative to it, and what it selects at its own root is kept apart from what lies deeper.

use crate::{graph::Fragments, rejection::as_count, work};
use async_graphql_parser::types::{
    ExecutableDocument, Field, OperationDefinition, OperationType, Selection, SelectionSet,
};
use std::collections::HashSet;

/// Size of a set of fields with everything below them. Counts saturate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Part {
    /// Fields, `__typename` included.
    pub(crate) fields: u64,
    /// Levels of fields.
    pub(crate) depth: u32,
    /// Lists of the introspection schema on one path.
    pub(crate) lists: u32,
}

impl Part {
    fn add(&mut self, other: Self) {
        self.fields = self.fields.saturating_add(other.fields);
        self.depth = self.depth.max(other.depth);
        self.lists = self.lists.max(other.lists);
    }
}

/// What a selection set amounts to, expanded. Counts saturate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Extent {
    /// The fields of the set with everything below, except for the next one.
    pub(crate) plain: Part,
    /// The fields `__schema` and `__type` of the set itself with everything below. They are introspection only at the
    /// root of a query.
    pub(crate) introspection: Part,
    /// Fields, spreads and inline fragments.
    pub(crate) selections: u64,
    /// Fields with an alias.
    pub(crate) aliases: u64,
    /// Directives, those of the fragments' definitions included.
    pub(crate) directives: u64,
    /// Fields of the set itself.
    pub(crate) root_fields: u64,
    /// Fields of the set itself that check a credential.
    pub(crate) credentials: u64,
}

impl Extent {
    /// All the fields of the set with everything below.
    pub(crate) fn whole(&self) -> Part {
        let mut whole = self.plain;
        whole.add(self.introspection);
        whole
    }

    fn add(&mut self, other: &Self) {
        self.plain.add(other.plain);
        self.introspection.add(other.introspection);
        self.add_counts(other);
        self.root_fields = self.root_fields.saturating_add(other.root_fields);
        self.credentials = self.credentials.saturating_add(other.credentials);
    }

    /// Adds what does not depend on the level.
    fn add_counts(&mut self, other: &Self) {
        self.selections = self.selections.saturating_add(other.selections);
        self.aliases = self.aliases.saturating_add(other.aliases);
        self.directives = self.directives.saturating_add(other.directives);
    }
}

/// Computes extents.
pub(crate) struct Extents<'a> {
    fragments: &'a Fragments<'a>,
    credential_fields: &'a HashSet<Box<str>>,
    /// By the number of the fragment.
    known: Vec<Extent>,
}

impl<'a> Extents<'a> {
    /// Computes every fragment of the document, used or not.
    pub(crate) fn new(fragments: &'a Fragments<'a>, credential_fields: &'a HashSet<Box<str>>) -> Self {
        let mut extents = Self { fragments, credential_fields, known: vec![Extent::default(); fragments.len()] };
        for (number, fragment) in fragments.in_order() {
            let mut extent = extents.selection_set(&fragment.selection_set.node);
            extent.directives = extent.directives.saturating_add(as_count(fragment.directives.len()));
            if let Some(known) = extents.known.get_mut(number) {
                *known = extent;
            }
        }
        extents
    }

    /// The fragments' extents.
    pub(crate) fn fragments(&self) -> &[Extent] {
        &self.known
    }

    /// The extent of an operation, the directives of the operation and of its variables included.
    pub(crate) fn operation(&self, operation: &OperationDefinition) -> Extent {
        let mut extent = self.selection_set(&operation.selection_set.node);
        let variables = operation.variable_definitions.iter().map(|variable| variable.node.directives.len());
        let own = operation.directives.len() + variables.sum::<usize>();
        extent.directives = extent.directives.saturating_add(as_count(own));
        if operation.ty != OperationType::Query {
            // Only queries have introspection at their root; elsewhere these are fields like any other.
            extent.plain = extent.whole();
            extent.introspection = Part::default();
        }
        extent
    }

    fn selection_set(&self, set: &SelectionSet) -> Extent {
        let mut sum = Extent::default();
        for selection in &set.items {
            work::visit();
            sum.selections = sum.selections.saturating_add(1);
            sum.directives = sum.directives.saturating_add(as_count(selection.node.directives().len()));
            match &selection.node {
                Selection::Field(field) => self.field(&field.node, &mut sum),
                Selection::FragmentSpread(spread) => {
                    let number = self.fragments.number(&spread.node.fragment_name.node);
                    if let Some(known) = number.and_then(|number| self.known.get(number)) {
                        sum.add(known);
                    }
                }
                Selection::InlineFragment(inline) => sum.add(&self.selection_set(&inline.node.selection_set.node)),
            }
        }
        sum
    }

    fn field(&self, field: &Field, sum: &mut Extent) {
        let below = self.selection_set(&field.selection_set.node);
        sum.add_counts(&below);
        sum.aliases = sum.aliases.saturating_add(u64::from(field.alias.is_some()));
        sum.root_fields = sum.root_fields.saturating_add(1);
        let name = field.name.node.as_str();
        sum.credentials = sum.credentials.saturating_add(u64::from(self.credential_fields.contains(name)));

        let whole = below.whole();
        let part = Part {
            fields: whole.fields.saturating_add(1),
            depth: whole.depth.saturating_add(1),
            lists: whole.lists.saturating_add(u32::from(is_introspection_list(name))),
        };
        if is_introspection_root(name) { sum.introspection.add(part) } else { sum.plain.add(part) }
    }
}

/// The names of an operation's root fields (not their aliases) in the order of the source, fragments expanded. Walks
/// through them all, so the operation's extent must have been checked.
pub(crate) fn root_fields(operation: &OperationDefinition, document: &ExecutableDocument) -> Vec<String> {
    let mut names = Vec::new();
    let mut open = vec![operation.selection_set.node.items.iter()];
    while let Some(selections) = open.last_mut() {
        let Some(selection) = selections.next() else {
            open.pop();
            continue;
        };
        work::visit();
        match &selection.node {
            Selection::Field(field) => names.push(field.node.name.node.as_str().to_owned()),
            Selection::FragmentSpread(spread) => {
                if let Some(fragment) = document.fragments.get(&spread.node.fragment_name.node) {
                    open.push(fragment.node.selection_set.node.items.iter());
                }
            }
            Selection::InlineFragment(inline) => open.push(inline.node.selection_set.node.items.iter()),
        }
    }
    names
}

/// Whether a root field of a query asks for the schema.
pub(crate) fn is_introspection_root(name: &str) -> bool {
    matches!(name, "__schema" | "__type")
}

/// Whether a field of the introspection types is a list of other introspection objects.
fn is_introspection_list(name: &str) -> bool {
    matches!(
        name,
        "types" | "directives" | "fields" | "args" | "inputFields" | "enumValues" | "interfaces" | "possibleTypes"
    )
}
