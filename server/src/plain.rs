//! Errors in the words that a person is shown: those of this program, and the database's own message at their end,
//! without the layers of libraries between.

use sea_orm_migration::sea_orm::{DbErr, RuntimeErr, sqlx};

/// An error and what is behind it, in one line.
pub(crate) fn plain(error: &anyhow::Error) -> String {
    let mut parts = Vec::new();
    for cause in error.chain() {
        if let Some(error) = cause.downcast_ref::<DbErr>() {
            parts.push(of_database(error));
            break;
        }
        parts.push(cause.to_string());
    }
    parts.join(": ")
}

fn of_database(error: &DbErr) -> String {
    let (DbErr::Conn(cause) | DbErr::Exec(cause) | DbErr::Query(cause)) = error else { return error.to_string() };
    let RuntimeErr::SqlxError(cause) = cause else { return cause.to_string() };
    match &**cause {
        sqlx::Error::Database(error) => error.message().to_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use anyhow::Context;

    use super::*;

    #[test]
    fn the_databases_message_stands_alone() {
        let of = |error: sqlx::Error| DbErr::Query(RuntimeErr::SqlxError(std::sync::Arc::new(error)));
        let error = Err::<(), _>(of(sqlx::Error::PoolTimedOut)).context("it does not answer").unwrap_err();
        assert_eq!(plain(&error), "it does not answer: pool timed out while waiting for an open connection");
        assert_eq!(plain(&anyhow::anyhow!("inner").context("outer")), "outer: inner");
    }
}
