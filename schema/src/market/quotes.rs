//! What an asset costs.

use async_graphql::SimpleObject;
use bellwether_domain::market::{self, PricedQuote};
use chrono::{DateTime, Utc};

use super::types::{ExchangeRate, LicenceClass, MarketSource};
use crate::scalars::Decimal;

/// What an asset costs, where that comes from and how old it is.
#[derive(Clone, Debug, SimpleObject)]
pub(crate) struct Quote {
    /// The symbol of the asset.
    symbol: String,
    /// The last price.
    price: Decimal,
    /// What a buyer offers; the price where the source does not say.
    bid: Decimal,
    /// What a seller asks; the price where the source does not say.
    ask: Decimal,
    /// The currency of all prices here, ISO 4217.
    currency: String,
    /// The last close before the session of the price; null where it is not known.
    previous_close: Option<Decimal>,
    /// The price less the previous close; null where that is not known.
    change: Option<Decimal>,
    /// The same in percent of the previous close, rounded to two decimals; null where that is not known.
    change_percent: Option<Decimal>,
    /// When the price was that at the exchange.
    exchange_time: DateTime<Utc>,
    /// When it came here.
    fetched_at: DateTime<Utc>,
    /// Whether it is older than it should be while its market is open, or was when that last closed.
    stale: bool,
    /// Where it comes from. DEMO is simulated.
    source: MarketSource,
    /// Who may be shown it.
    licence: LicenceClass,
    /// The rate from the asset's own currency, of which the prices here are a product; null where nothing was converted.
    rate: Option<ExchangeRate>,
}

impl Quote {
    /// A quote of this asset's currency.
    pub(super) fn new(PricedQuote { quote, rate, asset_currency }: PricedQuote) -> Self {
        let change = quote.previous_close.and_then(|before| quote.price.checked_sub(before).ok());
        Self {
            change: change.map(Decimal::from),
            change_percent: quote.change_percent().map(Decimal::from),
            rate: rate.map(|rate| ExchangeRate::new(&asset_currency, &quote.currency, &rate)),
            symbol: quote.symbol,
            price: quote.price.into(),
            bid: quote.bid.into(),
            ask: quote.ask.into(),
            currency: quote.currency,
            previous_close: quote.previous_close.map(Decimal::from),
            exchange_time: quote.exchange_time,
            fetched_at: quote.fetched_at,
            stale: quote.is_stale,
            source: quote.source.into(),
            licence: quote.licence.into(),
        }
    }
}

impl From<&market::Quote> for Quote {
    fn from(quote: &market::Quote) -> Self {
        Self::new(PricedQuote { asset_currency: quote.currency.clone(), quote: quote.clone(), rate: None })
    }
}
