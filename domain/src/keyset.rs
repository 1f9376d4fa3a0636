//! Reading a page of rows from the key that it begins or ends at.

use sea_orm::sea_query::Value;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select};

use crate::ids::Id;
use crate::paging::{IdKey, PageRequest};

/// The rows of a page of a list that is sorted by its ids, which are made in the order of time: the newest first.
pub(crate) fn newest_first<E: EntityTrait, I: Id + Into<Value>>(
    mut rows: Select<E>,
    id: impl ColumnTrait,
    page: &PageRequest<IdKey<I>>,
) -> Select<E> {
    if let Some(IdKey(after)) = page.after {
        rows = rows.filter(id.lt(after));
    }
    if let Some(IdKey(before)) = page.before {
        rows = rows.filter(id.gt(before));
    }
    let rows = if page.backward { rows.order_by_asc(id) } else { rows.order_by_desc(id) };
    rows.limit(page.fetch())
}
