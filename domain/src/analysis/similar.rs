//! Signals that were much like one at hand, and how they turned out.

use std::collections::HashSet;

use sea_orm::{ColumnTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::Domain;
use crate::error::{Problem, Result};
use crate::ids::SignalId;
use crate::permission::Permission;
use crate::signals::signal::{Column, Entity, Model};
use crate::signals::{SignalView, Timeframe};
use crate::viewer::Viewer;

/// Signals that are compared: the newest that were judged.
const COMPARED: u64 = 500;
/// Signals that one answer holds at most.
const MOST: usize = 50;

/// A signal that was judged, and how much it is like another.
#[derive(Clone, Debug)]
pub struct SimilarSignal {
    /// 0 for nothing in common but direction and timeframe, 100 for all.
    pub similarity: u8,
    /// The signal.
    pub view: SignalView,
}

impl Domain {
    /// The judged signals of the same tenant, direction and timeframe that are most like one, the most alike first and of
    /// these the newest; none where the viewer may not see the one.
    ///
    /// Alike is, of 100: the same strategy 30, the indicators that both name 30 (the share of those that either names),
    /// the same asset 15, the same horizon 5, and 20 less a fifth of the points that their confidence differs by.
    ///
    /// # Errors
    /// UNAUTHENTICATED, FORBIDDEN; more than 50.
    pub async fn similar_signals(
        &self,
        viewer: &Viewer,
        id: SignalId,
        most: Option<i32>,
    ) -> Result<Option<Vec<SimilarSignal>>> {
        viewer.permitted(Permission::SignalsRead)?;
        let most = match usize::try_from(most.unwrap_or(10)) {
            Ok(most) if (1..=MOST).contains(&most) => most,
            _ => return Err(Problem::validation(&["first"], format!("expected 1 to {MOST}")).into()),
        };
        let one = Entity::visible_to(viewer).filter(Column::Id.eq(id)).one(self.db().reader()).await?;
        let Some(one) = one else { return Ok(None) };
        let timeframe: Timeframe = one.timeframe;
        let judged = Entity::visible_to(viewer)
            .filter(Column::TenantId.eq(one.tenant_id))
            .filter(Column::Direction.eq(one.direction))
            .filter(Column::Timeframe.eq(timeframe))
            .filter(Column::ReturnPercent.is_not_null())
            .filter(Column::Id.ne(one.id))
            .order_by_desc(Column::SignalTime)
            .order_by_desc(Column::Id)
            .limit(COMPARED)
            .all(self.db().reader())
            .await?;
        let mut found: Vec<(u8, Model)> = judged.into_iter().map(|other| (similarity(&one, &other), other)).collect();
        // The sort is stable: of equals the newest stays first.
        found.sort_by_key(|(similarity, _)| std::cmp::Reverse(*similarity));
        found.truncate(most);
        let (similarities, signals): (Vec<u8>, Vec<Model>) = found.into_iter().unzip();
        let views = self.view_signals(signals).await?;
        let pairs = similarities.into_iter().zip(views);
        Ok(Some(pairs.map(|(similarity, view)| SimilarSignal { similarity, view }).collect()))
    }
}

/// How much two signals of one direction and timeframe are alike, 0 to 100.
fn similarity(one: &Model, other: &Model) -> u8 {
    let names = |signal: &Model| -> HashSet<String> {
        signal.reasons.0.iter().map(|reason| reason.indicator.to_lowercase()).collect()
    };
    let (a, b) = (names(one), names(other));
    let (both, either) = (a.intersection(&b).count() as f64, a.union(&b).count() as f64);
    let shared = if either > 0.0 { both / either } else { 0.0 };
    let same = |is_same: bool, points: f64| if is_same { points } else { 0.0 };
    let apart = f64::from(one.confidence.abs_diff(other.confidence));
    let points = same(one.strategy_id.is_some() && one.strategy_id == other.strategy_id, 30.0)
        + 30.0 * shared
        + same(one.asset_id == other.asset_id, 15.0)
        + same(one.mode == other.mode, 5.0)
        + (20.0 - apart / 5.0).max(0.0);
    points.round() as u8
}
