//! The strategies that a tenant has, and switching them.

use std::collections::HashSet;

use bellwether_engine::strategies::{ALL, Analyst, Basis, MODEL, Opinion, Strategy, modelled};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, Set};
use serde_json::json;

use super::switch::{ActiveModel, Column, Entity};
use crate::Domain;
use crate::audit::{Action, NewEntry};
use crate::error::{Problem, ProblemCode, Result};
use crate::ids::TenantId;
use crate::market::Timeframe;
use crate::permission::Permission;
use crate::viewer::{ClientInfo, Viewer};

/// A strategy, as a tenant has it.
#[derive(Clone, Copy, Debug)]
pub struct StrategyStatus {
    /// The strategy.
    pub strategy: &'static Strategy,
    /// Whether signals are made by it.
    pub is_on: bool,
}

/// What tenants have switched off.
pub(super) struct Off(HashSet<(TenantId, String)>);

impl Off {
    pub(super) fn is_off(&self, tenant: TenantId, strategy: &str) -> bool {
        !self.0.is_empty() && self.0.contains(&(tenant, strategy.to_owned()))
    }
}

impl Domain {
    /// Every strategy, and whether the viewer's tenant has it on.
    ///
    /// # Errors
    /// UNAUTHENTICATED, FORBIDDEN.
    pub async fn strategy_statuses(&self, viewer: &Viewer) -> Result<Vec<StrategyStatus>> {
        let tenant = viewer.permitted(Permission::SignalsRead)?.tenant_id;
        let off = self.strategies_off().await?;
        let status =
            |strategy: &'static Strategy| StrategyStatus { strategy, is_on: !off.is_off(tenant, strategy.name) };
        Ok(self.catalog().map(status).collect())
    }

    /// Switches a strategy on or off in the viewer's tenant. What it said stays; a vote still hears it.
    ///
    /// # Errors
    /// UNAUTHENTICATED, FORBIDDEN; NOT_FOUND.
    pub async fn switch_strategy(
        &self,
        viewer: &Viewer,
        name: &str,
        is_on: bool,
        client: &ClientInfo,
    ) -> Result<StrategyStatus> {
        let member = viewer.permitted(Permission::StrategiesManage)?;
        let Some(strategy) = self.catalog().find(|strategy| strategy.name == name) else {
            let message = "there is no strategy of this name";
            return Err(Problem::new(ProblemCode::NotFound, &["input", "strategy"], message).into());
        };
        let row = ActiveModel {
            tenant_id: Set(member.tenant_id),
            strategy: Set(strategy.name.to_owned()),
            is_on: Set(is_on),
            updated_at: Set(self.now()),
        };
        let entry = NewEntry {
            tenant_id: member.tenant_id,
            actor_id: Some(member.user_id),
            action: if is_on { Action::StrategySwitchedOn } else { Action::StrategySwitchedOff },
            subject: None,
            details: json!({"strategy": strategy.name}),
            client: client.clone(),
        };
        self.db()
            .write(|tx| {
                let (domain, row, entry) = (self.clone(), row.clone(), entry.clone());
                Box::pin(async move {
                    let update = OnConflict::columns([Column::TenantId, Column::Strategy])
                        .update_columns([Column::IsOn, Column::UpdatedAt])
                        .to_owned();
                    Entity::insert(row).on_conflict(update).exec_without_returning(tx).await?;
                    domain.audit(tx, entry).await
                })
            })
            .await?;
        Ok(StrategyStatus { strategy, is_on })
    }

    /// Every strategy that there is here: the model's where there is a model.
    pub(super) fn catalog(&self) -> impl Iterator<Item = &'static Strategy> + use<> {
        ALL.into_iter().chain(self.trained_model().map(|_| &MODEL))
    }

    /// What a strategy makes of the newest candle that the analyst has seen.
    pub(super) fn opinion(&self, strategy: &Strategy, analyst: &Analyst) -> Opinion {
        match (&strategy.basis, self.trained_model()) {
            (Basis::Model, Some(model)) => modelled(model, analyst),
            _ => strategy.judge(analyst),
        }
    }

    /// Whether a strategy judges candles of this timeframe: a model only those that it knows.
    pub(super) fn judges(&self, strategy: &Strategy, timeframe: Timeframe) -> bool {
        match (&strategy.basis, self.trained_model()) {
            (Basis::Model, Some(model)) => model.timeframe() == timeframe.as_str(),
            _ => true,
        }
    }

    /// What tenants have switched off: few rows, for whoever makes signals for them.
    pub(super) async fn strategies_off(&self) -> Result<Off> {
        #[expect(clippy::disallowed_methods, reason = "asked tenant by tenant in memory")]
        let off = Entity::find().filter(Column::IsOn.eq(false)).all(self.db().reader()).await?;
        Ok(Off(off.into_iter().map(|row| (row.tenant_id, row.strategy)).collect()))
    }
}
