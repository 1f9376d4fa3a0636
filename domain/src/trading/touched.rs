//! What a look touches, as conditions of SQL: what `trigger.rs` says, without reading what is not touched.

use sea_orm::sea_query::{Expr, ExprTrait, Func, SimpleExpr};
use sea_orm::{ColumnTrait, Condition};

use super::look::Look;
use super::vocabulary::{OrderStatus, OrderType, Side, TradeStatus};
use super::{order, trade};
use crate::ids::AssetId;

/// Open trades with a stop or a target.
pub(super) fn watched() -> Condition {
    let has_one =
        Condition::any().add(trade::Column::StopLoss.is_not_null()).add(trade::Column::TakeProfit.is_not_null());
    Condition::all().add(trade::Column::Status.eq(TradeStatus::Open)).add(has_one)
}

/// From when on a trade's stop and target may be touched.
pub(super) fn watched_since() -> SimpleExpr {
    let column = |column| -> SimpleExpr { Expr::col((trade::Entity, column)) };
    Func::coalesce([column(trade::Column::WatchedFrom), column(trade::Column::OpenedAt)]).into()
}

/// Pending orders that a look touches: what `entry` says.
pub(super) fn touched_orders(asset: AssetId, look: &Look) -> Condition {
    use order::Column as C;
    let (lowest, highest) = (|side| look.tick.lowest(side), |side| look.tick.highest(side));
    let of_side = |side: Side, condition: Condition| Condition::all().add(C::Side.eq(side)).add(condition);
    let buys = Condition::any().add(C::LimitPrice.gte(lowest(Side::Buy))).add(C::StopPrice.lte(highest(Side::Buy)));
    let sells = Condition::any().add(C::LimitPrice.lte(highest(Side::Sell))).add(C::StopPrice.gte(lowest(Side::Sell)));
    let is_touched = Condition::any()
        .add(C::OrderType.eq(OrderType::Market))
        .add(of_side(Side::Buy, buys))
        .add(of_side(Side::Sell, sells));
    Condition::all()
        .add(C::Status.eq(OrderStatus::Pending))
        .add(C::AssetId.eq(asset))
        .add(C::CreatedAt.lte(look.began))
        .add(is_touched)
}

/// Open trades whose stop or target a look touches: what `exit` says.
pub(super) fn touched_trades(asset: AssetId, look: &Look) -> Condition {
    use trade::Column as C;
    let (lowest, highest) = (look.tick.lowest(Side::Sell), look.tick.highest(Side::Sell));
    let longs = Condition::any().add(C::StopLoss.gte(lowest)).add(C::TakeProfit.lte(highest));
    let (lowest, highest) = (look.tick.lowest(Side::Buy), look.tick.highest(Side::Buy));
    let shorts = Condition::any().add(C::StopLoss.lte(highest)).add(C::TakeProfit.gte(lowest));
    let of_side = |side: Side, condition: Condition| Condition::all().add(C::Side.eq(side)).add(condition);
    Condition::all()
        .add(C::Status.eq(TradeStatus::Open))
        .add(C::AssetId.eq(asset))
        .add(watched_since().lte(look.began))
        .add(Condition::any().add(of_side(Side::Buy, longs)).add(of_side(Side::Sell, shorts)))
}
