//! Putting away what assets cost.

use std::collections::HashMap;
use std::sync::Arc;

use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, Set};

use super::quote::{ActiveModel, Column, Entity, Model, NewQuote, Quote};
use super::source::SourceName;
use crate::Domain;
use crate::clock::truncate;
use crate::error::{Fault, Result};
use crate::ids::AssetId;

/// Quotes that one statement writes at most.
const BATCH: usize = 500;

impl Domain {
    /// Puts quotes away that came from a source just now, and tells whoever follows them. Returns those that were taken.
    ///
    /// One that is older at the exchange than what is known is not taken, nor is a simulated one in the place of a true
    /// one; a true one takes the place of a simulated one whatever its age. Of several for an asset the newest counts.
    ///
    /// # Errors
    /// A bug where an asset is not known or the bid is above the ask; when the database does not answer.
    pub async fn put_quotes(&self, source: SourceName, quotes: Vec<NewQuote>) -> Result<Vec<Arc<Quote>>> {
        let now = self.now();
        let mut newest: HashMap<AssetId, Model> = HashMap::new();
        for quote in quotes {
            let asset = self.asset_by_id(quote.asset_id).await?;
            let asset = asset.ok_or_else(|| Fault::Bug(format!("a quote of {}, which is no asset", quote.asset_id)))?;
            let row = Model {
                asset_id: quote.asset_id,
                price: quote.price,
                bid: quote.bid.unwrap_or(quote.price),
                ask: quote.ask.unwrap_or(quote.price),
                currency: asset.currency.clone(),
                previous_close: quote.previous_close.filter(|price| price.is_positive()),
                // One from the future, by a clock that is ahead, would keep every price until then out.
                exchange_time: truncate(quote.exchange_time.min(now)),
                fetched_at: now,
                source,
            };
            if !row.bid.is_positive() || row.ask < row.bid || !row.price.is_positive() {
                // One that is wrong keeps no other out.
                tracing::warn!(symbol = asset.symbol, %source, "a quote with impossible prices was left out");
                continue;
            }
            match newest.get(&row.asset_id) {
                Some(other) if other.exchange_time > row.exchange_time => {}
                _ => drop(newest.insert(row.asset_id, row)),
            }
        }
        let mut rows: Vec<Model> = newest.into_values().collect();
        rows.sort_by_key(|row| row.asset_id);
        let mut taken = Vec::with_capacity(rows.len());
        for batch in rows.chunks(BATCH) {
            taken.extend(self.write_quotes(batch).await?);
        }
        let taken: Vec<Arc<Quote>> = self.view_quotes(taken).await?.into_iter().map(Arc::new).collect();
        self.market_feed().tell(&taken);
        Ok(taken)
    }

    /// Writes the rows, and reads those back that were taken.
    async fn write_quotes(&self, batch: &[Model]) -> Result<Vec<Model>> {
        self.db()
            .write(|tx| {
                let batch = batch.to_vec();
                Box::pin(async move {
                    let ids: Vec<AssetId> = batch.iter().map(|row| row.asset_id).collect();
                    #[expect(clippy::disallowed_methods, reason = "quotes belong to no tenant")]
                    let before = Entity::find().filter(Column::AssetId.is_in(ids.clone())).all(tx).await?;
                    let before: HashMap<AssetId, Model> = before.into_iter().map(|row| (row.asset_id, row)).collect();
                    let taken: Vec<Model> =
                        batch.into_iter().filter(|row| replaces(row, before.get(&row.asset_id))).collect();
                    if taken.is_empty() {
                        return Ok(taken);
                    }
                    let rows = taken.iter().map(|row| ActiveModel {
                        asset_id: Set(row.asset_id),
                        price: Set(row.price),
                        bid: Set(row.bid),
                        ask: Set(row.ask),
                        currency: Set(row.currency.clone()),
                        previous_close: Set(row.previous_close),
                        exchange_time: Set(row.exchange_time),
                        fetched_at: Set(row.fetched_at),
                        source: Set(row.source),
                    });
                    let update = OnConflict::column(Column::AssetId)
                        .update_columns([
                            Column::Price,
                            Column::Bid,
                            Column::Ask,
                            Column::Currency,
                            Column::PreviousClose,
                            Column::ExchangeTime,
                            Column::FetchedAt,
                            Column::Source,
                        ])
                        .to_owned();
                    Entity::insert_many(rows).on_conflict(update).exec_without_returning(tx).await?;
                    Ok(taken)
                })
            })
            .await
    }
}

/// Whether a quote takes the place of what is known.
fn replaces(new: &Model, known: Option<&Model>) -> bool {
    let Some(known) = known else { return true };
    match (new.source.is_simulated(), known.source.is_simulated()) {
        (true, false) => false,
        (false, true) => true,
        _ => new.exchange_time >= known.exchange_time,
    }
}
