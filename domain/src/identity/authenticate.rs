//! Making a viewer of a token: an access token of a session, or an API key.
//!
//! In the common case that takes no database round trip: what a token says is remembered for a minute, and what its
//! session or key makes of its bearer for three seconds, within which an end on another instance takes effect here.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};
use moka::future::Cache;
use sea_orm::QuerySelect;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::Expr;

use super::session_tokens::Claims;
use super::{TenantStatus, UserStatus, api_key, api_key_token, hash_token, session, tenant, user};
use crate::Domain;
use crate::error::{Error, Fault, Result, UnauthenticatedReason};
use crate::ids::{ApiKeyId, SessionId, TenantId, UserId};
use crate::viewer::{Credential, Member, Viewer};

/// How long it is remembered what a token says, which never changes.
const TOKENS_FOR: Duration = Duration::from_secs(60);
/// How long it is remembered that a session or key is good. What asks every two seconds, as sockets do, then knows of
/// an end within five.
const GRANTS_FOR: Duration = Duration::from_secs(3);
/// Entries that each of the memories holds at most.
const MOST_REMEMBERED: u64 = 20_000;
/// How exactly it is written down when a session or key was last used, in microseconds.
const USE_IS_NOTED_EVERY: i64 = 60_000_000;

/// What is remembered of tokens, sessions and API keys.
#[derive(Debug)]
pub struct Sessions {
    tokens: Cache<Vec<u8>, Arc<Claims>>,
    keys: Cache<Vec<u8>, ApiKeyId>,
    grants: Cache<Credential, Arc<Remembered>>,
    /// How often something was forgotten, to tell what was read before from what was read after.
    forgotten: AtomicU64,
}

/// What was read of a session or key.
#[derive(Debug)]
struct Remembered {
    /// What it makes of its bearer; none where it has ended.
    grant: Option<Arc<Grant>>,
    /// How often something had been forgotten when the reading began.
    begun_at: u64,
    /// Whether nothing had been forgotten yet when it was seen in the memory: what is forgotten from then on is
    /// taken out there.
    is_settled: AtomicBool,
}

/// What a good session or key makes of its bearer.
#[derive(Debug)]
struct Grant {
    member: Member,
    /// When an API key runs out; none for never, and for sessions, whose tokens run out before them.
    expires_at: Option<DateTime<Utc>>,
    /// When it was last known to be used, in microseconds since 1970.
    last_used: AtomicI64,
}

impl Default for Sessions {
    fn default() -> Self {
        Self {
            tokens: Cache::builder().max_capacity(MOST_REMEMBERED).time_to_live(TOKENS_FOR).build(),
            keys: Cache::builder().max_capacity(MOST_REMEMBERED).time_to_live(TOKENS_FOR).build(),
            grants: Cache::builder().max_capacity(MOST_REMEMBERED).time_to_live(GRANTS_FOR).build(),
            forgotten: AtomicU64::new(0),
        }
    }
}

impl Sessions {
    /// How many tokens and sessions are remembered, give or take what has just come or run out.
    pub(crate) fn entries(&self) -> [(&'static str, u64); 2] {
        [("tokens", self.tokens.entry_count()), ("sessions", self.grants.entry_count())]
    }

    /// Forgets what is remembered of a session, so that its end takes effect here at once.
    pub(super) async fn forget(&self, id: SessionId) {
        self.forget_credential(Credential::Session(id)).await;
    }

    /// The same of an API key.
    pub(super) async fn forget_key(&self, id: ApiKeyId) {
        self.forget_credential(Credential::ApiKey(id)).await;
    }

    /// The same of everything that a user holds, so that a change of what they may do takes effect here at once.
    pub(super) async fn forget_user(&self, id: UserId) {
        self.forget_those(|member| member.user_id == id).await;
    }

    /// The same of everything that the users of a tenant hold.
    pub(super) async fn forget_tenant(&self, id: TenantId) {
        self.forget_those(|member| member.tenant_id == id).await;
    }

    async fn forget_credential(&self, credential: Credential) {
        self.forgotten.fetch_add(1, Ordering::AcqRel);
        self.grants.invalidate(&credential).await;
    }

    async fn forget_those(&self, of: impl Fn(&Member) -> bool) {
        self.forgotten.fetch_add(1, Ordering::AcqRel);
        for (credential, grant) in &self.grants {
            if grant.grant.as_ref().is_some_and(|grant| of(&grant.member)) {
                self.grants.invalidate(&*credential).await;
            }
        }
    }

    /// What is remembered of a credential, or what reading it says now. Those who ask at once share one reading; one
    /// that began before something was forgotten, and ended after, counts for nobody: not for who began it, nor for
    /// who came later and waited for it.
    async fn grant<R>(&self, credential: Credential, read: impl Fn() -> R) -> Result<Option<Arc<Grant>>, DbErr>
    where
        R: Future<Output = Result<Option<Arc<Grant>>, DbErr>>,
    {
        loop {
            let reading = async {
                let begun_at = self.forgotten.load(Ordering::Acquire);
                let grant = read().await?;
                Ok(Arc::new(Remembered { grant, begun_at, is_settled: AtomicBool::new(false) }))
            };
            let remembered = self.grants.try_get_with(credential, reading).await;
            let remembered = remembered.map_err(|error: Arc<DbErr>| (*error).clone())?;
            if remembered.is_settled.load(Ordering::Acquire) {
                return Ok(remembered.grant.clone());
            }
            if self.forgotten.load(Ordering::Acquire) == remembered.begun_at {
                remembered.is_settled.store(true, Ordering::Release);
                return Ok(remembered.grant.clone());
            }
            // Something ended meanwhile: what was read may be from before, and was remembered after.
            self.grants.invalidate(&credential).await;
        }
    }
}

impl Domain {
    /// Makes a viewer of an access token or an API key.
    ///
    /// # Errors
    /// UNAUTHENTICATED with the reason: a bad token never makes an anonymous viewer. UNAVAILABLE when the database
    /// does not answer.
    pub async fn authenticate(&self, token: &str) -> Result<Viewer, Fault> {
        let grant = if api_key_token::is_meant(token) {
            self.grant(Credential::ApiKey(self.key_id(token).await?)).await?
        } else {
            let claims = self.claims(token).await?;
            let (Ok(session_id), Ok(user_id)) = (claims.sid.parse(), claims.sub.parse()) else {
                return Err(Fault::Unauthenticated(UnauthenticatedReason::Invalid));
            };
            let grant = self.grant(Credential::Session(session_id)).await?;
            grant.filter(|grant| grant.member.user_id == user_id && grant.member.tenant_id.to_string() == claims.tid)
        };
        let grant = grant.ok_or(Fault::Unauthenticated(UnauthenticatedReason::Revoked))?;
        if grant.expires_at.is_some_and(|end| end <= self.now()) {
            return Err(Fault::Unauthenticated(UnauthenticatedReason::Expired));
        }
        self.note_use(&grant);
        Ok(Viewer::User(grant.member.clone()))
    }

    /// Whether the viewer's session or key is still good for the same, known within three seconds.
    ///
    /// # Errors
    /// UNAUTHENTICATED when it is not. UNAVAILABLE when the database does not answer.
    pub async fn still_signed_in(&self, viewer: &Viewer) -> Result<(), Fault> {
        let member = viewer.member()?;
        match self.grant(member.credential).await? {
            Some(grant) if grant.expires_at.is_some_and(|end| end <= self.now()) => {
                Err(Fault::Unauthenticated(UnauthenticatedReason::Expired))
            }
            Some(grant) if grant.member == *member => {
                self.note_use(&grant);
                Ok(())
            }
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

    /// Which key this is. A mistyped one is told by its checksum, without the database.
    async fn key_id(&self, token: &str) -> Result<ApiKeyId, Fault> {
        let invalid = Fault::Unauthenticated(UnauthenticatedReason::Invalid);
        if !api_key_token::is_well_formed(token) {
            return Err(invalid);
        }
        let hash = hash_token(token);
        if let Some(id) = self.sessions().keys.get(&hash).await {
            return Ok(id);
        }
        let found: Option<ApiKeyId> = api_key::Entity::unscoped()
            .select_only()
            .column(api_key::Column::Id)
            .filter(api_key::Column::TokenHash.eq(hash.clone()))
            .into_tuple()
            .one(self.db().reader())
            .await?;
        let id = found.ok_or(invalid)?;
        self.sessions().keys.insert(hash, id).await;
        Ok(id)
    }

    /// What the session or key is good for; none where it has ended.
    async fn grant(&self, credential: Credential) -> Result<Option<Arc<Grant>>, Fault> {
        Ok(self.sessions().grant(credential, || self.read_grant(credential)).await?)
    }

    async fn read_grant(&self, credential: Credential) -> Result<Option<Arc<Grant>>, DbErr> {
        let read = match credential {
            Credential::Session(id) => self.read_session_grant(id).await?,
            Credential::ApiKey(id) => self.read_key_grant(id).await?,
        };
        Ok(read.map(Arc::new))
    }

    async fn read_session_grant(&self, id: SessionId) -> Result<Option<Grant>, DbErr> {
        #[expect(clippy::disallowed_methods, reason = "the session's id is in a token that we signed")]
        let row = session::Entity::find()
            .find_also_related(user::Entity)
            .find_also_related(tenant::Entity)
            .filter(session::Column::Id.eq(id))
            .one(self.db().reader())
            .await?;
        let Some((session, Some(user), Some(tenant))) = row else { return Ok(None) };
        let is_open = session.ended_at.is_none() && session.expires_at > self.now() && may_be_let_in(&user, &tenant);
        Ok(is_open.then(|| Grant {
            member: member(&user, Credential::Session(session.id), None),
            expires_at: None,
            last_used: AtomicI64::new(session.last_used_at.timestamp_micros()),
        }))
    }

    async fn read_key_grant(&self, id: ApiKeyId) -> Result<Option<Grant>, DbErr> {
        let row = api_key::Entity::unscoped()
            .find_also_related(user::Entity)
            .find_also_related(tenant::Entity)
            .filter(api_key::Column::Id.eq(id))
            .one(self.db().reader())
            .await?;
        let Some((key, Some(user), Some(tenant))) = row else { return Ok(None) };
        let is_good = key.revoked_at.is_none() && may_be_let_in(&user, &tenant);
        Ok(is_good.then(|| Grant {
            member: member(&user, Credential::ApiKey(key.id), Some(key.scopes.permissions().into())),
            expires_at: key.expires_at,
            last_used: AtomicI64::new(key.last_used_at.map_or(0, |used| used.timestamp_micros())),
        }))
    }

    /// Writes down that a session or key is in use, at most once a minute, and without keeping its bearer waiting.
    fn note_use(&self, grant: &Arc<Grant>) {
        let (now, last) = (self.now(), grant.last_used.load(Ordering::Relaxed));
        if now.timestamp_micros() - last < USE_IS_NOTED_EVERY {
            return;
        }
        let noted = now.timestamp_micros();
        if grant.last_used.compare_exchange(last, noted, Ordering::Relaxed, Ordering::Relaxed).is_err() {
            // Somebody else is just doing it.
            return;
        }
        let (domain, credential) = (self.clone(), grant.member.credential);
        tokio::spawn(async move {
            if let Err(error) = domain.write_use(credential, now).await {
                tracing::warn!(%error, "the last use of a session or key was not noted");
            }
        });
    }

    async fn write_use(&self, credential: Credential, at: DateTime<Utc>) -> Result<()> {
        self.db()
            .write(|tx| {
                Box::pin(async move {
                    match credential {
                        Credential::Session(id) => {
                            session::Entity::update_many()
                                .col_expr(session::Column::LastUsedAt, Expr::value(at))
                                .filter(session::Column::Id.eq(id))
                                .filter(session::Column::LastUsedAt.lt(at))
                                .exec(tx)
                                .await?;
                        }
                        Credential::ApiKey(id) => {
                            let (used, earlier) = (api_key::Column::LastUsedAt, api_key::Column::LastUsedAt.lt(at));
                            api_key::Entity::update_many()
                                .col_expr(used, Expr::value(at))
                                .filter(api_key::Column::Id.eq(id))
                                .filter(sea_orm::Condition::any().add(used.is_null()).add(earlier))
                                .exec(tx)
                                .await?;
                        }
                    }
                    Ok(())
                })
            })
            .await
    }

    /// The present session of the viewer; none for an API key, which has none.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn viewer_session(&self, viewer: &Viewer) -> Result<Option<super::Session>, Error> {
        let Ok(member) = viewer.member() else { return Ok(None) };
        let Ok(id) = member.session_id() else { return Ok(None) };
        #[expect(clippy::disallowed_methods, reason = "the viewer's own session")]
        let session = session::Entity::find()
            .filter(session::Column::Id.eq(id))
            .filter(session::Column::UserId.eq(member.user_id))
            .one(self.db().reader())
            .await?;
        Ok(session)
    }
}

fn may_be_let_in(user: &user::Model, tenant: &tenant::Model) -> bool {
    user.status == UserStatus::Active && tenant.status == TenantStatus::Active
}

fn member(user: &user::Model, credential: Credential, scopes: Option<Arc<[crate::permission::Permission]>>) -> Member {
    Member { user_id: user.id, tenant_id: user.tenant_id, role: user.role, credential, scopes }
}

#[cfg(test)]
mod tests {
    use tokio::sync::Notify;
    use uuid::Uuid;

    use super::*;
    use crate::ids::Id;
    use crate::permission::Role;

    fn credential() -> Credential {
        Credential::Session(SessionId::from_uuid(Uuid::from_u128(1)))
    }

    fn good() -> Option<Arc<Grant>> {
        let member = Member {
            user_id: UserId::from_uuid(Uuid::from_u128(2)),
            tenant_id: TenantId::from_uuid(Uuid::from_u128(3)),
            role: Role::Trader,
            credential: credential(),
            scopes: None,
        };
        Some(Arc::new(Grant { member, expires_at: None, last_used: AtomicI64::new(0) }))
    }

    /// Two ask, and share a reading that saw the session open; it ends before that reading is remembered.
    #[tokio::test]
    async fn a_reading_from_before_the_end_counts_for_nobody() {
        let sessions = Sessions::default();
        let (has_begun, may_end, readings) = (Notify::new(), Notify::new(), AtomicU64::new(0));
        let read = || async {
            if readings.fetch_add(1, Ordering::SeqCst) > 0 {
                return Ok(None);
            }
            has_begun.notify_one();
            may_end.notified().await;
            Ok(good())
        };
        let first = sessions.grant(credential(), read);
        let later = async {
            has_begun.notified().await;
            sessions.forget_credential(credential()).await;
            // It comes after the end, and waits for the reading from before.
            let joined = sessions.grant(credential(), read);
            let release = async {
                tokio::task::yield_now().await;
                may_end.notify_one();
            };
            tokio::join!(joined, release).0
        };
        let (first, later) = tokio::join!(first, later);
        assert!(first.unwrap().is_none() && later.unwrap().is_none());
        assert!(sessions.grant(credential(), read).await.unwrap().is_none());
    }

    /// What is remembered is read once, whatever else ends.
    #[tokio::test]
    async fn the_end_of_another_costs_nobody_a_reading() {
        let (sessions, readings) = (Sessions::default(), AtomicU64::new(0));
        let read = || async {
            readings.fetch_add(1, Ordering::SeqCst);
            Ok(good())
        };
        for other in 10..20 {
            assert!(sessions.grant(credential(), read).await.unwrap().is_some());
            sessions.forget(SessionId::from_uuid(Uuid::from_u128(other))).await;
        }
        assert_eq!(readings.load(Ordering::SeqCst), 1);
        sessions.forget_user(UserId::from_uuid(Uuid::from_u128(2))).await;
        assert!(sessions.grant(credential(), read).await.unwrap().is_some());
        assert_eq!(readings.load(Ordering::SeqCst), 2);
    }
}
