//! Assets.

use std::sync::Arc;

use async_graphql::{Enum, ID, Object};
use bellwether_domain::market;

/// Something with a price.
#[derive(Clone, Debug)]
pub(crate) struct Asset(pub(crate) Arc<market::Asset>);

/// Something with a price.
#[Object]
impl Asset {
    /// The id, `ast_…`.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }

    /// The symbol, such as AAPL, BTC-USD, EURUSD=X or ATW.CS.
    async fn symbol(&self) -> &str {
        &self.0.symbol
    }

    /// The name.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// What sort of thing it is.
    async fn kind(&self) -> AssetKind {
        self.0.kind.into()
    }

    /// Where it trades, a short code such as NASDAQ.
    async fn exchange(&self) -> &str {
        &self.0.exchange
    }

    /// The currency of its price, ISO 4217.
    async fn currency(&self) -> &str {
        &self.0.currency
    }
}

/// What sort of thing an asset is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "bellwether_domain::market::AssetKind")]
pub(crate) enum AssetKind {
    /// A share of a company.
    Stock,
    /// A fund that is traded like a share.
    Etf,
    /// An index, which is followed and not itself traded.
    Index,
    /// A currency against a currency.
    Fx,
    /// A crypto currency against a currency.
    Crypto,
    /// A commodity, mostly as its front future.
    Commodity,
}
