//! Signing out.

use sea_orm::entity::prelude::*;

use super::login::entry;
use super::refresh::end;
use super::session;
use crate::Domain;
use crate::audit::Action;
use crate::error::{Problem, ProblemCode, Result};
use crate::ids::SessionId;
use crate::permission::Permission;
use crate::viewer::{ClientInfo, Viewer};

impl Domain {
    /// Ends a session of the viewer, the present one where none is named: its tokens stop working, here at once and on
    /// other instances within five seconds. One that has ended already stays so.
    ///
    /// # Errors
    /// UNAUTHENTICATED; FORBIDDEN for an API key; NOT_FOUND for a session that is not the viewer's.
    pub async fn logout(&self, viewer: &Viewer, id: Option<SessionId>, client: &ClientInfo) -> Result<SessionId> {
        let member = viewer.permitted(Permission::AccountManage)?;
        let id = id.map_or_else(|| member.session_id(), Ok)?;
        #[expect(clippy::disallowed_methods, reason = "the viewer's own session")]
        let session = session::Entity::find()
            .filter(session::Column::Id.eq(id))
            .filter(session::Column::UserId.eq(member.user_id))
            .one(self.db().reader())
            .await?;
        let (Some(session), Some(user)) = (session, self.user(viewer, member.user_id).await?) else {
            return Err(Problem::new(ProblemCode::NotFound, &["input", "sessionId"], "you have no such session").into());
        };
        if session.ended_at.is_none() {
            let (now, entry) = (self.now(), entry(&user, Action::LoggedOut, id.to_string(), client));
            self.db()
                .write(|tx| {
                    let (domain, entry) = (self.clone(), entry.clone());
                    Box::pin(async move {
                        end(tx, id, now).await?;
                        domain.audit(tx, entry).await
                    })
                })
                .await?;
        }
        self.sessions().forget(id).await;
        Ok(id)
    }
}
