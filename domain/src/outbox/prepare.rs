//! From a message to a letter: who is written to now, and with which token.

use sea_orm::DatabaseTransaction;
use sea_orm::entity::prelude::*;
use secrecy::SecretString;
use serde_json::json;

use super::message::{Message, Topic};
use crate::Domain;
use crate::audit::{Action, NewEntry};
use crate::error::{Fault, Result};
use crate::identity::{Purpose, Tenant, TenantStatus, User, UserStatus, user};
use crate::ids::UserId;
use crate::mail::{Letter, Notice};
use crate::viewer::ClientInfo;

/// What a message comes to.
pub(super) enum Prepared {
    /// A letter to be sent.
    Letter(Box<Letter>),
    /// Nothing: there is nobody to write to, or what is to be done was done in the transaction.
    Nothing,
}

impl Domain {
    /// Makes of a message what is to be done outside, and does in the transaction what is to be done here.
    pub(super) async fn prepare(&self, tx: &DatabaseTransaction, id: Uuid, message: &Message) -> Result<Prepared> {
        match message {
            Message::Mail { user, topic } => self.write_letter(tx, id, *user, *topic).await,
            Message::ChallengeMail { user, challenge, sequence, topic } => {
                let Some((user, tenant)) = self.reader_of(tx, *user, *topic).await? else {
                    return Ok(Prepared::Nothing);
                };
                let news = self.challenge_news(tx, *challenge, *sequence).await?;
                Ok(news.map_or(Prepared::Nothing, |news| letter(id, user, tenant, Notice::Challenge(Box::new(news)))))
            }
            Message::MailRequest { email_key, tenant, topic, client } => {
                if let Some((user, tenant)) = self.user_for_sign_in(tx, email_key, tenant.as_deref()).await? {
                    self.grant_request(tx, &user, &tenant, *topic, client).await?;
                }
                Ok(Prepared::Nothing)
            }
        }
    }

    async fn write_letter(&self, tx: &DatabaseTransaction, id: Uuid, user: UserId, topic: Topic) -> Result<Prepared> {
        let Some((user, tenant)) = self.reader_of(tx, user, topic).await? else { return Ok(Prepared::Nothing) };
        let notice = match topic {
            Topic::VerifyEmail => {
                let (link, hours) = self.link(tx, user.id, Purpose::VerifyEmail).await?;
                Notice::VerifyEmail { link, hours }
            }
            Topic::ResetPassword => {
                let (link, hours) = self.link(tx, user.id, Purpose::ResetPassword).await?;
                Notice::ResetPassword { link, hours }
            }
            Topic::Invitation => {
                let (link, hours) = self.link(tx, user.id, Purpose::AcceptInvitation).await?;
                Notice::Invitation { link, hours }
            }
            Topic::PasswordChanged => Notice::PasswordChanged,
            Topic::AccountClosed => Notice::AccountClosed,
            Topic::ChallengeGranted
            | Topic::ChallengePassed
            | Topic::ChallengeFailed
            | Topic::ChallengeExpired
            | Topic::ChallengeCancelled
            | Topic::ChallengeLocked => {
                return Err(Fault::Bug(format!("a letter about {topic:?} names no challenge")).into());
            }
        };
        Ok(letter(id, user, tenant, notice))
    }

    /// Who is written to about this, and by whom; none where that is nobody now.
    async fn reader_of(&self, tx: &DatabaseTransaction, user: UserId, topic: Topic) -> Result<Option<(User, Tenant)>> {
        let found = user::Entity::unscoped().filter(user::Column::Id.eq(user)).one(tx).await?;
        let Some(user) = found else { return Ok(None) };
        let Some(tenant) = self.tenant_on(tx, user.tenant_id).await? else { return Ok(None) };
        Ok(is_still_to_be_told(topic, &user, &tenant).then_some((user, tenant)))
    }

    /// A link with a new token, which replaces the one before, and for how many hours it is good. The token stands
    /// behind `#`: browsers keep that part from servers, their logs, and the pages that are visited next.
    async fn link(&self, tx: &DatabaseTransaction, user: UserId, purpose: Purpose) -> Result<(SecretString, i64)> {
        let token = self.issue_token(tx, user, purpose).await?;
        let link = format!("{}/{}#token={}", self.config().mail.link_base_url, purpose.path(), token.expose());
        Ok((link.into(), purpose.lasts().num_hours()))
    }

    /// Enqueues what was asked for by the email of this account, and notes that it was asked.
    async fn grant_request(
        &self,
        tx: &DatabaseTransaction,
        user: &User,
        tenant: &Tenant,
        topic: Topic,
        client: &ClientInfo,
    ) -> Result<()> {
        // Whoever was invited has no password to reset: they are invited again.
        let topic = if user.has_password() { topic } else { Topic::Invitation };
        if !is_still_to_be_told(topic, user, tenant) {
            return Ok(());
        }
        let action = match topic {
            Topic::ResetPassword => Action::PasswordResetRequested,
            _ => Action::LinkRequested,
        };
        let entry = NewEntry {
            tenant_id: user.tenant_id,
            // Who asked is not known.
            actor_id: None,
            action,
            subject: Some(user.id.to_string()),
            details: json!({}),
            client: client.clone(),
        };
        self.audit(tx, entry).await?;
        self.enqueue(tx, Some(user.tenant_id), &Message::Mail { user: user.id, topic }).await
    }
}

/// A letter to a user.
fn letter(id: Uuid, user: User, tenant: Tenant, notice: Notice) -> Prepared {
    let name = user.email_verified_at.map(|_| user.first_name);
    Prepared::Letter(Box::new(Letter { id, to: user.email, name, locale: user.locale, tenant: tenant.name, notice }))
}

/// Whether the account is still one that this is to be told to.
fn is_still_to_be_told(topic: Topic, user: &User, tenant: &Tenant) -> bool {
    let is_active = user.status == UserStatus::Active && tenant.status == TenantStatus::Active;
    match topic {
        Topic::VerifyEmail => is_active && user.email_verified_at.is_none() && user.has_password(),
        Topic::ResetPassword => is_active && user.has_password(),
        Topic::Invitation => is_active && !user.has_password(),
        Topic::PasswordChanged | Topic::AccountClosed => true,
        Topic::ChallengeGranted
        | Topic::ChallengePassed
        | Topic::ChallengeFailed
        | Topic::ChallengeExpired
        | Topic::ChallengeCancelled
        | Topic::ChallengeLocked => is_active,
    }
}
