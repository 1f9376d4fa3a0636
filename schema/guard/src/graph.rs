//! The definitions of a document, which fragment uses which, and what can be seen without expanding anything.

use crate::{
    limits::{Limits, Rule},
    rejection::{Rejection, as_count, shorten},
    variables::{longest_const_list, longest_list},
    work,
};
use async_graphql_parser::{
    Positioned,
    types::{Directive, ExecutableDocument, FragmentDefinition, OperationDefinition, Selection, SelectionSet},
};
use async_graphql_value::Value;
use std::collections::HashMap;

/// The fragments of a document, numbered in the order of the source.
pub(crate) struct Fragments<'a> {
    definitions: Vec<(&'a str, &'a FragmentDefinition)>,
    numbers: HashMap<&'a str, usize>,
    /// Every fragment once, each after all those that it uses.
    order: Vec<usize>,
}

/// How far the depth-first search has come with a fragment.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    New,
    Open,
    Done,
}

impl<'a> Fragments<'a> {
    /// Reads every definition of the document once.
    ///
    /// # Errors
    ///
    /// A fragment that is not defined or that contains itself, too many directives, a list that is too long.
    pub(crate) fn read(document: &'a ExecutableDocument, limits: &Limits) -> Result<Self, Rejection> {
        let mut found: Vec<_> = document.fragments.iter().collect();
        // The parser keeps them in a hash map; errors should not depend on its order.
        found.sort_unstable_by_key(|(_, fragment)| fragment.pos);
        let definitions: Vec<_> = found.iter().map(|(name, fragment)| (name.as_str(), &fragment.node)).collect();
        let numbers = definitions.iter().enumerate().map(|(number, (name, _))| (*name, number)).collect();
        let mut fragments = Self { definitions, numbers, order: Vec::new() };

        let mut reader = Reader { fragments: &fragments, limits, directives: 0, uses: Vec::new() };
        for (_, operation) in document.operations.iter() {
            reader.operation(&operation.node)?;
        }
        let mut uses = Vec::with_capacity(fragments.definitions.len());
        for (_, fragment) in &fragments.definitions {
            reader.uses = Vec::new();
            reader.fragment(fragment)?;
            uses.push(reader.uses);
            reader.uses = Vec::new();
        }
        Rejection::check_len(Rule::Directives, reader.directives, limits.directives)?;
        fragments.order = fragments.sort(&uses)?;
        Ok(fragments)
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.definitions.len()
    }

    /// Number and definition of every fragment, each after all those that it uses.
    pub(crate) fn in_order(&self) -> impl Iterator<Item = (usize, &'a FragmentDefinition)> {
        self.order.iter().filter_map(|&number| Some((number, self.definitions.get(number)?.1)))
    }

    /// The number of a fragment.
    pub(crate) fn number(&self, name: &str) -> Option<usize> {
        self.numbers.get(name).copied()
    }

    /// Sorts the fragments so that each comes after those it uses: depth-first, with a list instead of recursion because
    /// a path may be as long as the document has fragments.
    fn sort(&self, uses: &[Vec<usize>]) -> Result<Vec<usize>, Rejection> {
        let mut states = vec![State::New; self.len()];
        let mut order = Vec::with_capacity(self.len());
        for start in 0..self.len() {
            let mut path = vec![(start, 0_usize)];
            while let Some((number, next)) = path.last_mut() {
                let number = *number;
                let Some(state) = states.get_mut(number) else { break };
                if *state == State::Done {
                    path.pop();
                    continue;
                }
                *state = State::Open;
                let used = uses.get(number).and_then(|used| used.get(*next)).copied();
                *next += 1;
                match used {
                    None => {
                        *state = State::Done;
                        order.push(number);
                        path.pop();
                    }
                    Some(used) => match states.get(used) {
                        Some(State::Open) => return Err(Rejection::FragmentCycle { name: self.name(used) }),
                        Some(State::New) => path.push((used, 0)),
                        Some(State::Done) | None => {}
                    },
                }
            }
        }
        Ok(order)
    }

    fn name(&self, number: usize) -> String {
        self.definitions.get(number).map(|(name, _)| shorten(name)).unwrap_or_default()
    }
}

/// Reads definitions as they are written.
struct Reader<'r, 'a> {
    fragments: &'r Fragments<'a>,
    limits: &'r Limits,
    /// Directives seen so far, in the whole document.
    directives: usize,
    /// The fragments that the definition spreads.
    uses: Vec<usize>,
}

impl Reader<'_, '_> {
    fn operation(&mut self, operation: &OperationDefinition) -> Result<(), Rejection> {
        self.directives(&operation.directives)?;
        for variable in &operation.variable_definitions {
            self.directives(&variable.node.directives)?;
            if let Some(default) = &variable.node.default_value {
                self.list(longest_const_list(&default.node))?;
            }
        }
        self.selection_set(&operation.selection_set.node)
    }

    fn fragment(&mut self, fragment: &FragmentDefinition) -> Result<(), Rejection> {
        self.directives(&fragment.directives)?;
        self.selection_set(&fragment.selection_set.node)
    }

    fn selection_set(&mut self, set: &SelectionSet) -> Result<(), Rejection> {
        for selection in &set.items {
            work::visit();
            self.directives(selection.node.directives())?;
            match &selection.node {
                Selection::Field(field) => {
                    self.arguments(field.node.arguments.iter().map(|(_, value)| &value.node))?;
                    self.selection_set(&field.node.selection_set.node)?;
                }
                Selection::FragmentSpread(spread) => {
                    let name = spread.node.fragment_name.node.as_str();
                    match self.fragments.number(name) {
                        Some(number) => self.uses.push(number),
                        None => return Err(Rejection::UnknownFragment { name: shorten(name) }),
                    }
                }
                Selection::InlineFragment(inline) => self.selection_set(&inline.node.selection_set.node)?,
            }
        }
        Ok(())
    }

    fn directives(&mut self, directives: &[Positioned<Directive>]) -> Result<(), Rejection> {
        Rejection::check_len(Rule::Directives, directives.len(), self.limits.directives_per_field)?;
        self.directives += directives.len();
        for directive in directives {
            self.arguments(directive.node.arguments.iter().map(|(_, value)| &value.node))?;
        }
        Ok(())
    }

    fn arguments<'v>(&self, values: impl Iterator<Item = &'v Value>) -> Result<(), Rejection> {
        values.map(longest_list).try_for_each(|length| self.list(length))
    }

    fn list(&self, length: usize) -> Result<(), Rejection> {
        Rejection::check(Rule::ListItems, as_count(length), as_count(self.limits.list_items))
    }
}
