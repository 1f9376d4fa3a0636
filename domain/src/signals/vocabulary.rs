//! The words a signal is made of.

use std::fmt;

use chrono::TimeDelta;
use sea_orm::{DeriveActiveEnum, EnumIter};

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum)]
        #[sea_orm(rs_type = "String", db_type = "Text")]
        pub enum $name { $($(#[$variant_doc])* #[sea_orm(string_value = $text)] $variant,)* }

        impl $name {
            /// Every one of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The word as it is stored.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// The one with this word, whatever its case.
            pub fn parse(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|known| known.as_str().eq_ignore_ascii_case(word.trim()))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(self.as_str()) }
        }
    };
}
pub(crate) use words;

/// Words that are written as they are stored, by serde.
macro_rules! written {
    ($($name:ident)*) => {$(
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let word = <String as serde::Deserialize>::deserialize(deserializer)?;
                Self::ALL.iter().copied().find(|known| known.as_str() == word).ok_or_else(|| {
                    let known: Vec<_> = Self::ALL.iter().map(|known| known.as_str()).collect();
                    serde::de::Error::custom(format!("expected one of {}, got {word:?}", known.join(", ")))
                })
            }
        }
    )*};
}
pub(crate) use written;

words! {
    /// What a signal says to do.
    Direction {
        /// Buy.
        Buy = "BUY",
        /// Sell.
        Sell = "SELL",
        /// Do nothing.
        Hold = "HOLD",
    }
}

words! {
    /// The horizon an analysis is made for.
    Mode {
        /// Minutes.
        Scalp = "SCALP",
        /// Within a day.
        Intraday = "INTRADAY",
        /// Days to weeks.
        Swing = "SWING",
    }
}

words! {
    /// The span of one candle.
    Timeframe {
        /// One minute.
        M1 = "1m",
        /// Five minutes.
        M5 = "5m",
        /// A quarter of an hour.
        M15 = "15m",
        /// An hour.
        H1 = "1h",
        /// Four hours.
        H4 = "4h",
        /// A day.
        D1 = "1d",
        /// A week.
        W1 = "1w",
    }
}

impl Timeframe {
    /// How long one candle lasts.
    pub const fn span(self) -> TimeDelta {
        TimeDelta::minutes(match self {
            Self::M1 => 1,
            Self::M5 => 5,
            Self::M15 => 15,
            Self::H1 => 60,
            Self::H4 => 240,
            Self::D1 => 1_440,
            Self::W1 => 10_080,
        })
    }
}

words! {
    /// Who may see a signal.
    Audience {
        /// Its author alone.
        Private = "PRIVATE",
        /// Everyone in the tenant.
        Tenant = "TENANT",
    }
}

words! {
    /// Where a signal came from.
    SignalOrigin {
        /// The analysis engine.
        Engine = "ENGINE",
        /// A webhook, such as a TradingView alert.
        Webhook = "WEBHOOK",
        /// The API, or an import.
        Api = "API",
        /// The demo data.
        Seed = "SEED",
        /// An agent pipeline.
        Pipeline = "PIPELINE",
    }
}

words! {
    /// How a signal turned out.
    Outcome {
        /// The target was touched first.
        Win = "WIN",
        /// The stop was touched first.
        Loss = "LOSS",
        /// The horizon ended before either.
        Expired = "EXPIRED",
    }
}

words! {
    /// What became of a delivery to a source.
    Verdict {
        /// It became a new signal.
        Inserted = "INSERTED",
        /// The signal was there already.
        Duplicate = "DUPLICATE",
        /// It is older than the source allows.
        Stale = "STALE",
        /// It could not be read, or breaks a rule of the source; the reason says which.
        Rejected = "REJECTED",
        /// A limit was met.
        Limited = "LIMITED",
    }
}
