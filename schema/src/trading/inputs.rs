//! What is asked for of accounts and orders.

use async_graphql::{ID, InputObject};
use bellwether_domain::error::{Error, Problem};
use bellwether_domain::fixed::Percent;
use bellwether_domain::trading;

use super::accounts::WhenClosed;
use super::orders::{OrderType, Side};
use crate::node::parse_id;
use crate::scalars::Decimal;

/// A paper account to be opened.
#[derive(Clone, Debug, InputObject)]
pub(super) struct OpenAccountInput {
    /// The name, 1 to 60 characters; null for "Paper account".
    name: Option<String>,
    /// The currency of all its amounts, ISO 4217; null for USD.
    currency: Option<String>,
    /// The deposit that it is opened with, up to 100 million; null for 100,000.
    initial_balance: Option<Decimal>,
    /// How much can be held with one unit of its money, 1 to 100; null for 1.
    leverage: Option<i32>,
    /// The part of its fees that goes by the notional of a fill, 0 to 1 percent; null for 0.05.
    fee_percent: Option<Decimal>,
    /// The least that a fill costs; null for nothing.
    fee_minimum: Option<Decimal>,
    /// The part of its fees that goes by the unit, 0 to 1,000; null for nothing.
    fee_per_unit: Option<Decimal>,
    /// What becomes of a market order while the market is closed; null for REJECT.
    when_closed: Option<WhenClosed>,
    /// How many trades may be open at once, 1 to 500; null for as many as there is margin for.
    max_open_trades: Option<i32>,
    /// How large the position in one asset may be; null for as large as there is margin for.
    max_position: Option<Decimal>,
    /// The share of the used margin, in percent, at which its trades are closed at the market, 0 to 100; null for 50 where the leverage is above 1, and 0 where it is not: when no equity is left.
    stop_out_percent: Option<i32>,
    /// What to be kept from; null for nothing.
    protections: Option<ProtectionsInput>,
}

/// What to be kept from: no order is taken while one of these holds.
#[derive(Clone, Debug, InputObject)]
pub(super) struct ProtectionsInput {
    /// For so many seconds after a trade that lost; null for not.
    cooldown_seconds: Option<i32>,
    /// For a while after so many stops; null for not.
    stop_guard: Option<StopGuardInput>,
    /// While the equity lies far below its highest; null for not.
    max_drawdown: Option<DrawdownLockInput>,
}

/// No order for a while after so many stops.
#[derive(Clone, Debug, InputObject)]
pub(super) struct StopGuardInput {
    /// How many stops, 1 to 100.
    stops: i32,
    /// Within how many seconds, up to 31 days.
    window_seconds: i32,
    /// For how many seconds after the last of them, up to 31 days.
    pause_seconds: i32,
}

/// No order while the equity lies far below its highest.
#[derive(Clone, Debug, InputObject)]
pub(super) struct DrawdownLockInput {
    /// How far, in percent of the highest: more than 0, at most 100.
    percent: Decimal,
    /// Of the highest within how many seconds, up to 31 days.
    window_seconds: i32,
}

impl OpenAccountInput {
    pub(super) fn into_domain(self) -> Result<trading::NewAccount, Error> {
        Ok(trading::NewAccount {
            name: self.name,
            currency: self.currency,
            initial_balance: self.initial_balance.map(|number| number.0),
            leverage: self.leverage,
            fee_percent: self.fee_percent.map(|number| number.0),
            fee_minimum: self.fee_minimum.map(|number| number.0),
            fee_per_unit: self.fee_per_unit.map(|number| number.0),
            when_closed: self.when_closed.map(Into::into),
            max_open_trades: self.max_open_trades,
            max_position: self.max_position.map(|number| number.0),
            stop_out_percent: self.stop_out_percent,
            protections: self.protections.map(ProtectionsInput::into_domain).transpose()?.unwrap_or_default(),
        })
    }
}

impl ProtectionsInput {
    fn into_domain(self) -> Result<trading::Protections, Error> {
        let guard = |guard: StopGuardInput| trading::StopGuard {
            stops: guard.stops,
            window_seconds: guard.window_seconds,
            pause_seconds: guard.pause_seconds,
        };
        let lock = |lock: DrawdownLockInput| {
            let path = ["input", "protections", "maxDrawdown", "percent"];
            let percent: Percent =
                lock.percent.0.parse().map_err(|error| Problem::validation(&path, format!("{error}")))?;
            Ok::<_, Error>(trading::DrawdownLock::new(percent, lock.window_seconds))
        };
        Ok(trading::Protections {
            cooldown_seconds: self.cooldown_seconds,
            stop_guard: self.stop_guard.map(guard),
            max_drawdown: self.max_drawdown.map(lock).transpose()?,
        })
    }
}

/// An order to be placed, or tried.
#[derive(Clone, Debug, InputObject)]
pub(super) struct PlaceOrderInput {
    /// The account, `acc_…`.
    account_id: ID,
    /// The symbol of the asset, in any case.
    symbol: String,
    /// Which way: BUY opens a long trade, SELL a short one.
    side: Side,
    /// How much: a multiple of the asset's lot.
    quantity: Decimal,
    /// At which price.
    r#type: OrderType,
    /// The limit, for LIMIT alone.
    limit_price: Option<Decimal>,
    /// The stop price, for STOP alone.
    stop_price: Option<Decimal>,
    /// The price that the trade is closed at to lose no more; null for none.
    stop_loss: Option<Decimal>,
    /// The price that the trade is closed at to keep what it gained; null for none.
    take_profit: Option<Decimal>,
    /// What makes it the same order when it is sent again, 1 to 64 characters without spaces: the first answer is given again, and another order under it is a CONFLICT. Null for an order each time.
    client_order_id: Option<String>,
    /// The signal that it follows, `sig_…`; null for none.
    signal_id: Option<ID>,
}

impl PlaceOrderInput {
    pub(super) fn into_domain(self) -> Result<trading::NewOrder, Error> {
        Ok(trading::NewOrder {
            account_id: parse_id(&self.account_id, &["input", "accountId"])?,
            symbol: self.symbol,
            side: self.side.into(),
            quantity: self.quantity.0,
            order_type: self.r#type.into(),
            limit_price: self.limit_price.map(|number| number.0),
            stop_price: self.stop_price.map(|number| number.0),
            stop_loss: self.stop_loss.map(|number| number.0),
            take_profit: self.take_profit.map(|number| number.0),
            client_order_id: self.client_order_id,
            signal_id: self.signal_id.map(|id| parse_id(&id, &["input", "signalId"])).transpose()?,
        })
    }
}
