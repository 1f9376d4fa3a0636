//! Taking out what visitors sent, as they may ask by law.

use sea_orm::entity::prelude::*;
use sea_orm::{DatabaseTransaction, DeleteMany, QuerySelect, Select};
use serde_json::json;

use super::{contact_message, waitlist_entry};
use crate::Domain;
use crate::audit::{Action, NewEntry};
use crate::error::{Error, Problem, ProblemCode, Result};
use crate::ids::{ContactMessageId, TenantId, WaitlistEntryId};
use crate::permission::Permission;
use crate::viewer::{ClientInfo, Viewer};

impl Domain {
    /// Takes somebody from the waitlist. The audit log keeps that it was done, and nothing of what is gone.
    ///
    /// # Errors
    /// UNAUTHENTICATED, FORBIDDEN; NOT_FOUND.
    pub async fn remove_waitlist_entry(&self, viewer: &Viewer, id: WaitlistEntryId, client: &ClientInfo) -> Result<()> {
        use waitlist_entry::{Column, Entity};
        let row = Entity::visible_to(viewer).select_only().column(Column::TenantId).filter(Column::Id.eq(id));
        let subject = id.to_string();
        self.remove(
            viewer,
            (row, Entity::delete_many().filter(Column::Id.eq(id))),
            (Action::WaitlistEntryRemoved, subject),
            client,
        )
        .await
    }

    /// Takes a visitor's message out. The audit log keeps that it was done, and nothing of what is gone.
    ///
    /// # Errors
    /// UNAUTHENTICATED, FORBIDDEN; NOT_FOUND.
    pub async fn remove_contact_message(
        &self,
        viewer: &Viewer,
        id: ContactMessageId,
        client: &ClientInfo,
    ) -> Result<()> {
        use contact_message::{Column, Entity};
        let row = Entity::visible_to(viewer).select_only().column(Column::TenantId).filter(Column::Id.eq(id));
        let subject = id.to_string();
        self.remove(
            viewer,
            (row, Entity::delete_many().filter(Column::Id.eq(id))),
            (Action::ContactMessageRemoved, subject),
            client,
        )
        .await
    }

    /// Removes a row that the viewer may read: which tenant's it is, and what deletes it.
    async fn remove<E: EntityTrait>(
        &self,
        viewer: &Viewer,
        (row, delete): (Select<E>, DeleteMany<E>),
        (action, subject): (Action, String),
        client: &ClientInfo,
    ) -> Result<()> {
        // Who removes sees what is removed, which an API key may lack.
        viewer.permitted(Permission::InboxRead)?;
        let actor = viewer.permitted(Permission::InboxManage)?.user_id;
        self.db()
            .write(|tx: &DatabaseTransaction| {
                let (domain, row, delete) = (self.clone(), row.clone(), delete.clone());
                let (subject, client) = (subject.clone(), client.clone());
                Box::pin(async move {
                    let tenant_id: Option<TenantId> = row.into_tuple().one(tx).await?;
                    let tenant_id = tenant_id.ok_or_else(no_such)?;
                    delete.exec(tx).await?;
                    let entry = NewEntry {
                        tenant_id,
                        actor_id: Some(actor),
                        action,
                        subject: Some(subject),
                        details: json!({}),
                        client,
                    };
                    domain.audit(tx, entry).await
                })
            })
            .await
    }
}

fn no_such() -> Error {
    Problem::new(ProblemCode::NotFound, &["input", "id"], "there is nothing of this id").into()
}
