//! The table of signals, and who may see which.

use sea_orm::entity::prelude::*;
use sea_orm::{Condition, Select};
use serde::{Deserialize, Serialize};

use super::vocabulary::{Audience, Direction, Mode, Outcome, SignalOrigin, Timeframe};
use crate::db::nothing;
use crate::fixed::{Percent, Price};
use crate::ids::{AssetId, SignalId, StrategyId, TenantId, UserId};
use crate::permission::Permission;
use crate::viewer::Viewer;

/// One reason for a signal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// What was looked at, such as RSI.
    pub indicator: String,
    /// What it showed, such as 27.4.
    pub value: Option<String>,
    /// What that says, such as oversold.
    pub says: String,
}

/// The reasons of one signal, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, sea_orm::FromJsonQueryResult)]
pub struct Reasons(pub Vec<Reason>);

/// An opinion on one asset at one candle.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "signals")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: SignalId,
    /// The tenant it belongs to.
    pub tenant_id: TenantId,
    /// The place of its last change among all changes of the tenant's signals, from 1.
    pub sequence: i64,
    /// SHA-256 of what makes it the same signal.
    pub idempotency_key: Vec<u8>,
    /// Who recorded it; none for the house.
    pub author_id: Option<UserId>,
    /// Who may see it.
    pub audience: Audience,
    /// The asset it is about.
    pub asset_id: AssetId,
    /// The span of the candle it is about.
    pub timeframe: Timeframe,
    /// The horizon it is made for.
    pub mode: Mode,
    /// The strategy that made it, where it names one.
    pub strategy_id: Option<StrategyId>,
    /// When the candle it is about opened.
    pub signal_time: DateTimeUtc,
    /// What it says to do.
    pub direction: Direction,
    /// How sure it is, 0 to 100.
    pub confidence: i32,
    /// The price to enter at, where it has one.
    pub entry: Option<Price>,
    /// The price to take profit at, where it has one.
    pub target: Option<Price>,
    /// The price to give up at, where it has one.
    pub stop: Option<Price>,
    /// What it says, in a sentence or two.
    pub summary: Option<String>,
    /// Why.
    pub reasons: Reasons,
    /// Where it came from.
    pub source: SignalOrigin,
    /// What came with it, as received.
    pub payload: Option<Json>,
    /// How it turned out; none while it is open.
    pub outcome: Option<Outcome>,
    /// What it brought, in percent of the entry; none while it is open, and where no candle ever came to judge it by.
    pub return_percent: Option<Percent>,
    /// Whether what it says was said, or last changed, too late to count: when a later candle was known.
    pub in_hindsight: bool,
    /// Whether it was made on, or judged by, simulated prices.
    pub is_simulated: bool,
    /// When it was judged.
    pub settled_at: Option<DateTimeUtc>,
    /// When it was recorded.
    pub created_at: DateTimeUtc,
    /// When what it is to be held to last changed after it was recorded; none where that never did.
    pub terms_changed_at: Option<DateTimeUtc>,
    /// When it last changed.
    pub updated_at: DateTimeUtc,
}

/// What a signal points to.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    /// Its asset.
    #[sea_orm(
        belongs_to = "crate::market::AssetEntity",
        from = "Column::AssetId",
        to = "crate::market::AssetColumn::Id"
    )]
    Asset,
    /// Its strategy.
    #[sea_orm(belongs_to = "super::strategy::Entity", from = "Column::StrategyId", to = "super::strategy::Column::Id")]
    Strategy,
    /// Its author.
    #[sea_orm(
        belongs_to = "crate::identity::user::Entity",
        from = "Column::AuthorId",
        to = "crate::identity::user::Column::Id"
    )]
    Author,
}

impl ActiveModelBehavior for ActiveModel {}

impl Entity {
    /// The signals that the viewer may see: the tenant's, and of the private ones their own; for the owner those of
    /// every tenant.
    pub(crate) fn visible_to(viewer: &Viewer) -> Select<Self> {
        #[expect(clippy::disallowed_methods, reason = "this is the scope")]
        let all = Self::find();
        all.filter(visibility(viewer))
    }
}

/// The rule of [`Entity::visible_to`] as a condition.
fn visibility(viewer: &Viewer) -> Condition {
    match viewer {
        Viewer::Anonymous => nothing(),
        Viewer::System => Condition::all(),
        Viewer::User(member) => {
            let shared_or_mine =
                Condition::any().add(Column::Audience.eq(Audience::Tenant)).add(Column::AuthorId.eq(member.user_id));
            let scope = Condition::all().add(shared_or_mine);
            if viewer.may(Permission::TenantsReadAll) {
                scope
            } else {
                scope.add(Column::TenantId.eq(member.tenant_id))
            }
        }
    }
}

impl Model {
    /// The same rule for a signal at hand.
    pub fn is_visible_to(&self, viewer: &Viewer) -> bool {
        match viewer {
            Viewer::Anonymous => false,
            Viewer::System => true,
            Viewer::User(member) => {
                (self.tenant_id == member.tenant_id || viewer.may(Permission::TenantsReadAll))
                    && (self.audience == Audience::Tenant || self.author_id == Some(member.user_id))
            }
        }
    }
}
