//! The points an operation costs: the table is told at [`CostModel`], the fields' shapes come from there.
//!
//! Every fragment is priced once for each operation, because the defaults of its variables belong to the operation.

use crate::{
    extent::is_introspection_root,
    graph::Fragments,
    model::{CostModel, MAX_PAGE, Shape, TypeId, page},
    variables::{Known, Variables},
    work,
};
use async_graphql_parser::types::{Field, OperationDefinition, OperationType, Selection, SelectionSet};

/// A field that returns an object.
const OBJECT: u64 = 1;
/// A root field of a mutation or a subscription.
const WRITE: u64 = 10;
/// A root field that asks for the schema.
const INTROSPECTION: u64 = 50;
/// Counting all the rows of a connection.
const TOTAL_COUNT: u64 = 20;
/// A whole list as a file or gone through: up to 10,000 rows, or all that there are of one thing.
const WHOLE: u64 = 500;
/// Rows of a list that no argument bounds.
const ROWS: u64 = 10;

/// What a selection set costs. The two parts are apart because a fragment on a connection type does not know the page.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Price {
    /// Points once.
    fixed: u64,
    /// Points for each element of the page; 0 except on a connection.
    per_item: u64,
}

impl Price {
    fn once(fixed: u64) -> Self {
        Self { fixed, per_item: 0 }
    }

    fn add(&mut self, other: Self) {
        self.fixed = self.fixed.saturating_add(other.fixed);
        self.per_item = self.per_item.saturating_add(other.per_item);
    }

    fn with_page(self, page: u64) -> u64 {
        self.fixed.saturating_add(page.saturating_mul(self.per_item))
    }

    /// Where a page belongs to nothing the largest one is assumed; validation refuses that later.
    fn without_page(self) -> u64 {
        self.with_page(MAX_PAGE)
    }
}

/// Computes the price of one operation: the variables' defaults differ from one to the next.
pub(crate) struct Prices<'a> {
    model: &'a CostModel,
    fragments: &'a Fragments<'a>,
    variables: Variables<'a>,
    /// By the number of the fragment.
    known: Vec<Price>,
}

impl<'a> Prices<'a> {
    /// The points that `operation` costs.
    pub(crate) fn operation(
        model: &'a CostModel,
        fragments: &'a Fragments<'a>,
        variables: Variables<'a>,
        operation: &OperationDefinition,
    ) -> u64 {
        let mut prices = Self { model, fragments, variables, known: vec![Price::default(); fragments.len()] };
        for (number, fragment) in fragments.in_order() {
            let on = model.type_id(&fragment.type_condition.node.on.node);
            let price = prices.selection_set(&fragment.selection_set.node, on);
            if let Some(known) = prices.known.get_mut(number) {
                *known = price;
            }
        }
        let root = match operation.ty {
            OperationType::Query => Some(model.query()),
            OperationType::Mutation => model.mutation(),
            OperationType::Subscription => model.subscription(),
        };
        prices.selection_set(&operation.selection_set.node, root).without_page()
    }

    fn selection_set(&self, set: &SelectionSet, on: Option<TypeId>) -> Price {
        let mut sum = Price::default();
        for selection in &set.items {
            work::visit();
            sum.add(match &selection.node {
                Selection::Field(field) => self.field(&field.node, on),
                Selection::FragmentSpread(spread) => {
                    let number = self.fragments.number(&spread.node.fragment_name.node);
                    number.and_then(|number| self.known.get(number)).copied().unwrap_or_default()
                }
                Selection::InlineFragment(inline) => {
                    let condition = inline.node.type_condition.as_ref();
                    let on = condition.map_or(on, |condition| self.model.type_id(&condition.node.on.node));
                    self.selection_set(&inline.node.selection_set.node, on)
                }
            });
        }
        sum
    }

    fn field(&self, field: &Field, on: Option<TypeId>) -> Price {
        let name = field.name.node.as_str();
        if name == "__typename" {
            return Price::default();
        }
        if is_introspection_root(name) && on == Some(self.model.query()) {
            return Price::once(INTROSPECTION);
        }
        let known = on.and_then(|on| self.model.field(on, name));
        let below = self.selection_set(&field.selection_set.node, known.and_then(|known| known.target));
        let is_write = on.is_some() && (on == self.model.mutation() || on == self.model.subscription());
        let (own, extra) = if is_write { (WRITE, WRITE) } else { (OBJECT, 0) };
        Price::once(match known.map(|known| &known.shape) {
            Some(Shape::Leaf) => extra,
            Some(Shape::Object) | None => own.saturating_add(below.without_page()),
            Some(Shape::Connection { default_page }) => {
                own.saturating_add(below.with_page(self.page(field, *default_page)))
            }
            Some(Shape::Rows { list_arguments }) => {
                let row = OBJECT.saturating_add(below.without_page());
                extra.saturating_add(self.rows(field, list_arguments).saturating_mul(row))
            }
            Some(Shape::TotalCount) => TOTAL_COUNT,
            Some(Shape::Whole) => extra.saturating_add(WHOLE).saturating_add(below.without_page()),
            Some(Shape::Edges) => return Price { fixed: 0, per_item: below.without_page() },
            Some(Shape::Nodes) => {
                return Price { fixed: 0, per_item: OBJECT.saturating_add(below.without_page()) };
            }
        })
    }

    /// The length of the page a connection is asked for.
    fn page(&self, field: &Field, default: u64) -> u64 {
        let asked = ["first", "last"].into_iter().filter_map(|name| page(self.argument(field, name)));
        asked.max().unwrap_or(default)
    }

    /// How many rows a list is asked for.
    fn rows(&self, field: &Field, list_arguments: &[Box<str>]) -> u64 {
        let lengths = list_arguments.iter().filter_map(|name| match self.argument(field, name) {
            Known::Absent => None,
            Known::List(length) => Some(length.max(1)),
            // One value stands for the list of it.
            Known::Whole(_) | Known::Other => Some(1),
        });
        lengths.max().unwrap_or(ROWS)
    }

    fn argument(&self, field: &Field, name: &str) -> Known {
        field.get_argument(name).map_or(Known::Absent, |value| self.variables.know(&value.node))
    }
}
