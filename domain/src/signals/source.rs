//! The table of signal sources: where webhooks deliver to.

use std::collections::BTreeMap;

use sea_orm::Select;
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use super::vocabulary::{Audience, Mode, Timeframe};
use crate::db::nothing;
use crate::ids::{SourceId, TenantId, UserId};
use crate::permission::Permission;
use crate::viewer::Viewer;

/// Which of our symbols a ticker means, by the ticker in upper case.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, sea_orm::FromJsonQueryResult)]
pub struct SymbolMap(pub BTreeMap<String, String>);

/// Somewhere signals are delivered to from outside.
#[derive(Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "signal_sources")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: SourceId,
    /// The tenant.
    pub tenant_id: TenantId,
    /// Who made it, and is the author of what comes in.
    pub owner_id: UserId,
    /// Its name.
    pub name: String,
    /// SHA-256 of its token.
    pub token_hash: Vec<u8>,
    /// The token's first characters, to tell one from another.
    pub token_prefix: String,
    /// Who may see what comes in.
    pub audience: Audience,
    /// The mode of a delivery that names none.
    pub mode: Mode,
    /// The timeframe of a delivery that names none.
    pub timeframe: Timeframe,
    /// The strategy of a delivery that names none.
    pub strategy: Option<String>,
    /// The confidence of a delivery that names none, 0 to 100.
    pub confidence: i32,
    /// What its tickers mean where that can't be guessed.
    pub symbols: SymbolMap,
    /// How old a delivered candle may be, in seconds after it closed.
    pub max_age_seconds: i32,
    /// How often it is expected to deliver, in seconds; none for whenever.
    pub cadence_seconds: Option<i32>,
    /// Whether a direction may not follow itself on one asset.
    pub alternates: bool,
    /// When it last delivered.
    pub last_received_at: Option<DateTimeUtc>,
    /// When its token was revoked.
    pub revoked_at: Option<DateTimeUtc>,
    /// When it was made.
    pub created_at: DateTimeUtc,
    /// When it last changed.
    pub updated_at: DateTimeUtc,
}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Source").field("id", &self.id).field("name", &self.name).finish_non_exhaustive()
    }
}

/// No relation is walked through the entity.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// Whether it has been silent for longer than its cadence allows.
    pub fn is_silent(&self, now: DateTimeUtc) -> bool {
        let last = self.last_received_at.unwrap_or(self.created_at);
        let allowed = self.cadence_seconds.map(|seconds| chrono::TimeDelta::seconds(seconds.into()));
        self.revoked_at.is_none() && allowed.is_some_and(|allowed| now - last > allowed)
    }
}

impl Entity {
    /// The sources that the viewer may manage: their own; for who may manage all, the tenant's; for the owner, all.
    pub(crate) fn visible_to(viewer: &Viewer) -> Select<Self> {
        let all = Self::unscoped();
        let Ok(member) = viewer.permitted(Permission::SourcesManage) else {
            return all.filter(nothing());
        };
        if viewer.may(Permission::TenantsReadAll) {
            return all;
        }
        let tenants = all.filter(Column::TenantId.eq(member.tenant_id));
        if viewer.may(Permission::SourcesManageAll) {
            tenants
        } else {
            tenants.filter(Column::OwnerId.eq(member.user_id))
        }
    }

    /// Every source, for deliveries: whoever holds the token may deliver.
    pub(crate) fn unscoped() -> Select<Self> {
        #[expect(clippy::disallowed_methods, reason = "this is the scope")]
        Self::find()
    }
}
