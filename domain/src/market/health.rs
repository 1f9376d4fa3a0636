//! How the sources of prices do, as whoever asked them last saw it.

use std::sync::Arc;

use chrono::{DateTime, NaiveTime, Utc};
use sea_orm::Set;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::OnConflict;

use super::source::{BreakerState, MarketSource, SourceHealth, SourceName};
use crate::Domain;
use crate::error::Result;
use crate::permission::Permission;
use crate::viewer::Viewer;

/// What is kept of a source.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "market_sources")]
pub struct Model {
    /// Which.
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: SourceName,
    /// Whether it is asked.
    pub breaker: BreakerState,
    /// How often it failed in a row.
    pub failures: i32,
    /// When it last answered as it should.
    pub last_success_at: Option<DateTimeUtc>,
    /// What last went wrong.
    pub last_error: Option<String>,
    /// When that was.
    pub last_error_at: Option<DateTimeUtc>,
    /// When it is tried again, while it is left alone.
    pub next_try_at: Option<DateTimeUtc>,
    /// When this was noted.
    pub updated_at: DateTimeUtc,
}

/// No relation is walked through the entity.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Says what the metrics of the market are.
pub(crate) fn describe() {
    use metrics::{Unit, describe_counter, describe_gauge};
    describe_counter!("bellwether_market_quotes_total", "Quotes that sources answered with, by source");
    describe_counter!("bellwether_market_quotes_missed_total", "Assets that a source had no quote for, by source");
    describe_counter!("bellwether_market_candles_total", "Candles that sources answered with, by source");
    describe_counter!("bellwether_market_candles_refused_total", "Candles that broke a rule, by source");
    describe_gauge!("bellwether_market_wanted_assets", "Assets whose quotes are kept fresh");
    describe_gauge!(
        "bellwether_market_holidays_end_timestamp_seconds",
        Unit::Seconds,
        "Up to when holidays are known, by exchange, since 1970"
    );
    describe_gauge!("bellwether_market_source_up", "1 while the source is asked, 0 while it is left alone, by source");
}

/// A source that is switched on, and how it does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceStatus {
    /// Which.
    pub name: SourceName,
    /// How it does.
    pub health: SourceHealth,
    /// When that was noted; none where it was never asked.
    pub noted_at: Option<DateTime<Utc>>,
}

impl Domain {
    /// The sources that are switched on, each with how it does, whichever process asked it last.
    ///
    /// # Errors
    /// UNAUTHENTICATED, FORBIDDEN; when the database does not answer.
    pub async fn source_health(&self, viewer: &Viewer) -> Result<Vec<SourceStatus>> {
        viewer.permitted(Permission::MarketRead)?;
        self.noted_health().await
    }

    async fn noted_health(&self) -> Result<Vec<SourceStatus>> {
        #[expect(clippy::disallowed_methods, reason = "sources belong to no tenant")]
        let noted = Entity::find().all(self.db().reader()).await?;
        let status = |source: &Arc<dyn MarketSource>| {
            let name = source.name();
            match noted.iter().find(|row| row.name == name) {
                Some(row) => SourceStatus { name, health: row.into(), noted_at: Some(row.updated_at) },
                None => SourceStatus { name, health: source.health(), noted_at: None },
            }
        };
        Ok(self.market_sources().iter().map(status).collect())
    }

    /// Notes how a source does.
    pub(super) async fn note_health(&self, source: &Arc<dyn MarketSource>) -> Result<()> {
        let (name, health) = (source.name(), source.health());
        tell(name, &health);
        let row = ActiveModel {
            name: Set(name),
            breaker: Set(health.breaker),
            failures: Set(i32::try_from(health.failures).unwrap_or(i32::MAX)),
            last_success_at: Set(health.last_success_at),
            last_error: Set(health.last_error.map(|error| error.chars().take(500).collect())),
            last_error_at: Set(health.last_error_at),
            next_try_at: Set(health.next_try_at),
            updated_at: Set(self.now()),
        };
        self.db()
            .write(|tx| {
                let row = row.clone();
                Box::pin(async move {
                    let update = OnConflict::column(Column::Name)
                        .update_columns([
                            Column::Breaker,
                            Column::Failures,
                            Column::LastSuccessAt,
                            Column::LastError,
                            Column::LastErrorAt,
                            Column::NextTryAt,
                            Column::UpdatedAt,
                        ])
                        .to_owned();
                    Entity::insert(row).on_conflict(update).exec_without_returning(tx).await?;
                    Ok(())
                })
            })
            .await
    }
}

fn tell(source: SourceName, health: &SourceHealth) {
    let is_closed = health.breaker == BreakerState::Closed;
    metrics::gauge!("bellwether_market_source_up", "source" => source.as_str()).set(f64::from(u8::from(is_closed)));
}

/// Brings the gauges of the market to what the database says, whichever process asks the sources: one that asks no more
/// would tell of its own last answers for ever.
pub(crate) async fn measure(domain: &Domain) -> Result<()> {
    // What one of them cannot find out keeps no other from being told.
    let parts = [measure_sources(domain).await, measure_holidays(domain).await, measure_wanted(domain).await];
    parts.into_iter().collect()
}

async fn measure_sources(domain: &Domain) -> Result<()> {
    for status in domain.noted_health().await?.iter().filter(|status| status.noted_at.is_some()) {
        tell(status.name, &status.health);
    }
    Ok(())
}

async fn measure_holidays(domain: &Domain) -> Result<()> {
    for exchange in domain.exchanges().await? {
        let Some(known) = exchange.calendar.holidays_known else { continue };
        // The day after the last one that is known begins in the exchange's own time; that of UTC is near enough.
        let end = known.until.succ_opt().unwrap_or(known.until).and_time(NaiveTime::MIN).and_utc();
        let gauge =
            metrics::gauge!("bellwether_market_holidays_end_timestamp_seconds", "exchange" => exchange.code.clone());
        gauge.set(end.timestamp() as f64);
    }
    Ok(())
}

async fn measure_wanted(domain: &Domain) -> Result<()> {
    let wanted = domain.wanted_assets().await?.len();
    metrics::gauge!("bellwether_market_wanted_assets").set(wanted as f64);
    Ok(())
}

impl From<&Model> for SourceHealth {
    fn from(row: &Model) -> Self {
        Self {
            breaker: row.breaker,
            failures: u32::try_from(row.failures).unwrap_or(0),
            last_success_at: row.last_success_at,
            last_error: row.last_error.clone(),
            last_error_at: row.last_error_at,
            next_try_at: row.next_try_at,
        }
    }
}
