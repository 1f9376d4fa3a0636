//! Exchanges: where and when assets trade.

use chrono_tz::Tz;
use sea_orm::entity::prelude::*;

use super::calendar::Calendar;
use crate::error::{Fault, Result};

/// An exchange's row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "exchanges")]
pub struct Model {
    /// Its code, such as NASDAQ.
    #[sea_orm(primary_key, auto_increment = false)]
    pub code: String,
    /// Its name.
    pub name: String,
    /// Where it is, ISO 3166-1 alpha-2; none for what is everywhere.
    pub country: Option<String>,
    /// Its time zone in the words of the IANA database.
    pub time_zone: String,
    /// The currency that most of it trades in, ISO 4217; none where there is no such.
    pub currency: Option<String>,
    /// When it is open.
    pub calendar: Calendar,
    /// When it became known here.
    pub created_at: DateTimeUtc,
    /// When it last changed.
    pub updated_at: DateTimeUtc,
}

/// No relation is walked through the entity.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Where assets trade, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// Its code, such as NASDAQ.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Where it is, ISO 3166-1 alpha-2; none for what is everywhere.
    pub country: Option<String>,
    /// Its time zone.
    pub time_zone: Tz,
    /// The currency that most of it trades in, ISO 4217; none where there is no such.
    pub currency: Option<String>,
    /// When it is open.
    pub calendar: Calendar,
}

/// An exchange to be made known.
pub type NewExchange = Exchange;

impl Exchange {
    /// An exchange that is not known here, which is taken to be always open.
    pub(crate) fn unknown(code: &str) -> Self {
        Self {
            code: code.to_owned(),
            name: code.to_owned(),
            country: None,
            time_zone: Tz::UTC,
            currency: None,
            calendar: Calendar::always(),
        }
    }
}

impl TryFrom<Model> for Exchange {
    type Error = crate::Error;

    fn try_from(row: Model) -> Result<Self> {
        let unknown = |_| Fault::Bug(format!("the exchange {} is in no time zone: {}", row.code, row.time_zone));
        Ok(Self {
            time_zone: row.time_zone.parse().map_err(unknown)?,
            code: row.code,
            name: row.name,
            country: row.country,
            currency: row.currency,
            calendar: row.calendar,
        })
    }
}
