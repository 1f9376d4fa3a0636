//! Backing the database up.

use crate::scheduler::term::{JobRun, Stopped};

/// Makes a backup, where there is a place to keep one. Two instances that do so at once make two.
pub(super) async fn back_up(run: JobRun) -> Result<(), Stopped> {
    match run.domain().back_up().await {
        Ok(Some(report)) => {
            run.moved(1);
            tracing::info!(
                file = report.file,
                tables = report.tables,
                rows = report.rows,
                bytes = report.bytes,
                removed = report.removed,
                "backup made"
            );
            Ok(())
        }
        Ok(None) => {
            tracing::info!("no backup was made: backup.to is not set");
            Ok(())
        }
        Err(error) => Err(Stopped::Found(error.to_string())),
    }
}
