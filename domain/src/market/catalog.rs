//! The assets and exchanges in memory: a few thousand rows that everything asks for and that hardly ever change.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use sea_orm::sea_query::OnConflict;
use sea_orm::{EntityTrait, Set};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::exchange::{self, Exchange};
use super::{Asset, AssetColumn, AssetEntity, AssetKind, SourceName, SourceSymbols, Symbol, asset};
use crate::Domain;
use crate::error::Result;
use crate::fixed::{Price, Quantity};
use crate::ids::{AssetId, Id};
use crate::text::nearest;

/// An asset to be known here.
#[derive(Clone, Debug)]
pub struct NewAsset {
    /// Its symbol.
    pub symbol: Symbol,
    /// Its name.
    pub name: String,
    /// What sort of thing it is.
    pub kind: AssetKind,
    /// Where it trades.
    pub exchange: String,
    /// The currency of its price, ISO 4217.
    pub currency: String,
    /// The smallest step of its price.
    pub tick_size: Price,
    /// The smallest step of a quantity of it.
    pub lot_size: Quantity,
    /// The part of the economy it belongs to, where that is known.
    pub sector: Option<String>,
    /// What each source calls it; a source that is not named does not know it.
    pub source_symbols: Vec<(SourceName, String)>,
}

/// Assets and exchanges as they were at one moment.
#[derive(Debug, Default)]
pub(super) struct Snapshot {
    pub(super) by_symbol: BTreeMap<String, Arc<Asset>>,
    by_id: HashMap<AssetId, Arc<Asset>>,
    pub(super) exchanges: BTreeMap<String, Arc<Exchange>>,
}

/// All assets, read once and again when one is asked for that is not there (another process may have added it), but
/// not more often than once a second.
#[derive(Debug, Default)]
pub struct AssetCatalog {
    snapshot: RwLock<Arc<Snapshot>>,
    /// When they were last read. Held while they are, so that many who miss one read once.
    read_at: Mutex<Option<Instant>>,
}

/// How long what was not there stays so.
const REREAD_AFTER: Duration = Duration::from_secs(1);

impl AssetCatalog {
    pub(super) fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.snapshot.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Domain {
    /// The asset of this symbol, if it is known.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn asset_by_symbol(&self, symbol: &Symbol) -> Result<Option<Arc<Asset>>> {
        if let Some(asset) = self.assets().snapshot().by_symbol.get(symbol.as_str()) {
            return Ok(Some(Arc::clone(asset)));
        }
        Ok(self.reload_assets(REREAD_AFTER).await?.by_symbol.get(symbol.as_str()).cloned())
    }

    /// The asset of this id, if it is known.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn asset_by_id(&self, id: AssetId) -> Result<Option<Arc<Asset>>> {
        if let Some(asset) = self.assets().snapshot().by_id.get(&id) {
            return Ok(Some(Arc::clone(asset)));
        }
        Ok(self.reload_assets(REREAD_AFTER).await?.by_id.get(&id).cloned())
    }

    /// The exchange of this code, if it is known, as it was when assets were last read.
    pub(super) fn known_exchange(&self, code: &str) -> Option<Arc<Exchange>> {
        self.assets().snapshot().exchanges.get(code).cloned()
    }

    /// The known symbol that is spelt most like this one, if any is near.
    pub fn nearest_symbol(&self, symbol: &Symbol) -> Option<String> {
        let snapshot = self.assets().snapshot();
        nearest(symbol.as_str(), snapshot.by_symbol.keys().map(String::as_str)).map(str::to_owned)
    }

    /// Makes the assets known; one whose symbol is known already is brought up to date. Returns how many there are.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn put_assets(&self, assets: &[NewAsset]) -> Result<usize> {
        let now = self.now();
        let rows: Vec<asset::ActiveModel> = assets
            .iter()
            .map(|new| asset::ActiveModel {
                id: Set(AssetId::from_uuid(self.new_uuid())),
                symbol: Set(new.symbol.to_string()),
                name: Set(new.name.clone()),
                kind: Set(new.kind),
                exchange: Set(new.exchange.clone()),
                currency: Set(new.currency.clone()),
                tick_size: Set(new.tick_size),
                lot_size: Set(new.lot_size),
                sector: Set(new.sector.clone()),
                source_symbols: Set(SourceSymbols(new.source_symbols.iter().cloned().collect())),
                created_at: Set(now),
                updated_at: Set(now),
            })
            .collect();
        self.db()
            .write(|tx| {
                let rows = rows.clone();
                Box::pin(async move {
                    let update = OnConflict::column(AssetColumn::Symbol)
                        .update_columns([
                            AssetColumn::Name,
                            AssetColumn::Kind,
                            AssetColumn::Exchange,
                            AssetColumn::Currency,
                            AssetColumn::TickSize,
                            AssetColumn::LotSize,
                            AssetColumn::Sector,
                            AssetColumn::SourceSymbols,
                            AssetColumn::UpdatedAt,
                        ])
                        .to_owned();
                    AssetEntity::insert_many(rows).on_conflict(update).exec_without_returning(tx).await?;
                    Ok(())
                })
            })
            .await?;
        Ok(self.reload_assets(Duration::ZERO).await?.by_id.len())
    }

    /// Makes the exchanges known; one whose code is known already is brought up to date.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn put_exchanges(&self, exchanges: &[Exchange]) -> Result<()> {
        if exchanges.is_empty() {
            return Ok(());
        }
        let now = self.now();
        let rows: Vec<exchange::ActiveModel> = exchanges
            .iter()
            .map(|new| exchange::ActiveModel {
                code: Set(new.code.clone()),
                name: Set(new.name.clone()),
                country: Set(new.country.clone()),
                time_zone: Set(new.time_zone.name().to_owned()),
                currency: Set(new.currency.clone()),
                calendar: Set(new.calendar.clone()),
                created_at: Set(now),
                updated_at: Set(now),
            })
            .collect();
        self.db()
            .write(|tx| {
                let rows = rows.clone();
                Box::pin(async move {
                    let update = OnConflict::column(exchange::Column::Code)
                        .update_columns([
                            exchange::Column::Name,
                            exchange::Column::Country,
                            exchange::Column::TimeZone,
                            exchange::Column::Currency,
                            exchange::Column::Calendar,
                            exchange::Column::UpdatedAt,
                        ])
                        .to_owned();
                    exchange::Entity::insert_many(rows).on_conflict(update).exec_without_returning(tx).await?;
                    Ok(())
                })
            })
            .await?;
        self.reload_assets(Duration::ZERO).await?;
        Ok(())
    }

    /// The assets and exchanges as they are in memory; read where they have not been.
    pub(super) async fn known_assets(&self) -> Result<Arc<Snapshot>> {
        let known = self.assets().snapshot();
        if known.by_symbol.is_empty() { self.reload_assets(REREAD_AFTER).await } else { Ok(known) }
    }

    /// The assets as they are now, or were at most so long ago.
    async fn reload_assets(&self, oldest: Duration) -> Result<Arc<Snapshot>> {
        let mut read_at = self.assets().read_at.lock().await;
        if read_at.is_some_and(|at| at.elapsed() < oldest) {
            return Ok(self.assets().snapshot());
        }
        #[expect(clippy::disallowed_methods, reason = "assets belong to no tenant: everyone sees them all")]
        let all = AssetEntity::find().all(self.db().reader()).await?;
        #[expect(clippy::disallowed_methods, reason = "exchanges belong to no tenant: everyone sees them all")]
        let exchanges = exchange::Entity::find().all(self.db().reader()).await?;
        let mut snapshot = Snapshot::default();
        for row in exchanges {
            let exchange = Exchange::try_from(row)?;
            snapshot.exchanges.insert(exchange.code.clone(), Arc::new(exchange));
        }
        for asset in all.into_iter().map(Arc::new) {
            snapshot.by_symbol.insert(asset.symbol.clone(), Arc::clone(&asset));
            snapshot.by_id.insert(asset.id, asset);
        }
        let snapshot = Arc::new(snapshot);
        *self.assets().snapshot.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&snapshot);
        *read_at = Some(Instant::now());
        Ok(snapshot)
    }
}
