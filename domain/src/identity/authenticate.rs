//! Making a viewer of a token.
//!
//! In the common case that takes no database round trip: what a token says is remembered for a minute, and whether its
//! session is open for five seconds, within which an end on another instance takes effect here.

use std::sync::Arc;
use std::time::Duration;

use moka::future::Cache;
use sea_orm::entity::prelude::*;

use super::session_tokens::Claims;
use super::{TenantStatus, UserStatus, hash_token, session, tenant, user};
use crate::Domain;
use crate::error::{Error, Fault, UnauthenticatedReason};
use crate::ids::SessionId;
use crate::viewer::{Member, Viewer};

/// What is remembered of tokens and sessions.
#[derive(Debug)]
pub struct Sessions {
    tokens: Cache<Vec<u8>, Arc<Claims>>,
    open: Cache<SessionId, Option<Member>>,
}

impl Default for Sessions {
    fn default() -> Self {
        Self {
            tokens: Cache::builder().max_capacity(20_000).time_to_live(Duration::from_secs(60)).build(),
            open: Cache::builder().max_capacity(20_000).time_to_live(Duration::from_secs(5)).build(),
        }
    }
}

impl Sessions {
    /// How many tokens and sessions are remembered, give or take what has just come or run out.
    pub(crate) fn entries(&self) -> [(&'static str, u64); 2] {
        [("tokens", self.tokens.entry_count()), ("sessions", self.open.entry_count())]
    }

    /// Forgets what is remembered of a session, so that its end takes effect here at once.
    pub(super) async fn forget(&self, id: SessionId) {
        self.open.invalidate(&id).await;
    }
}

impl Domain {
    /// Makes a viewer of an access token.
    ///
    /// # Errors
    /// UNAUTHENTICATED with the reason: a bad token never makes an anonymous viewer. UNAVAILABLE when the database
    /// does not answer.
    pub async fn authenticate(&self, token: &str) -> Result<Viewer, Fault> {
        let claims = self.claims(token).await?;
        let (Ok(session_id), Ok(user_id)) = (claims.sid.parse::<SessionId>(), claims.sub.parse()) else {
            return Err(Fault::Unauthenticated(UnauthenticatedReason::Invalid));
        };
        match self.open_session_member(session_id).await? {
            Some(member) if member.user_id == user_id && member.tenant_id.to_string() == claims.tid => {
                Ok(Viewer::User(member))
            }
            _ => Err(Fault::Unauthenticated(UnauthenticatedReason::Revoked)),
        }
    }

    /// When the token runs out; for connections that live longer than it may.
    ///
    /// # Errors
    /// As [`Domain::authenticate`].
    pub async fn token_expiry(&self, token: &str) -> Result<chrono::DateTime<chrono::Utc>, Fault> {
        let claims = self.claims(token).await?;
        chrono::DateTime::from_timestamp(claims.exp, 0).ok_or(Fault::Unauthenticated(UnauthenticatedReason::Invalid))
    }

    /// Whether the viewer's session is still open, known within five seconds.
    ///
    /// # Errors
    /// UNAUTHENTICATED when it is not. UNAVAILABLE when the database does not answer.
    pub async fn still_signed_in(&self, viewer: &Viewer) -> Result<(), Fault> {
        let member = viewer.member()?;
        match self.open_session_member(member.session_id).await? {
            Some(now) if now == *member => Ok(()),
            _ => Err(Fault::Unauthenticated(UnauthenticatedReason::Revoked)),
        }
    }

    async fn claims(&self, token: &str) -> Result<Arc<Claims>, Fault> {
        let key = hash_token(token);
        let now = self.now();
        if let Some(claims) = self.sessions().tokens.get(&key).await {
            let expired = Fault::Unauthenticated(UnauthenticatedReason::Expired);
            return if claims.is_expired(now) { Err(expired) } else { Ok(claims) };
        }
        let claims = Claims::verify(token, self.keys(), &self.config().tokens, now).map_err(Fault::Unauthenticated)?;
        let claims = Arc::new(claims);
        self.sessions().tokens.insert(key, Arc::clone(&claims)).await;
        Ok(claims)
    }

    async fn open_session_member(&self, id: SessionId) -> Result<Option<Member>, Fault> {
        self.sessions()
            .open
            .try_get_with(id, self.read_open_session(id))
            .await
            .map_err(|error: Arc<DbErr>| Fault::from((*error).clone()))
    }

    async fn read_open_session(&self, id: SessionId) -> Result<Option<Member>, DbErr> {
        #[expect(clippy::disallowed_methods, reason = "the session's id is in a token that we signed")]
        let row = session::Entity::find()
            .find_also_related(user::Entity)
            .find_also_related(tenant::Entity)
            .filter(session::Column::Id.eq(id))
            .one(self.db().reader())
            .await?;
        let Some((session, Some(user), Some(tenant))) = row else { return Ok(None) };
        let is_open = session.ended_at.is_none()
            && session.expires_at > self.now()
            && user.status == UserStatus::Active
            && tenant.status == TenantStatus::Active;
        let member = Member { user_id: user.id, tenant_id: user.tenant_id, role: user.role, session_id: session.id };
        Ok(is_open.then_some(member))
    }

    /// The present session of the viewer.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn viewer_session(&self, viewer: &Viewer) -> Result<Option<super::Session>, Error> {
        let Ok(member) = viewer.member() else { return Ok(None) };
        #[expect(clippy::disallowed_methods, reason = "the viewer's own session")]
        let session = session::Entity::find()
            .filter(session::Column::Id.eq(member.session_id))
            .filter(session::Column::UserId.eq(member.user_id))
            .one(self.db().reader())
            .await?;
        Ok(session)
    }
}
