//! What the outbox holds.

use sea_orm::{DatabaseTransaction, EntityTrait, Set};
use serde::{Deserialize, Serialize};

use super::row;
use crate::Domain;
use crate::error::{Fault, Result};
use crate::ids::{ChallengeId, TenantId, UserId};
use crate::viewer::ClientInfo;

/// Something to be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Message {
    /// Write to a user.
    Mail {
        /// To whom.
        #[serde(with = "crate::ids::as_text")]
        user: UserId,
        /// About what.
        topic: Topic,
    },
    /// Write to a user about a step of their challenge. The letter is made of the step's row of evidence.
    ChallengeMail {
        /// To whom.
        #[serde(with = "crate::ids::as_text")]
        user: UserId,
        /// Of which challenge.
        #[serde(with = "crate::ids::as_text")]
        challenge: ChallengeId,
        /// The number of the row.
        sequence: i64,
        /// About what.
        topic: Topic,
    },
    /// Write to whoever has an account with this email, if anybody has. Whether that is so is looked up here and not
    /// when it was asked, so that the asking takes as long either way.
    MailRequest {
        /// The email as it is compared.
        email_key: String,
        /// The slug of the tenant that was named.
        tenant: Option<String>,
        /// About what.
        topic: Topic,
        /// Who asked.
        client: ClientInfo,
    },
}

/// What a letter is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Topic {
    /// That the address is to be shown to be one's own.
    VerifyEmail,
    /// That a new password may be set.
    ResetPassword,
    /// That one was invited.
    Invitation,
    /// That the password was changed.
    PasswordChanged,
    /// That the account was closed.
    AccountClosed,
    /// That a challenge was granted.
    ChallengeGranted,
    /// That a challenge is passed, and which phase comes next.
    ChallengePassed,
    /// That a challenge is failed.
    ChallengeFailed,
    /// That a challenge has expired.
    ChallengeExpired,
    /// That a challenge was cancelled.
    ChallengeCancelled,
    /// That nothing is traded in a challenge until the day is over.
    ChallengeLocked,
}

impl Message {
    const fn kind(&self) -> &'static str {
        match self {
            Self::Mail { .. } => "MAIL",
            Self::ChallengeMail { .. } => "CHALLENGE_MAIL",
            Self::MailRequest { .. } => "MAIL_REQUEST",
        }
    }
}

impl Domain {
    /// Puts a message into the outbox. [`Outbox::wake`](super::Outbox::wake) it once the transaction is committed.
    pub(crate) async fn enqueue(
        &self,
        tx: &DatabaseTransaction,
        tenant: Option<TenantId>,
        message: &Message,
    ) -> Result<()> {
        let now = self.now();
        let json = serde_json::to_value(message)
            .map_err(|error| Fault::Bug(format!("a message could not be written down: {error}")))?;
        let row = row::ActiveModel {
            id: Set(self.new_uuid()),
            tenant_id: Set(tenant),
            kind: Set(message.kind().to_owned()),
            message: Set(json),
            attempts: Set(0),
            next_attempt_at: Set(now),
            last_error: Set(None),
            created_at: Set(now),
            delivered_at: Set(None),
            dead_at: Set(None),
        };
        row::Entity::insert(row).exec_without_returning(tx).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Id;

    #[test]
    fn a_message_reads_back() {
        let mail = Message::Mail { user: UserId::from_uuid(uuid::Uuid::nil()), topic: Topic::VerifyEmail };
        let challenge = Message::ChallengeMail {
            user: UserId::from_uuid(uuid::Uuid::nil()),
            challenge: ChallengeId::from_uuid(uuid::Uuid::nil()),
            sequence: 3,
            topic: Topic::ChallengePassed,
        };
        let request = Message::MailRequest {
            email_key: "ana@example.com".to_owned(),
            tenant: Some("atlas".to_owned()),
            topic: Topic::ResetPassword,
            client: ClientInfo { address: "2001:db8::1".parse().ok(), user_agent: None },
        };
        for message in [mail, challenge, request] {
            let json = serde_json::to_value(&message).unwrap();
            assert_eq!(json["kind"], message.kind());
            assert_eq!(serde_json::from_value::<Message>(json).unwrap(), message);
        }
    }
}
