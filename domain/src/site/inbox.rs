//! Reading what visitors sent.

use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{ExprTrait, Func};
use sea_orm::{QueryOrder, QuerySelect, Select};
use uuid::Uuid;

use super::{contact_message, waitlist_entry};
use crate::Domain;
use crate::db::nothing;
use crate::error::{Error, Result};
use crate::identity::Email;
use crate::ids::{ContactMessageId, Id, WaitlistEntryId};
use crate::paging::{CursorKey, Page, PageArgs, PageRequest};
use crate::permission::Permission;
use crate::viewer::Viewer;

/// A position in a list of what was sent, newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InboxKey<I>(pub I);

impl<I: Id> CursorKey for InboxKey<I> {
    fn encode(&self) -> String {
        self.0.uuid().simple().to_string()
    }

    fn decode(text: &str) -> Option<Self> {
        Uuid::try_parse(text).ok().map(|uuid| Self(I::from_uuid(uuid)))
    }
}

impl<I: Id> InboxKey<I> {
    /// The text that the list's cursors carry.
    pub const ORDER: &str = I::PREFIX;
}

impl Domain {
    /// A page of the waitlist, newest first; only the entries of this email, in any case, where one is given.
    ///
    /// # Errors
    /// UNAUTHENTICATED, FORBIDDEN; a problem with the page's arguments.
    pub async fn waitlist_page(
        &self,
        viewer: &Viewer,
        email: Option<&str>,
        args: &PageArgs,
    ) -> Result<Page<waitlist_entry::Model>> {
        use waitlist_entry::Column;
        viewer.permitted(Permission::InboxRead)?;
        let request: PageRequest<InboxKey<WaitlistEntryId>> =
            args.parse(InboxKey::<WaitlistEntryId>::ORDER).map_err(Error::Problems)?;
        let mut query = waiting(viewer, email).limit(request.fetch());
        if let Some(InboxKey(id)) = request.after {
            query = query.filter(Column::Id.lt(id));
        }
        Ok(request.page(query.order_by_desc(Column::Id).all(self.db().reader()).await?))
    }

    /// How many wait; with this email, in any case, where one is given.
    ///
    /// # Errors
    /// UNAUTHENTICATED, FORBIDDEN.
    pub async fn count_waitlist(&self, viewer: &Viewer, email: Option<&str>) -> Result<u64> {
        viewer.permitted(Permission::InboxRead)?;
        Ok(waiting(viewer, email).count(self.db().reader()).await?)
    }

    /// An entry of the waitlist, if the viewer may read it.
    ///
    /// # Errors
    /// UNAUTHENTICATED, FORBIDDEN.
    pub async fn waitlist_entry(&self, viewer: &Viewer, id: WaitlistEntryId) -> Result<Option<waitlist_entry::Model>> {
        use waitlist_entry::{Column, Entity};
        viewer.permitted(Permission::InboxRead)?;
        Ok(Entity::visible_to(viewer).filter(Column::Id.eq(id)).one(self.db().reader()).await?)
    }

    /// A page of the contact messages, newest first.
    ///
    /// # Errors
    /// UNAUTHENTICATED, FORBIDDEN; a problem with the page's arguments.
    pub async fn contact_messages_page(
        &self,
        viewer: &Viewer,
        email: Option<&str>,
        args: &PageArgs,
    ) -> Result<Page<contact_message::Model>> {
        use contact_message::Column;
        viewer.permitted(Permission::InboxRead)?;
        let request: PageRequest<InboxKey<ContactMessageId>> =
            args.parse(InboxKey::<ContactMessageId>::ORDER).map_err(Error::Problems)?;
        let mut query = written(viewer, email).limit(request.fetch());
        if let Some(InboxKey(id)) = request.after {
            query = query.filter(Column::Id.lt(id));
        }
        Ok(request.page(query.order_by_desc(Column::Id).all(self.db().reader()).await?))
    }

    /// How many messages there are; only those from this email where one is given.
    ///
    /// # Errors
    /// UNAUTHENTICATED, FORBIDDEN.
    pub async fn count_contact_messages(&self, viewer: &Viewer, email: Option<&str>) -> Result<u64> {
        viewer.permitted(Permission::InboxRead)?;
        Ok(written(viewer, email).count(self.db().reader()).await?)
    }

    /// A contact message, if the viewer may read it.
    ///
    /// # Errors
    /// UNAUTHENTICATED, FORBIDDEN.
    pub async fn contact_message(
        &self,
        viewer: &Viewer,
        id: ContactMessageId,
    ) -> Result<Option<contact_message::Model>> {
        use contact_message::{Column, Entity};
        viewer.permitted(Permission::InboxRead)?;
        Ok(Entity::visible_to(viewer).filter(Column::Id.eq(id)).one(self.db().reader()).await?)
    }
}

/// The contact messages that the viewer may read; from what is no email there are none.
fn written(viewer: &Viewer, email: Option<&str>) -> Select<contact_message::Entity> {
    let messages = contact_message::Entity::visible_to(viewer);
    match email.map(Email::try_from) {
        None => messages,
        Some(Ok(email)) => {
            let own = Expr::col((contact_message::Entity, contact_message::Column::Email));
            messages.filter(Expr::expr(Func::lower(own)).eq(email.key()))
        }
        Some(Err(_)) => messages.filter(nothing()),
    }
}

/// The entries of the waitlist that the viewer may read; of what is no email there are none.
fn waiting(viewer: &Viewer, email: Option<&str>) -> Select<waitlist_entry::Entity> {
    let entries = waitlist_entry::Entity::visible_to(viewer);
    match email.map(Email::try_from) {
        None => entries,
        Some(Ok(email)) => entries.filter(waitlist_entry::Column::EmailKey.eq(email.key())),
        Some(Err(_)) => entries.filter(nothing()),
    }
}
