//! Orders and how they were filled.

use std::sync::Arc;

use async_graphql::{Enum, ID, Object};
use bellwether_domain::{Error, Fault, market, trading};
use chrono::{DateTime, Utc};

use crate::context::Request;
use crate::market::Asset;
use crate::paging::Item;
use crate::problems::UserError;
use crate::scalars::Decimal;
use crate::signals::Timeframe;

/// The asset of an order, a fill or a trade: from memory.
pub(super) async fn asset(request: &Request, id: bellwether_domain::ids::AssetId) -> Result<Arc<market::Asset>, Error> {
    let asset = request.domain.asset_by_id(id).await?;
    asset.ok_or_else(|| Fault::Bug(format!("the asset {id} is gone")).into())
}

/// What was asked for, whatever became of it.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    order: Box<trading::Order>,
    asset: Arc<market::Asset>,
    fill: Option<Fill>,
}

impl Order {
    /// An order with its fill.
    pub(crate) async fn one(
        request: &Request,
        account: &trading::Account,
        order: trading::Order,
    ) -> Result<Option<Self>, Error> {
        Ok(Self::many(request, account, vec![order]).await?.pop())
    }

    /// Orders of a list, with their fills read at once.
    pub(super) async fn many(
        request: &Request,
        account: &trading::Account,
        orders: Vec<trading::Order>,
    ) -> Result<Vec<Self>, Error> {
        let filled = orders.iter().filter(|order| order.status == trading::OrderStatus::Filled);
        let mut fills = request.domain.fills_of_orders(account, filled.map(|order| order.id).collect()).await?;
        let mut shown = Vec::with_capacity(orders.len());
        for order in orders {
            let asset = asset(request, order.asset_id).await?;
            let fill = fills.remove(&order.id).map(|fill| Fill::new(fill, account, &asset));
            shown.push(Self { order: Box::new(order), asset, fill });
        }
        Ok(shown)
    }

    pub(super) fn row(&self) -> &trading::Order {
        &self.order
    }
}

impl Item for Order {
    const NAME: &str = "Order";
}

/// What was asked for, whatever became of it.
#[Object]
impl Order {
    /// The id, `ord_…`.
    pub(crate) async fn id(&self) -> ID {
        self.order.id.to_string().into()
    }

    /// The id of its account, `acc_…`.
    async fn account_id(&self) -> ID {
        self.order.account_id.to_string().into()
    }

    /// The symbol of its asset.
    async fn symbol(&self) -> &str {
        &self.asset.symbol
    }

    /// Its asset.
    async fn asset(&self) -> Asset {
        Asset(Arc::clone(&self.asset))
    }

    /// Which way.
    async fn side(&self) -> Side {
        self.order.side.into()
    }

    /// At which price it is to be filled.
    async fn r#type(&self) -> OrderType {
        self.order.order_type.into()
    }

    /// How much.
    async fn quantity(&self) -> Decimal {
        self.order.quantity.into()
    }

    /// The limit; null for other orders than LIMIT.
    async fn limit_price(&self) -> Option<Decimal> {
        self.order.limit_price.map(Decimal::from)
    }

    /// The stop price; null for other orders than STOP.
    async fn stop_price(&self) -> Option<Decimal> {
        self.order.stop_price.map(Decimal::from)
    }

    /// The stop loss of the trade that it opens; null for none.
    async fn stop_loss(&self) -> Option<Decimal> {
        self.order.stop_loss.map(Decimal::from)
    }

    /// The take profit of the trade that it opens; null for none.
    async fn take_profit(&self) -> Option<Decimal> {
        self.order.take_profit.map(Decimal::from)
    }

    /// How far it has come.
    async fn status(&self) -> OrderStatus {
        self.order.status.into()
    }

    /// Why it was refused; null where it was not.
    async fn refusal(&self) -> Option<UserError> {
        self.order.refusal().map(UserError::from)
    }

    /// What makes it the same order when it is sent again; null where it has no such id.
    async fn client_order_id(&self) -> Option<&str> {
        self.order.client_order_id.as_deref()
    }

    /// The id of the trade that it closes, `trd_…`; null for an order that opens one.
    async fn closes_trade_id(&self) -> Option<ID> {
        self.order.closes_trade_id.map(|id| id.to_string().into())
    }

    /// The id of the signal that it follows, `sig_…`; null where it says none.
    async fn signal_id(&self) -> Option<ID> {
        self.order.signal_id.map(|id| id.to_string().into())
    }

    /// How it was filled; null where it was not.
    async fn fill(&self) -> Option<Fill> {
        self.fill.clone()
    }

    /// When it was placed.
    async fn created_at(&self) -> DateTime<Utc> {
        self.order.created_at
    }

    /// When it was filled, refused or taken back; null while it waits.
    async fn done_at(&self) -> Option<DateTime<Utc>> {
        self.order.done_at
    }
}

/// How an order was executed, with everything that its price was made of: quotePrice, spread and slippage add up to price for a buyer, and are taken off it for a seller.
#[derive(Clone, Debug)]
pub(crate) struct Fill {
    fill: Box<trading::Fill>,
    symbol: String,
    currency: String,
    asset_currency: String,
}

impl Fill {
    /// A fill of an account in an asset.
    pub(super) fn new(fill: trading::Fill, account: &trading::Account, asset: &market::Asset) -> Self {
        let (symbol, asset_currency) = (asset.symbol.clone(), asset.currency.clone());
        Self { fill: Box::new(fill), symbol, currency: account.currency.clone(), asset_currency }
    }

    /// A fill by itself.
    pub(crate) async fn one(request: &Request, account: &trading::Account, fill: trading::Fill) -> Result<Self, Error> {
        let asset = asset(request, fill.asset_id).await?;
        Ok(Self::new(fill, account, &asset))
    }
}

/// How an order was executed, with everything that its price was made of: quotePrice, spread and slippage add up to price for a buyer, and are taken off it for a seller.
#[Object]
impl Fill {
    /// The id, `fil_…`.
    pub(crate) async fn id(&self) -> ID {
        self.fill.id.to_string().into()
    }

    /// The id of its order, `ord_…`.
    async fn order_id(&self) -> ID {
        self.fill.order_id.to_string().into()
    }

    /// Which way.
    async fn side(&self) -> Side {
        self.fill.side.into()
    }

    /// How much.
    async fn quantity(&self) -> Decimal {
        self.fill.quantity.into()
    }

    /// The price, in the asset's currency.
    async fn price(&self) -> Decimal {
        self.fill.price.into()
    }

    /// The bid, ask, limit, stop price or open that was met.
    async fn reference_price(&self) -> Decimal {
        self.fill.reference_price.into()
    }

    /// Whether a quote or a candle was met.
    async fn basis(&self) -> FillBasis {
        self.fill.basis.into()
    }

    /// The last price of the quote, or the open of the candle.
    async fn quote_price(&self) -> Decimal {
        self.fill.quote_price.into()
    }

    /// When the quote was that at its exchange, or when the candle opened.
    async fn quote_time(&self) -> DateTime<Utc> {
        self.fill.quote_time
    }

    /// How old that was, in seconds.
    async fn quote_age_seconds(&self) -> i64 {
        self.fill.quote_age().num_seconds()
    }

    /// Who said so: yahoo, casablanca, csv or demo.
    async fn quote_source(&self) -> &str {
        &self.fill.quote_source
    }

    /// How long the candle lasted that opened at quoteTime, at quotePrice; null for a quote, and where that was not kept yet.
    async fn candle(&self) -> Option<Timeframe> {
        self.fill.candle.map(Timeframe::from)
    }

    /// How much worse than quotePrice the reference price is, a unit; below zero where it is better.
    async fn spread(&self) -> Decimal {
        self.fill.spread().into()
    }

    /// How much worse than the reference price the price is, a unit.
    async fn slippage(&self) -> Decimal {
        self.fill.slippage().into()
    }

    /// What one unit of the asset's currency was worth in the account's.
    async fn rate(&self) -> Decimal {
        self.fill.rate.into()
    }

    /// Who gave the rate: yahoo, casablanca, csv or demo; null where both currencies are the same, and where that was not kept yet.
    async fn rate_source(&self) -> Option<&str> {
        self.fill.rate_source.as_deref()
    }

    /// When the rate was that, of one through a third currency the older of the two; null as rateSource is.
    async fn rate_time(&self) -> Option<DateTime<Utc>> {
        self.fill.rate_time
    }

    /// How old that was, in seconds; null as rateSource is.
    async fn rate_age_seconds(&self) -> Option<i64> {
        self.fill.rate_age().map(|age| age.num_seconds())
    }

    /// What it cost, in the account's currency.
    async fn fee(&self) -> Decimal {
        self.fill.fee.into()
    }

    /// When.
    async fn filled_at(&self) -> DateTime<Utc> {
        self.fill.filled_at
    }

    /// The same in a sentence.
    async fn explanation(&self) -> String {
        let fill = &self.fill;
        let price = price_in_words(fill);
        let rate = match (&fill.rate_source, fill.rate_age()) {
            (Some(source), Some(age)) => format!("{} by {source} ({} s old)", fill.rate, age.num_seconds()),
            _ => fill.rate.to_string(),
        };
        format!(
            "{} {} {} at {} {}: {price}; fee {} {} at a rate of {rate}",
            fill.side, fill.quantity, self.symbol, fill.price, self.asset_currency, fill.fee, self.currency,
        )
    }
}

/// What a fill's price was made of.
fn price_in_words(fill: &trading::Fill) -> String {
    let (sign, source) = (if fill.side == trading::Side::Buy { "+" } else { "-" }, &fill.quote_source);
    let (age, spread, slippage) = (fill.quote_age().num_seconds(), fill.spread(), fill.slippage());
    let what = match (fill.basis, fill.candle) {
        (trading::FillBasis::Candle, Some(candle)) => {
            return format!(
                "{} was met in the candle of {candle} by {source} that opened on {} at {}, {sign} {slippage} slippage",
                fill.reference_price,
                fill.quote_time.format("%Y-%m-%d %H:%M UTC"),
                fill.quote_price,
            );
        }
        // Which candle it was is not known of those that were filled before it was kept.
        (trading::FillBasis::Candle, None) => "the candle's open",
        (trading::FillBasis::Quote, _) => "the quote",
    };
    format!(
        "{what} of {} by {source} ({age} s old) {sign} {spread} spread {sign} {slippage} slippage",
        fill.quote_price
    )
}

/// Which way an order goes, and the trade that it opens: that of a BUY is long, that of a SELL short.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "trading::Side")]
pub(crate) enum Side {
    /// Buy.
    Buy,
    /// Sell.
    Sell,
}

/// At which price an order is to be filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "trading::OrderType")]
pub(crate) enum OrderType {
    /// At what the market gives.
    Market,
    /// At its limit or better.
    Limit,
    /// At what the market gives once its stop price is touched.
    Stop,
}

/// How far an order has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "trading::OrderStatus")]
pub(crate) enum OrderStatus {
    /// It waits to be filled.
    Pending,
    /// It was filled.
    Filled,
    /// It was refused; the refusal says why.
    Rejected,
    /// It was taken back before it was filled.
    Cancelled,
}

/// What a fill's price was taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "trading::FillBasis")]
pub(crate) enum FillBasis {
    /// A quote.
    Quote,
    /// A candle that closed, such as after an outage.
    Candle,
}

#[cfg(test)]
mod tests {
    use bellwether_domain::fixed::{Money, Price, Quantity};
    use bellwether_domain::ids::{AccountId, AssetId, FillId, Id, OrderId, TenantId};

    use super::*;

    #[test]
    fn a_fill_is_explained_by_what_was_kept_of_it() {
        let opened = DateTime::UNIX_EPOCH;
        let fill = |basis, candle| trading::Fill {
            id: FillId::from_uuid(Default::default()),
            tenant_id: TenantId::from_uuid(Default::default()),
            account_id: AccountId::from_uuid(Default::default()),
            account_version: 1,
            order_id: OrderId::from_uuid(Default::default()),
            asset_id: AssetId::from_uuid(Default::default()),
            side: trading::Side::Buy,
            quantity: Quantity::from_int(1).unwrap(),
            price: Price::from_int(190).unwrap(),
            reference_price: Price::from_int(189).unwrap(),
            basis,
            quote_price: Price::from_int(188).unwrap(),
            quote_time: opened,
            quote_source: "csv".to_owned(),
            candle,
            rate: Price::from_int(1).unwrap(),
            rate_source: None,
            rate_time: None,
            fee: Money::ZERO,
            filled_at: opened + chrono::TimeDelta::seconds(90),
        };
        for (basis, candle, says) in [
            (trading::FillBasis::Quote, None, "the quote of 188 by csv (90 s old) + 1 spread + 1 slippage"),
            (trading::FillBasis::Candle, None, "the candle's open of 188 by csv (90 s old) + 1 spread + 1 slippage"),
            (
                trading::FillBasis::Candle,
                Some(market::Timeframe::H1),
                "189 was met in the candle of 1h by csv that opened on 1970-01-01 00:00 UTC at 188, + 1 slippage",
            ),
        ] {
            assert_eq!(price_in_words(&fill(basis, candle)), says);
        }
    }
}
