//! Looking after paper trading.

use sea_orm::{ActiveModelTrait, ConnectionTrait, EntityTrait, Statement};

use crate::error::{Error, Fault};
use crate::scheduler::term::{BATCH, JobRun, Stopped};
use crate::trading::LedgerReport;
use crate::trading::equity_point::{ActiveModel, Entity};

/// Fills what was missed. Every process fills what the quotes that it sees touch; this is for what none saw. A booking holds
/// by its account's version, whoever makes it.
pub(super) async fn fill_pending(run: JobRun) -> Result<(), Stopped> {
    let judged = run.domain().judge_pending().await?;
    run.moved(judged.moved);
    told(judged.failed, "could not be judged")
}

/// A run in which something failed did all the rest, and says so.
fn told(failed: u64, what: &str) -> Result<(), Stopped> {
    if failed == 0 { Ok(()) } else { Err(Stopped::Found(format!("{failed} accounts or assets {what}: see the log"))) }
}

/// Notes what every account with open trades is worth.
pub(super) async fn note_equity(run: JobRun) -> Result<(), Stopped> {
    let (mut after, mut failed) = (None, 0);
    loop {
        let accounts = run.domain().accounts_with_open_trades(after, BATCH).await?;
        let Some(last) = accounts.last() else { break };
        after = Some(last.id);
        let mut points = Vec::with_capacity(accounts.len());
        for account in &accounts {
            match run.domain().equity_point(account).await {
                Ok(point) => points.extend(point),
                Err(error @ Error::Fault(Fault::Unavailable(_) | Fault::MarketDataUnavailable(_))) => {
                    tracing::warn!(account = %account.id, %error, "its equity was not noted just now");
                }
                Err(error) => {
                    tracing::error!(account = %account.id, %error, "its equity was not noted; that of the others is");
                    failed += 1;
                }
            }
        }
        let noted = run
            .write(|tx| {
                let rows: Vec<_> = points.iter().map(|point| ActiveModel::from(point.clone()).reset_all()).collect();
                Box::pin(async move {
                    let count = rows.len() as u64;
                    if count > 0 {
                        Entity::insert_many(rows).exec_without_returning(tx).await?;
                    }
                    Ok(count)
                })
            })
            .await?;
        run.moved(noted);
        run.breathe().await;
    }
    told(failed, "could not be valued")
}

/// Thins out what is old: of each day its last point stays.
pub(super) async fn thin_out_equity(run: JobRun) -> Result<(), Stopped> {
    let day = run.domain().oldest_full_day();
    run.in_batches(|tx| {
        let day = day.clone();
        Box::pin(async move {
            // A later one of the same account and day takes its place.
            let thin = Statement::from_sql_and_values(
                tx.get_database_backend(),
                "DELETE FROM equity_points WHERE id IN (
                    SELECT old.id FROM equity_points old WHERE old.day < $1 AND NOT old.traded AND EXISTS (
                        SELECT 1 FROM equity_points newer WHERE newer.account_id = old.account_id
                          AND newer.day = old.day AND newer.at > old.at)
                    LIMIT $2)",
                [day.into(), i64::try_from(BATCH).unwrap_or(i64::MAX).into()],
            );
            Ok(tx.execute_raw(thin).await?.rows_affected())
        })
    })
    .await
}

/// Checks every account's ledger; all of them, also where one is wrong.
pub(super) async fn verify_ledgers(run: JobRun) -> Result<(), Stopped> {
    let (mut report, mut after) = (LedgerReport::default(), None);
    while let Some(last) = run.domain().check_ledgers_after(after, &mut report).await? {
        after = Some(last);
        run.breathe().await;
    }
    run.moved(report.accounts);
    report.complaint().map_or(Ok(()), |complaint| Err(Stopped::Found(complaint)))
}
