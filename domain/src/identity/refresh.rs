//! Renewing a session: its refresh token is good for one time, and gives the next one.
//!
//! Two tabs of one browser renew at once, and answers get lost on the way. So a token that was used up in the last ten
//! seconds is answered once more, with the same next token, if the same program asks from the same address and that
//! next token was not used yet. A thief gains nothing by it that being first would not have given them, and is found out
//! as before: of the two who then hold the next token, the second to use it after these seconds ends the session.

use chrono::TimeDelta;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::OnConflict;
use sea_orm::{DatabaseTransaction, Set, TryInsertResult};

use super::login::entry;
use super::{SecretToken, SignedIn, TenantStatus, UserStatus, hash_token, session, spent_token, tenant, user};
use crate::Domain;
use crate::audit::{Action, NewEntry};
use crate::error::{Fault, Problem, ProblemCode, Result};
use crate::ids::SessionId;
use crate::viewer::ClientInfo;

/// For how long a used token is answered once more.
const GRACE: TimeDelta = TimeDelta::seconds(10);

/// What became of a refresh token that was presented.
enum Presented {
    /// It is good: the session goes on.
    Renewed(Box<Renewed>),
    /// It had been used before: the session was ended.
    Reused(SessionId),
    /// It opens nothing.
    Unknown,
}

/// A session that goes on, and with what.
struct Renewed {
    session: session::Model,
    user: user::Model,
    tenant: tenant::Model,
    next: SecretToken,
}

impl Domain {
    /// Renews a session.
    ///
    /// A token that was used before ends its session, for its owner or somebody else has a copy; but for a repetition
    /// within ten seconds, which is answered with the same refresh token.
    ///
    /// # Errors
    /// TOKEN_INVALID for a token that is wrong, used or too old, or whose session or user is not active any more.
    pub async fn refresh_session(&self, refresh_token: &str, client: &ClientInfo) -> Result<SignedIn> {
        let presented = self
            .db()
            .write(|tx| {
                let (domain, token, client) = (self.clone(), refresh_token.to_owned(), client.clone());
                Box::pin(async move { domain.rotate(tx, &token, &client).await })
            })
            .await?;
        match presented {
            Presented::Renewed(renewed) => {
                let Renewed { session, user, tenant, next } = *renewed;
                self.signed_in(&user, &tenant, session.id, next, session.expires_at)
            }
            Presented::Reused(session) => {
                self.sessions().forget(session).await;
                Err(invalid())
            }
            Presented::Unknown => Err(invalid()),
        }
    }

    async fn rotate(&self, tx: &DatabaseTransaction, token: &str, client: &ClientInfo) -> Result<Presented> {
        let now = self.now();
        #[expect(clippy::disallowed_methods, reason = "whoever holds the token may renew its session")]
        let found = session::Entity::find()
            .find_also_related(user::Entity)
            .find_also_related(tenant::Entity)
            .filter(session::Column::RefreshTokenHash.eq(hash_token(token)))
            .one(tx)
            .await?;
        let Some((session, Some(user), Some(tenant))) = found else {
            return self.answer_spent(tx, token, client).await;
        };
        if !self.is_renewable(&session, &user, &tenant) {
            return Ok(Presented::Unknown);
        }
        let settings = &self.config().tokens;
        let lasts = if session.remember_me { settings.refresh_remembered } else { settings.refresh };
        let spent = spent_token::ActiveModel {
            token_hash: Set(hash_token(token)),
            session_id: Set(session.id),
            spent_at: Set(now),
            address: Set(client.address.map(|address| address.to_string())),
            user_agent: Set(client.user_agent.clone()),
        };
        let unique = OnConflict::column(spent_token::Column::TokenHash).do_nothing().to_owned();
        let spent =
            spent_token::Entity::insert(spent).on_conflict(unique).try_insert().exec_without_returning(tx).await?;
        if !matches!(spent, TryInsertResult::Inserted(1)) {
            // Somebody else has just used it: what they wrote is not to be seen from here.
            return Ok(Presented::Unknown);
        }
        let next = self.keys().refresh_tokens_after(session.id, token).next();
        let next = next.ok_or_else(|| Fault::Bug("there is no signing key".to_owned()))?;
        let renewed = session::ActiveModel {
            id: Set(session.id),
            refresh_token_hash: Set(next.hash()),
            last_used_at: Set(now),
            expires_at: Set(now + lasts),
            ..Default::default()
        };
        let session = session::Entity::update(renewed).exec(tx).await?;
        Ok(Presented::Renewed(Box::new(Renewed { session, user, tenant, next })))
    }

    /// Answers a used token once more, or ends the session that it belonged to.
    async fn answer_spent(&self, tx: &DatabaseTransaction, token: &str, client: &ClientInfo) -> Result<Presented> {
        #[expect(clippy::disallowed_methods, reason = "whoever holds the token is asked about")]
        let spent =
            spent_token::Entity::find().filter(spent_token::Column::TokenHash.eq(hash_token(token))).one(tx).await?;
        let Some(spent) = spent else { return Ok(Presented::Unknown) };
        #[expect(clippy::disallowed_methods, reason = "the session that the used token names")]
        let found = session::Entity::find()
            .find_also_related(user::Entity)
            .find_also_related(tenant::Entity)
            .filter(session::Column::Id.eq(spent.session_id))
            .one(tx)
            .await?;
        let Some((session, Some(user), Some(tenant))) = found else { return Ok(Presented::Unknown) };
        let mut followers = self.keys().refresh_tokens_after(session.id, token);
        if let Some(next) = followers.find(|next| next.hash() == session.refresh_token_hash)
            && self.is_repetition(&spent, client)
            && self.is_renewable(&session, &user, &tenant)
        {
            return Ok(Presented::Renewed(Box::new(Renewed { session, user, tenant, next })));
        }
        if session.ended_at.is_none() {
            end(tx, session.id, self.now()).await?;
            // By whom is just what is not known.
            let entry = entry(&user, Action::RefreshTokenReused, session.id.to_string(), client);
            self.audit(tx, NewEntry { actor_id: None, ..entry }).await?;
        }
        Ok(Presented::Reused(session.id))
    }

    /// Whether whoever used the token up asks again.
    fn is_repetition(&self, spent: &spent_token::Model, client: &ClientInfo) -> bool {
        self.now() < spent.spent_at + GRACE
            && spent.address == client.address.map(|address| address.to_string())
            && spent.user_agent == client.user_agent
    }

    fn is_renewable(&self, session: &session::Model, user: &user::Model, tenant: &tenant::Model) -> bool {
        session.ended_at.is_none()
            && session.expires_at > self.now()
            && user.status == UserStatus::Active
            && tenant.status == TenantStatus::Active
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
