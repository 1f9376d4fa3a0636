//! Signals that nobody has judged yet, and writing down how they turned out.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Set};

use super::signal::{ActiveModel, Column, Entity, Model};
use super::vocabulary::{Outcome, Timeframe};
use super::write::allocate_sequences;
use crate::Domain;
use crate::error::{Fault, Result};
use crate::fixed::Percent;
use crate::ids::{AssetId, SignalId, TenantId};
use crate::viewer::Viewer;

/// A place among the open signals of an asset and timeframe: when their candle opened, and which.
pub(crate) type OpenKey = (DateTime<Utc>, SignalId);

/// How a signal turned out that was open.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Judged {
    pub(crate) id: SignalId,
    pub(crate) tenant_id: TenantId,
    /// The change of it that was judged.
    pub(crate) sequence: i64,
    pub(crate) outcome: Outcome,
    /// None where no candle came to judge it by.
    pub(crate) return_percent: Option<Percent>,
    /// Whether it was judged by simulated candles, or made on them.
    pub(crate) is_simulated: bool,
}

impl Domain {
    /// The assets and timeframes that have open signals.
    pub(crate) async fn open_signal_groups(&self) -> Result<Vec<(AssetId, Timeframe)>> {
        Ok(Entity::visible_to(&Viewer::System)
            .select_only()
            .columns([Column::AssetId, Column::Timeframe])
            .distinct()
            .filter(Column::Outcome.is_null())
            .into_tuple()
            .all(self.db().reader())
            .await?)
    }

    /// Open signals of an asset and timeframe after a key, the oldest candle first.
    pub(crate) async fn open_signals(
        &self,
        asset: AssetId,
        timeframe: Timeframe,
        after: Option<OpenKey>,
        most: u64,
    ) -> Result<Vec<Model>> {
        let mut open = Entity::visible_to(&Viewer::System)
            .filter(Column::Outcome.is_null())
            .filter(Column::AssetId.eq(asset))
            .filter(Column::Timeframe.eq(timeframe));
        if let Some((time, id)) = after {
            let place = Expr::tuple([Expr::col(Column::SignalTime), Expr::col(Column::Id)]);
            open = open.filter(place.gt(Expr::tuple([Expr::val(time), Expr::val(id)])));
        }
        let open = open.order_by_asc(Column::SignalTime).order_by_asc(Column::Id).limit(most);
        Ok(open.all(self.db().reader()).await?)
    }
}

/// Writes down how signals turned out. One that was changed since it was judged, or judged by somebody else, is left as
/// it is. Returns how many were written.
pub(crate) async fn write_outcomes(tx: &DatabaseTransaction, judged: &[Judged], now: DateTime<Utc>) -> Result<u64> {
    let mut wanted: BTreeMap<TenantId, i64> = BTreeMap::new();
    for one in judged {
        *wanted.entry(one.tenant_id).or_default() += 1;
    }
    let mut sequences = allocate_sequences(tx, wanted).await?;
    let mut written = 0;
    for one in judged {
        let lost = || Fault::Bug("a tenant has no sequence for its signals".to_owned());
        let sequence = sequences.get_mut(&one.tenant_id).ok_or_else(lost)?;
        *sequence += 1;
        let change = ActiveModel {
            sequence: Set(*sequence),
            outcome: Set(Some(one.outcome)),
            return_percent: Set(one.return_percent),
            is_simulated: Set(one.is_simulated),
            settled_at: Set(Some(now)),
            updated_at: Set(now),
            ..Default::default()
        };
        let update = Entity::update_many()
            .set(change)
            .filter(Column::Id.eq(one.id))
            .filter(Column::Outcome.is_null())
            .filter(Column::Sequence.eq(one.sequence));
        written += update.exec(tx).await?.rows_affected;
    }
    Ok(written)
}
