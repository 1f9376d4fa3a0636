//! Placing orders, and closing trades.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use bellwether_domain::challenges::Breach;
use bellwether_domain::{Error, trading};
use chrono::{DateTime, Utc};

use super::WRITE;
use super::accounts::Account;
use super::inputs::PlaceOrderInput;
use super::orders::Order;
use super::trades::Trade;
use crate::challenges::RuleKind;
use crate::context::Request;
use crate::field::{Field, Payload, mutate, refused_by_default};
use crate::node::parse_id;
use crate::problems::UserError;
use crate::scalars::Decimal;

/// A trade to be closed.
#[derive(Clone, Debug, InputObject)]
struct CloseTradeInput {
    /// The trade, `trd_…`.
    trade_id: ID,
    /// How much of it; null for all that is open.
    quantity: Option<Decimal>,
    /// What makes it the same order when it is sent again, 1 to 64 characters without spaces; null for an order each time.
    client_order_id: Option<String>,
}

/// Trades to be closed at once.
#[derive(Clone, Debug, InputObject)]
struct CloseAllInput {
    /// The account, `acc_…`.
    account_id: ID,
    /// Only those in the asset with this symbol; null for all.
    symbol: Option<String>,
}

/// An order to be taken back.
#[derive(Clone, Debug, InputObject)]
struct CancelOrderInput {
    /// The order, `ord_…`.
    order_id: ID,
}

/// What placing an order did.
#[derive(Default, SimpleObject)]
pub(crate) struct PlaceOrderPayload {
    /// The order, also where it was refused and kept; null where it could not be written down.
    order: Option<Order>,
    /// The trade that it opened; null where it waits or was refused.
    trade: Option<Trade>,
    /// Its account as it is now; null where the order could not be written down.
    account: Option<Account>,
    /// Whether it had been placed before, under the same clientOrderId.
    replayed: bool,
    /// Why it was refused, or what to mend; empty when done.
    user_errors: Vec<UserError>,
}

/// What an order would do, if it were placed now. Prices are in the asset's currency, amounts in the account's.
#[derive(Default, SimpleObject)]
pub(crate) struct SimulateOrderPayload {
    /// The last price that it would be judged by; null where the order could not be written down.
    quote_price: Option<Decimal>,
    /// When it was that at its exchange; null where the order could not be written down.
    quote_time: Option<DateTime<Utc>>,
    /// What a seller gets; null where the order could not be written down.
    bid: Option<Decimal>,
    /// What a buyer pays; null where the order could not be written down.
    ask: Option<Decimal>,
    /// What one unit of the asset's currency is in the account's; null where the order could not be written down.
    rate: Option<Decimal>,
    /// Who gave that rate; null where both currencies are the same, and where the order could not be written down.
    rate_source: Option<String>,
    /// When the rate was that; null where rateSource is.
    rate_time: Option<DateTime<Utc>>,
    /// The price that it would be filled at, slippage included, or waits for; null where it would be refused.
    expected_price: Option<Decimal>,
    /// Whether it would be filled at once.
    fills_now: bool,
    /// Price × quantity × rate; null where it would be refused.
    cost: Option<Decimal>,
    /// What the trade would tie up; null where it would be refused.
    margin: Option<Decimal>,
    /// The fee of opening it; null where it would be refused.
    fee: Option<Decimal>,
    /// What new trades may tie up now; null where the order could not be written down.
    free_margin: Option<Decimal>,
    /// What would be left of that; null where it would be refused.
    free_margin_after: Option<Decimal>,
    /// The rule of its account's challenge that it would break as soon as it is filled: it would be filled all the same. Null for none, and where it would not be filled at once.
    would_break: Option<RuleBreach>,
    /// Why it would be refused, or what to mend; empty where it would not be.
    user_errors: Vec<UserError>,
}

/// A rule of a challenge that would be broken.
#[derive(SimpleObject)]
pub(crate) struct RuleBreach {
    /// Which.
    rule: RuleKind,
    /// What there would be, in percent as the limit is.
    value_percent: Decimal,
    /// What there may be, in percent.
    limit_percent: Decimal,
}

impl From<Breach> for RuleBreach {
    fn from(breach: Breach) -> Self {
        Self { rule: breach.rule.into(), value_percent: breach.value.into(), limit_percent: breach.limit.into() }
    }
}

/// What closing a trade did.
#[derive(Default, SimpleObject)]
pub(crate) struct CloseTradePayload {
    /// The closed trade: the whole, or the part as a trade of its own; null when refused.
    trade: Option<Trade>,
    /// The order that closed it; null when refused.
    order: Option<Order>,
    /// Its account as it is now; null when refused.
    account: Option<Account>,
    /// Whether it had been closed before, by the order of the same clientOrderId.
    replayed: bool,
    /// What to mend; empty when done.
    user_errors: Vec<UserError>,
}

/// What closing trades at once did.
#[derive(Default, SimpleObject)]
pub(crate) struct CloseAllPayload {
    /// The closed trades; empty when refused, and where none were open.
    trades: Vec<Trade>,
    /// Their account as it is now; null when refused.
    account: Option<Account>,
    /// What to mend; empty when done.
    user_errors: Vec<UserError>,
}

/// What taking an order back did.
#[derive(Default, SimpleObject)]
pub(crate) struct CancelOrderPayload {
    /// The order as it is now; null when refused.
    order: Option<Order>,
    /// What to mend; empty when done.
    user_errors: Vec<UserError>,
}

refused_by_default! { PlaceOrderPayload SimulateOrderPayload CloseTradePayload CloseAllPayload CancelOrderPayload }

/// Places orders and closes trades.
#[derive(Debug, Default)]
pub(crate) struct OrderMutation;

#[Object]
impl OrderMutation {
    /// Places an order on a paper account of yours: it is filled, waits, or is refused and kept. Needs TRADING_WRITE.
    async fn place_order(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The order.")] input: PlaceOrderInput,
    ) -> Field<PlaceOrderPayload> {
        mutate(ctx, WRITE, async move |request: Request| {
            let placed = request.domain.place_order(request.viewer(), input.into_domain()?).await?;
            let account = &placed.account;
            let trade = match placed.trade {
                Some(trade) => Trade::one(&request, account, trade).await?,
                None => None,
            };
            Ok(PlaceOrderPayload {
                user_errors: placed.order.refusal().map(UserError::from).into_iter().collect(),
                order: Order::one(&request, account, placed.order).await?,
                trade,
                account: Some(Account::one(&request, placed.account).await?),
                replayed: placed.replayed,
            })
        })
        .await
    }

    /// Tells what an order would do, by every check that placing it makes. Nothing is written. Needs TRADING_WRITE.
    async fn simulate_order(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The order.")] input: PlaceOrderInput,
    ) -> Field<SimulateOrderPayload> {
        mutate(ctx, WRITE, async move |request: Request| {
            simulated(request.domain.simulate_order(request.viewer(), input.into_domain()?).await?)
        })
        .await
    }

    /// Closes a trade of yours at the market, or some of it. Where that is refused nothing changes. Needs TRADING_WRITE.
    async fn close_trade(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The trade and how much of it.")] input: CloseTradeInput,
    ) -> Field<CloseTradePayload> {
        mutate(ctx, WRITE, async move |request: Request| {
            let close = trading::CloseTrade {
                trade_id: parse_id(&input.trade_id, &["input", "tradeId"])?,
                quantity: input.quantity.map(|number| number.0),
                client_order_id: input.client_order_id,
            };
            let closed = request.domain.close_trade(request.viewer(), close).await?;
            Ok(CloseTradePayload {
                trade: Trade::one(&request, &closed.account, closed.trade).await?,
                order: Order::one(&request, &closed.account, closed.order).await?,
                account: Some(Account::one(&request, closed.account).await?),
                replayed: closed.replayed,
                user_errors: Vec::new(),
            })
        })
        .await
    }

    /// Closes all open trades of a paper account of yours at the market, or those in one asset: all of them or, where one can't be closed, none. Needs TRADING_WRITE.
    async fn close_all(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which trades.")] input: CloseAllInput,
    ) -> Field<CloseAllPayload> {
        mutate(ctx, WRITE, async move |request: Request| {
            let id = parse_id(&input.account_id, &["input", "accountId"])?;
            let closed = request.domain.close_all(request.viewer(), id, input.symbol.as_deref()).await?;
            Ok(CloseAllPayload {
                trades: Trade::many(&request, &closed.account, closed.trades).await?,
                account: Some(Account::one(&request, closed.account).await?),
                user_errors: Vec::new(),
            })
        })
        .await
    }

    /// Takes back an order of yours that waits. Needs TRADING_WRITE.
    async fn cancel_order(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The order.")] input: CancelOrderInput,
    ) -> Field<CancelOrderPayload> {
        mutate(ctx, WRITE, async move |request: Request| {
            let (domain, viewer) = (&request.domain, request.viewer());
            let cancelled = domain.cancel_order(viewer, parse_id(&input.order_id, &["input", "orderId"])?).await?;
            let found = domain.order(viewer, cancelled.id).await?;
            let order = match found {
                Some((account, order)) => Order::one(&request, &account, order).await?,
                None => None,
            };
            Ok(CancelOrderPayload { order, user_errors: Vec::new() })
        })
        .await
    }
}

fn simulated(found: trading::Simulation) -> Result<SimulateOrderPayload, Error> {
    let free = found.standing.free_margin;
    let left = |cost: trading::Cost| free.checked_sub(cost.margin)?.checked_sub(cost.fee);
    Ok(SimulateOrderPayload {
        quote_price: Some(found.quote.price.into()),
        quote_time: Some(found.quote.exchange_time),
        bid: Some(found.bid.into()),
        ask: Some(found.ask.into()),
        rate: Some(found.rate.rate.into()),
        rate_source: found.rate.source.map(|source| source.as_str().to_owned()),
        rate_time: found.rate.source.map(|_| found.rate.at),
        expected_price: found.expected_price.map(Decimal::from),
        fills_now: found.fills_now,
        cost: found.cost.map(|cost| cost.notional.into()),
        margin: found.cost.map(|cost| cost.margin.into()),
        fee: found.cost.map(|cost| cost.fee.into()),
        free_margin: Some(free.into()),
        free_margin_after: found.cost.map(left).transpose()?.map(Decimal::from),
        would_break: found.would_break.map(RuleBreach::from),
        user_errors: found.refusal.map(UserError::from).into_iter().collect(),
    })
}
