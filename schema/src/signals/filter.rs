//! Which signals, and in which order.

use async_graphql::{Enum, ID, InputObject, InputType};
use bellwether_domain::clock::is_storable;
use bellwether_domain::error::{Error, Problem};
use bellwether_domain::signals::{self, Compare};
use chrono::{DateTime, Utc};

use super::sources::Verdict;
use super::types::{Audience, Direction, Mode, Outcome, SignalOrigin, Timeframe};
use crate::market::AssetKind;
use crate::identity::{AuditAction, Role, TenantStatus, UserStatus};
use crate::node::parse_id;
use crate::scheduler::RunStatus;

/// Levels of `and` and `or` in a filter.
const DEEPEST: usize = 3;
/// Fields with a comparison in a filter.
const MOST_COMPARISONS: usize = 20;
/// Values in one `in`.
const MOST_VALUES: usize = 100;

/// A comparison with words. Every part that is given must hold.
#[derive(Clone, Debug, InputObject)]
#[graphql(concrete(name = "StringFilter", params(String)))]
#[graphql(concrete(name = "IdFilter", params(ID)))]
#[graphql(concrete(name = "DirectionFilter", params(Direction)))]
#[graphql(concrete(name = "ModeFilter", params(Mode)))]
#[graphql(concrete(name = "TimeframeFilter", params(Timeframe)))]
#[graphql(concrete(name = "AudienceFilter", params(Audience)))]
#[graphql(concrete(name = "SignalOriginFilter", params(SignalOrigin)))]
#[graphql(concrete(name = "SignalOutcomeFilter", params(Outcome)))]
#[graphql(concrete(name = "DeliveryVerdictFilter", params(Verdict)))]
#[graphql(concrete(name = "SchedulerRunStatusFilter", params(RunStatus)))]
#[graphql(concrete(name = "RoleFilter", params(Role)))]
#[graphql(concrete(name = "UserStatusFilter", params(UserStatus)))]
#[graphql(concrete(name = "TenantStatusFilter", params(TenantStatus)))]
#[graphql(concrete(name = "AuditActionFilter", params(AuditAction)))]
#[graphql(concrete(name = "AssetKindFilter", params(AssetKind)))]
pub(crate) struct Words<T: InputType> {
    /// Equal to this.
    eq: Option<T>,
    /// One of these, at most 100.
    #[graphql(name = "in")]
    one_of: Option<Vec<T>>,
}

/// A comparison with numbers or times. Every part that is given must hold.
#[derive(Clone, Debug, InputObject)]
#[graphql(concrete(name = "IntFilter", params("i32")))]
#[graphql(concrete(name = "DateTimeFilter", params("DateTime<Utc>")))]
pub(crate) struct Range<T: InputType> {
    /// Equal to this.
    eq: Option<T>,
    /// One of these, at most 100.
    #[graphql(name = "in")]
    one_of: Option<Vec<T>>,
    /// At least this.
    gte: Option<T>,
    /// At most this.
    lte: Option<T>,
    /// More than this.
    gt: Option<T>,
    /// Less than this.
    lt: Option<T>,
}

impl<T: InputType> Range<T> {
    /// The comparison for the domain.
    pub(crate) fn into_compare(self, path: &[&str]) -> Result<Compare<T>, Error> {
        check_values(self.one_of.as_ref().map(Vec::len), path)?;
        Ok(Compare { eq: self.eq, one_of: self.one_of, gte: self.gte, lte: self.lte, gt: self.gt, lt: self.lt })
    }
}

impl<T: InputType> Words<T> {
    /// The comparison, each word turned into the domain's.
    pub(crate) fn into_compare<D>(
        self,
        path: &[&str],
        mut turn: impl FnMut(T) -> Result<D, Error>,
    ) -> Result<Compare<D>, Error> {
        check_values(self.one_of.as_ref().map(Vec::len), path)?;
        let eq = self.eq.map(&mut turn).transpose()?;
        let one_of = self.one_of.map(|values| values.into_iter().map(turn).collect::<Result<_, _>>()).transpose()?;
        Ok(Compare { eq, one_of, gte: None, lte: None, gt: None, lt: None })
    }
}

/// The comparison of times that both databases keep.
pub(crate) fn times(range: Range<DateTime<Utc>>, path: &[&str]) -> Result<Compare<DateTime<Utc>>, Error> {
    let compare = range.into_compare(path)?;
    let single = [compare.eq, compare.gte, compare.lte, compare.gt, compare.lt].into_iter().flatten();
    if single.chain(compare.one_of.iter().flatten().copied()).all(is_storable) {
        return Ok(compare);
    }
    Err(Problem::validation(path, "expected times of the years 1 to 9999").into())
}

fn check_values(count: Option<usize>, path: &[&str]) -> Result<(), Error> {
    match count.filter(|count| *count > MOST_VALUES) {
        Some(count) => {
            Err(Problem::validation(path, format!("`in` takes at most {MOST_VALUES} values, got {count}")).into())
        }
        None => Ok(()),
    }
}

/// Which signals. Every part that is given must hold; `and` and `or` at most three deep, at most 20 comparisons.
#[derive(Clone, Debug, Default, InputObject)]
pub(crate) struct SignalFilter {
    /// Every one of these must hold.
    and: Option<Vec<SignalFilter>>,
    /// At least one of these must hold.
    or: Option<Vec<SignalFilter>>,
    /// The symbol of the asset, in any case.
    symbol: Option<Words<String>>,
    /// What it says to do.
    direction: Option<Words<Direction>>,
    /// The horizon.
    mode: Option<Words<Mode>>,
    /// The span of the candle.
    timeframe: Option<Words<Timeframe>>,
    /// The name of the strategy; a signal without one matches none.
    strategy: Option<Words<String>>,
    /// Where it came from.
    source: Option<Words<SignalOrigin>>,
    /// Who may see it.
    audience: Option<Words<Audience>>,
    /// How it turned out; an open signal matches none.
    outcome: Option<Words<Outcome>>,
    /// Whether it was judged: false finds the open ones.
    is_settled: Option<bool>,
    /// How sure it is, 0 to 100.
    confidence: Option<Range<i32>>,
    /// When its candle opened.
    signal_time: Option<Range<DateTime<Utc>>>,
    /// When it was recorded.
    created_at: Option<Range<DateTime<Utc>>>,
    /// Who recorded it, `usr_…`; the house's match none.
    author: Option<Words<ID>>,
}

impl SignalFilter {
    /// The filter as the domain understands it.
    pub(super) fn into_domain(self) -> Result<signals::SignalFilter, Error> {
        let mut comparisons = 0;
        let filter = self.convert(DEEPEST, &mut comparisons)?;
        if comparisons > MOST_COMPARISONS {
            let message = format!("at most {MOST_COMPARISONS} comparisons, got {comparisons}");
            return Err(Problem::validation(&["filter"], message).into());
        }
        Ok(filter)
    }

    fn convert(self, levels: usize, comparisons: &mut usize) -> Result<signals::SignalFilter, Error> {
        use signals::SignalFilter as F;
        let mut all = Vec::new();
        let path = |field: &'static str| ["filter", field];
        let word = |text: String| {
            let problem = || Problem::validation(&["filter"], "a text in it has a NUL character").into();
            if text.contains('\0') { Err(problem()) } else { Ok(text) }
        };
        let upper = |symbol: String| word(symbol.trim().to_uppercase());
        if let Some(words) = self.symbol {
            all.push(F::Symbol(words.into_compare(&path("symbol"), upper)?));
        }
        if let Some(words) = self.direction {
            all.push(F::Direction(words.into_compare(&path("direction"), |word| Ok(word.into()))?));
        }
        if let Some(words) = self.mode {
            all.push(F::Mode(words.into_compare(&path("mode"), |word| Ok(word.into()))?));
        }
        if let Some(words) = self.timeframe {
            all.push(F::Timeframe(words.into_compare(&path("timeframe"), |word| Ok(word.into()))?));
        }
        if let Some(words) = self.strategy {
            all.push(F::Strategy(words.into_compare(&path("strategy"), word)?));
        }
        if let Some(words) = self.source {
            all.push(F::Source(words.into_compare(&path("source"), |word| Ok(word.into()))?));
        }
        if let Some(words) = self.audience {
            all.push(F::Audience(words.into_compare(&path("audience"), |word| Ok(word.into()))?));
        }
        if let Some(words) = self.outcome {
            all.push(F::Outcome(words.into_compare(&path("outcome"), |word| Ok(word.into()))?));
        }
        all.extend(self.is_settled.map(F::Settled));
        if let Some(range) = self.confidence {
            all.push(F::Confidence(range.into_compare(&path("confidence"))?));
        }
        if let Some(range) = self.signal_time {
            all.push(F::SignalTime(times(range, &path("signalTime"))?));
        }
        if let Some(range) = self.created_at {
            all.push(F::CreatedAt(times(range, &path("createdAt"))?));
        }
        if let Some(words) = self.author {
            all.push(F::Author(words.into_compare(&path("author"), |id| parse_id(&id, &path("author")))?));
        }
        *comparisons += all.len();
        for (filters, make) in [(self.and, F::All as fn(Vec<F>) -> F), (self.or, F::Any)] {
            let Some(filters) = filters else { continue };
            if levels == 0 || filters.len() > MOST_COMPARISONS {
                let message = format!("`and` and `or` go at most {DEEPEST} deep and hold at most {MOST_COMPARISONS}");
                return Err(Problem::validation(&["filter"], message).into());
            }
            let filters = filters.into_iter().map(|filter| filter.convert(levels - 1, comparisons));
            all.push(make(filters.collect::<Result<_, _>>()?));
        }
        Ok(F::All(all))
    }
}

/// What signals are sorted by; equal ones by their id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "signals::SortField")]
pub(crate) enum SignalOrderField {
    /// When the candle opened.
    SignalTime,
    /// How sure it is.
    Confidence,
}

/// Which way a list is sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "signals::SortDirection")]
pub(crate) enum OrderDirection {
    /// The least first.
    Asc,
    /// The most first.
    Desc,
}

/// The order of a list of signals.
#[derive(Clone, Copy, Debug, InputObject)]
pub(crate) struct SignalOrder {
    /// By what.
    field: SignalOrderField,
    /// Which way.
    #[graphql(default_with = "OrderDirection::Desc")]
    direction: OrderDirection,
}

impl From<SignalOrder> for signals::SignalOrder {
    fn from(order: SignalOrder) -> Self {
        Self { field: order.field.into(), direction: order.direction.into() }
    }
}
