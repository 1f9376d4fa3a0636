//! Delivering what the outbox holds.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use chrono::TimeDelta;
use futures_util::FutureExt;
use futures_util::stream::{self, StreamExt};
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::Expr;
use sea_orm::{DatabaseTransaction, QueryOrder, QuerySelect};
use serde_json::json;

use super::message::Message;
use super::prepare::Prepared;
use super::row::{Column, Entity, Model};
use crate::Domain;
use crate::error::{Error, Fault, Result};
use crate::mail::{Letter, MailError};

/// How long a process may have a message before others may take it: longer than any try.
const HELD: TimeDelta = TimeDelta::minutes(5);
/// How long a letter may take to leave.
const LONGEST_TRY: Duration = Duration::from_secs(120);
/// The wait after the first failed try; each one after is four times as long, up to the longest.
const FIRST_WAIT: TimeDelta = TimeDelta::seconds(30);
const LONGEST_WAIT: TimeDelta = TimeDelta::hours(6);
/// How many messages one process delivers at once.
const AT_ONCE: usize = 4;
/// How many are looked for at once.
const BATCH: u64 = 100;
/// How long a message may wait that this process was not woken for: one that is tried again, another process's, or one
/// that must not be told by its time.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Characters of an error that are kept.
const LONGEST_ERROR: usize = 500;

/// What delivering did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Delivered {
    /// Messages that were done.
    pub done: u64,
    /// Messages that failed and will be tried again.
    pub failed: u64,
    /// Messages that were given up.
    pub dead: u64,
}

impl Delivered {
    /// How many messages were tried.
    pub const fn tried(self) -> u64 {
        self.done + self.failed + self.dead
    }
}

/// What became of one message.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Done,
    Failed,
    Dead,
    /// Another process has it, or had it.
    NotOurs,
}

/// What a process has taken.
struct Taken {
    row: Model,
    prepared: Prepared,
}

impl Domain {
    /// Delivers what is due, at most `limit` messages; tells what became of them. Several processes may do so at once.
    ///
    /// # Errors
    /// When the database does not answer: what was not delivered stays due.
    pub async fn deliver_outbox(&self, limit: u64) -> Result<Delivered> {
        #[expect(clippy::disallowed_methods, reason = "the installation's own messages, by whoever delivers them")]
        let due: Vec<(Uuid, i32)> = Entity::find()
            .select_only()
            .columns([Column::Id, Column::Attempts])
            .filter(Column::DeliveredAt.is_null())
            .filter(Column::DeadAt.is_null())
            .filter(Column::NextAttemptAt.lte(self.now()))
            .order_by_asc(Column::NextAttemptAt)
            .order_by_asc(Column::Id)
            .limit(limit)
            .into_tuple()
            .all(self.db().reader())
            .await?;
        let mut outcomes =
            stream::iter(due).map(|(id, attempts)| self.deliver_one(id, attempts)).buffer_unordered(AT_ONCE);
        let (mut delivered, mut failure) = (Delivered::default(), None);
        while let Some(outcome) = outcomes.next().await {
            match outcome {
                Ok(Outcome::Done) => delivered.done += 1,
                Ok(Outcome::Failed) => delivered.failed += 1,
                Ok(Outcome::Dead) => delivered.dead += 1,
                Ok(Outcome::NotOurs) => {}
                // Told once the letters that are on their way have left: cut off, they would leave twice.
                Err(error) => failure = Some(error),
            }
        }
        failure.map_or(Ok(delivered), Err)
    }

    /// Delivers messages as they come until the process ends; to be run once a process.
    pub async fn run_outbox(self) {
        loop {
            match self.deliver_outbox(BATCH).await {
                Ok(delivered) if delivered.tried() > 0 => {}
                Ok(_) => {
                    let _ = tokio::time::timeout(LOOK_EVERY, self.outbox().wake.notified()).await;
                }
                Err(error) => {
                    tracing::warn!(%error, "the outbox could not be delivered; trying again");
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            }
        }
    }

    async fn deliver_one(&self, id: Uuid, attempts: i32) -> Result<Outcome> {
        let taken = self
            .db()
            .write(|tx| {
                let domain = self.clone();
                Box::pin(async move { domain.take(tx, id, attempts).await })
            })
            .await;
        let (row, prepared) = match taken {
            Ok(Some(taken)) => (taken.row, taken.prepared),
            Ok(None) => return Ok(Outcome::NotOurs),
            Err(fault @ Error::Fault(Fault::Unavailable(_))) => return Err(fault),
            // A bug of ours: it must not hold up the messages behind it.
            Err(error) => {
                tracing::error!(message = %id, %error, "a message could not be read");
                return self.put_off(id, attempts).await;
            }
        };
        let outcome = match prepared {
            // Settled in the transaction that took it.
            Prepared::Nothing => Outcome::Done,
            Prepared::Letter(letter) => {
                let sent = self.send(&letter).await;
                self.settle(&row, letter.notice.as_str(), sent).await?
            }
        };
        let word = match outcome {
            Outcome::Done => "done",
            Outcome::Failed => "failed",
            Outcome::Dead => "dead",
            Outcome::NotOurs => return Ok(outcome),
        };
        metrics::counter!("bellwether_outbox_messages_total", "kind" => row.kind, "outcome" => word).increment(1);
        Ok(outcome)
    }

    /// Takes a message for [`HELD`], unless somebody else has. What comes to nothing outside is settled with it.
    async fn take(&self, tx: &DatabaseTransaction, id: Uuid, attempts: i32) -> Result<Option<Taken>> {
        let now = self.now();
        let taken = Entity::update_many()
            .col_expr(Column::Attempts, Expr::value(attempts + 1))
            .col_expr(Column::NextAttemptAt, Expr::value(now + HELD))
            .filter(ours(id, attempts))
            .filter(Column::NextAttemptAt.lte(now))
            .exec(tx)
            .await?;
        if taken.rows_affected != 1 {
            return Ok(None);
        }
        #[expect(clippy::disallowed_methods, reason = "the message that was just taken")]
        let row = Entity::find().filter(Column::Id.eq(id)).one(tx).await?;
        let row = row.ok_or_else(|| Fault::Bug(format!("the message {id} vanished while it was taken")))?;
        let message: Message = serde_json::from_value(row.message.clone())
            .map_err(|error| Fault::Bug(format!("the message {id} is none of ours: {error}")))?;
        let prepared = self.prepare(tx, id, &message).await?;
        if matches!(prepared, Prepared::Nothing) {
            done(self, tx, &row).await?;
        }
        Ok(Some(Taken { row, prepared }))
    }

    async fn send(&self, letter: &Letter) -> Result<(), MailError> {
        let sending = AssertUnwindSafe(self.outbox().mailer.send(letter)).catch_unwind();
        match tokio::time::timeout(LONGEST_TRY, sending).await {
            Ok(Ok(sent)) => sent,
            Ok(Err(_)) => Err(MailError::Failed("a panic".to_owned())),
            Err(_) => Err(MailError::Failed(format!("no answer within {} s", LONGEST_TRY.as_secs()))),
        }
    }

    /// Writes down what became of a message that this process has taken.
    async fn settle(&self, row: &Model, what: &str, sent: Result<(), MailError>) -> Result<Outcome> {
        let most = i32::try_from(self.config().mail.attempts.max(1)).unwrap_or(i32::MAX);
        let outcome = match &sent {
            Ok(()) => Outcome::Done,
            Err(MailError::Failed(_)) if row.attempts < most => Outcome::Failed,
            Err(_) => Outcome::Dead,
        };
        let error = sent.err().map(|error| error.to_string().chars().take(LONGEST_ERROR).collect::<String>());
        let is_ours = self
            .db()
            .write(|tx| {
                let (domain, row, error) = (self.clone(), row.clone(), error.clone());
                Box::pin(async move {
                    match outcome {
                        Outcome::Done => done(&domain, tx, &row).await,
                        Outcome::Failed | Outcome::Dead => failed(&domain, tx, &row, outcome, error).await,
                        Outcome::NotOurs => Ok(false),
                    }
                })
            })
            .await?;
        let (id, attempts) = (row.id, row.attempts);
        match outcome {
            _ if !is_ours => return Ok(Outcome::NotOurs),
            Outcome::Done | Outcome::NotOurs => tracing::info!(message = %id, what, attempts, "a letter was sent"),
            Outcome::Failed => {
                tracing::warn!(message = %id, what, attempts, error, "a letter could not be sent; trying again later");
            }
            Outcome::Dead => tracing::error!(message = %id, what, attempts, error, "a letter was given up"),
        }
        Ok(outcome)
    }

    /// Counts a try of a message that could not even be read, and gives it up after the last.
    async fn put_off(&self, id: Uuid, attempts: i32) -> Result<Outcome> {
        #[expect(clippy::disallowed_methods, reason = "the message that is put off")]
        let row = Entity::find().filter(Column::Id.eq(id)).filter(ours(id, attempts)).one(self.db().reader()).await?;
        let Some(mut row) = row else { return Ok(Outcome::NotOurs) };
        let taken = self
            .db()
            .write(|tx| {
                Box::pin(async move {
                    let count = Expr::value(attempts + 1);
                    let done = Entity::update_many().col_expr(Column::Attempts, count).filter(ours(id, attempts));
                    Ok(done.exec(tx).await?.rows_affected == 1)
                })
            })
            .await?;
        if !taken {
            return Ok(Outcome::NotOurs);
        }
        row.attempts += 1;
        let error = MailError::Failed("an internal error: the log tells more".to_owned());
        self.settle(&row, "unknown", Err(error)).await
    }
}

/// The message, if it waits and was tried as often as we know.
fn ours(id: Uuid, attempts: i32) -> sea_orm::Condition {
    sea_orm::Condition::all()
        .add(Column::Id.eq(id))
        .add(Column::Attempts.eq(attempts))
        .add(Column::DeliveredAt.is_null())
        .add(Column::DeadAt.is_null())
}

/// Marks a message as delivered and blanks it; false where it is not ours any more.
async fn done(domain: &Domain, tx: &DatabaseTransaction, row: &Model) -> Result<bool> {
    let done = Entity::update_many()
        .col_expr(Column::DeliveredAt, Expr::value(domain.now()))
        .col_expr(Column::Message, Expr::value(json!({})))
        .col_expr(Column::LastError, Expr::value(None::<String>))
        .filter(ours(row.id, row.attempts));
    Ok(done.exec(tx).await?.rows_affected == 1)
}

/// Marks a message as to be tried again, or as given up; false where it is not ours any more.
async fn failed(
    domain: &Domain,
    tx: &DatabaseTransaction,
    row: &Model,
    outcome: Outcome,
    error: Option<String>,
) -> Result<bool> {
    let now = domain.now();
    let update =
        Entity::update_many().col_expr(Column::LastError, Expr::value(error)).filter(ours(row.id, row.attempts));
    let update = if outcome == Outcome::Dead {
        update.col_expr(Column::DeadAt, Expr::value(now))
    } else {
        update.col_expr(Column::NextAttemptAt, Expr::value(now + wait(row.attempts)))
    };
    Ok(update.exec(tx).await?.rows_affected == 1)
}

/// How long to wait after the `attempts`-th try.
fn wait(attempts: i32) -> TimeDelta {
    let doublings = u32::try_from(attempts.saturating_sub(1)).unwrap_or(0).min(10) * 2;
    (FIRST_WAIT * 2_i32.pow(doublings)).min(LONGEST_WAIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_end_at_the_longest() {
        let waits: Vec<i64> = (1..=8).map(|attempts| wait(attempts).num_seconds()).collect();
        assert_eq!(waits, [30, 120, 480, 1_920, 7_680, 21_600, 21_600, 21_600]);
        assert_eq!(wait(i32::MAX), LONGEST_WAIT);
        assert_eq!(wait(0), FIRST_WAIT);
    }
}
