//! One's own sessions: which there are, and ending all of them.

use sea_orm::entity::prelude::*;
use sea_orm::sea_query::Expr;
use sea_orm::{DatabaseTransaction, Select};
use serde_json::json;

use super::device::device;
use super::session::{Column, Entity, Model};
use crate::Domain;
use crate::audit::{Action, NewEntry};
use crate::error::{Error, Result};
use crate::ids::{SessionId, UserId};
use crate::keyset::newest_first;
use crate::paging::{IdKey, Page, PageArgs, PageRequest};
use crate::permission::Permission;
use crate::viewer::{ClientInfo, Member, Viewer};

impl Domain {
    /// A page of the viewer's open sessions, the newest first.
    ///
    /// # Errors
    /// UNAUTHENTICATED; FORBIDDEN for an API key; a problem with the page's arguments.
    pub async fn sessions_page(&self, viewer: &Viewer, args: &PageArgs) -> Result<Page<Model>> {
        let member = viewer.permitted(Permission::AccountManage)?;
        let request: PageRequest<IdKey<SessionId>> = args.parse(Model::ORDER).map_err(Error::Problems)?;
        let query = newest_first(open_sessions(member, self.now()), Column::Id, &request);
        Ok(request.page(query.all(self.db().reader()).await?))
    }

    /// How many open sessions the viewer has.
    ///
    /// # Errors
    /// UNAUTHENTICATED; FORBIDDEN for an API key.
    pub async fn count_sessions(&self, viewer: &Viewer) -> Result<u64> {
        let member = viewer.permitted(Permission::AccountManage)?;
        Ok(open_sessions(member, self.now()).count(self.db().reader()).await?)
    }

    /// An open session of the viewer's.
    ///
    /// # Errors
    /// UNAUTHENTICATED; FORBIDDEN for an API key.
    pub async fn session(&self, viewer: &Viewer, id: SessionId) -> Result<Option<Model>> {
        let member = viewer.permitted(Permission::AccountManage)?;
        Ok(open_sessions(member, self.now()).filter(Column::Id.eq(id)).one(self.db().reader()).await?)
    }

    /// Ends every session of the viewer's, or every other one than the present; tells how many. Their tokens stop
    /// working, here at once and on other instances within five seconds.
    ///
    /// # Errors
    /// UNAUTHENTICATED; FORBIDDEN for an API key.
    pub async fn logout_everywhere(&self, viewer: &Viewer, keep_current: bool, client: &ClientInfo) -> Result<u64> {
        let member = viewer.permitted(Permission::AccountManage)?;
        let (user, now) = (member.user_id, self.now());
        let kept = if keep_current { Some(member.session_id()?) } else { None };
        let entry = NewEntry {
            tenant_id: member.tenant_id,
            actor_id: Some(user),
            action: Action::LoggedOutEverywhere,
            subject: Some(user.to_string()),
            details: json!({}),
            client: client.clone(),
        };
        let ended = self
            .db()
            .write(|tx| {
                let (domain, entry) = (self.clone(), entry.clone());
                Box::pin(async move {
                    let ended = end_sessions(tx, user, kept, now).await?;
                    domain.audit(tx, NewEntry { details: json!({"sessions": ended}), ..entry }).await?;
                    Ok(ended)
                })
            })
            .await?;
        self.sessions().forget_user(user).await;
        Ok(ended)
    }
}

impl Model {
    /// The text that the cursors of the list of sessions carry.
    pub const ORDER: &str = "sessions";

    /// What signed in, in plain words, such as "Chrome on Windows 10"; none where it did not say.
    pub fn device(&self) -> Option<String> {
        self.user_agent.as_deref().and_then(device)
    }
}

/// Ends the open sessions of a user but for the one that is kept; tells how many. Whoever calls it has them forgotten
/// ([`super::Sessions`]) once the transaction is over.
pub(super) async fn end_sessions(
    tx: &DatabaseTransaction,
    user: UserId,
    kept: Option<SessionId>,
    now: DateTimeUtc,
) -> Result<u64> {
    let mut ending = Entity::update_many()
        .col_expr(Column::EndedAt, Expr::value(now))
        .filter(Column::UserId.eq(user))
        .filter(Column::EndedAt.is_null());
    if let Some(kept) = kept {
        ending = ending.filter(Column::Id.ne(kept));
    }
    Ok(ending.exec(tx).await?.rows_affected)
}

fn open_sessions(member: &Member, now: DateTimeUtc) -> Select<Entity> {
    #[expect(clippy::disallowed_methods, reason = "the viewer's own sessions")]
    let all = Entity::find();
    all.filter(Column::UserId.eq(member.user_id)).filter(Column::EndedAt.is_null()).filter(Column::ExpiresAt.gt(now))
}
