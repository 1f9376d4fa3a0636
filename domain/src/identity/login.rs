//! Signing in.

use sea_orm::entity::prelude::*;
use sea_orm::{ActiveModelTrait, DatabaseTransaction, Set};
use secrecy::SecretString;
use serde_json::json;

use super::keys::REFRESH_TOKEN;
use super::session_tokens::Claims;
use super::{Email, SecretToken, SessionTokens, Tenant, TenantStatus, User, UserStatus, session, user};
use crate::Domain;
use crate::audit::{Action, NewEntry};
use crate::error::{Problem, ProblemCode, Result};
use crate::ids::{Id, SessionId, TenantId, UserId};
use crate::viewer::{ClientInfo, Credential, Member};

/// What a user signs in with.
#[derive(Debug)]
pub struct Login {
    /// The email.
    pub email: String,
    /// The password.
    pub password: SecretString,
    /// Whether to stay signed in for longer.
    pub remember_me: bool,
    /// The slug of the tenant, for an email that has accounts in several.
    pub tenant: Option<String>,
}

/// A session that was just opened.
#[derive(Debug)]
pub struct SignedIn {
    /// Who it makes of the caller.
    pub member: Member,
    /// The user.
    pub user: User,
    /// The tenant.
    pub tenant: Tenant,
    /// The tokens, to be shown this once.
    pub tokens: SessionTokens,
}

impl Domain {
    /// Signs a user in.
    ///
    /// Answers the same, after the same work, whether the email is unknown, the password wrong or the user suspended.
    ///
    /// # Errors
    /// INVALID_CREDENTIALS; RATE_LIMITED by address and by email.
    pub async fn login(&self, input: Login, client: &ClientInfo) -> Result<SignedIn> {
        let key = Email::try_from(input.email.as_str()).map(|email| email.key()).ok();
        self.limits().logins.check_person(client, key.as_deref()).await?;
        let found = match &key {
            Some(key) => self.user_for_sign_in(self.db().reader(), key, input.tenant.as_deref()).await?,
            None => None,
        };
        let hash = found.as_ref().and_then(|(user, _)| user.password_to_check());
        let fits = self.passwords().verify(&input.password, hash).await?;
        let Some((user, tenant)) = found else {
            // As much work as for an email that is known.
            let slug = input.tenant.as_deref().or(self.config().default_tenant.as_deref());
            if let Some(tenant) = self.tenant_for_sign_in(self.db().reader(), slug).await? {
                self.note_failed_login(tenant.id, None, client).await?;
            }
            return Err(wrong());
        };
        if !fits || user.status != UserStatus::Active || tenant.status != TenantStatus::Active {
            self.note_failed_login(tenant.id, Some(user.id), client).await?;
            return Err(wrong());
        }
        let user = if self.passwords().is_outdated(&user.password_hash) {
            self.rehash(user, &input.password).await?
        } else {
            user
        };
        self.open_session(&user, &tenant, input.remember_me, client).await
    }

    /// Opens a session of a user whose password was checked, unless they have set another one or were suspended since.
    pub(super) async fn open_session(
        &self,
        user: &User,
        tenant: &Tenant,
        remember_me: bool,
        client: &ClientInfo,
    ) -> Result<SignedIn> {
        let (settings, now) = (&self.config().tokens, self.now());
        let session_id = SessionId::from_uuid(self.new_uuid());
        let refresh_token = SecretToken::new(REFRESH_TOKEN, self.entropy());
        let expires_at = now + if remember_me { settings.refresh_remembered } else { settings.refresh };
        let row = session::ActiveModel {
            id: Set(session_id),
            tenant_id: Set(user.tenant_id),
            user_id: Set(user.id),
            refresh_token_hash: Set(refresh_token.hash()),
            remember_me: Set(remember_me),
            user_agent: Set(client.user_agent.clone()),
            address: Set(client.address.map(|address| address.to_string())),
            created_at: Set(now),
            last_used_at: Set(now),
            expires_at: Set(expires_at),
            ended_at: Set(None),
        };
        let entry = entry(user, Action::LoginSucceeded, session_id.to_string(), client);
        self.db()
            .write(|tx| {
                let (domain, user, row, entry) = (self.clone(), user.clone(), row.clone(), entry.clone());
                Box::pin(async move {
                    require_unchanged(tx, &user).await?;
                    session::Entity::insert(row).exec_without_returning(tx).await?;
                    domain.audit(tx, entry).await
                })
            })
            .await?;
        self.signed_in(user, tenant, session_id, refresh_token, expires_at)
    }

    /// The answer for a session that has just been opened or renewed.
    pub(super) fn signed_in(
        &self,
        user: &User,
        tenant: &Tenant,
        session_id: SessionId,
        refresh_token: SecretToken,
        refresh_token_expires_at: DateTimeUtc,
    ) -> Result<SignedIn> {
        let (settings, now) = (&self.config().tokens, self.now());
        let claims = Claims::new(settings, now, user.id, session_id, user.tenant_id);
        Ok(SignedIn {
            member: Member {
                user_id: user.id,
                tenant_id: user.tenant_id,
                role: user.role,
                credential: Credential::Session(session_id),
                scopes: None,
            },
            user: user.clone(),
            tenant: tenant.clone(),
            tokens: SessionTokens {
                access_token: claims.sign(self.keys())?,
                access_token_expires_at: now + settings.access,
                refresh_token,
                refresh_token_expires_at,
            },
        })
    }

    /// Notes whose account it was tried for; who tried is not known.
    pub(super) async fn note_failed_login(
        &self,
        tenant: TenantId,
        user: Option<UserId>,
        client: &ClientInfo,
    ) -> Result<()> {
        let entry = NewEntry {
            tenant_id: tenant,
            actor_id: None,
            action: Action::LoginFailed,
            subject: user.map(|user| user.to_string()),
            details: json!({}),
            client: client.clone(),
        };
        self.db()
            .write(|tx| {
                let (domain, entry) = (self.clone(), entry.clone());
                Box::pin(async move { domain.audit(tx, entry).await })
            })
            .await
    }

    /// Hashes a password again at the present cost.
    async fn rehash(&self, user: User, password: &SecretString) -> Result<User> {
        let hash = self.passwords().hash(password, self.entropy()).await?;
        let now = self.now();
        self.db()
            .write(|tx: &DatabaseTransaction| {
                let (user, hash) = (user.clone(), hash.clone());
                Box::pin(async move {
                    require_unchanged(tx, &user).await?;
                    let change = user::ActiveModel {
                        id: Set(user.id),
                        password_hash: Set(hash),
                        updated_at: Set(now),
                        ..Default::default()
                    };
                    Ok(change.update(tx).await?)
                })
            })
            .await
    }
}

pub(super) fn entry(user: &User, action: Action, subject: String, client: &ClientInfo) -> NewEntry {
    NewEntry {
        tenant_id: user.tenant_id,
        actor_id: Some(user.id),
        action,
        subject: Some(subject),
        details: json!({}),
        client: client.clone(),
    }
}

/// Refuses what a password was checked for if the user has another one since, or may not sign in any more: checking takes
/// a while, and a reset meanwhile is to win.
pub(super) async fn require_unchanged(tx: &DatabaseTransaction, checked: &User) -> Result<()> {
    let now = user::Entity::unscoped().filter(user::Column::Id.eq(checked.id)).one(tx).await?;
    let is_same = now.is_some_and(|now| now.status == UserStatus::Active && now.password_hash == checked.password_hash);
    if is_same { Ok(()) } else { Err(wrong()) }
}

fn wrong() -> crate::Error {
    Problem::new(ProblemCode::InvalidCredentials, &["input"], "email and password do not fit together").into()
}
