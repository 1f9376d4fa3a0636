//! Strategies by name. They are never renamed, so what was once read stays true. A tenant has so many at most: each is
//! kept, in the database and in the memory of every process, for ever.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, PoisonError, RwLock};

use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ColumnTrait, Condition, DatabaseTransaction, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect, Set,
};

use super::draft::Draft;
use super::strategy::{ActiveModel, Column, Entity, Model};
use crate::Domain;
use crate::error::{Limit, Problem, ProblemCode, Result};
use crate::ids::{Id, StrategyId, TenantId};

/// Strategies that the signals of a tenant may name.
const MOST_STRATEGIES: u32 = 1_000;

/// The strategies that were met so far.
#[derive(Debug, Default)]
pub struct StrategyNames(RwLock<Known>);

#[derive(Debug, Default)]
struct Known {
    ids: HashMap<(TenantId, String), StrategyId>,
    names: HashMap<StrategyId, Arc<str>>,
}

impl StrategyNames {
    pub(super) fn id(&self, tenant: TenantId, name: &str) -> Option<StrategyId> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        known.ids.get(&(tenant, name.to_owned())).copied()
    }

    pub(crate) fn name(&self, id: StrategyId) -> Option<Arc<str>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).names.get(&id).cloned()
    }

    fn learn(&self, strategies: Vec<Model>) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for strategy in strategies {
            known.names.insert(strategy.id, strategy.name.as_str().into());
            known.ids.insert((strategy.tenant_id, strategy.name), strategy.id);
        }
    }
}

impl Domain {
    /// Makes the strategies known that the drafts name for the first time, as far as their tenants may have them: a draft
    /// of one that is not known then has a [`Domain::strategy_problem`].
    pub(super) async fn learn_strategies(&self, drafts: &[Draft]) -> Result<()> {
        let mut met = HashSet::new();
        let new: Vec<(TenantId, String)> = drafts
            .iter()
            .filter_map(|draft| Some((draft.recording.tenant_id, draft.strategy.clone()?)))
            .filter(|(tenant, name)| self.strategies().id(*tenant, name).is_none())
            .filter(|new| met.insert(new.clone()))
            .collect();
        if new.is_empty() {
            return Ok(());
        }
        let now = self.now();
        let rows: Vec<ActiveModel> = new
            .iter()
            .map(|(tenant, name)| ActiveModel {
                id: Set(StrategyId::from_uuid(self.new_uuid())),
                tenant_id: Set(*tenant),
                name: Set(name.clone()),
                created_at: Set(now),
            })
            .collect();
        self.db()
            .write(|tx| {
                let rows = rows.clone();
                Box::pin(async move {
                    let rows = within_limit(tx, rows).await?;
                    if rows.is_empty() {
                        return Ok(());
                    }
                    let unique = OnConflict::columns([Column::TenantId, Column::Name]).do_nothing().to_owned();
                    Entity::insert_many(rows).on_conflict(unique).try_insert().exec_without_returning(tx).await?;
                    Ok(())
                })
            })
            .await?;
        let mut by_tenant: BTreeMap<TenantId, Vec<String>> = BTreeMap::new();
        for (tenant, name) in new {
            by_tenant.entry(tenant).or_default().push(name);
        }
        // A list for each tenant, not a condition for each name: SQLite takes trees of a thousand levels at most.
        let named = by_tenant.into_iter().fold(Condition::any(), |any, (tenant, names)| {
            any.add(Condition::all().add(Column::TenantId.eq(tenant)).add(Column::Name.is_in(names)))
        });
        #[expect(clippy::disallowed_methods, reason = "tenant and name are in the condition")]
        let strategies = Entity::find().filter(named).all(self.db().reader()).await?;
        self.strategies().learn(strategies);
        Ok(())
    }

    /// Why a draft's strategy cannot be written down, after it was tried to make it known; none where it can.
    pub(super) fn strategy_problem(&self, draft: &Draft) -> Option<Problem> {
        let name = draft.strategy.as_deref()?;
        if self.strategies().id(draft.recording.tenant_id, name).is_some() {
            return None;
        }
        let message = format!("signals name {MOST_STRATEGIES} strategies already: use one of those");
        let limit = Limit { key: "strategies".to_owned(), used: MOST_STRATEGIES, allowed: MOST_STRATEGIES };
        Some(Problem { limit: Some(limit), ..Problem::new(ProblemCode::LimitExceeded, &["strategy"], message) })
    }

    /// Makes the names of these strategies known, with one query for those that are not yet.
    pub(crate) async fn learn_strategy_names(&self, ids: impl Iterator<Item = StrategyId>) -> Result<()> {
        let mut missing: Vec<StrategyId> = ids.filter(|id| self.strategies().name(*id).is_none()).collect();
        missing.sort();
        missing.dedup();
        if missing.is_empty() {
            return Ok(());
        }
        #[expect(clippy::disallowed_methods, reason = "the ids are those of signals that were reached by their scope")]
        let strategies = Entity::find().filter(Column::Id.is_in(missing)).all(self.db().reader()).await?;
        self.strategies().learn(strategies);
        Ok(())
    }
}

/// Of strategies those that are not there yet, as many as their tenants have room for, those named first.
async fn within_limit(tx: &DatabaseTransaction, rows: Vec<ActiveModel>) -> Result<Vec<ActiveModel>> {
    let mut by_tenant: BTreeMap<TenantId, Vec<ActiveModel>> = BTreeMap::new();
    for row in rows {
        by_tenant.entry(*row.tenant_id.as_ref()).or_default().push(row);
    }
    let mut within = Vec::new();
    for (tenant, rows) in by_tenant {
        let names: Vec<&str> = rows.iter().map(|row| row.name.as_ref().as_str()).collect();
        #[expect(clippy::disallowed_methods, reason = "the tenant is in the condition")]
        let of_tenant = || Entity::find().filter(Column::TenantId.eq(tenant));
        let there: HashSet<String> = of_tenant()
            .select_only()
            .column(Column::Name)
            .filter(Column::Name.is_in(names))
            .into_tuple()
            .all(tx)
            .await?
            .into_iter()
            .collect();
        let room = u64::from(MOST_STRATEGIES).saturating_sub(of_tenant().count(tx).await?);
        let new = rows.into_iter().filter(|row| !there.contains(row.name.as_ref()));
        within.extend(new.take(usize::try_from(room).unwrap_or(0)));
    }
    // Who insert the same names at once meet at them in one order.
    within.sort_by(|a, b| (a.tenant_id.as_ref(), a.name.as_ref()).cmp(&(b.tenant_id.as_ref(), b.name.as_ref())));
    Ok(within)
}
