//! What assets cost, for whoever asks.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::asset::Model as Asset;
use super::patience::{BRIEF, wait_for};
use super::quote::Quote;
use super::rate::Rate;
use super::source::LicenceClass;
use crate::Domain;
use crate::error::{Fault, Problem, ProblemCode, Result};
use crate::fixed::FixedError;
use crate::ids::AssetId;
use crate::paging::LARGEST_PAGE;
use crate::permission::Permission;
use crate::viewer::Viewer;

/// How long a source is waited for where nothing is known yet.
const PATIENCE: Duration = Duration::from_secs(3);

/// A quote, and what its prices were multiplied with where they are in another currency than the asset's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PricedQuote {
    /// The quote.
    pub quote: Quote,
    /// The rate from the asset's currency; none where nothing was converted.
    pub rate: Option<Rate>,
    /// The asset's own currency, ISO 4217.
    pub asset_currency: String,
}

impl Domain {
    /// What an asset costs, in `currency` where that is given. Its source is asked first where that is due; where that
    /// does not answer in time the answer is the last known quote.
    ///
    /// # Errors
    /// A problem with the symbol or the currency; UNAUTHENTICATED, FORBIDDEN where the price's licence is not for
    /// everybody; MARKET_DATA_UNAVAILABLE where nothing is known.
    pub async fn quote(&self, viewer: &Viewer, symbol: &str, currency: Option<&str>) -> Result<PricedQuote> {
        let asset = self.asset_named(symbol).await?;
        let asset = asset.map_err(|(code, message)| Problem::new(code, &["symbol"], message))?;
        let mut quotes = self.ask_quotes(viewer, &[Arc::clone(&asset)], currency).await?;
        Ok(quotes.pop().ok_or_else(|| Fault::MarketDataUnavailable(asset.symbol.clone()))?)
    }

    /// What these assets cost, in the order of the symbols; those of which nothing is known are left out.
    ///
    /// # Errors
    /// As [`Domain::quote`]; more symbols than a page may have.
    pub async fn quotes(
        &self,
        viewer: &Viewer,
        symbols: &[String],
        currency: Option<&str>,
    ) -> Result<Vec<PricedQuote>> {
        if symbols.len() > LARGEST_PAGE {
            let message = format!("at most {LARGEST_PAGE} symbols, got {}", symbols.len());
            return Err(Problem::validation(&["symbols"], message).into());
        }
        let assets = self.assets_named(symbols, &["symbols"]).await?;
        self.ask_quotes(viewer, &assets, currency).await
    }

    async fn ask_quotes(
        &self,
        viewer: &Viewer,
        assets: &[Arc<Asset>],
        currency: Option<&str>,
    ) -> Result<Vec<PricedQuote>> {
        let currency = currency.map(parse_currency).transpose()?;
        let mut asked = assets.to_vec();
        if let Some(currency) = &currency {
            let mut converted: Vec<&str> = assets.iter().map(|asset| asset.currency.as_str()).collect();
            converted.sort_unstable();
            converted.dedup();
            for from in converted {
                for pair in self.conversion(from, currency).await?.assets() {
                    if asked.iter().all(|asset| asset.id != pair.id) {
                        asked.push(pair);
                    }
                }
            }
        }
        self.wants(&asked).await;
        let ids: Vec<AssetId> = asked.iter().map(|asset| asset.id).collect();
        let mut known = self.known_quotes(ids.clone()).await?;
        let due = self.quotes_to_ask(asked, &known);
        if !due.is_empty() {
            let is_all_known = due.iter().all(|asset| known.contains_key(&asset.id));
            let domain = self.clone();
            let asking = async move { domain.refresh_quotes(&due).await };
            wait_for(if is_all_known { BRIEF } else { PATIENCE }, asking).await;
            known = self.known_quotes(ids).await?;
        }
        let mut quotes = Vec::with_capacity(assets.len());
        for asset in assets {
            let Some(quote) = known.remove(&asset.id) else { continue };
            viewer.may_see_price(quote.licence)?;
            let priced = self.priced(quote, currency.as_deref()).await?;
            // Whoever has the one price and the other has the rate.
            viewer.may_see_price(priced.rate.map_or(LicenceClass::Public, |rate| rate.licence))?;
            quotes.push(priced);
        }
        Ok(quotes)
    }

    /// Those of the assets whose quotes are due, but for those that are known and being asked for already.
    pub(super) fn quotes_to_ask(&self, assets: Vec<Arc<Asset>>, known: &HashMap<AssetId, Quote>) -> Vec<Arc<Asset>> {
        let now = self.now();
        let is_to_be_asked = |asset: &Arc<Asset>| {
            let known = known.get(&asset.id);
            let is_coming = known.is_some() && self.asked().is_under_way((asset.id, None));
            !is_coming && self.is_quote_due(asset, known, now)
        };
        assets.into_iter().filter(is_to_be_asked).collect()
    }

    /// The quote in a currency.
    async fn priced(&self, quote: Quote, currency: Option<&str>) -> Result<PricedQuote> {
        let asset_currency = quote.currency.clone();
        let Some(currency) = currency.filter(|currency| *currency != quote.currency) else {
            return Ok(PricedQuote { quote, rate: None, asset_currency });
        };
        let rate = self.rate(&quote.currency, currency).await?;
        let converted = || -> Result<Quote, FixedError> {
            Ok(Quote {
                price: rate.convert(quote.price)?,
                bid: rate.convert(quote.bid)?,
                ask: rate.convert(quote.ask)?,
                previous_close: quote.previous_close.map(|close| rate.convert(close)).transpose()?,
                currency: currency.to_owned(),
                ..quote.clone()
            })
        };
        let quote = converted().map_err(|_| Fault::MarketDataUnavailable(format!("{} in {currency}", quote.symbol)))?;
        Ok(PricedQuote { quote, rate: Some(rate), asset_currency })
    }
}

impl Viewer {
    /// Whether a price of this licence may be shown to the viewer.
    ///
    /// # Errors
    /// UNAUTHENTICATED, FORBIDDEN.
    pub(crate) fn may_see_price(&self, licence: LicenceClass) -> Result<(), Fault> {
        match (licence, self) {
            (LicenceClass::Public, _) | (_, Self::System) => Ok(()),
            (LicenceClass::Internal, viewer) => viewer.permitted(Permission::MarketRead).map(drop),
        }
    }
}

/// A currency's code, in upper case.
///
/// # Errors
/// A problem with it.
pub(super) fn parse_currency(text: &str) -> Result<String> {
    let code = text.trim().to_ascii_uppercase();
    if code.len() == 3 && code.bytes().all(|b| b.is_ascii_uppercase()) {
        return Ok(code);
    }
    let message = "expected the three letters of a currency (ISO 4217), such as EUR";
    Err(Problem::new(ProblemCode::Validation, &["currency"], message).into())
}
