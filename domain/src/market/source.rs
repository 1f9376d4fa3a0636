//! Where prices come from.

use std::fmt;

use sea_orm::{DeriveActiveEnum, EnumIter};
use serde::{Deserialize, Serialize};

/// Where a price comes from.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum SourceName {
    /// Yahoo's chart endpoint: international assets.
    Yahoo,
    /// The Casablanca exchange's own pages.
    Casablanca,
    /// A file that somebody imported.
    Csv,
    /// Simulated: computed from a seed, for demos and tests.
    Demo,
}

impl SourceName {
    /// Every one of them.
    pub const ALL: [Self; 4] = [Self::Yahoo, Self::Casablanca, Self::Csv, Self::Demo];

    /// The name as it is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Yahoo => "yahoo",
            Self::Casablanca => "casablanca",
            Self::Csv => "csv",
            Self::Demo => "demo",
        }
    }

    /// Who may be shown what comes from here.
    pub const fn licence(self) -> LicenceClass {
        match self {
            Self::Yahoo | Self::Casablanca => LicenceClass::Internal,
            Self::Csv => LicenceClass::Internal,
            Self::Demo => LicenceClass::Public,
        }
    }

    /// Whether its prices are simulated. They never stand among true ones, nor in their place.
    pub const fn is_simulated(self) -> bool {
        matches!(self, Self::Demo)
    }
}

impl fmt::Display for SourceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Who may be shown a price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LicenceClass {
    /// Everybody, also on public pages.
    Public,
    /// Whoever is signed in. To show it to the public would need a licence of the source.
    Internal,
}
