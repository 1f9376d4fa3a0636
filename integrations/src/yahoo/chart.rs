//! What the chart endpoint answers.

use bellwether_domain::fixed::{Price, PriceUnit, QuantityUnit};
use bellwether_domain::market::{Asset, Listing, NewQuote, RawCandle, SourceError, Tidied, Timeframe, bucket, tidy};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use rust_decimal::Decimal;
use serde::Deserialize;

use crate::numbers::{fixed, from_float};
use crate::upstream::Answer;

/// Currencies that it counts in hundredths, with what they are hundredths of.
const HUNDREDTHS: [(&str, &str); 3] = [("GBp", "GBP"), ("ZAc", "ZAR"), ("ILA", "ILS")];

/// A chart of one asset.
#[derive(Debug, Deserialize)]
pub(super) struct Chart {
    meta: Meta,
    /// Absent where there are no candles.
    #[serde(default)]
    timestamp: Vec<i64>,
    #[serde(default)]
    indicators: Indicators,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Meta {
    symbol: String,
    currency: Option<String>,
    exchange_timezone_name: Option<String>,
    regular_market_price: Option<f64>,
    regular_market_time: Option<i64>,
    previous_close: Option<f64>,
    chart_previous_close: Option<f64>,
}

#[derive(Debug, Default, Deserialize)]
struct Indicators {
    #[serde(default)]
    quote: Vec<Columns>,
}

/// The columns of the candles; each may be absent, shorter, or have holes.
#[derive(Debug, Default, Deserialize)]
struct Columns {
    #[serde(default)]
    open: Vec<Option<f64>>,
    #[serde(default)]
    high: Vec<Option<f64>>,
    #[serde(default)]
    low: Vec<Option<f64>>,
    #[serde(default)]
    close: Vec<Option<f64>>,
    #[serde(default)]
    volume: Vec<Option<f64>>,
}

#[derive(Deserialize)]
struct Envelope {
    chart: Body,
}

#[derive(Deserialize)]
struct Body {
    result: Option<Vec<Chart>>,
    error: Option<Refusal>,
}

#[derive(Deserialize)]
struct Refusal {
    code: String,
}

impl Chart {
    /// Reads an answer, if it is about this symbol.
    pub(super) fn read(answer: &Answer, symbol: &str) -> Result<Self, SourceError> {
        let unexpected = |what: &str| SourceError::Unexpected(what.to_owned());
        if answer.is_html {
            return Err(unexpected("a page instead of data"));
        }
        let envelope: Envelope = match serde_json::from_slice(&answer.body) {
            Ok(envelope) => envelope,
            // Not found may be said in any words.
            Err(_) if answer.status == 404 => return Err(SourceError::Unknown),
            Err(_) => return Err(unexpected("no chart")),
        };
        if let Some(refusal) = envelope.chart.error {
            let code = refusal.code.chars().take(60).collect();
            return Err(if refusal.code == "Not Found" { SourceError::Unknown } else { SourceError::Unexpected(code) });
        }
        let chart = envelope.chart.result.and_then(|mut charts| (!charts.is_empty()).then(|| charts.remove(0)));
        let chart = chart.ok_or(SourceError::Unknown)?;
        if !chart.meta.symbol.eq_ignore_ascii_case(symbol) {
            return Err(unexpected("another asset than was asked for"));
        }
        Ok(chart)
    }

    /// The last price.
    pub(super) fn quote(&self, asset: &Asset) -> Result<NewQuote, SourceError> {
        let unit = self.unit(asset)?;
        let missing = || SourceError::Unexpected("no price".to_owned());
        let time = self.meta.regular_market_time.and_then(|second| DateTime::from_timestamp(second, 0));
        let before = self.meta.previous_close.or(self.meta.chart_previous_close);
        // Some assets are quoted at nothing while nobody trades them.
        let positive = |price| unit.price(price).filter(|price| price.is_positive());
        Ok(NewQuote {
            asset_id: asset.id,
            price: self.meta.regular_market_price.and_then(positive).ok_or_else(missing)?,
            bid: None,
            ask: None,
            previous_close: before.and_then(positive),
            exchange_time: time.ok_or_else(missing)?,
        })
    }

    /// The candles.
    pub(super) fn candles(&self, listing: &Listing, timeframe: Timeframe) -> Result<Tidied, SourceError> {
        let Some(columns) = self.indicators.quote.first() else { return Ok(Tidied::default()) };
        let unit = self.unit(&listing.asset)?;
        let named = self.meta.exchange_timezone_name.as_deref().and_then(|name| name.parse::<Tz>().ok());
        let zone = named.unwrap_or(listing.exchange.time_zone);
        let price =
            |column: &[Option<f64>], row: usize| column.get(row).copied().flatten().and_then(|it| unit.price(it));
        let mut last: Option<DateTime<Utc>> = None;
        let raw = self.timestamp.iter().enumerate().filter_map(|(row, second)| {
            let time = DateTime::from_timestamp(*second, 0)?;
            let open_time = match timeframe {
                // It stamps a day with its opening; ours is midnight UTC of the day that it was there.
                Timeframe::D1 => time.with_timezone(&zone).date_naive().and_time(chrono::NaiveTime::MIN).and_utc(),
                // The last row may be of now or of the close: it is no candle of this timeframe.
                _ if bucket(Timeframe::M1, time) != time => return None,
                _ if last.is_some_and(|last| time - last < timeframe.span()) => return None,
                _ => time,
            };
            last = Some(open_time);
            let volume = columns.volume.get(row).copied().flatten().and_then(from_float);
            Some(RawCandle {
                open_time,
                open: price(&columns.open, row),
                high: price(&columns.high, row),
                low: price(&columns.low, row),
                close: price(&columns.close, row),
                volume: volume.and_then(fixed::<QuantityUnit>),
            })
        });
        Ok(tidy(raw))
    }

    /// What its prices are counted in, if that is the asset's currency or hundredths of it.
    fn unit(&self, asset: &Asset) -> Result<Counted, SourceError> {
        let currency = self.meta.currency.as_deref().unwrap_or(&asset.currency);
        let hundredths = HUNDREDTHS.iter().find(|(part, _)| *part == currency);
        let whole = hundredths.map_or(currency, |(_, whole)| whole);
        if whole != asset.currency {
            let code: String = currency.chars().take(5).collect();
            return Err(SourceError::Unexpected(format!("prices in {code} instead of {}", asset.currency)));
        }
        Ok(Counted { in_hundredths: hundredths.is_some() })
    }
}

#[derive(Clone, Copy)]
struct Counted {
    in_hundredths: bool,
}

impl Counted {
    fn price(self, number: f64) -> Option<Price> {
        let number = from_float(number)?;
        fixed::<PriceUnit>(if self.in_hundredths { number / Decimal::ONE_HUNDRED } else { number })
    }
}
