//! Backups, as the business knows them: that one is to be made, and what came of it. How is the port's matter.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::Domain;
use crate::error::Error;

/// A backup that is to be made.
#[derive(Clone, Debug)]
pub struct BackupRequest {
    /// What tells this installation from others, in hexadecimal digits.
    pub installation: String,
    /// The present moment.
    pub at: DateTime<Utc>,
}

/// A backup that was made and found whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupReport {
    /// Where it is, and what it is called.
    pub file: String,
    /// How many tables are in it.
    pub tables: usize,
    /// How many rows are in it.
    pub rows: u64,
    /// Bytes that it takes, compressed.
    pub bytes: u64,
    /// How many older ones were removed.
    pub removed: usize,
}

/// Why none was made, in words for the operator.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BackupError(pub String);

/// Makes backups of the database and keeps them.
#[async_trait]
pub trait Backups: Send + Sync + 'static {
    /// Whether there is a place to keep them.
    fn have_a_place(&self) -> bool;

    /// Makes a backup while everything goes on, makes sure that it can be restored, and removes those that are outdated
    /// by it.
    ///
    /// # Errors
    /// Why there is none. What was there before is there still.
    async fn make(&self, request: &BackupRequest) -> Result<BackupReport, BackupError>;
}

/// Where no backups are kept.
#[derive(Debug)]
pub struct NoBackups;

#[async_trait]
impl Backups for NoBackups {
    fn have_a_place(&self) -> bool {
        false
    }

    async fn make(&self, _: &BackupRequest) -> Result<BackupReport, BackupError> {
        Err(BackupError("there is no place to keep backups".to_owned()))
    }
}

/// Says what the metrics of backups are.
pub(crate) fn describe_metrics() {
    use metrics::{Unit, describe_gauge};
    describe_gauge!(
        "bellwether_backup_last_success_timestamp_seconds",
        Unit::Seconds,
        "When this process last made a backup that was found whole, since 1970"
    );
    describe_gauge!("bellwether_backup_size_bytes", Unit::Bytes, "How large that backup is, compressed");
    describe_gauge!("bellwether_backup_rows", "How many rows are in it");
}

impl Domain {
    /// Backs the business up; none where there is no place to keep backups.
    ///
    /// # Errors
    /// Why there is no backup.
    pub async fn back_up(&self) -> Result<Option<BackupReport>, BackupError> {
        if !self.backups().have_a_place() {
            return Ok(None);
        }
        let installation = self.installation_id().await.map_err(|error| BackupError(in_words(&error)))?;
        let report = self.backups().make(&BackupRequest { installation, at: self.now() }).await?;
        let now = self.now().timestamp() as f64;
        metrics::gauge!("bellwether_backup_last_success_timestamp_seconds").set(now);
        metrics::gauge!("bellwether_backup_size_bytes").set(report.bytes as f64);
        metrics::gauge!("bellwether_backup_rows").set(report.rows as f64);
        Ok(Some(report))
    }
}

fn in_words(error: &Error) -> String {
    tracing::error!(cause = ?error, "the installation's id cannot be read");
    format!("the database does not answer as it should: {error}")
}
