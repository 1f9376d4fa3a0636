//! The tables of candles.
//!
//! A series is the candles of one asset in one timeframe; it has a small number, which its many rows carry.

pub(crate) mod head {
    //! What is true of a series as a whole.

    use sea_orm::entity::prelude::*;

    use crate::ids::AssetId;
    use crate::market::SourceName;
    use crate::signals::Timeframe;

    /// A series.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "candle_series")]
    pub struct Model {
        /// Its number.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i32,
        /// Whose candles they are.
        pub asset_id: AssetId,
        /// How long each lasts.
        pub timeframe: Timeframe,
        /// Where the newest of them came from.
        pub source: SourceName,
        /// How many were refused so far.
        pub refused: i64,
        /// From when on a source was asked for them; none where none ever answered.
        pub covered_from: Option<DateTimeUtc>,
        /// When the newest opened that a source answered with: what came from a file does not count.
        pub covered_until: Option<DateTimeUtc>,
        /// When a source last answered with some.
        pub asked_at: Option<DateTimeUtc>,
        /// When they were last brought up to date, by a source or a file.
        pub fetched_at: DateTimeUtc,
    }

    /// No relation is walked through the entity.
    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod row {
    //! One candle.

    use sea_orm::entity::prelude::*;

    use crate::fixed::{Price, Quantity};
    use crate::signals::Timeframe;

    /// A candle's row.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "candles")]
    pub struct Model {
        /// How long it lasts.
        #[sea_orm(primary_key, auto_increment = false)]
        pub timeframe: Timeframe,
        /// The number of its series.
        #[sea_orm(primary_key, auto_increment = false)]
        pub series_id: i32,
        /// When it opened, in seconds since 1970.
        #[sea_orm(primary_key, auto_increment = false)]
        pub open_time: i64,
        /// The first price.
        pub open: Price,
        /// The highest price.
        pub high: Price,
        /// The lowest price.
        pub low: Price,
        /// The last price.
        pub close: Price,
        /// How much was traded.
        pub volume: Quantity,
    }

    /// No relation is walked through the entity.
    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
