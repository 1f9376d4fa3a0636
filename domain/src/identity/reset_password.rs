//! Setting a new password when the present one is not known.

use sea_orm::{ActiveModelTrait, Set};
use secrecy::SecretString;

use super::login::entry;
use super::sessions::end_sessions;
use super::{Purpose, user};
use crate::Domain;
use crate::audit::Action;
use crate::error::{Error, Result};
use crate::outbox::{Message, Topic};
use crate::viewer::ClientInfo;

impl Domain {
    /// Sends a link to set a new password with to whoever has an account with this email. The answer is the same, after
    /// the same work, whether or not anybody has.
    ///
    /// # Errors
    /// A problem with the spelling of the email; RATE_LIMITED by address and by email.
    pub async fn request_password_reset(&self, email: &str, tenant: Option<&str>, client: &ClientInfo) -> Result<()> {
        self.request_letter(email, tenant, Topic::ResetPassword, client).await
    }

    /// Sets a new password: every session of the user ends, and the address is verified, for its mail was read. Nobody
    /// is signed in by it.
    ///
    /// # Errors
    /// Every rule that the password does not meet, and then the token stays good; TOKEN_INVALID for a token that is
    /// wrong, used or too old.
    pub async fn reset_password(&self, token: &str, password: &SecretString, client: &ClientInfo) -> Result<()> {
        // Nothing is hashed for whoever has no token.
        let (user, _) = self.holder_of_token(self.db().reader(), token, Purpose::ResetPassword).await?;
        let problems = self.password_problems(&user, password, &["input", "password"]).await?;
        if !problems.is_empty() {
            return Err(Error::Problems(problems));
        }
        let hash = self.passwords().hash(password, self.entropy()).await?;
        self.db()
            .write(|tx| {
                let (domain, token) = (self.clone(), token.to_owned());
                let (hash, client) = (hash.clone(), client.clone());
                Box::pin(async move {
                    let (user, _) = domain.redeem_token(tx, &token, Purpose::ResetPassword).await?;
                    let now = domain.now();
                    let change = user::ActiveModel {
                        id: Set(user.id),
                        password_hash: Set(hash),
                        email_verified_at: Set(user.email_verified_at.or(Some(now))),
                        updated_at: Set(now),
                        ..Default::default()
                    };
                    change.update(tx).await?;
                    end_sessions(tx, user.id, None, domain.now()).await?;
                    if user.email_verified_at.is_none() {
                        // Whoever registered had not shown that the address is theirs: their keys go with them.
                        domain.revoke_api_keys(tx, &user).await?;
                    }
                    domain.audit(tx, entry(&user, Action::PasswordReset, user.id.to_string(), &client)).await?;
                    let notice = Message::Mail { user: user.id, topic: Topic::PasswordChanged };
                    domain.enqueue(tx, Some(user.tenant_id), &notice).await?;
                    Ok(())
                })
            })
            .await?;
        self.sessions().forget_user(user.id).await;
        self.known_profiles().forget(user.id).await;
        self.outbox().wake();
        Ok(())
    }
}
