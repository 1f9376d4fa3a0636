//! Relay connections.

use std::borrow::Cow;

use async_graphql::parser::types::Field;
use async_graphql::registry::Registry;
use async_graphql::{
    ComplexObject, ContextSelectionSet, OutputType, Positioned, ServerResult, SimpleObject, TypeName, Value,
};
use bellwether_domain::paging::Page;

/// What can stand in a list: its name is in those of its connection and edge.
pub(crate) trait Item: OutputType {
    /// The name of its type.
    const NAME: &str;
}

/// A page of a list.
#[derive(Debug, SimpleObject)]
#[graphql(complex, name_type)]
pub(crate) struct Connection<N: Item> {
    /// The items with their cursors.
    edges: Vec<Edge<N>>,
    /// What is before and after the page.
    page_info: PageInfo,
    /// How many items there are on all pages; null unless it was asked for and counted.
    total_count: Option<u64>,
}

impl<N: Item> TypeName for Connection<N> {
    fn type_name() -> Cow<'static, str> {
        format!("{}Connection", N::NAME).into()
    }
}

#[ComplexObject]
impl<N: Item> Connection<N> {
    /// The items without their cursors.
    async fn nodes(&self) -> InTurn<&N> {
        InTurn(self.edges.iter().map(|edge| &edge.node).collect())
    }
}

/// An item of a page with its cursor.
#[derive(Debug, SimpleObject)]
#[graphql(name_type)]
pub(crate) struct Edge<N: Item> {
    /// Where the item is in the list, for `after` and `before`.
    cursor: String,
    /// The item.
    node: N,
}

impl<N: Item> TypeName for Edge<N> {
    fn type_name() -> Cow<'static, str> {
        format!("{}Edge", N::NAME).into()
    }
}

/// What is before and after a page.
#[derive(Debug, SimpleObject)]
pub(crate) struct PageInfo {
    /// Whether more items come after the page.
    has_next_page: bool,
    /// Whether more items come before the page.
    has_previous_page: bool,
    /// The cursor of the first item; null on an empty page.
    start_cursor: Option<String>,
    /// The cursor of the last item; null on an empty page.
    end_cursor: Option<String>,
}

impl<N: Item> Connection<N> {
    /// The page, each of its items turned into a node with its cursor.
    pub(crate) fn of<T>(page: Page<T>, total_count: Option<u64>, node: impl FnMut(T) -> (String, N)) -> Self {
        let bounds = Page::<()> { items: Vec::new(), has_next: page.has_next, has_previous: page.has_previous };
        Self::new(&bounds, page.items.into_iter().map(node).collect(), total_count)
    }

    /// The page of these items, each with its cursor, in the page's order.
    pub(crate) fn new<T>(page: &Page<T>, items: Vec<(String, N)>, total_count: Option<u64>) -> Self {
        let cursor = |item: Option<&(String, N)>| item.map(|(cursor, _)| cursor.clone());
        let page_info = PageInfo {
            has_next_page: page.has_next,
            has_previous_page: page.has_previous,
            start_cursor: cursor(items.first()),
            end_cursor: cursor(items.last()),
        };
        let edges = items.into_iter().map(|(cursor, node)| Edge { cursor, node }).collect();
        Self { edges, page_info, total_count }
    }
}

/// A list whose items are resolved one after the other. They are in memory: to poll them all at once, as a `Vec` does,
/// would only cost.
pub(crate) struct InTurn<T>(Vec<T>);

impl<T> InTurn<T> {
    /// A list of these.
    pub(crate) fn new(items: Vec<T>) -> Self {
        Self(items)
    }
}

impl<T: OutputType> OutputType for InTurn<T> {
    fn type_name() -> Cow<'static, str> {
        Vec::<T>::type_name()
    }

    fn qualified_type_name() -> String {
        Vec::<T>::qualified_type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        Vec::<T>::create_type_info(registry)
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        let mut values = Vec::with_capacity(self.0.len());
        for (index, item) in self.0.iter().enumerate() {
            let ctx = ctx.with_index(index);
            values.push(item.resolve(&ctx, field).await.map_err(|error| ctx.set_error_path(error))?);
        }
        Ok(Value::List(values))
    }
}

/// The page without its items, and the items.
pub(crate) fn split<T>(page: Page<T>) -> (Page<T>, Vec<T>) {
    let empty = Page { items: Vec::new(), has_next: page.has_next, has_previous: page.has_previous };
    (empty, page.items)
}
