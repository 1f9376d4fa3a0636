//! What is true of the installation itself.

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, Statement};

use crate::Domain;
use crate::error::{Fault, Result};

impl Domain {
    /// When the demo data was anchored, if this database holds any.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn demo_anchor(&self) -> Result<Option<DateTime<Utc>>> {
        let reader = self.db().reader();
        let query =
            Statement::from_string(reader.get_database_backend(), "SELECT value FROM installation WHERE key = 'demo'");
        let row = reader.query_one_raw(query).await?;
        let value = row.map(|row| row.try_get::<String>("", "value")).transpose()?;
        Ok(value.and_then(|value| DateTime::parse_from_rfc3339(&value).ok()).map(|time| time.with_timezone(&Utc)))
    }

    /// What tells this installation from others: made when it is first asked for, and kept with the data.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn installation_id(&self) -> Result<String> {
        let new = hex::encode(self.entropy().bytes::<8>());
        let write = self.db().write(|tx| {
            let new = new.clone();
            Box::pin(async move {
                let backend = tx.get_database_backend();
                let insert = "INSERT INTO installation (key, value) VALUES ('id', $1) ON CONFLICT (key) DO NOTHING";
                tx.execute_raw(Statement::from_sql_and_values(backend, insert, [new.into()])).await?;
                let read = "SELECT value FROM installation WHERE key = 'id'";
                let row = tx.query_one_raw(Statement::from_string(backend, read)).await?;
                Ok(row.map(|row| row.try_get::<String>("", "value")).transpose()?)
            })
        });
        write.await?.ok_or_else(|| Fault::Bug("the installation's id is not there".to_owned()).into())
    }

    /// Marks the database as one of demo data and anchors it, unless that is done; returns the anchor.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn anchor_demo(&self, at: DateTime<Utc>) -> Result<DateTime<Utc>> {
        self.db()
            .write(|tx| {
                Box::pin(async move {
                    let insert = Statement::from_sql_and_values(
                        tx.get_database_backend(),
                        "INSERT INTO installation (key, value) VALUES ('demo', $1) ON CONFLICT (key) DO NOTHING",
                        [at.to_rfc3339().into()],
                    );
                    tx.execute_raw(insert).await?;
                    Ok(())
                })
            })
            .await?;
        Ok(self.demo_anchor().await?.unwrap_or(at))
    }
}
