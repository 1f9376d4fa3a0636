//! The assets in memory: a few thousand rows that everything asks for and that hardly ever change.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use sea_orm::sea_query::OnConflict;
use sea_orm::{EntityTrait, Set};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::{Asset, AssetColumn, AssetEntity, AssetKind, Symbol, asset};
use crate::Domain;
use crate::error::Result;
use crate::ids::{AssetId, Id};

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
}

#[derive(Debug, Default)]
struct Snapshot {
    by_symbol: HashMap<String, Arc<Asset>>,
    by_id: HashMap<AssetId, Arc<Asset>>,
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
    fn snapshot(&self) -> Arc<Snapshot> {
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

    /// The known symbol that is spelt most like this one, if any is near.
    pub fn nearest_symbol(&self, symbol: &Symbol) -> Option<String> {
        let snapshot = self.assets().snapshot();
        let (nearest, score) = snapshot
            .by_symbol
            .keys()
            .map(|known| (known, strsim::jaro_winkler(known, symbol.as_str())))
            .max_by(|(a, x), (b, y)| x.total_cmp(y).then_with(|| b.cmp(a)))?;
        (score > 0.7).then(|| nearest.clone())
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

    /// The assets as they are now, or were at most so long ago.
    async fn reload_assets(&self, oldest: Duration) -> Result<Arc<Snapshot>> {
        let mut read_at = self.assets().read_at.lock().await;
        if read_at.is_some_and(|at| at.elapsed() < oldest) {
            return Ok(self.assets().snapshot());
        }
        #[expect(clippy::disallowed_methods, reason = "assets belong to no tenant: everyone sees them all")]
        let all = AssetEntity::find().all(self.db().reader()).await?;
        let mut snapshot = Snapshot::default();
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
