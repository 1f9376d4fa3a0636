//! Showing that an email is one's own.

use sea_orm::{ActiveModelTrait, Set};

use super::login::entry;
use super::people::is_slug;
use super::{Email, Purpose, User, user};
use crate::Domain;
use crate::audit::Action;
use crate::error::{Problem, Result};
use crate::outbox::{Message, Topic};
use crate::viewer::ClientInfo;

impl Domain {
    /// Marks the email of the token's user as verified.
    ///
    /// # Errors
    /// TOKEN_INVALID for a token that is wrong, used or too old.
    pub async fn verify_email(&self, token: &str, client: &ClientInfo) -> Result<User> {
        let user = self
            .db()
            .write(|tx| {
                let (domain, token, client) = (self.clone(), token.to_owned(), client.clone());
                Box::pin(async move {
                    let (user, _) = domain.redeem_token(tx, &token, Purpose::VerifyEmail).await?;
                    let now = domain.now();
                    let change = user::ActiveModel {
                        id: Set(user.id),
                        email_verified_at: Set(user.email_verified_at.or(Some(now))),
                        updated_at: Set(now),
                        ..Default::default()
                    };
                    let user = change.update(tx).await?;
                    domain.audit(tx, entry(&user, Action::EmailVerified, user.id.to_string(), &client)).await?;
                    Ok(user)
                })
            })
            .await?;
        self.known_profiles().forget(user.id).await;
        Ok(user)
    }

    /// Sends the letter that verifies an email again, if there is an account that waits for it. The answer is the same,
    /// after the same work, whether or not there is.
    ///
    /// # Errors
    /// A problem with the spelling of the email; RATE_LIMITED by address and by email.
    pub async fn resend_verification(&self, email: &str, tenant: Option<&str>, client: &ClientInfo) -> Result<()> {
        self.request_letter(email, tenant, Topic::VerifyEmail, client).await
    }

    /// Enqueues a letter to whoever has an account with this email.
    pub(super) async fn request_letter(
        &self,
        email: &str,
        tenant: Option<&str>,
        topic: Topic,
        client: &ClientInfo,
    ) -> Result<()> {
        let email = Email::try_from(email);
        let email_key = email.as_ref().map(Email::key).ok();
        self.limits().resets.check_person(client, email_key.as_deref()).await?;
        let email_key = email.map_err(|error| Problem::validation(&["input", "email"], error.to_string()))?.key();
        // What is no tenant's name is nobody's, and not every text could be kept.
        let tenant =
            tenant.map(|slug| if is_slug(&slug.trim().to_lowercase()) { slug.to_owned() } else { String::new() });
        let message = Message::MailRequest { email_key, tenant, topic, client: client.clone() };
        self.db()
            .write(|tx| {
                let (domain, message) = (self.clone(), message.clone());
                Box::pin(async move { domain.enqueue(tx, None, &message).await })
            })
            .await
        // The outbox is not woken: it looks once a second, so that what it then does for an account that exists is
        // nothing that this answer's time could tell of.
    }
}
