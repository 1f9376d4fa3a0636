//! Letters that were given up: the owner sees why, mends it, and has them sent.

use std::collections::HashMap;
use std::sync::Arc;

use sea_orm::entity::prelude::*;
use sea_orm::{DatabaseTransaction, Set};
use serde_json::json;

use super::message::{Message, Topic};
use super::row::{ActiveModel, Column, Entity, Model};
use crate::Domain;
use crate::audit::{Action, NewEntry};
use crate::error::{Error, Problem, ProblemCode, Result};
use crate::identity::User;
use crate::ids::{Id, LetterId, TenantId, UserId};
use crate::keyset::newest_first;
use crate::paging::{IdKey, Page, PageArgs, PageRequest};
use crate::permission::Permission;
use crate::viewer::{ClientInfo, Viewer};

/// A letter that could not be sent in all its tries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// Its id.
    pub id: LetterId,
    /// Of which tenant; none while that is not known.
    pub tenant_id: Option<TenantId>,
    /// What it is about; none for one that this version can't read.
    pub topic: Option<Topic>,
    /// The address that it is for; none where that is not known any more.
    pub to: Option<String>,
    /// How often it was tried.
    pub attempts: i32,
    /// Why the last try failed.
    pub error: Option<String>,
    /// When it was enqueued.
    pub created_at: DateTimeUtc,
    /// When it was given up.
    pub given_up_at: Option<DateTimeUtc>,
}

impl DeadLetter {
    /// The text that the cursors of the list carry.
    pub const ORDER: &str = "deadLetters";
}

impl Domain {
    /// A page of the letters that were given up, the newest first.
    ///
    /// # Errors
    /// UNAUTHENTICATED, FORBIDDEN; a problem with the page's arguments.
    pub async fn dead_letters(&self, viewer: &Viewer, args: &PageArgs) -> Result<Page<DeadLetter>> {
        viewer.permitted(Permission::SchedulerManage)?;
        let request: PageRequest<IdKey<LetterId>> = args.parse(DeadLetter::ORDER).map_err(Error::Problems)?;
        let rows = newest_first(dead(), Column::Id, &request).all(self.db().reader()).await?;
        Ok(request.page(self.read_dead(rows).await?))
    }

    /// How many letters were given up.
    ///
    /// # Errors
    /// UNAUTHENTICATED, FORBIDDEN.
    pub async fn count_dead_letters(&self, viewer: &Viewer) -> Result<u64> {
        viewer.permitted(Permission::SchedulerManage)?;
        Ok(dead().count(self.db().reader()).await?)
    }

    /// Has a letter that was given up sent again, with all its tries. Answers with it as it was.
    ///
    /// # Errors
    /// UNAUTHENTICATED, FORBIDDEN; NOT_FOUND for one that is not there, or was not given up.
    pub async fn redrive_letter(&self, viewer: &Viewer, id: LetterId, client: &ClientInfo) -> Result<DeadLetter> {
        let member = viewer.permitted(Permission::SchedulerManage)?;
        let row = self
            .db()
            .write(|tx: &DatabaseTransaction| {
                let (domain, member, client) = (self.clone(), member.clone(), client.clone());
                Box::pin(async move {
                    let row = dead().filter(Column::Id.eq(id)).one(tx).await?.ok_or_else(|| {
                        let message = "there is no such letter that was given up";
                        Problem::new(ProblemCode::NotFound, &["input", "id"], message)
                    })?;
                    let again = ActiveModel {
                        id: Set(row.id),
                        attempts: Set(0),
                        next_attempt_at: Set(domain.now()),
                        dead_at: Set(None),
                        ..Default::default()
                    };
                    Entity::update(again).exec(tx).await?;
                    let entry = NewEntry {
                        tenant_id: row.tenant_id.unwrap_or(member.tenant_id),
                        actor_id: Some(member.user_id),
                        action: Action::LetterRedriven,
                        subject: Some(id.to_string()),
                        details: json!({}),
                        client,
                    };
                    domain.audit(tx, entry).await?;
                    Ok(row)
                })
            })
            .await?;
        self.outbox().wake();
        let letter = self.read_dead(vec![row]).await?.pop();
        letter.ok_or_else(|| crate::Fault::Bug("a letter vanished while it was read".to_owned()).into())
    }

    async fn read_dead(&self, rows: Vec<Model>) -> Result<Vec<DeadLetter>> {
        let read: Vec<(Model, Option<Message>)> = rows
            .into_iter()
            .map(|row| {
                let message = serde_json::from_value(row.message.clone()).ok();
                (row, message)
            })
            .collect();
        let users = read.iter().filter_map(|(_, message)| recipient(message.as_ref()?)).collect();
        let users = self.profiles(users).await?;
        Ok(read.into_iter().map(|(row, message)| letter(row, message, &users)).collect())
    }
}

fn recipient(message: &Message) -> Option<UserId> {
    match message {
        Message::Mail { user, .. } | Message::ChallengeMail { user, .. } => Some(*user),
        Message::MailRequest { .. } => None,
    }
}

fn letter(row: Model, message: Option<Message>, users: &HashMap<UserId, Arc<User>>) -> DeadLetter {
    let (topic, to) = match message {
        Some(Message::Mail { user, topic } | Message::ChallengeMail { user, topic, .. }) => {
            (Some(topic), users.get(&user).map(|user| user.email.clone()))
        }
        Some(Message::MailRequest { email_key, topic, .. }) => (Some(topic), Some(email_key)),
        None => (None, None),
    };
    DeadLetter {
        id: LetterId::from_uuid(row.id),
        tenant_id: row.tenant_id,
        topic,
        to,
        attempts: row.attempts,
        error: row.last_error,
        created_at: row.created_at,
        given_up_at: row.dead_at,
    }
}

fn dead() -> Select<Entity> {
    #[expect(clippy::disallowed_methods, reason = "the owner looks after every tenant's letters")]
    let all = Entity::find();
    all.filter(Column::DeadAt.is_not_null())
}
