//! What the pages say.

use bellwether_domain::fixed::{PriceUnit, Price, Quantity, QuantityUnit};
use bellwether_domain::market::{Asset, NewQuote, RawCandle, SourceError};
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use rust_decimal::Decimal;
use scraper::{Html, Selector};
use serde::Deserialize;
use serde_json::Value;

use crate::numbers::{fixed, from_float, from_text};
use crate::upstream::Answer;

/// Where a page of the exchange keeps its data.
const SETTINGS: &str = r#"script[data-drupal-selector="drupal-settings-json"]"#;

/// A page that was read.
#[derive(Debug)]
pub(super) enum Page {
    Snapshot(Snapshot),
    History(History),
}

/// All shares at one moment.
#[derive(Debug, Deserialize)]
pub(super) struct Snapshot {
    #[serde(default)]
    actions: Vec<Share>,
    session: Option<Session>,
}

#[derive(Debug, Deserialize)]
struct Session {
    timestamp: Option<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Share {
    symbol: String,
    dernier_cours: Option<Value>,
    reference: Option<Value>,
    achat: Option<Offer>,
    vente: Option<Offer>,
}

#[derive(Debug, Deserialize)]
struct Offer {
    prix: Option<Value>,
}

#[derive(Deserialize)]
struct Settings {
    live_market: Snapshot,
}

/// The days of one share.
#[derive(Debug, Deserialize)]
pub(super) struct History {
    items: Vec<Day>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Day {
    seance: String,
    symbol: Option<String>,
    ouverture: Option<Value>,
    plus_haut: Option<Value>,
    plus_bas: Option<Value>,
    dernier_cours: Option<Value>,
    titres_echanges: Option<Value>,
}

impl Snapshot {
    /// Reads the page of all shares.
    pub(super) fn read(answer: &Answer) -> Result<Self, SourceError> {
        let unexpected = |what: &str| SourceError::Unexpected(what.to_owned());
        if answer.status != 200 {
            return Err(SourceError::Status(answer.status));
        }
        let page = std::str::from_utf8(&answer.body).map_err(|_| unexpected("a page that is not UTF-8"))?;
        let selector = Selector::parse(SETTINGS).map_err(|_| unexpected("a selector that is none"))?;
        let html = Html::parse_document(page);
        let script = html.select(&selector).next().ok_or_else(|| unexpected("a page without its data"))?;
        let settings: Settings =
            serde_json::from_str(&script.text().collect::<String>()).map_err(|_| unexpected("other data on the page"))?;
        if settings.live_market.actions.is_empty() {
            return Err(unexpected("a page without shares"));
        }
        Ok(settings.live_market)
    }

    /// The price of a share.
    pub(super) fn quote(&self, asset: &Asset, ticker: &str, now: DateTime<Utc>) -> Result<NewQuote, SourceError> {
        let share = self.actions.iter().find(|share| share.symbol.trim().eq_ignore_ascii_case(ticker));
        let share = share.ok_or(SourceError::Unknown)?;
        let reference = price(share.reference.as_ref());
        // A share that has not traded today costs what it did.
        let last = price(share.dernier_cours.as_ref()).or(reference);
        let offered = |offer: Option<&Offer>| offer.and_then(|offer| price(offer.prix.as_ref()));
        let (bid, ask) = (offered(share.achat.as_ref()), offered(share.vente.as_ref()));
        let is_book = matches!((bid, ask), (Some(bid), Some(ask)) if bid <= ask);
        let stamp = self.session.as_ref().and_then(|session| session.timestamp.as_ref()).and_then(moment);
        Ok(NewQuote {
            asset_id: asset.id,
            price: last.ok_or_else(|| SourceError::Unexpected("no price".to_owned()))?,
            bid: bid.filter(|_| is_book),
            ask: ask.filter(|_| is_book),
            previous_close: reference,
            // A stamp from the future would keep every later price out.
            exchange_time: stamp.filter(|stamp| *stamp <= now).unwrap_or(now),
        })
    }
}

impl History {
    /// Reads the days of a share.
    pub(super) fn read(answer: &Answer) -> Result<Self, SourceError> {
        if answer.status == 404 {
            return Err(SourceError::Unknown);
        }
        if answer.is_html {
            return Err(SourceError::Unexpected("a page instead of data".to_owned()));
        }
        serde_json::from_slice(&answer.body).map_err(|_| SourceError::Unexpected("no history".to_owned()))
    }

    /// The candles of its days.
    pub(super) fn candles(&self, ticker: &str) -> Result<Vec<RawCandle>, SourceError> {
        let is_other = |day: &Day| day.symbol.as_deref().is_some_and(|of| !of.trim().eq_ignore_ascii_case(ticker));
        if self.items.iter().any(is_other) {
            return Err(SourceError::Unexpected("another asset than was asked for".to_owned()));
        }
        Ok(self.items.iter().filter_map(Day::candle).collect())
    }
}

impl Day {
    /// The candle, of the trading day that it names: its time stamp may be of the evening before, in UTC. A day without an
    /// opening had no trade and is a gap.
    fn candle(&self) -> Option<RawCandle> {
        let day = NaiveDate::parse_from_str(self.seance.trim(), "%d/%m/%Y").ok()?;
        let open = price(self.ouverture.as_ref())?;
        Some(RawCandle {
            open_time: day.and_time(NaiveTime::MIN).and_utc(),
            open: Some(open),
            high: price(self.plus_haut.as_ref()),
            low: price(self.plus_bas.as_ref()),
            close: price(self.dernier_cours.as_ref()),
            volume: number(self.titres_echanges.as_ref()).and_then(fixed::<QuantityUnit>).filter(|q| *q >= Quantity::ZERO),
        })
    }
}

/// A number, however it is written.
fn number(value: Option<&Value>) -> Option<Decimal> {
    match value? {
        Value::Number(number) => number.as_f64().and_then(from_float),
        Value::String(text) => from_text(text),
        _ => None,
    }
}

/// A price; none where it is not one, such as the 0 of a share that did not trade.
fn price(value: Option<&Value>) -> Option<Price> {
    number(value).and_then(fixed::<PriceUnit>).filter(|price| price.is_positive())
}

/// A moment: seconds or milliseconds since 1970, or RFC 3339.
fn moment(value: &Value) -> Option<DateTime<Utc>> {
    let of_number = |number: i64| {
        if number < 100_000_000_000 { DateTime::from_timestamp(number, 0) } else { DateTime::from_timestamp_millis(number) }
    };
    match value {
        Value::Number(number) => number.as_i64().and_then(of_number),
        Value::String(text) => match text.parse() {
            Ok(number) => of_number(number),
            Err(_) => DateTime::parse_from_rfc3339(text).ok().map(|time| time.with_timezone(&Utc)),
        },
        _ => None,
    }
}
