//! Which signals: one filter, understood by the database and by the feed alike.

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, ExprTrait, Query, SelectStatement};
use sea_orm::{ColumnTrait, Condition, Value};

use super::signal::Column;
use super::view::SignalView;
use super::vocabulary::{Audience, Direction, Mode, Outcome, SignalOrigin, Timeframe};
use super::{signal, strategy};
use crate::db::nothing;
use crate::ids::UserId;
use crate::market::{AssetColumn, AssetEntity};

/// A comparison of one value; what is not given does not matter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compare<T> {
    /// Equal to this.
    pub eq: Option<T>,
    /// One of these.
    pub one_of: Option<Vec<T>>,
    /// At least this.
    pub gte: Option<T>,
    /// At most this.
    pub lte: Option<T>,
    /// More than this.
    pub gt: Option<T>,
    /// Less than this.
    pub lt: Option<T>,
}

impl<T> Default for Compare<T> {
    fn default() -> Self {
        Self { eq: None, one_of: None, gte: None, lte: None, gt: None, lt: None }
    }
}

impl<T> Compare<T> {
    /// The same comparison of what each value is turned into.
    pub(crate) fn map<U>(self, turn: impl Fn(T) -> U) -> Compare<U> {
        Compare {
            eq: self.eq.map(&turn),
            one_of: self.one_of.map(|values| values.into_iter().map(&turn).collect()),
            gte: self.gte.map(&turn),
            lte: self.lte.map(&turn),
            gt: self.gt.map(&turn),
            lt: self.lt.map(&turn),
        }
    }
}

impl<T: Ord + Clone> Compare<T> {
    /// Equal to this.
    pub fn equal(value: T) -> Self {
        Self { eq: Some(value), ..Self::default() }
    }

    fn matches(&self, value: &T) -> bool {
        self.eq.as_ref().is_none_or(|eq| value == eq)
            && self.one_of.as_ref().is_none_or(|one_of| one_of.contains(value))
            && self.gte.as_ref().is_none_or(|gte| value >= gte)
            && self.lte.as_ref().is_none_or(|lte| value <= lte)
            && self.gt.as_ref().is_none_or(|gt| value > gt)
            && self.lt.as_ref().is_none_or(|lt| value < lt)
    }
}

impl<T: Clone + Into<Value>> Compare<T> {
    /// The comparison for the database.
    pub(crate) fn condition<C: ColumnTrait>(&self, column: C) -> Condition {
        let one_of = self.one_of.clone().map(|one_of| column.is_in(one_of));
        Condition::all()
            .add_option(self.eq.clone().map(|eq| column.eq(eq)))
            .add_option(one_of)
            .add_option(self.gte.clone().map(|gte| column.gte(gte)))
            .add_option(self.lte.clone().map(|lte| column.lte(lte)))
            .add_option(self.gt.clone().map(|gt| column.gt(gt)))
            .add_option(self.lt.clone().map(|lt| column.lt(lt)))
    }
}

/// A condition on signals, or a tree of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignalFilter {
    /// Every one of these.
    All(Vec<Self>),
    /// At least one of these; none of none.
    Any(Vec<Self>),
    /// The asset's symbol, in upper case.
    Symbol(Compare<String>),
    /// What it says to do.
    Direction(Compare<Direction>),
    /// The horizon.
    Mode(Compare<Mode>),
    /// The span of the candle.
    Timeframe(Compare<Timeframe>),
    /// The strategy's name; one without a strategy matches none.
    Strategy(Compare<String>),
    /// Where it came from.
    Source(Compare<SignalOrigin>),
    /// Who may see it.
    Audience(Compare<Audience>),
    /// How it turned out; an open one matches none.
    Outcome(Compare<Outcome>),
    /// Whether it was judged.
    Settled(bool),
    /// How sure it is.
    Confidence(Compare<i32>),
    /// When its candle opened.
    SignalTime(Compare<DateTime<Utc>>),
    /// When it was recorded.
    CreatedAt(Compare<DateTime<Utc>>),
    /// Who recorded it; the house's match none.
    Author(Compare<UserId>),
}

impl Default for SignalFilter {
    fn default() -> Self {
        Self::All(Vec::new())
    }
}

impl SignalFilter {
    /// The filter for the database.
    pub(crate) fn condition(&self) -> Condition {
        match self {
            Self::All(filters) => filters.iter().fold(Condition::all(), |all, filter| all.add(filter.condition())),
            Self::Any(filters) if filters.is_empty() => nothing(),
            Self::Any(filters) => filters.iter().fold(Condition::any(), |any, filter| any.add(filter.condition())),
            Self::Symbol(compare) => {
                let ids = Query::select()
                    .column((AssetEntity, AssetColumn::Id))
                    .from(AssetEntity)
                    .cond_where(compare.condition(AssetColumn::Symbol))
                    .to_owned();
                Condition::all().add(by_id(Column::AssetId, compare, ids))
            }
            Self::Strategy(compare) => {
                let ids = Query::select()
                    .column((strategy::Entity, strategy::Column::Id))
                    .from(strategy::Entity)
                    .and_where(
                        Expr::col((strategy::Entity, strategy::Column::TenantId))
                            .equals((signal::Entity, Column::TenantId)),
                    )
                    .cond_where(compare.condition(strategy::Column::Name))
                    .to_owned();
                Condition::all().add(by_id(Column::StrategyId, compare, ids))
            }
            Self::Direction(compare) => compare.condition(Column::Direction),
            Self::Mode(compare) => compare.condition(Column::Mode),
            Self::Timeframe(compare) => compare.condition(Column::Timeframe),
            Self::Source(compare) => compare.condition(Column::Source),
            Self::Audience(compare) => compare.condition(Column::Audience),
            Self::Outcome(compare) => compare.condition(Column::Outcome).add(Column::Outcome.is_not_null()),
            Self::Settled(true) => Condition::all().add(Column::Outcome.is_not_null()),
            Self::Settled(false) => Condition::all().add(Column::Outcome.is_null()),
            Self::Confidence(compare) => compare.condition(Column::Confidence),
            Self::SignalTime(compare) => compare.condition(Column::SignalTime),
            Self::CreatedAt(compare) => compare.condition(Column::CreatedAt),
            Self::Author(compare) => compare.condition(Column::AuthorId).add(Column::AuthorId.is_not_null()),
        }
    }

    /// The same filter for a signal at hand.
    pub fn matches(&self, view: &SignalView) -> bool {
        let signal = &view.signal;
        match self {
            Self::All(filters) => filters.iter().all(|filter| filter.matches(view)),
            Self::Any(filters) => filters.iter().any(|filter| filter.matches(view)),
            Self::Symbol(compare) => compare.matches(&view.asset.symbol),
            Self::Strategy(compare) => view.strategy.as_ref().is_some_and(|name| compare.matches(&name.to_string())),
            Self::Direction(compare) => compare.matches(&signal.direction),
            Self::Mode(compare) => compare.matches(&signal.mode),
            Self::Timeframe(compare) => compare.matches(&signal.timeframe),
            Self::Source(compare) => compare.matches(&signal.source),
            Self::Audience(compare) => compare.matches(&signal.audience),
            Self::Outcome(compare) => signal.outcome.is_some_and(|outcome| compare.matches(&outcome)),
            Self::Settled(settled) => signal.outcome.is_some() == *settled,
            Self::Confidence(compare) => compare.matches(&signal.confidence),
            Self::SignalTime(compare) => compare.matches(&signal.signal_time),
            Self::CreatedAt(compare) => compare.matches(&signal.created_at),
            Self::Author(compare) => signal.author_id.is_some_and(|author| compare.matches(&author)),
        }
    }
}

/// `column = (…)` where one name is asked for, so that an index that begins with the tenant and the column keeps the list's order; else `IN (…)`.
fn by_id(column: Column, compare: &Compare<String>, ids: SelectStatement) -> Expr {
    let is_one_name = compare.eq.is_some();
    if is_one_name {
        Expr::col((signal::Entity, column)).eq(Expr::SubQuery(None, Box::new(ids.into())))
    } else {
        Expr::col((signal::Entity, column)).in_subquery(ids)
    }
}
