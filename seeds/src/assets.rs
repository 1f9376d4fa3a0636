//! The assets that an installation starts with.

use bellwether_domain::market::{AssetKind, NewAsset, Symbol};
use bellwether_domain::{Fault, Result};

/// Symbol, name, kind, exchange, currency.
type Row = (&'static str, &'static str, AssetKind, &'static str, &'static str);

#[rustfmt::skip]
const ASSETS: [Row; 24] = [
    ("AAPL", "Apple", AssetKind::Stock, "NASDAQ", "USD"),
    ("MSFT", "Microsoft", AssetKind::Stock, "NASDAQ", "USD"),
    ("NVDA", "NVIDIA", AssetKind::Stock, "NASDAQ", "USD"),
    ("AMZN", "Amazon", AssetKind::Stock, "NASDAQ", "USD"),
    ("GOOGL", "Alphabet A", AssetKind::Stock, "NASDAQ", "USD"),
    ("META", "Meta Platforms", AssetKind::Stock, "NASDAQ", "USD"),
    ("TSLA", "Tesla", AssetKind::Stock, "NASDAQ", "USD"),
    ("JPM", "JPMorgan Chase", AssetKind::Stock, "NYSE", "USD"),
    ("BTC-USD", "Bitcoin", AssetKind::Crypto, "CRYPTO", "USD"),
    ("ETH-USD", "Ether", AssetKind::Crypto, "CRYPTO", "USD"),
    ("SOL-USD", "Solana", AssetKind::Crypto, "CRYPTO", "USD"),
    ("EURUSD=X", "Euro in US dollars", AssetKind::Forex, "FOREX", "USD"),
    ("GBPUSD=X", "Pound sterling in US dollars", AssetKind::Forex, "FOREX", "USD"),
    ("USDJPY=X", "US dollar in yen", AssetKind::Forex, "FOREX", "JPY"),
    ("GC=F", "Gold", AssetKind::Commodity, "COMEX", "USD"),
    ("CL=F", "Crude oil", AssetKind::Commodity, "NYMEX", "USD"),
    ("^GSPC", "S&P 500", AssetKind::Index, "INDEX", "USD"),
    ("^NDX", "Nasdaq 100", AssetKind::Index, "INDEX", "USD"),
    ("ATW.CS", "Attijariwafa Bank", AssetKind::Stock, "BVC", "MAD"),
    ("IAM.CS", "Maroc Telecom", AssetKind::Stock, "BVC", "MAD"),
    ("BOA.CS", "Bank of Africa", AssetKind::Stock, "BVC", "MAD"),
    ("LHM.CS", "LafargeHolcim Maroc", AssetKind::Stock, "BVC", "MAD"),
    ("CSR.CS", "Cosumar", AssetKind::Stock, "BVC", "MAD"),
    ("BCP.CS", "Banque Centrale Populaire", AssetKind::Stock, "BVC", "MAD"),
];

/// Every asset.
pub(crate) fn all() -> Result<Vec<NewAsset>> {
    ASSETS
        .iter()
        .map(|&(symbol, name, kind, exchange, currency)| {
            let symbol = Symbol::try_from(symbol).map_err(|error| Fault::Bug(format!("asset {symbol}: {error}")))?;
            Ok(NewAsset {
                symbol,
                name: name.to_owned(),
                kind,
                exchange: exchange.to_owned(),
                currency: currency.to_owned(),
            })
        })
        .collect()
}
