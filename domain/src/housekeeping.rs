//! Taking away what is over.

use chrono::TimeDelta;

use crate::Domain;
use crate::error::Result;

/// How long a message stays, blank, after it was delivered: for whoever wonders whether a letter was sent.
const KEPT: TimeDelta = TimeDelta::days(7);

impl Domain {
    /// Takes away counters of limits that are whole again, tokens that ran out, and messages that were delivered a week
    /// ago. Dead letters stay. To be called now and then, by however many processes.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn forget_what_is_over(&self) -> Result<()> {
        self.limits().forget_idle().await?;
        self.forget_expired_tokens().await?;
        self.forget_delivered_messages(self.now() - KEPT).await?;
        Ok(())
    }
}
