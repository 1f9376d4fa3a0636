//! Reading the ingest journal, and trying a delivery again.

use sea_orm::entity::prelude::*;
use sea_orm::{DatabaseTransaction, QueryOrder, QuerySelect, Set};
use uuid::Uuid;

use super::delivery::{ActiveModel, Column, Entity, Model};
use super::filter::Compare;
use super::vocabulary::Verdict;
use crate::Domain;
use crate::error::{Error, Problem, ProblemCode, Result};
use crate::ids::{DeliveryId, Id, SourceId};
use crate::paging::{CursorKey, Page, PageArgs, PageRequest};
use crate::permission::Permission;
use crate::viewer::Viewer;

/// Which deliveries; what is none does not matter.
#[derive(Clone, Debug, Default)]
pub struct DeliveryFilter {
    /// To this source.
    pub source: Option<SourceId>,
    /// With this verdict.
    pub verdict: Option<Compare<Verdict>>,
    /// Whether it still waits.
    pub waiting: Option<bool>,
    /// When it came.
    pub received_at: Option<Compare<DateTimeUtc>>,
}

/// A position in the journal, newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeliveryKey(pub DeliveryId);

impl CursorKey for DeliveryKey {
    fn encode(&self) -> String {
        self.0.uuid().simple().to_string()
    }

    fn decode(text: &str) -> Option<Self> {
        Uuid::try_parse(text).ok().map(|uuid| Self(DeliveryId::from_uuid(uuid)))
    }
}

impl DeliveryKey {
    /// The text that the journal's cursors carry.
    pub const ORDER: &str = "journal";
}

impl Domain {
    /// A page of the deliveries to the sources that the viewer may manage, newest first.
    ///
    /// # Errors
    /// UNAUTHENTICATED, FORBIDDEN; a problem with the page's arguments.
    pub async fn deliveries_page(
        &self,
        viewer: &Viewer,
        filter: &DeliveryFilter,
        args: &PageArgs,
    ) -> Result<Page<Model>> {
        viewer.permitted(Permission::SourcesManage)?;
        let request: PageRequest<DeliveryKey> = args.parse(DeliveryKey::ORDER).map_err(Error::Problems)?;
        let mut query = matching(viewer, filter).limit(request.fetch());
        if let Some(DeliveryKey(id)) = request.after {
            query = query.filter(Column::Id.lt(id));
        }
        Ok(request.page(query.order_by_desc(Column::Id).all(self.db().reader()).await?))
    }

    /// How many deliveries the filter finds.
    ///
    /// # Errors
    /// UNAUTHENTICATED, FORBIDDEN.
    pub async fn count_deliveries(&self, viewer: &Viewer, filter: &DeliveryFilter) -> Result<u64> {
        viewer.permitted(Permission::SourcesManage)?;
        Ok(matching(viewer, filter).count(self.db().reader()).await?)
    }

    /// A delivery, if the viewer may manage its source.
    ///
    /// # Errors
    /// UNAUTHENTICATED, FORBIDDEN.
    pub async fn delivery(&self, viewer: &Viewer, id: DeliveryId) -> Result<Option<Model>> {
        viewer.permitted(Permission::SourcesManage)?;
        Ok(Entity::visible_to(viewer).filter(Column::Id.eq(id)).one(self.db().reader()).await?)
    }

    /// Judges a delivery again that did not become a signal, as if it had just been mended.
    ///
    /// # Errors
    /// UNAUTHENTICATED, FORBIDDEN; NOT_FOUND; CONFLICT for one that is a signal, or waits already.
    pub async fn redrive_delivery(&self, viewer: &Viewer, id: DeliveryId) -> Result<Model> {
        viewer.permitted(Permission::SourcesManage)?;
        let missing =
            || Error::from(Problem::new(ProblemCode::NotFound, &["input", "id"], "there is no such delivery"));
        let delivery = self.delivery(viewer, id).await?.ok_or_else(missing)?;
        if !matches!(delivery.verdict, Some(Verdict::Rejected | Verdict::Stale | Verdict::Limited)) {
            return Err(settled());
        }
        let redriven = self
            .db()
            .write(|tx: &DatabaseTransaction| {
                Box::pin(async move {
                    let waiting = ActiveModel {
                        verdict: Set(None),
                        reason: Set(None),
                        judged_at: Set(None),
                        ..Default::default()
                    };
                    // Only what is still refused: somebody else may have driven it meanwhile.
                    let changed = Entity::update_many()
                        .set(waiting)
                        .filter(Column::Id.eq(id))
                        .filter(Column::Verdict.is_in([Verdict::Rejected, Verdict::Stale, Verdict::Limited]))
                        .exec(tx)
                        .await?;
                    Ok(changed.rows_affected)
                })
            })
            .await?;
        if redriven == 0 {
            return Err(settled());
        }
        self.judge(id).await?;
        self.delivery(viewer, id).await?.ok_or_else(missing)
    }
}

fn settled() -> Error {
    let message = "only a delivery that was REJECTED, STALE or LIMITED can be re-driven";
    Problem::new(ProblemCode::Conflict, &["input", "id"], message).into()
}

fn matching(viewer: &Viewer, filter: &DeliveryFilter) -> Select<Entity> {
    let mut query = Entity::visible_to(viewer);
    if let Some(source) = filter.source {
        query = query.filter(Column::SourceId.eq(source));
    }
    if let Some(verdict) = &filter.verdict {
        query = query.filter(verdict.condition(Column::Verdict).add(Column::Verdict.is_not_null()));
    }
    if let Some(waiting) = filter.waiting {
        query = query.filter(if waiting { Column::Verdict.is_null() } else { Column::Verdict.is_not_null() });
    }
    if let Some(received_at) = &filter.received_at {
        query = query.filter(received_at.condition(Column::ReceivedAt));
    }
    query
}
