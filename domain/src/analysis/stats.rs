//! How signals did.

use std::collections::BTreeMap;

use sea_orm::sea_query::{Alias, CaseStatement, Expr, ExprTrait, Func, SimpleExpr};
use sea_orm::{ColumnTrait, DbBackend, FromQueryResult, QueryFilter, QuerySelect};
use uuid::Uuid;

use crate::Domain;
use crate::error::{Error, Problem, Result};
use crate::fixed::Percent;
use crate::ids::{AssetId, Id, StrategyId};
use crate::permission::Permission;
use crate::signals::signal::{Column, Entity};
use crate::signals::{Direction, Outcome, SignalFilter};
use crate::viewer::Viewer;

/// Groups that one answer holds at most.
const MOST_GROUPS: usize = 500;
/// Groups and strategies in them that are counted at most.
const MOST_ROWS: usize = 20_000;
/// Settled signals from which on a strategy is compared with others.
const ENOUGH: i64 = 5;
/// All of it, in the units of a percentage.
const HUNDRED_PERCENT: f64 = 1_000_000.0;

/// By what signals are put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatsGroup {
    /// The strategy; those without one together.
    Strategy,
    /// What they say to do.
    Direction,
    /// The asset.
    Asset,
    /// The horizon.
    Mode,
    /// The span of the candle.
    Timeframe,
    /// The month of the candle, UTC.
    Month,
    /// Ten points of confidence: 0 to 9, 10 to 19, …, 90 to 100.
    Confidence,
}

/// How some signals did. Those that say HOLD count as signals, and for nothing else; those that were given in hindsight
/// count for nothing unless they are asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SignalStats {
    /// What they have in common: a strategy's name, BUY, a symbol, SWING, 1d, 2026-11 or 70-79; none for all, and for
    /// those without a strategy.
    pub group: Option<String>,
    /// How many there are.
    pub count: i64,
    /// How many more there are, or of these are where they were asked for, that were given in hindsight.
    pub hindsight: i64,
    /// How many rest on simulated prices.
    pub simulated: i64,
    /// How many were judged.
    pub settled: i64,
    /// How many reached their target.
    pub hits: i64,
    /// How many were stopped.
    pub misses: i64,
    /// How many did neither before their horizon ended.
    pub expired: i64,
    /// Hits in percent of hits and misses; none without any.
    pub win_rate: Option<Percent>,
    /// What those brought that brought something, on average; none without any.
    pub mean_gain: Option<Percent>,
    /// What those brought that cost something, on average, below zero; none without any.
    pub mean_loss: Option<Percent>,
    /// What a judged signal brought on average; none without any.
    pub expectancy: Option<Percent>,
    /// The strategy with the best expectancy of those with five judged signals or more; none where there is none.
    pub best_strategy: Option<String>,
}

/// What the database counted of one group and strategy.
#[derive(Debug, FromQueryResult)]
struct Counted {
    group_id: Option<Uuid>,
    group_word: Option<String>,
    strategy_id: Option<StrategyId>,
    count: i64,
    hindsight: i64,
    simulated: i64,
    hits: i64,
    misses: i64,
    expired: i64,
    gains: i64,
    gained: f64,
    losses: i64,
    lost: f64,
}

impl Domain {
    /// How the signals did that the viewer may see and the filter finds: one row a group, the largest first; without a
    /// group one row for all.
    ///
    /// # Errors
    /// UNAUTHENTICATED, FORBIDDEN; a problem where there are more than 500 groups.
    pub async fn signal_stats(
        &self,
        viewer: &Viewer,
        filter: &SignalFilter,
        group: Option<StatsGroup>,
        with_hindsight: bool,
    ) -> Result<Vec<SignalStats>> {
        // Of one tenant, for the owner too: what the house says is there once in each, and strategies are each tenant's own.
        let tenant = viewer.permitted(Permission::SignalsRead)?.tenant_id;
        let (id, word) = self.group_columns(group);
        let late = || Column::InHindsight.eq(true);
        let counts = || if with_hindsight { Column::Id.is_not_null() } else { Column::InHindsight.eq(false) };
        let returns = || Expr::col(Column::ReturnPercent);
        // What expired without a return was judged by nothing.
        let is = |outcome: Outcome| Column::Outcome.eq(outcome).and(acts()).and(returns().is_not_null()).and(counts());
        let brought = |condition: SimpleExpr| condition.and(acts()).and(counts());
        let mut query =
            Entity::visible_to(viewer).filter(Column::TenantId.eq(tenant)).filter(filter.condition()).select_only();
        query = match id {
            Some(column) => query.expr_as(Expr::col(column), "group_id").group_by(Expr::col(column)),
            None => query.expr_as(Expr::cust("NULL"), "group_id"),
        };
        query = match word {
            Some(word) => query.expr_as(word.clone(), "group_word").group_by(word),
            None => query.expr_as(Expr::cust("NULL"), "group_word"),
        };
        let query = query
            .column(Column::StrategyId)
            .expr_as(count_if(counts()), "count")
            .expr_as(count_if(late()), "hindsight")
            .expr_as(count_if(Column::IsSimulated.eq(true).and(counts())), "simulated")
            .expr_as(count_if(is(Outcome::Win)), "hits")
            .expr_as(count_if(is(Outcome::Loss)), "misses")
            .expr_as(count_if(is(Outcome::Expired)), "expired")
            .expr_as(count_if(brought(returns().gt(0))), "gains")
            .expr_as(sum_if(brought(returns().gt(0))), "gained")
            .expr_as(count_if(brought(returns().lt(0))), "losses")
            .expr_as(sum_if(brought(returns().lt(0))), "lost")
            .group_by(Column::StrategyId)
            .limit(MOST_ROWS as u64 + 1);
        let counted: Vec<Counted> = query.into_model().all(self.db().reader()).await?;
        if counted.len() > MOST_ROWS {
            return Err(too_many());
        }
        self.learn_strategy_names(counted.iter().filter_map(|row| row.strategy_id)).await?;
        let mut groups: BTreeMap<(Option<Uuid>, Option<String>), Vec<Counted>> = BTreeMap::new();
        for row in counted {
            groups.entry((row.group_id, row.group_word.clone())).or_default().push(row);
        }
        if groups.len() > MOST_GROUPS {
            return Err(too_many());
        }
        let mut all = Vec::with_capacity(groups.len());
        for ((id, word), rows) in groups {
            let name = match (group, id) {
                (Some(StatsGroup::Asset), Some(id)) => {
                    self.asset_by_id(AssetId::from_uuid(id)).await?.map(|asset| asset.symbol.clone())
                }
                (Some(StatsGroup::Strategy), Some(id)) => {
                    self.strategies().name(StrategyId::from_uuid(id)).map(|name| name.to_string())
                }
                _ => word,
            };
            all.push(self.stats_of(name, &rows));
        }
        all.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.group.cmp(&b.group)));
        if all.is_empty() && group.is_none() {
            all.push(SignalStats::default());
        }
        Ok(all)
    }

    /// What the rows of a group come to.
    fn stats_of(&self, group: Option<String>, rows: &[Counted]) -> SignalStats {
        let total = |part: fn(&Counted) -> i64| rows.iter().map(part).sum::<i64>();
        let sum = |part: fn(&Counted) -> f64| rows.iter().map(part).sum::<f64>();
        let (hits, misses, expired) = (total(|r| r.hits), total(|r| r.misses), total(|r| r.expired));
        let settled = hits + misses + expired;
        let best = rows.iter().filter(|row| row.settled() >= ENOUGH && row.strategy_id.is_some());
        let best = best.max_by(|a, b| a.expectancy().total_cmp(&b.expectancy()));
        SignalStats {
            group,
            count: total(|r| r.count),
            hindsight: total(|r| r.hindsight),
            simulated: total(|r| r.simulated),
            settled,
            hits,
            misses,
            expired,
            win_rate: mean(HUNDRED_PERCENT * hits as f64, hits + misses),
            mean_gain: mean(sum(|r| r.gained), total(|r| r.gains)),
            mean_loss: mean(sum(|r| r.lost), total(|r| r.losses)),
            expectancy: mean(sum(|r| r.gained) + sum(|r| r.lost), settled),
            best_strategy: best.and_then(|row| self.strategies().name(row.strategy_id?)).map(|name| name.to_string()),
        }
    }

    /// The column of the id, or the expression of the word, that a group has.
    fn group_columns(&self, group: Option<StatsGroup>) -> (Option<Column>, Option<SimpleExpr>) {
        let word = |column: Column| (None, Some(Expr::col(column)));
        match group {
            None => (None, None),
            Some(StatsGroup::Strategy) => (Some(Column::StrategyId), None),
            Some(StatsGroup::Asset) => (Some(Column::AssetId), None),
            Some(StatsGroup::Direction) => word(Column::Direction),
            Some(StatsGroup::Mode) => word(Column::Mode),
            Some(StatsGroup::Timeframe) => word(Column::Timeframe),
            // A time is RFC 3339 text on SQLite.
            Some(StatsGroup::Month) => (
                None,
                Some(match self.db().backend() {
                    DbBackend::Sqlite => Expr::cust("substr(signals.signal_time, 1, 7)"),
                    _ => Expr::cust("to_char(signals.signal_time AT TIME ZONE 'UTC', 'YYYY-MM')"),
                }),
            ),
            Some(StatsGroup::Confidence) => (None, Some(bands())),
        }
    }
}

impl Counted {
    fn settled(&self) -> i64 {
        self.hits + self.misses + self.expired
    }

    fn expectancy(&self) -> f64 {
        (self.gained + self.lost) / self.settled() as f64
    }
}

/// What is said where there are too many groups.
fn too_many() -> Error {
    let message =
        format!("there are more than {MOST_GROUPS} groups: filter the signals, or group them by something else");
    Problem::validation(&["groupBy"], message).into()
}

/// A signal that says to do something.
fn acts() -> SimpleExpr {
    Column::Direction.ne(Direction::Hold)
}

fn count_if(condition: SimpleExpr) -> SimpleExpr {
    let one = CaseStatement::new().case(condition, Expr::val(1));
    Func::count(one).into()
}

/// The sum of the returns, in ten-thousandths of a percent; as a float, for on PostgreSQL a sum of integers is a NUMERIC.
fn sum_if(condition: SimpleExpr) -> SimpleExpr {
    let float = Expr::col(Column::ReturnPercent).cast_as(Alias::new("DOUBLE PRECISION"));
    let one = CaseStatement::new().case(condition, float).finally(Expr::cust("0.0"));
    let sum: SimpleExpr = Func::sum(one).into();
    sum.cast_as(Alias::new("DOUBLE PRECISION"))
}

/// The ten points that a confidence is in, in words. Text without parameters: PostgreSQL takes two expressions with a
/// parameter each for two different ones, and what is grouped by must be what is selected.
fn bands() -> SimpleExpr {
    let bands = (0..9).map(|band| (10 * band, 10 * band + 9));
    let cases: String =
        bands.map(|(from, to)| format!(" WHEN signals.confidence <= {to} THEN '{from}-{to}'")).collect();
    Expr::cust(format!("CASE{cases} ELSE '90-100' END"))
}

/// So many ten-thousandths of a percent by so many.
fn mean(sum: f64, count: i64) -> Option<Percent> {
    (count > 0).then(|| Percent::from_raw((sum / count as f64).round() as i64))
}
