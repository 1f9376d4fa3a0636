//! Relay connections.

use std::borrow::Cow;

use async_graphql::parser::types::Field;
use async_graphql::registry::Registry;
use async_graphql::{ContextSelectionSet, Object, OutputType, Positioned, ServerResult, SimpleObject, TypeName, Value};
use bellwether_domain::paging::Page;

/// What can stand in a list: its name is in those of its connection and edge.
pub(crate) trait Item: OutputType {
    /// The name of its type.
    const NAME: &str;
}

/// A page of a list. Its cursors are written where they are asked for.
pub(crate) struct Connection<N: Item> {
    page: Page<N>,
    cursor: Box<dyn Fn(&N) -> String + Send + Sync>,
    total_count: Option<u64>,
}

impl<N: Item> TypeName for Connection<N> {
    fn type_name() -> Cow<'static, str> {
        format!("{}Connection", N::NAME).into()
    }
}

impl<N: Item> Connection<N> {
    /// The page, and what the cursor of an item is.
    pub(crate) fn of(
        page: Page<N>,
        total_count: Option<u64>,
        cursor: impl Fn(&N) -> String + Send + Sync + 'static,
    ) -> Self {
        Self { page, cursor: Box::new(cursor), total_count }
    }
}

/// A page of a list.
#[Object(name_type, serial)]
impl<N: Item> Connection<N> {
    /// The items with their cursors.
    async fn edges(&self) -> InTurn<Edge<'_, N>> {
        InTurn(self.page.items.iter().map(|node| Edge { connection: self, node }).collect())
    }

    /// What is before and after the page.
    async fn page_info(&self) -> PageInfo {
        let items = &self.page.items;
        PageInfo {
            has_next_page: self.page.has_next,
            has_previous_page: self.page.has_previous,
            start_cursor: items.first().map(&self.cursor),
            end_cursor: items.last().map(&self.cursor),
        }
    }

    /// How many items there are on all pages; null unless it was asked for and counted.
    async fn total_count(&self) -> Option<u64> {
        self.total_count
    }

    /// The items without their cursors.
    async fn nodes(&self) -> InTurn<&N> {
        InTurn(self.page.items.iter().collect())
    }
}

/// An item of a page with its cursor.
pub(crate) struct Edge<'a, N: Item> {
    connection: &'a Connection<N>,
    node: &'a N,
}

impl<N: Item> TypeName for Edge<'_, N> {
    fn type_name() -> Cow<'static, str> {
        format!("{}Edge", N::NAME).into()
    }
}

/// An item of a page with its cursor.
#[Object(name_type, serial)]
impl<N: Item> Edge<'_, N> {
    /// Where the item is in the list, for `after` and `before`.
    async fn cursor(&self) -> String {
        (self.connection.cursor)(self.node)
    }

    /// The item.
    async fn node(&self) -> &N {
        self.node
    }
}

/// What is before and after a page.
#[derive(Debug, SimpleObject)]
#[graphql(serial)]
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
