//! Changing one's password.

use sea_orm::{ActiveModelTrait, Set};
use secrecy::{ExposeSecret, SecretString};

use super::login::{entry, require_unchanged};
use super::sessions::end_sessions;
use super::{User, user};
use crate::Domain;
use crate::audit::Action;
use crate::error::{Error, Fault, Problem, ProblemCode, Result, UnauthenticatedReason};
use crate::outbox::{Message, Topic};
use crate::permission::Permission;
use crate::viewer::{ClientInfo, Member, Viewer};

impl Domain {
    /// Changes the viewer's password, ends their other sessions, and tells them by mail; how many sessions ended.
    ///
    /// # Errors
    /// UNAUTHENTICATED; INVALID_CREDENTIALS where the present password is another; every rule that the new one does not
    /// meet; RATE_LIMITED as logins are, by user.
    pub async fn change_password(
        &self,
        viewer: &Viewer,
        current: &SecretString,
        new: &SecretString,
        client: &ClientInfo,
    ) -> Result<u64> {
        let (member, user) = self.check_own_password(viewer, current, &["input", "currentPassword"], client).await?;
        let present = member.session_id()?;
        let mut problems = self.password_problems(&user, new, &["input", "newPassword"]).await?;
        if current.expose_secret() == new.expose_secret() {
            problems.push(Problem::validation(&["input", "newPassword"], "this is the present password"));
        }
        if !problems.is_empty() {
            return Err(Error::Problems(problems));
        }
        let hash = self.passwords().hash(new, self.entropy()).await?;
        let ended = self
            .db()
            .write(|tx| {
                let (domain, user, hash, client) = (self.clone(), user.clone(), hash.clone(), client.clone());
                Box::pin(async move {
                    require_unchanged(tx, &user).await?;
                    let change = user::ActiveModel {
                        id: Set(user.id),
                        password_hash: Set(hash),
                        updated_at: Set(domain.now()),
                        ..Default::default()
                    };
                    change.update(tx).await?;
                    let ended = end_sessions(tx, user.id, Some(present), domain.now()).await?;
                    domain.audit(tx, entry(&user, Action::PasswordChanged, user.id.to_string(), &client)).await?;
                    let notice = Message::Mail { user: user.id, topic: Topic::PasswordChanged };
                    domain.enqueue(tx, Some(user.tenant_id), &notice).await?;
                    Ok(ended)
                })
            })
            .await?;
        self.sessions().forget_user(user.id).await;
        self.outbox().wake();
        Ok(ended)
    }

    /// The viewer and their user, if the password is theirs. A stolen session does not get to guess: the tries are
    /// counted and noted as those of signing in are.
    pub(super) async fn check_own_password(
        &self,
        viewer: &Viewer,
        password: &SecretString,
        path: &[&str],
        client: &ClientInfo,
    ) -> Result<(Member, User)> {
        let member = viewer.permitted(Permission::AccountManage)?.clone();
        self.limits().logins.check(&format!("user:{}", member.user_id)).await?;
        let user = self.user(viewer, member.user_id).await?;
        let user = user.ok_or(Fault::Unauthenticated(UnauthenticatedReason::Revoked))?;
        if !self.passwords().verify(password, user.password_to_check()).await? {
            self.note_failed_login(user.tenant_id, Some(user.id), client).await?;
            let message = "this is not the present password";
            return Err(Problem::new(ProblemCode::InvalidCredentials, path, message).into());
        }
        Ok((member, user))
    }
}
