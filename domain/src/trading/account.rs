//! The table of paper accounts, and who may see which.

use sea_orm::Select;
use sea_orm::entity::prelude::*;

use super::fees::FeeSchedule;
use super::protections::Protections;
use super::vocabulary::{AccountStatus, WhenClosed};
use crate::db::nothing;
use crate::fixed::{Money, Percent, Price};
use crate::ids::{AccountId, ChallengeId, TenantId, UserId};
use crate::permission::Permission;
use crate::viewer::Viewer;

/// An account with paper money.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "accounts")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AccountId,
    /// The tenant.
    pub tenant_id: TenantId,
    /// Whose it is.
    pub user_id: UserId,
    /// Its number, to be read to somebody: `PA-` and ten letters and digits.
    pub number: String,
    /// What its owner calls it.
    pub name: String,
    /// The currency of all its money, ISO 4217.
    pub currency: String,
    /// What it may do.
    pub status: AccountStatus,
    /// How much can be held with one unit of its money, 1 to 100.
    pub leverage: i32,
    /// The deposit that it was opened with.
    pub initial_balance: Money,
    /// The part of its fees that goes by the notional.
    pub fee_percent: Percent,
    /// The least that a fill costs.
    pub fee_minimum: Money,
    /// The part of its fees that goes by the unit.
    pub fee_per_unit: Price,
    /// What becomes of a market order while the market is closed.
    pub when_closed: WhenClosed,
    /// How many trades may be open at once; none for as many as there is margin for.
    pub max_open_trades: Option<i32>,
    /// How large the position in one asset may be, in the account's currency; none for as large as there is margin for.
    pub max_position: Option<Money>,
    /// The share of the used margin, in percent, at which its trades are closed; 0 for when no equity is left.
    pub stop_out_percent: i32,
    /// What its owner asked to be kept from.
    pub protections: Protections,
    /// The challenge that it belongs to; none for one of its owner's own.
    pub challenge_id: Option<ChallengeId>,
    /// How often it was changed, from 1.
    pub version: i64,
    /// When it was opened.
    pub created_at: DateTimeUtc,
    /// When anything of it last changed.
    pub updated_at: DateTimeUtc,
}

/// No relation is walked through the entity.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// What its fills cost.
    pub const fn fees(&self) -> FeeSchedule {
        FeeSchedule { percent: self.fee_percent, minimum: self.fee_minimum, per_unit: self.fee_per_unit }
    }
}

impl Entity {
    /// The accounts that the viewer may read: their own; for who may read all, the tenant's; for the owner, all.
    pub(crate) fn visible_to(viewer: &Viewer) -> Select<Self> {
        let all = Self::unscoped();
        if matches!(viewer, Viewer::System) {
            return all;
        }
        let Ok(member) = viewer.permitted(Permission::TradingRead) else {
            return all.filter(nothing());
        };
        if !viewer.may(Permission::TradingReadAll) {
            return all.filter(Column::TenantId.eq(member.tenant_id)).filter(Column::UserId.eq(member.user_id));
        }
        if viewer.may(Permission::TenantsReadAll) { all } else { all.filter(Column::TenantId.eq(member.tenant_id)) }
    }

    /// The accounts that the viewer may trade on: their own alone.
    pub(crate) fn owned_by(viewer: &Viewer) -> Select<Self> {
        match viewer.permitted(Permission::TradingWrite) {
            Ok(member) => Self::unscoped().filter(Column::UserId.eq(member.user_id)),
            Err(_) => Self::unscoped().filter(nothing()),
        }
    }

    /// Every account, for jobs, and for work on one that was found in a scope.
    pub(crate) fn unscoped() -> Select<Self> {
        #[expect(clippy::disallowed_methods, reason = "this is the scope")]
        Self::find()
    }
}
