//! Closing one's account.

use sea_orm::entity::prelude::*;
use sea_orm::{ActiveModelTrait, ConnectionTrait, DatabaseTransaction, JoinType, QuerySelect, Set, Statement};
use secrecy::SecretString;

use super::login::{entry, require_unchanged};
use super::sessions::end_sessions;
use super::user_token::void_tokens;
use super::{TenantStatus, User, UserStatus, tenant, user};
use crate::Domain;
use crate::audit::Action;
use crate::error::{Problem, ProblemCode, Result};
use crate::outbox::{Message, Topic};
use crate::permission::Role;
use crate::viewer::{ClientInfo, Viewer};

impl Domain {
    /// Closes the viewer's account: it cannot be signed in to any more, its sessions, API keys, sources of signals and links end, and its
    /// email is free for another one. What it has done stays.
    ///
    /// # Errors
    /// UNAUTHENTICATED; INVALID_CREDENTIALS where the password is another; CONFLICT for the installation's last owner;
    /// RATE_LIMITED as logins are, by user.
    pub async fn close_account(&self, viewer: &Viewer, password: &SecretString, client: &ClientInfo) -> Result<User> {
        let (_, user) = self.check_own_password(viewer, password, &["input", "password"], client).await?;
        let closed = self
            .db()
            .write(|tx| {
                let (domain, user, client) = (self.clone(), user.clone(), client.clone());
                Box::pin(async move {
                    require_unchanged(tx, &user).await?;
                    if user.role == Role::Owner && !has_another_owner(tx, &user).await? {
                        return Err(last_owner());
                    }
                    let change = user::ActiveModel {
                        id: Set(user.id),
                        status: Set(UserStatus::Closed),
                        // No email is spelt like this, so none is taken by it.
                        email_key: Set(format!("closed:{}", user.id)),
                        updated_at: Set(domain.now()),
                        ..Default::default()
                    };
                    let closed = change.update(tx).await?;
                    end_sessions(tx, user.id, None, domain.now()).await?;
                    void_tokens(tx, user.id).await?;
                    domain.revoke_api_keys(tx, &user).await?;
                    revoke_sources(tx, &user, domain.now()).await?;
                    domain.audit(tx, entry(&user, Action::AccountClosed, user.id.to_string(), &client)).await?;
                    let notice = Message::Mail { user: user.id, topic: Topic::AccountClosed };
                    domain.enqueue(tx, Some(user.tenant_id), &notice).await?;
                    Ok(closed)
                })
            })
            .await?;
        self.sessions().forget_user(user.id).await;
        self.known_profiles().forget(user.id).await;
        self.outbox().wake();
        Ok(closed)
    }

    /// Revokes every API key of a user.
    pub(super) async fn revoke_api_keys(&self, tx: &DatabaseTransaction, user: &User) -> Result<()> {
        let revoke = Statement::from_sql_and_values(
            tx.get_database_backend(),
            "UPDATE api_keys SET revoked_at = $1 WHERE user_id = $2 AND revoked_at IS NULL",
            [self.now().into(), user.id.into()],
        );
        tx.execute_raw(revoke).await?;
        Ok(())
    }
}

/// Revokes the tokens of a user's sources: nobody is left to make a new one, and what they deliver would be refused.
async fn revoke_sources(tx: &DatabaseTransaction, user: &User, now: DateTimeUtc) -> Result<()> {
    let revoke = Statement::from_sql_and_values(
        tx.get_database_backend(),
        "UPDATE signal_sources SET revoked_at = $1, updated_at = $1 WHERE owner_id = $2 AND revoked_at IS NULL",
        [now.into(), user.id.into()],
    );
    tx.execute_raw(revoke).await?;
    Ok(())
}

/// Whether somebody else owns the installation too, and can sign in.
async fn has_another_owner(tx: &DatabaseTransaction, owner: &User) -> Result<bool> {
    let own = user::Entity::belongs_to(tenant::Entity).from(user::Column::TenantId).to(tenant::Column::Id);
    let others = user::Entity::unscoped()
        .join(JoinType::InnerJoin, own.into())
        .filter(tenant::Column::Status.eq(TenantStatus::Active))
        .filter(user::Column::Role.eq(Role::Owner))
        .filter(user::Column::Status.eq(UserStatus::Active))
        .filter(user::Column::PasswordHash.ne(""))
        .filter(user::Column::Id.ne(owner.id));
    Ok(others.count(tx).await? > 0)
}

fn last_owner() -> crate::Error {
    let message = "you are the last owner: make another one before you close your account";
    Problem::new(ProblemCode::Conflict, &["input"], message).into()
}
