//! Making, listing and revoking API keys. Each acts in the name of its user, within its scopes, and is shown once.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;
use sea_orm::{ActiveModelTrait, DatabaseTransaction, Set};
use serde_json::json;

use super::api_key::{ActiveModel, Column, Entity, Model, Scopes};
use super::{SecretToken, api_key_token};
use crate::audit::{Action, NewEntry};
use crate::error::{Error, Limit, Problem, ProblemCode, Result};
use crate::ids::{ApiKeyId, Id, UserId};
use crate::keyset::newest_first;
use crate::paging::{IdKey, Page, PageArgs, PageRequest};
use crate::permission::Permission;
use crate::viewer::{ClientInfo, Credential, Member, Viewer};
use crate::{Domain, clock, text};

/// Keys that one user may have that are neither revoked nor run out.
pub const MOST_API_KEYS: u32 = 20;

/// A key to be made.
#[derive(Clone, Debug)]
pub struct NewApiKey {
    /// Its name.
    pub name: String,
    /// What it is confined to.
    pub scopes: Vec<Permission>,
    /// When it runs out; none for never.
    pub expires_at: Option<DateTime<Utc>>,
}

impl Domain {
    /// Makes a key of the viewer's; it is shown this once.
    ///
    /// # Errors
    /// UNAUTHENTICATED; FORBIDDEN for who signs in with a key; every problem with the input at once; LIMIT_EXCEEDED.
    pub async fn create_api_key(
        &self,
        viewer: &Viewer,
        new: NewApiKey,
        client: &ClientInfo,
    ) -> Result<(Model, SecretToken)> {
        let member = viewer.permitted(Permission::AccountManage)?;
        let (token, now) = (api_key_token::new(self.entropy()), self.now());
        let (name, scopes) = checked(member, &new, now)?;
        let key = Model {
            id: ApiKeyId::from_uuid(self.new_uuid()),
            tenant_id: member.tenant_id,
            user_id: member.user_id,
            name,
            prefix: api_key_token::shown(&token),
            token_hash: token.hash(),
            scopes: Scopes::new(&scopes),
            created_at: now,
            last_used_at: None,
            expires_at: new.expires_at.map(clock::truncate),
            revoked_at: None,
        };
        let row = ActiveModel::from(key.clone()).reset_all();
        let entry = entry(member, &key, Action::ApiKeyCreated, client);
        self.db()
            .write(|tx: &DatabaseTransaction| {
                let (domain, row, entry, owner) = (self.clone(), row.clone(), entry.clone(), key.user_id);
                Box::pin(async move {
                    check_room(tx, owner, now).await?;
                    Entity::insert(row).exec_without_returning(tx).await?;
                    domain.audit(tx, entry).await
                })
            })
            .await?;
        Ok((key, token))
    }

    /// Revokes a key of the viewer's: it lets nobody in any more, here at once and on other instances within five
    /// seconds. Again changes nothing.
    ///
    /// # Errors
    /// UNAUTHENTICATED; FORBIDDEN for who signs in with a key; NOT_FOUND.
    pub async fn revoke_api_key(&self, viewer: &Viewer, id: ApiKeyId, client: &ClientInfo) -> Result<Model> {
        let member = viewer.permitted(Permission::AccountManage)?;
        let key = self.api_key(viewer, id).await?.ok_or_else(|| {
            Error::from(Problem::new(ProblemCode::NotFound, &["input", "id"], "you have no such API key"))
        })?;
        if key.revoked_at.is_some() {
            return Ok(key);
        }
        let key = Model { revoked_at: Some(self.now()), ..key };
        let row = ActiveModel { id: Set(id), revoked_at: Set(key.revoked_at), ..Default::default() };
        let entry = entry(member, &key, Action::ApiKeyRevoked, client);
        self.db()
            .write(|tx: &DatabaseTransaction| {
                let (domain, row, entry) = (self.clone(), row.clone(), entry.clone());
                Box::pin(async move {
                    Entity::update(row).exec(tx).await?;
                    domain.audit(tx, entry).await
                })
            })
            .await?;
        self.sessions().forget_key(id).await;
        Ok(key)
    }

    /// A page of the viewer's keys, newest first, also those that let nobody in any more.
    ///
    /// # Errors
    /// UNAUTHENTICATED; FORBIDDEN for who signs in with a key; a problem with the page's arguments.
    pub async fn api_keys_page(&self, viewer: &Viewer, args: &PageArgs) -> Result<Page<Model>> {
        viewer.permitted(Permission::AccountManage)?;
        let request: PageRequest<IdKey<ApiKeyId>> = args.parse(Model::ORDER).map_err(Error::Problems)?;
        let query = newest_first(Entity::visible_to(viewer), Column::Id, &request);
        Ok(request.page(query.all(self.db().reader()).await?))
    }

    /// How many keys the viewer has.
    ///
    /// # Errors
    /// UNAUTHENTICATED; FORBIDDEN for who signs in with a key.
    pub async fn count_api_keys(&self, viewer: &Viewer) -> Result<u64> {
        viewer.permitted(Permission::AccountManage)?;
        Ok(Entity::visible_to(viewer).count(self.db().reader()).await?)
    }

    /// A key of the viewer's.
    ///
    /// # Errors
    /// UNAUTHENTICATED; FORBIDDEN for who signs in with a key.
    pub async fn api_key(&self, viewer: &Viewer, id: ApiKeyId) -> Result<Option<Model>> {
        viewer.permitted(Permission::AccountManage)?;
        Ok(Entity::visible_to(viewer).filter(Column::Id.eq(id)).one(self.db().reader()).await?)
    }

    /// The key that the viewer is signed in with; none for a session.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn viewer_api_key(&self, viewer: &Viewer) -> Result<Option<Model>> {
        let Ok(Credential::ApiKey(id)) = viewer.member().map(|member| member.credential) else { return Ok(None) };
        Ok(Entity::unscoped().filter(Column::Id.eq(id)).one(self.db().reader()).await?)
    }

    /// How many keys of the viewer's are neither revoked nor run out, of how many.
    pub(super) async fn api_key_limit(&self, member: &Member) -> Result<Limit> {
        limit(self.db().reader(), member.user_id, self.now()).await
    }
}

impl Model {
    /// The text that the cursors of the list of keys carry.
    pub const ORDER: &str = "apiKeys";
}

/// The name and the scopes in the order of the table, or every problem with the input.
fn checked(member: &Member, new: &NewApiKey, now: DateTime<Utc>) -> Result<(String, Vec<Permission>)> {
    let mut problems = Vec::new();
    let name = text::line(&new.name, 100, &["input", "name"]).map_err(|problem| problems.push(problem));
    if new.scopes.is_empty() {
        problems.push(Problem::validation(&["input", "scopes"], "expected at least one permission"));
    }
    for scope in &new.scopes {
        if !scope.is_scope() {
            problems.push(Problem::validation(&["input", "scopes"], format!("no API key may hold {scope}")));
        } else if !member.holds(*scope) {
            problems.push(Problem::validation(&["input", "scopes"], format!("you do not hold {scope} yourself")));
        }
    }
    if new.expires_at.is_some_and(|end| end <= now || !clock::is_storable(end)) {
        problems.push(Problem::validation(&["input", "expiresAt"], "expected a time to come, before the year 10000"));
    }
    match name {
        Ok(name) if problems.is_empty() => {
            Ok((name, Permission::ALL.iter().copied().filter(|scope| new.scopes.contains(scope)).collect()))
        }
        _ => {
            problems.truncate(Problem::MOST);
            Err(Error::Problems(problems))
        }
    }
}

async fn limit(db: &impl ConnectionTrait, owner: UserId, now: DateTime<Utc>) -> Result<Limit> {
    let good = Entity::unscoped()
        .filter(Column::UserId.eq(owner))
        .filter(Column::RevokedAt.is_null())
        .filter(sea_orm::Condition::any().add(Column::ExpiresAt.is_null()).add(Column::ExpiresAt.gt(now)))
        .count(db)
        .await?;
    Ok(Limit { key: "apiKeys".to_owned(), used: u32::try_from(good).unwrap_or(u32::MAX), allowed: MOST_API_KEYS })
}

async fn check_room(tx: &DatabaseTransaction, owner: UserId, now: DateTime<Utc>) -> Result<()> {
    let limit = limit(tx, owner, now).await?;
    if limit.used < limit.allowed {
        return Ok(());
    }
    let message = format!("you have {MOST_API_KEYS} API keys: revoke one first");
    let problem = Problem::new(ProblemCode::LimitExceeded, &["input"], message);
    Err(Problem { limit: Some(limit), ..problem }.into())
}

fn entry(member: &Member, key: &Model, action: Action, client: &ClientInfo) -> NewEntry {
    let scopes: Vec<String> = key.scopes.permissions().iter().map(ToString::to_string).collect();
    NewEntry {
        tenant_id: key.tenant_id,
        actor_id: Some(member.user_id),
        action,
        subject: Some(key.id.to_string()),
        details: json!({"name": key.name, "scopes": scopes}),
        client: client.clone(),
    }
}
