//! What is measured of the installation, beside what is counted where it happens: looked up now and then.

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram, gauge};
use sea_orm::{ActiveEnum, ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, Iterable, QuerySelect, Statement};

use crate::Domain;
use crate::error::Result;
use crate::identity::{TenantStatus, UserStatus, tenant, user};
use crate::market;
use crate::permission::Role;
use crate::{backup, outbox, scheduler, trading};

/// Says what the metrics of the domain are.
pub fn describe_metrics() {
    describe_counter!("bellwether_signals_recorded_total", "Signals by what recording did and where they came from");
    describe_counter!("bellwether_deliveries_total", "Judged deliveries by verdict");
    describe_histogram!("bellwether_db_statement_duration_seconds", Unit::Seconds, "Statements by pool");
    describe_gauge!("bellwether_db_connections", "Connections to the database, by pool, in use and idle");
    describe_gauge!(
        "bellwether_db_size_bytes",
        Unit::Bytes,
        "What the database takes on its disk, without its write-ahead log"
    );
    describe_gauge!("bellwether_cache_entries", "What is remembered in memory, by cache");
    describe_gauge!("bellwether_users", "Users of all tenants, by role and status");
    describe_gauge!("bellwether_tenants", "Tenants, by status");
    backup::describe_metrics();
    scheduler::describe_metrics();
    market::describe_metrics();
    outbox::describe_metrics();
    trading::describe_metrics();
    crate::challenges::describe_metrics();
    crate::ranking::describe_metrics();
}

impl Domain {
    /// Brings the gauges up to date that nothing else does: pools, caches, people, the database's size, and what other
    /// instances have made of the jobs, the market and the outbox.
    ///
    /// # Errors
    /// When something could not be looked up; all else was measured even so.
    pub async fn measure(&self) -> Result<()> {
        for (pool, size, idle) in self.db().pools() {
            gauge!("bellwether_db_connections", "pool" => pool, "state" => "idle").set(idle as f64);
            gauge!("bellwether_db_connections", "pool" => pool, "state" => "used")
                .set(size.saturating_sub(idle) as f64);
        }
        for (cache, entries) in self.sessions().entries() {
            gauge!("bellwether_cache_entries", "cache" => cache).set(entries as f64);
        }
        // What one of them cannot find out keeps no other from being told.
        let parts = [
            self.measure_users().await,
            self.measure_tenants().await,
            self.measure_size().await,
            market::measure(self).await,
            outbox::measure(self).await,
            scheduler::measure(self).await,
        ];
        parts.into_iter().collect()
    }

    async fn measure_users(&self) -> Result<()> {
        let users = user::Entity::unscoped()
            .select_only()
            .column(user::Column::Role)
            .column(user::Column::Status)
            .column_as(user::Column::Id.count(), "users")
            .group_by(user::Column::Role)
            .group_by(user::Column::Status)
            .into_tuple::<(Role, UserStatus, i64)>()
            .all(self.db().reader())
            .await?;
        for role in Role::ALL {
            for status in UserStatus::iter() {
                let found = users.iter().find(|(r, s, _)| (*r, *s) == (role, status));
                let count = found.map_or(0, |(_, _, count)| *count);
                gauge!("bellwether_users", "role" => role.as_str(), "status" => status.to_value()).set(count as f64);
            }
        }
        Ok(())
    }

    async fn measure_tenants(&self) -> Result<()> {
        #[expect(clippy::disallowed_methods, reason = "the installation is measured, not a tenant")]
        let tenants = tenant::Entity::find()
            .select_only()
            .column(tenant::Column::Status)
            .column_as(tenant::Column::Id.count(), "tenants")
            .group_by(tenant::Column::Status)
            .into_tuple::<(TenantStatus, i64)>()
            .all(self.db().reader())
            .await?;
        for status in TenantStatus::iter() {
            let count = tenants.iter().find(|(s, _)| *s == status).map_or(0, |(_, count)| *count);
            gauge!("bellwether_tenants", "status" => status.to_value()).set(count as f64);
        }
        Ok(())
    }

    async fn measure_size(&self) -> Result<()> {
        let db = self.db();
        let size = match db.backend() {
            DbBackend::Sqlite => "SELECT page_count * page_size AS size FROM pragma_page_count, pragma_page_size",
            _ => "SELECT pg_database_size(current_database()) AS size",
        };
        if let Some(row) = db.reader().query_one_raw(Statement::from_string(db.backend(), size)).await? {
            gauge!("bellwether_db_size_bytes").set(row.try_get::<i64>("", "size")? as f64);
        }
        Ok(())
    }
}
