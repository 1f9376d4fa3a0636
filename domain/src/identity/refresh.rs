//! Renewing a session: its refresh token is good for one time, and gives the next one.

use sea_orm::entity::prelude::*;
use sea_orm::sea_query::OnConflict;
use sea_orm::{DatabaseTransaction, Set, TryInsertResult};

use super::login::entry;
use super::{SecretToken, SignedIn, TenantStatus, UserStatus, hash_token, session, spent_token, tenant, user};
use crate::Domain;
use crate::audit::{Action, NewEntry};
use crate::error::{Problem, ProblemCode, Result};
use crate::ids::SessionId;
use crate::viewer::ClientInfo;

/// What became of a refresh token that was presented.
enum Presented {
    /// It was good: the session goes on.
    Renewed(Box<(session::Model, user::Model, tenant::Model)>),
    /// It had been used before: the session was ended.
    Reused(SessionId),
    /// It opens nothing.
    Unknown,
}

impl Domain {
    /// Renews a session.
    ///
    /// A token that was used before ends its session, for its owner or somebody else has a copy.
    ///
    /// # Errors
    /// TOKEN_INVALID for a token that is wrong, used or too old, or whose session or user is not active any more.
    pub async fn refresh_session(&self, refresh_token: &str, client: &ClientInfo) -> Result<SignedIn> {
        let next = SecretToken::new("bwr_", self.entropy());
        let (presented_hash, next_hash) = (hash_token(refresh_token), next.hash());
        let presented = self
            .db()
            .write(|tx| {
                let (domain, client) = (self.clone(), client.clone());
                let (presented, next) = (presented_hash.clone(), next_hash.clone());
                Box::pin(async move { domain.rotate(tx, presented, next, &client).await })
            })
            .await?;
        match presented {
            Presented::Renewed(renewed) => {
                let (session, user, tenant) = *renewed;
                self.signed_in(&user, &tenant, session.id, next, session.expires_at)
            }
            Presented::Reused(session) => {
                self.sessions().forget(session).await;
                Err(invalid())
            }
            Presented::Unknown => Err(invalid()),
        }
    }

    async fn rotate(
        &self,
        tx: &DatabaseTransaction,
        presented: Vec<u8>,
        next: Vec<u8>,
        client: &ClientInfo,
    ) -> Result<Presented> {
        let now = self.now();
        #[expect(clippy::disallowed_methods, reason = "whoever holds the token may renew its session")]
        let found = session::Entity::find()
            .find_also_related(user::Entity)
            .find_also_related(tenant::Entity)
            .filter(session::Column::RefreshTokenHash.eq(presented.clone()))
            .one(tx)
            .await?;
        let Some((session, Some(user), Some(tenant))) = found else {
            return self.end_reused(tx, presented, client).await;
        };
        let is_open = session.ended_at.is_none()
            && session.expires_at > now
            && user.status == UserStatus::Active
            && tenant.status == TenantStatus::Active;
        if !is_open {
            return Ok(Presented::Unknown);
        }
        let settings = &self.config().tokens;
        let lasts = if session.remember_me { settings.refresh_remembered } else { settings.refresh };
        let spent =
            spent_token::ActiveModel { token_hash: Set(presented), session_id: Set(session.id), spent_at: Set(now) };
        let unique = OnConflict::column(spent_token::Column::TokenHash).do_nothing().to_owned();
        let spent =
            spent_token::Entity::insert(spent).on_conflict(unique).try_insert().exec_without_returning(tx).await?;
        if !matches!(spent, TryInsertResult::Inserted(1)) {
            // Somebody else has just used it: what they wrote is not to be seen from here.
            return Ok(Presented::Unknown);
        }
        let renewed = session::ActiveModel {
            id: Set(session.id),
            refresh_token_hash: Set(next),
            last_used_at: Set(now),
            expires_at: Set(now + lasts),
            ..Default::default()
        };
        let session = session::Entity::update(renewed).exec(tx).await?;
        Ok(Presented::Renewed(Box::new((session, user, tenant))))
    }

    /// Ends the session that a used token belonged to, if there is one.
    async fn end_reused(&self, tx: &DatabaseTransaction, presented: Vec<u8>, client: &ClientInfo) -> Result<Presented> {
        #[expect(clippy::disallowed_methods, reason = "whoever holds the token is asked about")]
        let spent = spent_token::Entity::find().filter(spent_token::Column::TokenHash.eq(presented)).one(tx).await?;
        let Some(spent) = spent else { return Ok(Presented::Unknown) };
        #[expect(clippy::disallowed_methods, reason = "the session that the used token names")]
        let found = session::Entity::find()
            .find_also_related(user::Entity)
            .filter(session::Column::Id.eq(spent.session_id))
            .one(tx)
            .await?;
        let Some((session, Some(user))) = found else { return Ok(Presented::Unknown) };
        if session.ended_at.is_none() {
            end(tx, session.id, self.now()).await?;
            // By whom is just what is not known.
            let entry = entry(&user, Action::RefreshTokenReused, session.id.to_string(), client);
            self.audit(tx, NewEntry { actor_id: None, ..entry }).await?;
        }
        Ok(Presented::Reused(session.id))
    }
}

/// Marks a session as ended.
pub(super) async fn end(tx: &DatabaseTransaction, id: SessionId, now: DateTimeUtc) -> Result<()> {
    let ended = session::ActiveModel { id: Set(id), ended_at: Set(Some(now)), ..Default::default() };
    session::Entity::update(ended).exec(tx).await?;
    Ok(())
}

fn invalid() -> crate::Error {
    let message = "the refresh token is wrong, used or too old: sign in again";
    Problem::new(ProblemCode::TokenInvalid, &["input", "refreshToken"], message).into()
}
