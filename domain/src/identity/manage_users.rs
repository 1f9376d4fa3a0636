//! What admins do with the users of their tenant, and the owner with everybody: another role, suspending, activating,
//! and ending sessions. Nobody does it to themself, nor to somebody whose role is above their own.

use sea_orm::entity::prelude::*;
use sea_orm::{DatabaseTransaction, Set};
use serde_json::{Value, json};

use super::sessions::end_sessions;
use super::user::{ActiveModel, Column, Entity};
use super::{User, UserStatus};
use crate::audit::{Action, NewEntry};
use crate::error::{Error, Problem, ProblemCode, Result};
use crate::ids::UserId;
use crate::permission::{Permission, Role};
use crate::viewer::{ClientInfo, Viewer};
use crate::{Domain, text};

/// A user as they are now, and what it meant for their sessions.
#[derive(Clone, Debug)]
pub struct UserChanged {
    /// The user.
    pub user: User,
    /// How many sessions were ended.
    pub ended_sessions: u64,
}

/// What is done with a user.
#[derive(Clone, Debug)]
enum Change {
    Role(Role),
    /// With the reason.
    Suspend(String),
    Activate,
    EndSessions,
}

impl Domain {
    /// Gives a user another role, at most one's own. It counts at once here and within five seconds on other instances.
    ///
    /// # Errors
    /// UNAUTHENTICATED, FORBIDDEN; NOT_FOUND; a problem with the role or with whose it is; CONFLICT for a closed account.
    pub async fn set_user_role(
        &self,
        viewer: &Viewer,
        id: UserId,
        role: Role,
        client: &ClientInfo,
    ) -> Result<UserChanged> {
        self.change_user(viewer, id, Change::Role(role), client).await
    }

    /// Suspends a user: their sessions end and their API keys let nobody in until they are activated again.
    ///
    /// # Errors
    /// As [`Domain::set_user_role`]; a problem with the reason, 1 to 300 characters that the audit log keeps.
    pub async fn suspend_user(
        &self,
        viewer: &Viewer,
        id: UserId,
        reason: &str,
        client: &ClientInfo,
    ) -> Result<UserChanged> {
        viewer.permitted(Permission::UsersManage)?;
        let reason = text::line(reason, 300, &["input", "reason"])?;
        self.change_user(viewer, id, Change::Suspend(reason), client).await
    }

    /// Lets a suspended user sign in again.
    ///
    /// # Errors
    /// As [`Domain::set_user_role`].
    pub async fn activate_user(&self, viewer: &Viewer, id: UserId, client: &ClientInfo) -> Result<UserChanged> {
        self.change_user(viewer, id, Change::Activate, client).await
    }

    /// Ends every session of a user.
    ///
    /// # Errors
    /// As [`Domain::set_user_role`].
    pub async fn end_user_sessions(&self, viewer: &Viewer, id: UserId, client: &ClientInfo) -> Result<UserChanged> {
        self.change_user(viewer, id, Change::EndSessions, client).await
    }

    async fn change_user(
        &self,
        viewer: &Viewer,
        id: UserId,
        change: Change,
        client: &ClientInfo,
    ) -> Result<UserChanged> {
        viewer.permitted(Permission::UsersManage)?;
        let changed = self
            .db()
            .write(|tx| {
                let (domain, viewer, client) = (self.clone(), viewer.clone(), client.clone());
                let change = change.clone();
                Box::pin(async move { domain.change_user_in(tx, &viewer, id, &change, client).await })
            })
            .await?;
        self.sessions().forget_user(id).await;
        self.known_profiles().forget(id).await;
        Ok(changed)
    }

    async fn change_user_in(
        &self,
        tx: &DatabaseTransaction,
        viewer: &Viewer,
        id: UserId,
        change: &Change,
        client: ClientInfo,
    ) -> Result<UserChanged> {
        // That whoever takes an owner's role away is an owner themself, in this same transaction, is why there is always
        // one left.
        let actor = self.acting(tx, viewer, Permission::UsersManage).await?;
        let target = Entity::visible_to(viewer).filter(Column::Id.eq(id)).one(tx).await?;
        let target =
            target.ok_or_else(|| Problem::new(ProblemCode::NotFound, &["input", "userId"], "there is no such user"))?;
        check(&actor, &target, change)?;

        let now = self.now();
        let mut ended_sessions = 0;
        if matches!(change, Change::Suspend(_) | Change::EndSessions) {
            ended_sessions = end_sessions(tx, id, None, now).await?;
        }
        let user = change.applied(&target);
        if user == target && ended_sessions == 0 {
            // It was so already: nothing is done, nothing is told.
            return Ok(UserChanged { user, ended_sessions });
        }
        let user = if user == target {
            user
        } else {
            let (role, status) = (Set(user.role), Set(user.status));
            let row = ActiveModel { id: Set(id), role, status, updated_at: Set(now), ..Default::default() };
            Entity::update(row).exec(tx).await?;
            User { updated_at: now, ..user }
        };
        let entry = NewEntry {
            tenant_id: target.tenant_id,
            actor_id: Some(actor.id),
            action: change.action(),
            subject: Some(id.to_string()),
            details: change.details(&target, ended_sessions),
            client,
        };
        self.audit(tx, entry).await?;
        Ok(UserChanged { user, ended_sessions })
    }
}

/// Whether somebody may do this to a user.
fn check(actor: &User, target: &User, change: &Change) -> Result<(), Error> {
    let refuse = |field: &str, message: &str| Err(Problem::validation(&["input", field], message).into());
    if target.id == actor.id {
        return refuse("userId", "you can't do this to yourself: ask another admin");
    }
    if target.role > actor.role {
        return refuse("userId", "the user's role is above yours");
    }
    if matches!(change, Change::Role(role) if *role > actor.role) {
        return refuse("role", "you can't give a role above yours");
    }
    if target.status == UserStatus::Closed {
        let message = "the account was closed by its person";
        return Err(Problem::new(ProblemCode::Conflict, &["input", "userId"], message).into());
    }
    Ok(())
}

impl Change {
    /// The user after it.
    fn applied(&self, user: &User) -> User {
        let mut user = user.clone();
        match self {
            Self::Role(role) => user.role = *role,
            Self::Suspend(_) => user.status = UserStatus::Suspended,
            Self::Activate => user.status = UserStatus::Active,
            Self::EndSessions => {}
        }
        user
    }

    const fn action(&self) -> Action {
        match self {
            Self::Role(_) => Action::UserRoleChanged,
            Self::Suspend(_) => Action::UserSuspended,
            Self::Activate => Action::UserActivated,
            Self::EndSessions => Action::UserSessionsEnded,
        }
    }

    fn details(&self, before: &User, ended_sessions: u64) -> Value {
        match self {
            Self::Role(role) => json!({"from": before.role.as_str(), "to": role.as_str()}),
            Self::Suspend(reason) => json!({
                "from": before.status.to_value(),
                "to": UserStatus::Suspended.to_value(),
                "reason": reason,
                "sessions": ended_sessions,
            }),
            Self::Activate => json!({"from": before.status.to_value(), "to": UserStatus::Active.to_value()}),
            Self::EndSessions => json!({"sessions": ended_sessions}),
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use uuid::Uuid;

    use super::*;
    use crate::ids::{Id, TenantId};
    use crate::locale::Locale;

    fn user(number: u128, role: Role) -> User {
        let at = DateTime::UNIX_EPOCH;
        User {
            id: UserId::from_uuid(Uuid::from_u128(number)),
            tenant_id: TenantId::from_uuid(Uuid::nil()),
            email: String::new(),
            email_key: String::new(),
            password_hash: String::new(),
            first_name: String::new(),
            last_name: String::new(),
            role,
            status: UserStatus::Active,
            locale: Locale::En,
            email_verified_at: None,
            terms_version: String::new(),
            terms_accepted_at: at,
            created_at: at,
            updated_at: at,
        }
    }

    #[test]
    fn roles_are_given_and_taken_up_to_ones_own() {
        for actor in [Role::Admin, Role::Owner] {
            for target in Role::ALL {
                for given in Role::ALL {
                    let allowed = check(&user(1, actor), &user(2, target), &Change::Role(given)).is_ok();
                    assert_eq!(allowed, target <= actor && given <= actor, "{actor:?} makes {target:?} {given:?}");
                }
            }
            assert!(check(&user(1, actor), &user(1, actor), &Change::EndSessions).is_err(), "oneself");
        }
    }
}
