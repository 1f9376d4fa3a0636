//! What is true of the installation itself.

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, Statement};

use crate::Domain;
use crate::error::Result;

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
