//! How TradingView spells what is traded, and how we may.
//!
//! Our symbols are Yahoo's for what Yahoo has (`BTC-USD`, `EURUSD=X`, `BRK-B`, `^GSPC`, `GC=F`) and `.CS` for
//! Casablanca. Sources: TradingView's symbol search for its exchanges; Yahoo help, "Exchanges and data providers on
//! Yahoo Finance" (SLN2310) for the suffixes.

use std::fmt;

/// What an alert is about, in TradingView's spelling and in capitals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticker {
    /// The exchange, where the alert said one: the `BINANCE` of `BINANCE:BTCUSDT`, or its field `exchange`. TradingView
    /// marks delayed data by `_DL` or `_DLY` behind it; the mark is taken off.
    pub exchange: Option<String>,
    /// The symbol without the exchange.
    pub symbol: String,
}

/// Written as TradingView does: `BINANCE:BTCUSDT`, or `AAPL` without an exchange.
impl fmt::Display for Ticker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.exchange {
            Some(exchange) => write!(f, "{exchange}:{}", self.symbol),
            None => f.write_str(&self.symbol),
        }
    }
}

/// Indices and metals that Yahoo spells in another way: the exchanges that mean it, TradingView's symbol, Yahoo's. An
/// empty exchange stands for an alert without one; `GOLD` has none, because it has been a stock on NYSE.
const WELL_KNOWN: &[(&[&str], &str, &str)] = &[
    (&["", "SP", "CBOE", "TVC"], "SPX", "^GSPC"),
    (&["", "NASDAQ", "TVC"], "NDX", "^NDX"),
    (&["", "NASDAQ", "TVC"], "IXIC", "^IXIC"),
    (&["", "DJ", "TVC"], "DJI", "^DJI"),
    (&["", "CBOE", "TVC"], "VIX", "^VIX"),
    (&["", "RUSSELL", "TVC"], "RUT", "^RUT"),
    (&["XETR"], "DAX", "^GDAXI"),
    (&["TVC"], "UKX", "^FTSE"),
    (&["", "EURONEXT", "TVC"], "PX1", "^FCHI"),
    (&["TVC"], "CAC40", "^FCHI"),
    (&["", "TVC"], "NI225", "^N225"),
    (&["TVC"], "HSI", "^HSI"),
    (&["", "TVC"], "US10Y", "^TNX"),
    (&["", "TVC"], "DXY", "DX-Y.NYB"),
    (&["TVC"], "GOLD", "GC=F"),
    (&["TVC"], "SILVER", "SI=F"),
    (&["", "TVC"], "USOIL", "CL=F"),
    (&["", "TVC"], "UKOIL", "BZ=F"),
];

/// Stock exchanges outside the United States and the suffix of their symbols. A symbol of theirs is never tried
/// without it: `LSE:VOD` in pence is not the `VOD` in dollars. `BVC` is the Casablanca exchange's own name for itself.
const SUFFIXES: &[(&str, &str)] = &[
    ("CSEMA", ".CS"),
    ("BVC", ".CS"),
    ("LSE", ".L"),
    ("XETR", ".DE"),
    ("FWB", ".F"),
    ("MIL", ".MI"),
    ("BME", ".MC"),
    ("SIX", ".SW"),
    ("TSX", ".TO"),
    ("TSXV", ".V"),
    ("BMFBOVESPA", ".SA"),
    ("NSE", ".NS"),
    ("BSE", ".BO"),
    ("TSE", ".T"),
    ("ASX", ".AX"),
    ("TADAWUL", ".SR"),
];

/// Coins that stand for a US dollar. `FDUSD` comes before `USD`, which it ends with.
const DOLLARS: &[&str] = &["USDT", "USDC", "FDUSD"];
/// Currencies and metals that are traded against each other as foreign exchange.
const CURRENCIES: &[&str] = &[
    "USD", "EUR", "GBP", "JPY", "CHF", "CAD", "AUD", "NZD", "SEK", "NOK", "DKK", "PLN", "TRY", "ZAR", "MXN", "BRL",
    "SGD", "HKD", "CNH", "CNY", "INR", "MAD", "XAU", "XAG", "XPT", "XPD",
];
/// Coins that others are priced in.
const COINS: &[&str] = &["BTC", "ETH"];

impl Ticker {
    /// Reads `AAPL`, `BTC/USDT` or `BINANCE:BTCUSDT`.
    pub(super) fn from_word(word: &str) -> Option<Self> {
        let (exchange, symbol) = match word.split_once(':') {
            Some((exchange, symbol)) => (Some(exchange), symbol),
            None => (None, word),
        };
        let known = |c: char| c.is_ascii_alphanumeric() || "./-_=^!&".contains(c);
        let is_symbol = symbol.len() <= 40 && symbol.chars().all(known) && symbol.contains(char::is_alphanumeric);
        is_symbol.then(|| Self { exchange: None, symbol: symbol.to_uppercase() }.or_on(exchange))
    }

    /// The ticker on an exchange, if it has none yet.
    pub(super) fn or_on(self, exchange: Option<&str>) -> Self {
        let name = |exchange: &str| {
            let exchange = exchange.trim().to_uppercase();
            exchange.trim_end_matches("_DLY").trim_end_matches("_DL").to_owned()
        };
        Self { exchange: self.exchange.or(exchange.map(name).filter(|exchange| !exchange.is_empty())), ..self }
    }

    /// Our symbols that it may mean, to be tried in this order; at least one. `BINANCE:BTCUSDT`, `BTC/USDT` and
    /// `BTCUSDT.P` (TradingView's mark of a perpetual future) are `BTCUSDT`, `BTC-USDT`, `BTC-USD`; `FX:EURUSD` is
    /// `EURUSD`, `EURUSD=X`; `CSEMA:ATW` is `ATW.CS`; `BRK.B` is `BRK.B`, `BRK-B`; `SP:SPX` is `^GSPC`.
    #[must_use]
    pub fn candidates(&self) -> Vec<String> {
        let exchange = self.exchange.as_deref().unwrap_or_default();
        let symbol = self.symbol.as_str();
        if let Some((.., ours)) = WELL_KNOWN.iter().find(|(on, theirs, _)| *theirs == symbol && on.contains(&exchange))
        {
            return vec![(*ours).to_owned()];
        }
        if let Some((_, suffix)) = SUFFIXES.iter().find(|(name, _)| *name == exchange) {
            return vec![dashed(symbol.strip_suffix(suffix).unwrap_or(symbol)) + suffix];
        }
        if let Some(root) = symbol.strip_suffix("1!") {
            return vec![format!("{root}=F")];
        }
        let mut candidates = match pair(symbol.strip_suffix(".P").unwrap_or(symbol)) {
            Some((base, quote)) if CURRENCIES.contains(&base) && CURRENCIES.contains(&quote) => {
                vec![format!("{base}{quote}"), format!("{base}{quote}=X")]
            }
            Some((base, quote)) if DOLLARS.contains(&quote) => {
                vec![format!("{base}{quote}"), format!("{base}-{quote}"), format!("{base}-USD")]
            }
            Some((base, quote)) => vec![format!("{base}{quote}"), format!("{base}-{quote}")],
            None => vec![symbol.to_owned(), dashed(symbol)],
        };
        candidates.dedup();
        candidates
    }
}

/// The base and the quote of a currency pair, with or without a separator. A base of one letter is not one: `GBTC` is
/// a fund.
fn pair(symbol: &str) -> Option<(&str, &str)> {
    let mut quotes = DOLLARS.iter().chain(CURRENCIES).chain(COINS);
    let (base, quote) = match symbol.split_once(['/', '-', '_']) {
        Some((base, quote)) => (base, quotes.find(|known| **known == quote)?),
        None => quotes.find_map(|quote| Some((symbol.strip_suffix(quote)?, quote)))?,
    };
    (base.len() > 1).then_some((base, quote))
}

/// A class of shares in Yahoo's spelling: `BRK.B` is `BRK-B`; a dot that ends a symbol (`LSE:BP.`) falls away.
fn dashed(symbol: &str) -> String {
    symbol.trim_end_matches('.').replace(['.', '/'], "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticker(text: &str) -> Ticker {
        Ticker::from_word(text).unwrap()
    }

    #[test]
    fn a_ticker_is_split_from_its_exchange() {
        for (written, exchange, symbol) in [
            ("aapl", None, "AAPL"),
            ("binance:btcusdt.p", Some("BINANCE"), "BTCUSDT.P"),
            ("NYMEX_DL:CL1!", Some("NYMEX"), "CL1!"),
            ("NSE_DLY:M&M", Some("NSE"), "M&M"),
            (":AAPL", None, "AAPL"),
        ] {
            let ticker = ticker(written);
            assert_eq!((ticker.exchange.as_deref(), ticker.symbol.as_str()), (exchange, symbol), "{written}");
        }
        assert_eq!(ticker("binance:btcusdt").to_string(), "BINANCE:BTCUSDT");
        assert_eq!(ticker("btcusdt").to_string(), "BTCUSDT");
        for written in ["BINANCE:", "{{ticker}}", "BTC USDT", "-", "ÉCLAIR", &"A".repeat(41)] {
            assert!(Ticker::from_word(written).is_none(), "{written}");
        }
    }

    #[test]
    fn a_ticker_has_its_candidates_in_order() {
        for (written, candidates) in [
            ("BINANCE:BTCUSDT", &["BTCUSDT", "BTC-USDT", "BTC-USD"][..]),
            ("BTC/USDT", &["BTCUSDT", "BTC-USDT", "BTC-USD"]),
            ("BTC_USDT", &["BTCUSDT", "BTC-USDT", "BTC-USD"]),
            ("BYBIT:BTCUSDT.P", &["BTCUSDT", "BTC-USDT", "BTC-USD"]),
            ("BTCFDUSD", &["BTCFDUSD", "BTC-FDUSD", "BTC-USD"]),
            ("COINBASE:BTCUSD", &["BTCUSD", "BTC-USD"]),
            ("BTC-USD", &["BTCUSD", "BTC-USD"]),
            ("ETHBTC", &["ETHBTC", "ETH-BTC"]),
            ("EURUSD", &["EURUSD", "EURUSD=X"]),
            ("FX:EURUSD", &["EURUSD", "EURUSD=X"]),
            ("EUR/USD", &["EURUSD", "EURUSD=X"]),
            ("OANDA:XAUUSD", &["XAUUSD", "XAUUSD=X"]),
            ("EURUSD=X", &["EURUSD=X"]),
            ("CSEMA:ATW", &["ATW.CS"]),
            ("BVC:ATW", &["ATW.CS"]),
            ("CSEMA:ATW.CS", &["ATW.CS"]),
            ("NASDAQ:AAPL", &["AAPL"]),
            ("AAPL", &["AAPL"]),
            ("GBTC", &["GBTC"]),
            ("BRK.B", &["BRK.B", "BRK-B"]),
            ("NYSE:BRK.B", &["BRK.B", "BRK-B"]),
            ("BRK-B", &["BRK-B"]),
            ("LSE:VOD", &["VOD.L"]),
            ("LSE:BP.", &["BP.L"]),
            ("LSE:BT.A", &["BT-A.L"]),
            ("TSE:7203", &["7203.T"]),
            ("TVC:GOLD", &["GC=F"]),
            ("NYSE:GOLD", &["GOLD"]),
            ("GOLD", &["GOLD"]),
            ("SP:SPX", &["^GSPC"]),
            ("SPX", &["^GSPC"]),
            ("XETR:DAX", &["^GDAXI"]),
            ("CME_MINI:ES1!", &["ES=F"]),
        ] {
            assert_eq!(ticker(written).candidates(), candidates, "{written}");
        }
    }
}
