//! Making the plans known.

use chrono::{DateTime, Utc};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter};

use super::plan::{Column, Entity, Model, SignalTypes, SubscriptionTier};
use crate::Domain;
use crate::error::Result;
use crate::fixed::Money;

/// A plan to be known here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPlan {
    /// Which it is.
    pub code: SubscriptionTier,
    /// Whether it is the one that is recommended.
    pub is_recommended: bool,
    /// The currency of its prices, ISO 4217.
    pub currency: String,
    /// What a month costs.
    pub monthly_price: Money,
    /// What a year costs, in one payment.
    pub yearly_price: Money,
    /// How many signals a day may come from outside; none where there is no limit.
    pub external_signals_per_day: Option<i32>,
    /// How many pipelines may be active; none where there is no limit.
    pub max_pipelines: Option<i32>,
    /// The types of signal that it has, by their codes such as GOLDEN_CROSS.
    pub signal_types: Vec<String>,
    /// Whether it has custom signals.
    pub custom_signals: bool,
    /// Whether its work is done first.
    pub priority: bool,
}

impl NewPlan {
    /// Its row, were it new.
    fn row(&self, position: i32, now: DateTime<Utc>) -> Model {
        Model {
            code: self.code,
            position,
            is_recommended: self.is_recommended,
            currency: self.currency.clone(),
            monthly_price: self.monthly_price,
            yearly_price: self.yearly_price,
            external_signals_per_day: self.external_signals_per_day,
            max_pipelines: self.max_pipelines,
            signal_types: SignalTypes(self.signal_types.clone()),
            custom_signals: self.custom_signals,
            priority: self.priority,
            created_at: now,
            updated_at: now,
        }
    }
}

impl Domain {
    /// Makes these the plans, in this order, each code once: what is known already is brought up to date, and what is not
    /// among them is gone. Returns how many were new, changed or removed; where that is none, nothing is written.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn put_plans(&self, plans: &[NewPlan]) -> Result<usize> {
        let now = self.now();
        let known = self.plans().await?;
        let is_known =
            |row: &Model| known.iter().any(|known| Model { created_at: now, updated_at: now, ..known.clone() } == *row);
        let rows: Vec<Model> =
            (1..).zip(plans).map(|(position, new)| new.row(position, now)).filter(|row| !is_known(row)).collect();
        let is_kept = |code| plans.iter().any(|new| new.code == code);
        let gone: Vec<SubscriptionTier> = known.iter().map(|row| row.code).filter(|code| !is_kept(*code)).collect();
        if rows.is_empty() && gone.is_empty() {
            return Ok(0);
        }
        self.db()
            .write(|tx| {
                let (rows, gone) = (rows.clone(), gone.clone());
                Box::pin(async move {
                    if !gone.is_empty() {
                        Entity::delete_many().filter(Column::Code.is_in(gone)).exec(tx).await?;
                    }
                    if !rows.is_empty() {
                        let rows = rows.into_iter().map(|row| row.into_active_model().reset_all());
                        Entity::insert_many(rows).on_conflict(update()).exec_without_returning(tx).await?;
                    }
                    Ok(())
                })
            })
            .await?;
        Ok(rows.len() + gone.len())
    }
}

/// What is said of a plan that is known: everything but when it became so.
fn update() -> OnConflict {
    OnConflict::column(Column::Code)
        .update_columns([
            Column::Position,
            Column::IsRecommended,
            Column::Currency,
            Column::MonthlyPrice,
            Column::YearlyPrice,
            Column::ExternalSignalsPerDay,
            Column::MaxPipelines,
            Column::SignalTypes,
            Column::CustomSignals,
            Column::Priority,
            Column::UpdatedAt,
        ])
        .to_owned()
}
