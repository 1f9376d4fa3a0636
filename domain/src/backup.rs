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

/// A backup that is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeptBackup {
    /// When it was begun.
    pub at: DateTime<Utc>,
    /// Bytes that it takes, compressed.
    pub bytes: u64,
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

    /// The newest backup of an installation that is kept, whoever made it; none where there is none.
    ///
    /// # Errors
    /// Why the place cannot be looked at.
    async fn newest(&self, installation: &str) -> Result<Option<KeptBackup>, BackupError>;
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

    async fn newest(&self, _: &str) -> Result<Option<KeptBackup>, BackupError> {
        Ok(None)
    }
}

/// Says what the metrics of backups are.
pub(crate) fn describe_metrics() {
    use metrics::{Unit, describe_gauge};
    describe_gauge!(
        "bellwether_backup_last_success_timestamp_seconds",
        Unit::Seconds,
        "When the newest backup was begun that is kept, whoever made it, since 1970; 0 where there is none"
    );
    describe_gauge!("bellwether_backup_size_bytes", Unit::Bytes, "How large that backup is, compressed");
}

/// Tells of the newest backup.
fn tell(newest: Option<KeptBackup>) {
    let (at, bytes) = newest.map_or((0, 0), |newest| (newest.at.timestamp(), newest.bytes));
    metrics::gauge!("bellwether_backup_last_success_timestamp_seconds").set(at as f64);
    metrics::gauge!("bellwether_backup_size_bytes").set(bytes as f64);
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
        let request = BackupRequest { installation: self.own_id().await?, at: self.now() };
        let report = self.backups().make(&request).await?;
        tell(Some(KeptBackup { at: request.at, bytes: report.bytes }));
        Ok(Some(report))
    }

    /// Brings the gauges of backups to what is kept: an instance that makes none, or has just begun, knows as much as
    /// the one that makes them. Without a place to keep them nothing is told.
    ///
    /// # Errors
    /// Why it cannot be looked up; what was told before stays.
    pub async fn measure_backups(&self) -> Result<(), BackupError> {
        if self.backups().have_a_place() {
            tell(self.backups().newest(&self.own_id().await?).await?);
        }
        Ok(())
    }

    async fn own_id(&self) -> Result<String, BackupError> {
        self.installation_id().await.map_err(|error| BackupError(in_words(&error)))
    }
}

fn in_words(error: &Error) -> String {
    tracing::error!(cause = ?error, "the installation's id cannot be read");
    format!("the database does not answer as it should: {error}")
}
