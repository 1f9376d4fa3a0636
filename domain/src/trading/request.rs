//! An order as it is asked for, and as it is once it was read.

use sha2::{Digest, Sha256};

use super::vocabulary::{OrderType, Side};
use crate::error::Problem;
use crate::fixed::{Fixed, Price, Quantity, Unit};
use crate::ids::{AccountId, AssetId, SignalId};

/// Characters that a client's order id has at most.
const LONGEST_CLIENT_ORDER_ID: usize = 64;

/// An order to be placed, as it comes.
#[derive(Clone, Debug)]
pub struct NewOrder {
    /// On which account.
    pub account_id: AccountId,
    /// Of which asset.
    pub symbol: String,
    /// Which way.
    pub side: Side,
    /// How much.
    pub quantity: String,
    /// At which price.
    pub order_type: OrderType,
    /// The limit, of a limit order.
    pub limit_price: Option<String>,
    /// The stop price, of a stop order.
    pub stop_price: Option<String>,
    /// The stop loss of the trade that it opens.
    pub stop_loss: Option<String>,
    /// The take profit of the trade that it opens.
    pub take_profit: Option<String>,
    /// What makes it the same order when it is sent again.
    pub client_order_id: Option<String>,
    /// The signal that it follows.
    pub signal_id: Option<SignalId>,
}

/// An order that says what it should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OrderRequest {
    pub(super) side: Side,
    pub(super) order_type: OrderType,
    pub(super) quantity: Quantity,
    pub(super) limit_price: Option<Price>,
    pub(super) stop_price: Option<Price>,
    pub(super) stop_loss: Option<Price>,
    pub(super) take_profit: Option<Price>,
    pub(super) client_order_id: Option<String>,
    pub(super) signal_id: Option<SignalId>,
}

impl OrderRequest {
    /// Reads an order.
    ///
    /// # Errors
    /// Every problem with it at once.
    pub(super) fn read(new: &NewOrder) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let quantity = quantity(&new.quantity, &mut problems).unwrap_or(Quantity::ZERO);
        let mut price = |field: &str, text: &Option<String>| {
            let text = text.as_deref()?;
            let read = positive::<_>(text);
            read.map_err(|message| problems.push(Problem::validation(&["input", field], message))).ok()
        };
        let limit_price = price("limitPrice", &new.limit_price);
        let stop_price = price("stopPrice", &new.stop_price);
        let stop_loss = price("stopLoss", &new.stop_loss);
        let take_profit = price("takeProfit", &new.take_profit);
        for (field, given, wanted) in [
            ("limitPrice", new.limit_price.is_some(), new.order_type == OrderType::Limit),
            ("stopPrice", new.stop_price.is_some(), new.order_type == OrderType::Stop),
        ] {
            if given != wanted {
                let kind = if field == "limitPrice" { OrderType::Limit } else { OrderType::Stop };
                let message =
                    if wanted { format!("a {kind} order needs it") } else { format!("only a {kind} order has it") };
                problems.push(Problem::validation(&["input", field], message));
            }
        }
        let client_order_id = client_order_id(new.client_order_id.as_deref(), &mut problems);
        if !problems.is_empty() {
            return Err(problems);
        }
        Ok(Self {
            side: new.side,
            order_type: new.order_type,
            quantity,
            limit_price,
            stop_price,
            stop_loss,
            take_profit,
            client_order_id,
            signal_id: new.signal_id,
        })
    }

    /// The price that it waits for.
    pub(super) fn trigger_price(&self) -> Option<Price> {
        self.limit_price.or(self.stop_price)
    }

    /// What tells it from another order under the same id.
    pub(super) fn hash(&self, asset: AssetId) -> Vec<u8> {
        let prices = [self.limit_price, self.stop_price, self.stop_loss, self.take_profit];
        let prices = prices.map(|price| price.map(Fixed::raw));
        let parts = (asset, self.side, self.order_type, self.quantity, prices, self.signal_id);
        Sha256::digest(format!("order {parts:?}")).to_vec()
    }
}

/// Reads a quantity above zero.
pub(super) fn quantity(text: &str, problems: &mut Vec<Problem>) -> Option<Quantity> {
    let read = positive(text);
    read.map_err(|message| problems.push(Problem::validation(&["input", "quantity"], message))).ok()
}

/// Reads a client's order id: 1 to 64 printable characters of ASCII without spaces.
pub(super) fn client_order_id(text: Option<&str>, problems: &mut Vec<Problem>) -> Option<String> {
    let text = text?;
    let is_fine = (1..=LONGEST_CLIENT_ORDER_ID).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
    if !is_fine {
        let message = format!("expected 1 to {LONGEST_CLIENT_ORDER_ID} letters, digits and signs without spaces");
        problems.push(Problem::validation(&["input", "clientOrderId"], message));
    }
    is_fine.then(|| text.to_owned())
}

/// Reads a number above zero; or says what is wrong with it.
pub(super) fn positive<U: Unit>(text: &str) -> Result<Fixed<U>, String> {
    let number: Fixed<U> = text.parse().map_err(|error: crate::fixed::FixedError| error.to_string())?;
    if number.is_positive() { Ok(number) } else { Err(format!("expected more than 0, got {number}")) }
}
