//! Which assets somebody cares about: what nobody does is not refreshed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict, Query};
use sea_orm::{QuerySelect, Set};

use super::asset::Model as Asset;
use super::watchlist;
use crate::Domain;
use crate::error::Result;
use crate::ids::AssetId;

/// For how long an asset counts as asked for.
const LASTS: TimeDelta = TimeDelta::hours(1);
/// Whether somebody has a trade or an order that prices are to move, or, of a currency, an account that counts in one.
const ON_PAPER: &str = "EXISTS (SELECT 1 FROM trades WHERE trades.status = 'OPEN' AND trades.asset_id = assets.id) \
    OR EXISTS (SELECT 1 FROM orders WHERE orders.status = 'PENDING' AND orders.asset_id = assets.id) \
    OR (assets.kind = 'FX' AND EXISTS (SELECT 1 FROM accounts WHERE accounts.status <> 'CLOSED'))";
/// How often it is written down that one is being asked for.
const NOTED_EVERY: TimeDelta = TimeDelta::minutes(5);

/// When somebody last asked for an asset.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "asset_interest")]
pub struct Model {
    /// The asset.
    #[sea_orm(primary_key, auto_increment = false)]
    pub asset_id: AssetId,
    /// When.
    pub asked_at: DateTimeUtc,
}

/// No relation is walked through the entity.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// What this process has written down of late.
#[derive(Debug, Default)]
pub struct Interest(Mutex<HashMap<AssetId, DateTime<Utc>>>);

impl Domain {
    /// Notes that somebody asks for these assets. Reading goes on while nothing can be written.
    pub(super) async fn wants(&self, assets: &[Arc<Asset>]) {
        if let Err(error) = self.note_interest(assets.iter().map(|asset| asset.id)).await {
            tracing::debug!(%error, "it was not noted who asks for what");
        }
    }

    /// Notes that somebody asks for these assets now.
    ///
    /// # Errors
    /// When the database does not answer.
    pub(super) async fn note_interest(&self, assets: impl Iterator<Item = AssetId>) -> Result<()> {
        let now = self.now();
        let due: Vec<AssetId> = {
            let mut noted = self.interest().0.lock().unwrap_or_else(PoisonError::into_inner);
            noted.retain(|_, at| now - *at < NOTED_EVERY);
            let mut due = Vec::new();
            for id in assets {
                noted.entry(id).or_insert_with(|| {
                    due.push(id);
                    now
                });
            }
            due
        };
        if due.is_empty() {
            return Ok(());
        }
        self.db()
            .write(|tx| {
                let due = due.clone();
                Box::pin(async move {
                    let rows = due.into_iter().map(|id| ActiveModel { asset_id: Set(id), asked_at: Set(now) });
                    let update = OnConflict::column(Column::AssetId).update_column(Column::AskedAt).to_owned();
                    Entity::insert_many(rows).on_conflict(update).exec_without_returning(tx).await?;
                    Ok(())
                })
            })
            .await
    }

    /// The assets that somebody watches, asked for within the hour, or has on paper: an open trade, whose stop is to be
    /// seen touched, or an order that waits; and the currencies, while anybody has an account: the next order may need
    /// any of them.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn wanted_assets(&self) -> Result<Vec<Arc<Asset>>> {
        let reader = self.db().reader();
        let watched = Query::select()
            .expr(Expr::val(1))
            .from(watchlist::item::Entity)
            .and_where(
                Expr::col((watchlist::item::Entity, watchlist::item::Column::AssetId))
                    .equals((super::AssetEntity, super::AssetColumn::Id)),
            )
            .to_owned();
        let asked = Query::select()
            .expr(Expr::val(1))
            .from(Entity)
            .and_where(Expr::col((Entity, Column::AssetId)).equals((super::AssetEntity, super::AssetColumn::Id)))
            .and_where(Expr::col((Entity, Column::AskedAt)).gt(self.now() - LASTS))
            .to_owned();
        #[expect(clippy::disallowed_methods, reason = "assets belong to no tenant")]
        let wanted: Vec<AssetId> = super::AssetEntity::find()
            .select_only()
            .column(super::AssetColumn::Id)
            .filter(Expr::exists(watched).or(Expr::exists(asked)).or(Expr::cust(ON_PAPER)))
            .into_tuple()
            .all(reader)
            .await?;
        let mut assets = Vec::with_capacity(wanted.len());
        for id in wanted {
            assets.extend(self.asset_by_id(id).await?);
        }
        Ok(assets)
    }
}
