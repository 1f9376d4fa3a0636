//! A migrated database of its own for a test.

use bellwether_domain::db::{Db, DbConfig};
use bellwether_migrations::Migrator;
use sea_orm_migration::MigratorTrait;
use tempfile::TempDir;

use crate::{PATIENCE, postgres};

/// Which database a test runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// A SQLite file.
    Sqlite,
    /// A PostgreSQL database.
    Postgres,
}

/// A migrated database.
#[derive(Debug)]
pub struct TestDatabase {
    /// Where it is.
    pub url: String,
    /// A folder that goes with it.
    pub folder: TempDir,
    /// Which it is.
    pub backend: Backend,
}

impl TestDatabase {
    /// Makes one; none where there is no PostgreSQL.
    pub async fn start(backend: Backend) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let url = match backend {
            Backend::Postgres => postgres::new_database().await?,
            Backend::Sqlite => {
                let url = format!("sqlite://{}", folder.path().join("test.db").display());
                let db = Db::connect(&DbConfig::new(&url)).await.unwrap();
                Migrator::up(db.writer(), None).await.unwrap();
                db.close().await.unwrap();
                url
            }
        };
        Some(Self { url, folder, backend })
    }

    /// How it is opened. A busy machine may let many wait for a connection that are not to be refused.
    pub fn config(&self) -> DbConfig {
        DbConfig { connections: 8, acquire_timeout: PATIENCE, ..DbConfig::new(&self.url) }
    }

    /// Opens it.
    pub async fn connect(&self) -> Db {
        Db::connect(&self.config()).await.unwrap()
    }
}
