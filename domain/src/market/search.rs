//! Finding assets by symbol, name and kind, in memory.

use std::cmp::Reverse;
use std::sync::Arc;

use super::asset::{AssetKind, Model as Asset};
use super::exchange::Exchange;
use crate::Domain;
use crate::error::{Error, Problem, Result};
use crate::paging::{CursorKey, Page, PageArgs, PageRequest};
use crate::signals::Compare;

/// Characters of a search at most.
const LONGEST_SEARCH: usize = 60;
/// How much alike two words must be to be taken for the same, misspelt: Jaro and Winkler's measure, of 1.
const ALIKE: f64 = 0.88;

/// Which assets.
#[derive(Clone, Debug, Default)]
pub struct AssetFilter {
    /// What sort of thing.
    pub kind: Option<Compare<AssetKind>>,
    /// The code of the exchange.
    pub exchange: Option<Compare<String>>,
    /// The currency of the price.
    pub currency: Option<Compare<String>>,
    /// The part of the economy.
    pub sector: Option<Compare<String>>,
}

impl AssetFilter {
    fn lets_through(&self, asset: &Asset) -> bool {
        let word = |compare: &Option<Compare<String>>, value: Option<&str>| {
            meets(compare.as_ref(), |wanted: &String| value.is_some_and(|value| value.eq_ignore_ascii_case(wanted)))
        };
        meets(self.kind.as_ref(), |kind| *kind == asset.kind)
            && word(&self.exchange, Some(&asset.exchange))
            && word(&self.currency, Some(&asset.currency))
            && word(&self.sector, asset.sector.as_deref())
    }
}

fn meets<T>(compare: Option<&Compare<T>>, is: impl Fn(&T) -> bool) -> bool {
    let Some(compare) = compare else { return true };
    compare.eq.as_ref().is_none_or(&is) && compare.one_of.as_ref().is_none_or(|any| any.iter().any(&is))
}

/// A position in a list of assets: how well it fits, the best being 0, and its symbol.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AssetKey {
    rank: u16,
    symbol: String,
}

impl AssetKey {
    /// The text that the list's cursors carry.
    pub const ORDER: &str = "assets";
}

impl CursorKey for AssetKey {
    fn encode(&self) -> String {
        format!("{}:{}", self.rank, self.symbol)
    }

    fn decode(text: &str) -> Option<Self> {
        let (rank, symbol) = text.split_once(':')?;
        Some(Self { rank: rank.parse().ok()?, symbol: symbol.to_owned() })
    }
}

/// Assets that were found, in the order of how well they fit; and how many there are on all pages.
pub type FoundAssets = (Page<(AssetKey, Arc<Asset>)>, usize);

impl Domain {
    /// A page of the assets that fit: those whose symbol or name begins with the search first, then those that hold it or
    /// something spelt like it. Without a search all, by their symbol.
    ///
    /// # Errors
    /// A problem with the search or the page's arguments; when the database does not answer.
    pub async fn search_assets(
        &self,
        search: Option<&str>,
        filter: &AssetFilter,
        args: &PageArgs,
    ) -> Result<FoundAssets> {
        let request: PageRequest<AssetKey> = args.parse(AssetKey::ORDER).map_err(Error::Problems)?;
        let search = search.map(str::trim).filter(|search| !search.is_empty()).map(str::to_lowercase);
        if search.as_ref().is_some_and(|search| search.chars().count() > LONGEST_SEARCH) {
            let message = format!("expected at most {LONGEST_SEARCH} characters");
            return Err(Problem::validation(&["search"], message).into());
        }
        let known = self.known_assets().await?;
        let mut found: Vec<(AssetKey, Arc<Asset>)> = known
            .by_symbol
            .values()
            .filter(|asset| filter.lets_through(asset))
            .filter_map(|asset| {
                let rank = search.as_ref().map_or(Some(0), |search| rank(asset, search))?;
                Some((AssetKey { rank, symbol: asset.symbol.clone() }, Arc::clone(asset)))
            })
            .collect();
        let total = found.len();
        found.retain(|(key, _)| {
            request.after.as_ref().is_none_or(|after| key > after)
                && request.before.as_ref().is_none_or(|before| key < before)
        });
        if request.backward {
            found.sort_by_key(|(key, _)| Reverse(key.clone()));
        } else {
            found.sort_by(|(a, _), (b, _)| a.cmp(b));
        }
        found.truncate(request.size + 1);
        Ok((request.page(found), total))
    }

    /// Every exchange, by its code.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn exchanges(&self) -> Result<Vec<Arc<Exchange>>> {
        Ok(self.known_assets().await?.exchanges.values().cloned().collect())
    }

    /// The exchange of this code, in any case.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn exchange(&self, code: &str) -> Result<Option<Arc<Exchange>>> {
        Ok(self.known_assets().await?.exchanges.get(&code.trim().to_ascii_uppercase()).cloned())
    }
}

/// How well an asset fits a search in lower case, the best being 0; none where it does not.
fn rank(asset: &Asset, search: &str) -> Option<u16> {
    let (symbol, name) = (asset.symbol.to_lowercase(), asset.name.to_lowercase());
    // An index is found without its caret, a share of Casablanca by its ticker there.
    let bare = symbol.trim_start_matches('^');
    if symbol == search || bare == search || symbol.strip_suffix(".cs") == Some(search) {
        return Some(0);
    }
    if symbol.starts_with(search) || bare.starts_with(search) {
        return Some(1);
    }
    if name.starts_with(search) {
        return Some(2);
    }
    let words = || name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    if words().any(|word| word.starts_with(search)) {
        return Some(3);
    }
    if symbol.contains(search) || name.contains(search) {
        return Some(4);
    }
    if search.chars().count() < 3 {
        return None;
    }
    let alike = words().map(|word| strsim::jaro_winkler(word, search)).chain([strsim::jaro_winkler(bare, search)]);
    let best = alike.max_by(f64::total_cmp)?;
    // The more alike the sooner: ranks 10 to 110.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "of 0 to 1000")]
    (best >= ALIKE).then_some(10 + ((1.0 - best) * 1_000.0) as u16)
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::ids::{AssetId, Id};

    fn asset(symbol: &str, name: &str) -> Asset {
        Asset {
            id: AssetId::from_uuid(uuid::Uuid::nil()),
            symbol: symbol.to_owned(),
            name: name.to_owned(),
            kind: AssetKind::Stock,
            exchange: "NYSE".to_owned(),
            currency: "USD".to_owned(),
            tick_size: "0.01".parse().unwrap(),
            lot_size: "1".parse().unwrap(),
            sector: None,
            source_symbols: super::super::SourceSymbols::default(),
            created_at: DateTime::UNIX_EPOCH,
            updated_at: DateTime::UNIX_EPOCH,
        }
    }

    #[test]
    fn the_better_fit_comes_first_and_misspelling_is_forgiven() {
        let ranked = |symbol: &str, name: &str, search: &str| rank(&asset(symbol, name), search);
        assert_eq!(ranked("AAPL", "Apple", "aapl"), Some(0));
        assert_eq!(ranked("^GSPC", "S&P 500", "gspc"), Some(0));
        assert_eq!(ranked("ATW.CS", "Attijariwafa Bank", "atw"), Some(0));
        assert_eq!(ranked("AAPL", "Apple", "aa"), Some(1));
        assert_eq!(ranked("AAPL", "Apple", "app"), Some(2));
        assert_eq!(ranked("JPM", "JPMorgan Chase", "chase"), Some(3));
        assert_eq!(ranked("BTC-USD", "Bitcoin", "usd"), Some(4));
        assert!(ranked("AAPL", "Apple", "aplle").is_some_and(|rank| rank >= 10));
        assert!(ranked("MSFT", "Microsoft", "microsfot").is_some_and(|rank| rank >= 10));
        assert_eq!(ranked("AAPL", "Apple", "tesla"), None);
        assert_eq!(ranked("AAPL", "Apple", "zz"), None);
    }
}
