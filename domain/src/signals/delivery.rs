//! The ingest journal's table: every delivery as it came, and what became of it.

use sea_orm::entity::prelude::*;
use sea_orm::{Condition, Select};
use sea_orm::{QuerySelect, QueryTrait};

use super::source;
use super::vocabulary::{Audience, Verdict};
use crate::ids::{DeliveryId, SignalId, SourceId, TenantId};
use crate::viewer::Viewer;

/// One delivery to a source.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "signal_deliveries")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: DeliveryId,
    /// The tenant.
    pub tenant_id: TenantId,
    /// The source it was delivered to.
    pub source_id: SourceId,
    /// When it came.
    pub received_at: DateTimeUtc,
    /// What it said it was.
    pub content_type: Option<String>,
    /// The body as it came.
    pub body: Vec<u8>,
    /// What became of it; none while it waits.
    pub verdict: Option<Verdict>,
    /// Why, where it did not become a signal.
    pub reason: Option<String>,
    /// The signal that it became or repeats.
    pub signal_id: Option<SignalId>,
    /// When that was decided.
    pub judged_at: Option<DateTimeUtc>,
}

/// No relation is walked through the entity.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Entity {
    /// The deliveries to the sources that the viewer may manage; of private sources their own alone, for a delivery is
    /// the signal.
    pub(crate) fn visible_to(viewer: &Viewer) -> Select<Self> {
        let mut shared_or_own = Condition::any().add(source::Column::Audience.eq(Audience::Tenant));
        if let Ok(member) = viewer.member() {
            shared_or_own = shared_or_own.add(source::Column::OwnerId.eq(member.user_id));
        }
        let sources = source::Entity::visible_to(viewer)
            .filter(shared_or_own)
            .select_only()
            .column(source::Column::Id)
            .into_query();
        Self::unscoped().filter(Column::SourceId.in_subquery(sources))
    }

    /// Every delivery, for judging them.
    pub(crate) fn unscoped() -> Select<Self> {
        #[expect(clippy::disallowed_methods, reason = "this is the scope")]
        Self::find()
    }
}
