//! Strategies by name. They are never renamed, so what was once read stays true.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError, RwLock};

use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, Set};

use super::draft::Draft;
use super::strategy::{ActiveModel, Column, Entity, Model};
use crate::Domain;
use crate::error::Result;
use crate::ids::{Id, StrategyId, TenantId};

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
    /// Makes the strategies known that the drafts name for the first time.
    pub(super) async fn learn_strategies(&self, drafts: &[Draft]) -> Result<()> {
        let mut new: Vec<(TenantId, String)> = drafts
            .iter()
            .filter_map(|draft| Some((draft.recording.tenant_id, draft.strategy.clone()?)))
            .filter(|(tenant, name)| self.strategies().id(*tenant, name).is_none())
            .collect();
        new.sort();
        new.dedup();
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
