//! Making tiers known, and reading them.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{ActiveModelTrait, ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder};

use super::phases::Phases;
use super::rules::Rules;
use super::tier::{ActiveModel, Column, Entity, Model as Tier, is_code};
use crate::Domain;
use crate::error::{Error, Problem, Result};
use crate::fixed::Money;

/// A tier as it is to be.
#[derive(Clone, Debug)]
pub struct NewTier {
    /// What it is known by: capital letters, digits and underscores.
    pub code: String,
    /// What it is called.
    pub name: String,
    /// Whether it is the one to recommend.
    pub is_recommended: bool,
    /// What it costs, and in which currency, ISO 4217; none where it is not sold.
    pub price: Option<(Money, String)>,
    /// Whether the price is given back with a pass.
    pub is_refundable: bool,
    /// The rules of each phase, at least one.
    pub phases: Vec<Rules>,
}

impl NewTier {
    fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut refuse = |message: String| problems.push(Problem::validation(&["tiers", &self.code], message));
        if !is_code(&self.code) {
            refuse("expected a code of 1 to 20 capital letters, digits and underscores".to_owned());
        }
        if self.name.trim().is_empty() || self.name.chars().count() > 60 {
            refuse("expected a name of 1 to 60 characters".to_owned());
        }
        if self.phases.is_empty() || self.phases.len() > 5 {
            refuse(format!("expected 1 to 5 phases, got {}", self.phases.len()));
        }
        for (index, rules) in self.phases.iter().enumerate() {
            rules.problems().into_iter().for_each(|problem| refuse(format!("phase {}: {problem}", index + 1)));
        }
        problems
    }
}

impl Domain {
    /// Makes these the tiers that are offered, in this order. What is the same stays as it is; a tier that is not among them
    /// is offered no more, and its challenges run on. Tells how many were new, changed or withdrawn.
    ///
    /// # Errors
    /// Every problem with them, and nothing is changed.
    pub async fn put_challenge_tiers(&self, tiers: &[NewTier]) -> Result<usize> {
        let mut problems: Vec<Problem> = tiers.iter().flat_map(NewTier::problems).collect();
        let codes: BTreeSet<&str> = tiers.iter().map(|tier| tier.code.as_str()).collect();
        if codes.len() < tiers.len() {
            problems.push(Problem::validation(&["tiers"], "expected each code once"));
        }
        if !problems.is_empty() {
            return Err(Error::Problems(problems));
        }
        let now = self.now();
        // Most starts change nothing, and then write nothing.
        let known = Entity::all_of_them().all(self.db().reader()).await?;
        if merged(&known, tiers, now)?.1 == 0 {
            return Ok(0);
        }
        let tiers: Arc<[NewTier]> = tiers.into();
        self.db()
            .write(|tx: &DatabaseTransaction| {
                let tiers = Arc::clone(&tiers);
                Box::pin(async move {
                    let known = Entity::all_of_them().all(tx).await?;
                    let (rows, changed) = merged(&known, &tiers, now)?;
                    // Places are given anew: out of each other's way first.
                    let aside = Entity::update_many().col_expr(Column::Place, Expr::col(Column::Place).add(1_000));
                    aside.filter(Column::Code.is_not_null()).exec(tx).await?;
                    let update = OnConflict::column(Column::Code)
                        .update_columns([
                            Column::Name,
                            Column::Place,
                            Column::IsRecommended,
                            Column::IsOffered,
                            Column::Price,
                            Column::PriceCurrency,
                            Column::IsRefundable,
                            Column::Phases,
                            Column::UpdatedAt,
                        ])
                        .to_owned();
                    let rows = rows.into_iter().map(|row| ActiveModel::from(row).reset_all());
                    Entity::insert_many(rows).on_conflict(update).exec_without_returning(tx).await?;
                    Ok(changed)
                })
            })
            .await
    }

    /// The tiers that are offered, in their order.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn challenge_tiers(&self) -> Result<Vec<Tier>> {
        let offered = Entity::all_of_them().filter(Column::IsOffered.eq(true)).order_by_asc(Column::Place);
        Ok(offered.all(self.db().reader()).await?)
    }
}

/// The tiers as they are to be: these in their order, then those that are offered no more; and how many of them are another
/// than they were.
fn merged(known: &[Tier], tiers: &[NewTier], now: DateTime<Utc>) -> Result<(Vec<Tier>, usize)> {
    let mut rows = Vec::with_capacity(tiers.len());
    for (place, new) in (1..).zip(tiers) {
        let (price, price_currency) = new.price.clone().unzip();
        let old = known.iter().find(|old| old.code == new.code);
        rows.push(Tier {
            code: new.code.clone(),
            name: new.name.trim().to_owned(),
            place,
            is_recommended: new.is_recommended,
            is_offered: true,
            price,
            price_currency,
            is_refundable: new.is_refundable,
            phases: Phases::new(new.phases.clone())?,
            created_at: old.map_or(now, |old| old.created_at),
            updated_at: old.map_or(now, |old| old.updated_at),
        });
    }
    let gone = known.iter().filter(|old| tiers.iter().all(|new| new.code != old.code));
    for (place, old) in (rows.len() + 1..).zip(gone) {
        let place = i32::try_from(place).unwrap_or(i32::MAX);
        rows.push(Tier { place, is_offered: false, is_recommended: false, ..old.clone() });
    }
    let changed: Vec<&mut Tier> = rows.iter_mut().filter(|row| known.iter().all(|old| old != *row)).collect();
    let count = changed.len();
    changed.into_iter().for_each(|row| row.updated_at = now);
    Ok((rows, count))
}
