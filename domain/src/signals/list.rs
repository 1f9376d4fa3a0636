//! Reading signals: a page, one, and the latest.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Alias, Expr, ExprTrait, Query, SelectStatement, UnionType};
use sea_orm::{ColumnTrait, Order, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait, Select};
use uuid::Uuid;

use super::filter::SignalFilter;
use super::remembered::Version;
use super::signal::{Column, Entity};
use super::view::SignalView;
use super::vocabulary::{Mode, Timeframe};
use crate::Domain;
use crate::error::{Problem, Result};
use crate::ids::{Id, SignalId};
use crate::market::{AssetColumn, AssetEntity, Symbol};
use crate::paging::{CursorKey, LARGEST_PAGE, Page, PageArgs, PageRequest, encode_cursor};
use crate::permission::Permission;
use crate::viewer::Viewer;

/// What signals are sorted by; equal ones by their id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SortField {
    /// When the candle opened.
    #[default]
    SignalTime,
    /// How sure it is.
    Confidence,
}

/// Which way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SortDirection {
    /// The least first.
    Asc,
    /// The most first.
    #[default]
    Desc,
}

/// The order of a list of signals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SignalOrder {
    /// By what.
    pub field: SortField,
    /// Which way.
    pub direction: SortDirection,
}

impl SignalOrder {
    /// The text that the cursors of this order carry.
    pub const fn name(self) -> &'static str {
        match (self.field, self.direction) {
            (SortField::SignalTime, SortDirection::Asc) => "time+",
            (SortField::SignalTime, SortDirection::Desc) => "time-",
            (SortField::Confidence, SortDirection::Asc) => "confidence+",
            (SortField::Confidence, SortDirection::Desc) => "confidence-",
        }
    }

    /// The cursor of a signal in this order.
    pub fn cursor(self, view: &SignalView) -> String {
        let sort = match self.field {
            SortField::SignalTime => view.signal.signal_time.timestamp_micros(),
            SortField::Confidence => view.signal.confidence.into(),
        };
        encode_cursor(self.name(), &SignalKey { sort, id: view.signal.id })
    }

    const fn column(self) -> Column {
        match self.field {
            SortField::SignalTime => Column::SignalTime,
            SortField::Confidence => Column::Confidence,
        }
    }
}

/// A position in a list of signals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignalKey {
    /// Microseconds since 1970, or the confidence.
    sort: i64,
    id: SignalId,
}

impl CursorKey for SignalKey {
    fn encode(&self) -> String {
        format!("{}:{}", self.sort, self.id.uuid().simple())
    }

    fn decode(text: &str) -> Option<Self> {
        let (sort, id) = text.split_once(':')?;
        let key = Self { sort: sort.parse().ok()?, id: SignalId::from_uuid(Uuid::try_parse(id).ok()?) };
        let time = DateTime::from_timestamp_micros(key.sort)?;
        crate::clock::is_storable(time).then_some(key)
    }
}

impl Domain {
    /// A page of the signals that the viewer may see.
    ///
    /// # Errors
    /// UNAUTHENTICATED, FORBIDDEN; a problem with the page's arguments.
    pub async fn signals_page(
        &self,
        viewer: &Viewer,
        filter: &SignalFilter,
        order: SignalOrder,
        args: &PageArgs,
    ) -> Result<Page<SignalView>> {
        viewer.permitted(Permission::SignalsRead)?;
        let request: PageRequest<SignalKey> = args.parse(order.name()).map_err(crate::Error::Problems)?;
        let descending = (order.direction == SortDirection::Desc) != request.backward;
        let direction = if descending { Order::Desc } else { Order::Asc };
        let mut query = Entity::visible_to(viewer).filter(filter.condition());
        // In the list's own direction a row comes after the cursor; read backward, before it.
        let is_descending_list = order.direction == SortDirection::Desc;
        for (key, wants_less) in [(request.after, is_descending_list), (request.before, !is_descending_list)] {
            if let Some(key) = key {
                query = query.filter(beyond(order, key, wants_less));
            }
        }
        let versions: Vec<Version> = query
            .select_only()
            .columns([Column::Id, Column::Sequence])
            .order_by(order.column(), direction.clone())
            .order_by(Column::Id, direction)
            .limit(request.fetch())
            .into_tuple()
            .all(self.db().reader())
            .await?;
        let page = request.page(versions);
        let signals = self.signals_at(viewer, &page.items).await?;
        Ok(Page { items: self.view_signals(signals).await?, has_next: page.has_next, has_previous: page.has_previous })
    }

    /// How many signals the filter finds among those that the viewer may see.
    ///
    /// # Errors
    /// UNAUTHENTICATED, FORBIDDEN.
    pub async fn count_signals(&self, viewer: &Viewer, filter: &SignalFilter) -> Result<u64> {
        viewer.permitted(Permission::SignalsRead)?;
        Ok(Entity::visible_to(viewer).filter(filter.condition()).count(self.db().reader()).await?)
    }

    /// A signal, if the viewer may see it.
    ///
    /// # Errors
    /// UNAUTHENTICATED, FORBIDDEN.
    pub async fn signal(&self, viewer: &Viewer, id: SignalId) -> Result<Option<SignalView>> {
        viewer.permitted(Permission::SignalsRead)?;
        let found = Entity::visible_to(viewer).filter(Column::Id.eq(id)).one(self.db().reader()).await?;
        Ok(self.view_signals(found.into_iter().collect()).await?.pop())
    }

    /// Those of these signals that the viewer may see.
    ///
    /// # Errors
    /// UNAUTHENTICATED, FORBIDDEN.
    pub async fn signals_by_id(
        &self,
        viewer: &Viewer,
        ids: Vec<SignalId>,
    ) -> Result<HashMap<SignalId, Arc<SignalView>>> {
        viewer.permitted(Permission::SignalsRead)?;
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let found = Entity::visible_to(viewer).filter(Column::Id.is_in(ids)).all(self.db().reader()).await?;
        let views = self.view_signals(found).await?;
        Ok(views.into_iter().map(|view| (view.signal.id, Arc::new(view))).collect())
    }

    /// The newest signal in the viewer's tenant of each timeframe and mode of each of these assets, in the order of the
    /// symbols asked for.
    ///
    /// # Errors
    /// UNAUTHENTICATED, FORBIDDEN; more symbols than a page may have.
    pub async fn latest_signals(&self, viewer: &Viewer, symbols: &[String]) -> Result<Vec<SignalView>> {
        let member = viewer.permitted(Permission::SignalsRead)?;
        if symbols.len() > LARGEST_PAGE {
            let message = format!("at most {LARGEST_PAGE} symbols, got {}", symbols.len());
            return Err(Problem::validation(&["symbols"], message).into());
        }
        let mut assets = Vec::new();
        for symbol in symbols {
            let Ok(symbol) = Symbol::try_from(symbol.as_str()) else { continue };
            assets.extend(self.asset_by_symbol(&symbol).await?.map(|asset| asset.id));
        }
        if assets.is_empty() {
            return Ok(Vec::new());
        }
        let own = Entity::visible_to(viewer).filter(Column::TenantId.eq(member.tenant_id));
        let newest = newest_of_each(own, assets.iter().map(|id| id.uuid()));
        // The scope is in the ids: here it would only lead SQLite's planner away from them.
        let found = Entity::visible_to(&Viewer::System)
            .filter(Expr::col((Entity, Column::Id)).in_subquery(newest))
            .all(self.db().reader())
            .await?;
        let mut views = self.view_signals(found).await?;
        let place = |view: &SignalView| assets.iter().position(|id| *id == view.asset.id);
        views.sort_by_key(|view| (place(view), view.signal.timeframe, view.signal.mode));
        Ok(views)
    }

    /// The tenant's signals after a sequence that the viewer may see, in the order of their changes.
    ///
    /// # Errors
    /// UNAUTHENTICATED, FORBIDDEN.
    pub async fn signals_after(&self, viewer: &Viewer, sequence: i64, most: u64) -> Result<Vec<SignalView>> {
        let member = viewer.permitted(Permission::SignalsRead)?;
        let found = Entity::visible_to(viewer)
            .filter(Column::TenantId.eq(member.tenant_id))
            .filter(Column::Sequence.gt(sequence))
            .order_by_asc(Column::Sequence)
            .limit(most)
            .all(self.db().reader())
            .await?;
        self.view_signals(found).await
    }
}

/// Rows on the far side of the key: `(sort, id) < (key)` or `>`, as a row value, which both databases read from an index.
fn beyond(order: SignalOrder, key: SignalKey, wants_less: bool) -> Expr {
    let sort = match order.field {
        SortField::SignalTime => Expr::val(DateTime::<Utc>::from_timestamp_micros(key.sort).unwrap_or_default()),
        SortField::Confidence => Expr::val(key.sort),
    };
    let row = Expr::tuple([Expr::col((Entity, order.column())), Expr::col((Entity, Column::Id))]);
    let bound = Expr::tuple([sort, Expr::val(key.id)]);
    if wants_less { row.lt(bound) } else { row.gt(bound) }
}

/// The ids of the newest of `signals` for each asset, timeframe and mode: one look into the index for each of them.
fn newest_of_each(signals: Select<Entity>, assets: impl Iterator<Item = Uuid>) -> SelectStatement {
    let (asset, frames, modes, word) = (Alias::new("a"), Alias::new("t"), Alias::new("m"), Alias::new("word"));
    let newest = signals
        .select_only()
        .column(Column::Id)
        .filter(Expr::col((Entity, Column::AssetId)).equals((asset.clone(), AssetColumn::Id)))
        .filter(Expr::col((Entity, Column::Timeframe)).equals((frames.clone(), word.clone())))
        .filter(Expr::col((Entity, Column::Mode)).equals((modes.clone(), word.clone())))
        .order_by_desc(Column::SignalTime)
        .order_by_desc(Column::Id)
        .limit(1)
        .into_query();
    Query::select()
        .expr(Expr::SubQuery(None, Box::new(newest.into())))
        .from_as(AssetEntity, asset.clone())
        .from_subquery(words(Timeframe::ALL.iter().map(|frame| frame.as_str()), &word), frames)
        .from_subquery(words(Mode::ALL.iter().map(|mode| mode.as_str()), &word), modes)
        .and_where(Expr::col((asset, AssetColumn::Id)).is_in(assets))
        .to_owned()
}

/// The words as a table of one column.
fn words(words: impl Iterator<Item = &'static str>, column: &Alias) -> SelectStatement {
    let mut rows = words.map(|word| Query::select().expr_as(Expr::val(word), column.clone()).to_owned());
    let mut table = rows.next().unwrap_or_default();
    for row in rows {
        table.union(UnionType::All, row);
    }
    table
}
