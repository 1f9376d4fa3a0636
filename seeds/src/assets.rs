//! The assets that an installation starts with, each with what the sources call it.

use bellwether_domain::market::AssetKind::{self, Commodity, Crypto, Etf, Fx, Index, Stock};
use bellwether_domain::market::{NewAsset, SourceName, Symbol};
use bellwether_domain::{Fault, Result};

/// Symbol, name, kind, exchange, currency, tick size, lot size, sector.
///
/// International symbols are Yahoo's own; a Casablanca share is its ticker there with `.CS`.
type Row = (&'static str, &'static str, AssetKind, &'static str, &'static str, &'static str, &'static str, &'static str);

#[rustfmt::skip]
const ASSETS: &[Row] = &[
    ("AAPL", "Apple", Stock, "NASDAQ", "USD", "0.01", "1", "Technology"),
    ("MSFT", "Microsoft", Stock, "NASDAQ", "USD", "0.01", "1", "Technology"),
    ("NVDA", "NVIDIA", Stock, "NASDAQ", "USD", "0.01", "1", "Technology"),
    ("AMZN", "Amazon", Stock, "NASDAQ", "USD", "0.01", "1", "Consumer Cyclical"),
    ("GOOGL", "Alphabet A", Stock, "NASDAQ", "USD", "0.01", "1", "Communication Services"),
    ("META", "Meta Platforms", Stock, "NASDAQ", "USD", "0.01", "1", "Communication Services"),
    ("TSLA", "Tesla", Stock, "NASDAQ", "USD", "0.01", "1", "Consumer Cyclical"),
    ("AVGO", "Broadcom", Stock, "NASDAQ", "USD", "0.01", "1", "Technology"),
    ("AMD", "Advanced Micro Devices", Stock, "NASDAQ", "USD", "0.01", "1", "Technology"),
    ("INTC", "Intel", Stock, "NASDAQ", "USD", "0.01", "1", "Technology"),
    ("NFLX", "Netflix", Stock, "NASDAQ", "USD", "0.01", "1", "Communication Services"),
    ("COST", "Costco", Stock, "NASDAQ", "USD", "0.01", "1", "Consumer Defensive"),
    ("JPM", "JPMorgan Chase", Stock, "NYSE", "USD", "0.01", "1", "Financial Services"),
    ("BAC", "Bank of America", Stock, "NYSE", "USD", "0.01", "1", "Financial Services"),
    ("V", "Visa", Stock, "NYSE", "USD", "0.01", "1", "Financial Services"),
    ("JNJ", "Johnson & Johnson", Stock, "NYSE", "USD", "0.01", "1", "Healthcare"),
    ("LLY", "Eli Lilly", Stock, "NYSE", "USD", "0.01", "1", "Healthcare"),
    ("XOM", "Exxon Mobil", Stock, "NYSE", "USD", "0.01", "1", "Energy"),
    ("WMT", "Walmart", Stock, "NASDAQ", "USD", "0.01", "1", "Consumer Defensive"),
    ("KO", "Coca-Cola", Stock, "NYSE", "USD", "0.01", "1", "Consumer Defensive"),
    ("DIS", "Walt Disney", Stock, "NYSE", "USD", "0.01", "1", "Communication Services"),
    ("BA", "Boeing", Stock, "NYSE", "USD", "0.01", "1", "Industrials"),
    ("SHEL.L", "Shell", Stock, "LSE", "GBP", "0.005", "1", "Energy"),
    ("AZN.L", "AstraZeneca", Stock, "LSE", "GBP", "0.01", "1", "Healthcare"),
    ("VOD.L", "Vodafone", Stock, "LSE", "GBP", "0.0001", "1", "Communication Services"),
    ("SAP.DE", "SAP", Stock, "XETRA", "EUR", "0.05", "1", "Technology"),
    ("SIE.DE", "Siemens", Stock, "XETRA", "EUR", "0.05", "1", "Industrials"),
    ("MC.PA", "LVMH", Stock, "PARIS", "EUR", "0.1", "1", "Consumer Cyclical"),
    ("TTE.PA", "TotalEnergies", Stock, "PARIS", "EUR", "0.01", "1", "Energy"),
    ("7203.T", "Toyota Motor", Stock, "TSE", "JPY", "0.5", "100", "Consumer Cyclical"),
    ("SPY", "SPDR S&P 500 ETF", Etf, "ARCA", "USD", "0.01", "1", ""),
    ("QQQ", "Invesco QQQ", Etf, "NASDAQ", "USD", "0.01", "1", ""),
    ("IWM", "iShares Russell 2000 ETF", Etf, "ARCA", "USD", "0.01", "1", ""),
    ("VTI", "Vanguard Total Stock Market ETF", Etf, "ARCA", "USD", "0.01", "1", ""),
    ("EEM", "iShares MSCI Emerging Markets ETF", Etf, "ARCA", "USD", "0.01", "1", ""),
    ("GLD", "SPDR Gold Shares", Etf, "ARCA", "USD", "0.01", "1", ""),
    ("TLT", "iShares 20+ Year Treasury Bond ETF", Etf, "NASDAQ", "USD", "0.01", "1", ""),
    ("^GSPC", "S&P 500", Index, "NYSE", "USD", "0.01", "1", ""),
    ("^NDX", "Nasdaq 100", Index, "NASDAQ", "USD", "0.01", "1", ""),
    ("^DJI", "Dow Jones Industrial Average", Index, "NYSE", "USD", "0.01", "1", ""),
    ("^FTSE", "FTSE 100", Index, "LSE", "GBP", "0.01", "1", ""),
    ("^GDAXI", "DAX", Index, "XETRA", "EUR", "0.01", "1", ""),
    ("^FCHI", "CAC 40", Index, "PARIS", "EUR", "0.01", "1", ""),
    ("^N225", "Nikkei 225", Index, "TSE", "JPY", "0.01", "1", ""),
    ("EURUSD=X", "Euro in US dollars", Fx, "FX", "USD", "0.00001", "1000", ""),
    ("GBPUSD=X", "Pound sterling in US dollars", Fx, "FX", "USD", "0.00001", "1000", ""),
    ("AUDUSD=X", "Australian dollar in US dollars", Fx, "FX", "USD", "0.00001", "1000", ""),
    ("NZDUSD=X", "New Zealand dollar in US dollars", Fx, "FX", "USD", "0.00001", "1000", ""),
    ("USDJPY=X", "US dollar in yen", Fx, "FX", "JPY", "0.001", "1000", ""),
    ("USDCHF=X", "US dollar in Swiss francs", Fx, "FX", "CHF", "0.00001", "1000", ""),
    ("USDCAD=X", "US dollar in Canadian dollars", Fx, "FX", "CAD", "0.00001", "1000", ""),
    ("USDMAD=X", "US dollar in dirhams", Fx, "FX", "MAD", "0.0001", "1000", ""),
    ("EURGBP=X", "Euro in pounds sterling", Fx, "FX", "GBP", "0.00001", "1000", ""),
    ("EURJPY=X", "Euro in yen", Fx, "FX", "JPY", "0.001", "1000", ""),
    ("GC=F", "Gold", Commodity, "COMEX", "USD", "0.1", "1", ""),
    ("SI=F", "Silver", Commodity, "COMEX", "USD", "0.005", "1", ""),
    ("HG=F", "Copper", Commodity, "COMEX", "USD", "0.0005", "1", ""),
    ("CL=F", "Crude oil", Commodity, "NYMEX", "USD", "0.01", "1", ""),
    ("NG=F", "Natural gas", Commodity, "NYMEX", "USD", "0.001", "1", ""),
    ("BTC-USD", "Bitcoin", Crypto, "CRYPTO", "USD", "0.01", "0.00001", ""),
    ("ETH-USD", "Ether", Crypto, "CRYPTO", "USD", "0.01", "0.0001", ""),
    ("SOL-USD", "Solana", Crypto, "CRYPTO", "USD", "0.01", "0.001", ""),
    ("BNB-USD", "BNB", Crypto, "CRYPTO", "USD", "0.01", "0.001", ""),
    ("XRP-USD", "XRP", Crypto, "CRYPTO", "USD", "0.0001", "0.1", ""),
    ("ATW.CS", "Attijariwafa Bank", Stock, "BVC", "MAD", "0.1", "1", "Financial Services"),
    ("IAM.CS", "Maroc Telecom", Stock, "BVC", "MAD", "0.01", "1", "Communication Services"),
    ("BCP.CS", "Banque Centrale Populaire", Stock, "BVC", "MAD", "0.1", "1", "Financial Services"),
    ("BOA.CS", "Bank of Africa", Stock, "BVC", "MAD", "0.1", "1", "Financial Services"),
    ("CIH.CS", "CIH Bank", Stock, "BVC", "MAD", "0.1", "1", "Financial Services"),
    ("LHM.CS", "LafargeHolcim Maroc", Stock, "BVC", "MAD", "1", "1", "Basic Materials"),
    ("CMA.CS", "Ciments du Maroc", Stock, "BVC", "MAD", "1", "1", "Basic Materials"),
    ("CSR.CS", "Cosumar", Stock, "BVC", "MAD", "0.1", "1", "Consumer Defensive"),
    ("LES.CS", "Lesieur Cristal", Stock, "BVC", "MAD", "0.1", "1", "Consumer Defensive"),
    ("LBV.CS", "Label Vie", Stock, "BVC", "MAD", "1", "1", "Consumer Defensive"),
    ("MNG.CS", "Managem", Stock, "BVC", "MAD", "1", "1", "Basic Materials"),
    ("SMI.CS", "Société Métallurgique d'Imiter", Stock, "BVC", "MAD", "1", "1", "Basic Materials"),
    ("TQM.CS", "Taqa Morocco", Stock, "BVC", "MAD", "1", "1", "Utilities"),
    ("MSA.CS", "Marsa Maroc", Stock, "BVC", "MAD", "0.1", "1", "Industrials"),
    ("TGC.CS", "Travaux Généraux de Construction de Casablanca", Stock, "BVC", "MAD", "0.1", "1", "Industrials"),
    ("ADH.CS", "Douja Promotion Groupe Addoha", Stock, "BVC", "MAD", "0.01", "1", "Real Estate"),
    ("HPS.CS", "Hightech Payment Systems", Stock, "BVC", "MAD", "0.1", "1", "Technology"),
    ("AKT.CS", "Akdital", Stock, "BVC", "MAD", "0.1", "1", "Healthcare"),
];

/// Every asset.
pub(crate) fn all() -> Result<Vec<NewAsset>> {
    ASSETS.iter().map(asset).collect()
}

fn asset(&(symbol, name, kind, exchange, currency, tick_size, lot_size, sector): &Row) -> Result<NewAsset> {
    let wrong = |error: &dyn std::fmt::Display| Fault::Bug(format!("asset {symbol}: {error}"));
    let source_symbol = match symbol.strip_suffix(".CS") {
        Some(ticker) => (SourceName::Casablanca, ticker),
        None => (SourceName::Yahoo, symbol),
    };
    Ok(NewAsset {
        symbol: Symbol::try_from(symbol).map_err(|error| wrong(&error))?,
        name: name.to_owned(),
        kind,
        exchange: exchange.to_owned(),
        currency: currency.to_owned(),
        tick_size: tick_size.parse().map_err(|error| wrong(&error))?,
        lot_size: lot_size.parse().map_err(|error| wrong(&error))?,
        sector: (!sector.is_empty()).then(|| sector.to_owned()),
        source_symbols: vec![(source_symbol.0, source_symbol.1.to_owned())],
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn there_are_fifty_from_abroad_and_fifteen_of_casablanca_on_known_exchanges() {
        let assets = all().unwrap();
        let exchanges: HashSet<String> =
            crate::exchanges::all().unwrap().into_iter().map(|exchange| exchange.code).collect();
        let symbols: HashSet<&str> = assets.iter().map(|asset| asset.symbol.as_str()).collect();
        assert_eq!(symbols.len(), assets.len(), "a symbol is there twice");
        for asset in &assets {
            assert!(exchanges.contains(&asset.exchange), "{} is on no known exchange", asset.symbol);
        }
        let casablanca = assets.iter().filter(|asset| asset.exchange == "BVC").count();
        assert!(casablanca >= 15 && assets.len() - casablanca >= 50, "{casablanca} of {}", assets.len());
    }
}
