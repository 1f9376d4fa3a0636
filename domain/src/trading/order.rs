//! The table of orders.

use sea_orm::Select;
use sea_orm::entity::prelude::*;

use super::vocabulary::{OrderStatus, OrderType, Side};
use crate::error::{Problem, ProblemCode};
use crate::fixed::{Price, Quantity};
use crate::ids::{AccountId, AssetId, OrderId, SignalId, TenantId, TradeId};

/// What was asked for, whatever became of it.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "orders")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: OrderId,
    /// The tenant.
    pub tenant_id: TenantId,
    /// On which account.
    pub account_id: AccountId,
    /// The version of the account that it was placed by.
    pub account_version: i64,
    /// Of which asset.
    pub asset_id: AssetId,
    /// The signal that it follows, where it says so.
    pub signal_id: Option<SignalId>,
    /// The trade that it closes; none for an order that opens one.
    pub closes_trade_id: Option<TradeId>,
    /// What makes it the same order when it is sent again.
    pub client_order_id: Option<String>,
    /// SHA-256 of what was sent under that id.
    pub request_hash: Option<Vec<u8>>,
    /// Which way.
    pub side: Side,
    /// At which price.
    pub order_type: OrderType,
    /// How much.
    pub quantity: Quantity,
    /// The limit, of a limit order.
    pub limit_price: Option<Price>,
    /// The stop price, of a stop order.
    pub stop_price: Option<Price>,
    /// The stop loss of the trade that it opens.
    pub stop_loss: Option<Price>,
    /// The take profit of the trade that it opens.
    pub take_profit: Option<Price>,
    /// How far it has come.
    pub status: OrderStatus,
    /// Why it was refused: the code.
    pub refusal_code: Option<String>,
    /// Why it was refused: the sentence.
    pub refusal_message: Option<String>,
    /// When it was placed.
    pub created_at: DateTimeUtc,
    /// When it was filled, refused or taken back.
    pub done_at: Option<DateTimeUtc>,
}

/// No relation is walked through the entity.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// The price of it that waits to be touched.
    pub fn trigger_price(&self) -> Option<Price> {
        self.limit_price.or(self.stop_price)
    }

    /// Why it was refused, as it was said then.
    pub fn refusal(&self) -> Option<Problem> {
        let code = self.refusal_code.as_deref().and_then(ProblemCode::named)?;
        Some(Problem::new(code, &["input"], self.refusal_message.clone().unwrap_or_default()))
    }
}

impl Entity {
    /// The orders of an account that was found in a scope.
    pub(crate) fn of(account: AccountId) -> Select<Self> {
        Self::unscoped().filter(Column::AccountId.eq(account))
    }

    /// Every order, for the job that fills them.
    pub(crate) fn unscoped() -> Select<Self> {
        #[expect(clippy::disallowed_methods, reason = "this is the scope")]
        Self::find()
    }
}
