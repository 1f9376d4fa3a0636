//! Inviting people, and accepting an invitation.
//!
//! Whoever is invited has an account from then on, without a password and without accepted terms: nobody can sign in to
//! it before the link in the letter was followed. To invite somebody again who has not accepted sends a new letter.

use sea_orm::entity::prelude::*;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveModelTrait, DatabaseTransaction, Set, TryInsertResult};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::login::entry;
use super::{Email, Purpose, SignedIn, User, UserStatus, user};
use crate::audit::{Action, NewEntry};
use crate::error::{Error, Problem, Result};
use crate::ids::{Id, UserId};
use crate::locale::Locale;
use crate::outbox::{Message, Topic};
use crate::permission::{Permission, Role};
use crate::viewer::{ClientInfo, Member, Viewer};
use crate::{Domain, text};

/// Whom to invite.
#[derive(Clone, Debug)]
pub struct Invite {
    /// The email.
    pub email: String,
    /// The first name.
    pub first_name: String,
    /// The last name.
    pub last_name: String,
    /// The role, at most the inviter's own.
    pub role: Role,
    /// The language of the letter.
    pub locale: Locale,
}

/// What an invited person sets.
#[derive(Debug)]
pub struct AcceptInvitation {
    /// The token of the link.
    pub token: SecretString,
    /// The password.
    pub password: SecretString,
    /// The version of the terms that is accepted.
    pub accept_terms: String,
}

impl Domain {
    /// Invites a person into the viewer's tenant.
    ///
    /// # Errors
    /// UNAUTHENTICATED, FORBIDDEN; every problem with the input at once; EMAIL_TAKEN for somebody who has an account.
    pub async fn invite_user(&self, viewer: &Viewer, invite: Invite, client: &ClientInfo) -> Result<User> {
        let member = viewer.permitted(Permission::UsersInvite)?;
        let person = self.invited(member, invite)?;
        self.limits().resets.check(&format!("email:{}", person.email_key)).await?;
        let user = self
            .db()
            .write(|tx| {
                let (domain, person, client) = (self.clone(), person.clone(), client.clone());
                let viewer = viewer.clone();
                Box::pin(async move {
                    let inviter = domain.acting(tx, &viewer, Permission::UsersInvite).await?;
                    if person.role > inviter.role {
                        return Err(role_above(inviter.role).into());
                    }
                    let Some(user) = put(tx, person, inviter.role).await? else { return Ok(None) };
                    let about = NewEntry {
                        tenant_id: user.tenant_id,
                        actor_id: Some(inviter.id),
                        action: Action::UserInvited,
                        subject: Some(user.id.to_string()),
                        details: json!({"role": user.role.as_str()}),
                        client,
                    };
                    domain.audit(tx, about).await?;
                    let letter = Message::Mail { user: user.id, topic: Topic::Invitation };
                    domain.enqueue(tx, Some(user.tenant_id), &letter).await?;
                    Ok(Some(user))
                })
            })
            .await?;
        self.outbox().wake();
        let user = user.ok_or_else(super::register::email_taken)?;
        self.known_profiles().forget(user.id).await;
        Ok(user)
    }

    /// The account of a person who is to be invited.
    fn invited(&self, inviter: &Member, invite: Invite) -> Result<User> {
        let email = Email::try_from(invite.email.as_str())
            .map_err(|error| Problem::validation(&["input", "email"], error.to_string()));
        let first_name = text::line(&invite.first_name, 100, &["input", "firstName"]);
        let last_name = text::line(&invite.last_name, 100, &["input", "lastName"]);
        let role = if invite.role <= inviter.role { Ok(invite.role) } else { Err(role_above(inviter.role)) };
        let now = self.now();
        match (email, first_name, last_name, role) {
            (Ok(email), Ok(first_name), Ok(last_name), Ok(role)) => Ok(User {
                id: UserId::from_uuid(self.new_uuid()),
                tenant_id: inviter.tenant_id,
                email: email.as_str().to_owned(),
                email_key: email.key(),
                password_hash: String::new(),
                first_name,
                last_name,
                role,
                status: UserStatus::Active,
                email_verified_at: None,
                terms_version: String::new(),
                terms_accepted_at: now,
                created_at: now,
                updated_at: now,
                locale: invite.locale,
            }),
            (email, first_name, last_name, role) => {
                let problems = [email.err(), first_name.err(), last_name.err(), role.err()];
                Err(Error::Problems(problems.into_iter().flatten().collect()))
            }
        }
    }

    /// Sets the first password of an invited person and signs them in. Their address is verified by it.
    ///
    /// # Errors
    /// TOKEN_INVALID for a token that is wrong, used or too old; every unmet rule at once, and then the token stays
    /// good.
    pub async fn accept_invitation(&self, input: AcceptInvitation, client: &ClientInfo) -> Result<SignedIn> {
        let token = input.token.expose_secret();
        let (invited, _) = self.holder_of_token(self.db().reader(), token, Purpose::AcceptInvitation).await?;
        let mut problems = self.password_problems(&invited, &input.password, &["input", "password"]).await?;
        problems.extend(self.terms_problem(&input.accept_terms));
        if !problems.is_empty() {
            return Err(Error::Problems(problems));
        }
        let hash = self.passwords().hash(&input.password, self.entropy()).await?;
        let (user, tenant) = self
            .db()
            .write(|tx| {
                let (domain, token) = (self.clone(), input.token.clone());
                let (hash, client) = (hash.clone(), client.clone());
                Box::pin(async move {
                    let token = token.expose_secret();
                    let (user, tenant) = domain.redeem_token(tx, token, Purpose::AcceptInvitation).await?;
                    let now = domain.now();
                    let change = user::ActiveModel {
                        id: Set(user.id),
                        password_hash: Set(hash),
                        email_verified_at: Set(Some(now)),
                        terms_version: Set(domain.config().terms_version.clone()),
                        terms_accepted_at: Set(now),
                        updated_at: Set(now),
                        ..Default::default()
                    };
                    let user = change.update(tx).await?;
                    let about = entry(&user, Action::InvitationAccepted, user.id.to_string(), &client);
                    let about = NewEntry { details: json!({"terms": user.terms_version}), ..about };
                    domain.audit(tx, about).await?;
                    Ok((user, tenant))
                })
            })
            .await?;
        self.known_profiles().forget(user.id).await;
        self.open_session(&user, &tenant, false, client).await
    }
}

fn role_above(own: Role) -> Problem {
    Problem::validation(&["input", "role"], format!("expected a role up to your own, {}", own.as_str()))
}

/// Writes down who is invited; who has not accepted yet is written anew under their own id. None where somebody has an
/// account with the email, or was invited into a role above `most`.
async fn put(tx: &DatabaseTransaction, person: User, most: Role) -> Result<Option<User>> {
    let unique = OnConflict::columns([user::Column::TenantId, user::Column::EmailKey]).do_nothing().to_owned();
    let row = user::ActiveModel::from(person.clone()).reset_all();
    let inserted = user::Entity::insert(row).on_conflict(unique).try_insert().exec_without_returning(tx).await?;
    if matches!(inserted, TryInsertResult::Inserted(1)) {
        return Ok(Some(person));
    }
    let there = user::Entity::unscoped()
        .filter(user::Column::TenantId.eq(person.tenant_id))
        .filter(user::Column::EmailKey.eq(&person.email_key))
        .one(tx)
        .await?;
    let waits = |there: &User| !there.has_password() && there.status == UserStatus::Active && there.role <= most;
    let Some(there) = there.filter(waits) else { return Ok(None) };
    let change = user::ActiveModel {
        id: Set(there.id),
        first_name: Set(person.first_name),
        last_name: Set(person.last_name),
        role: Set(person.role),
        locale: Set(person.locale),
        updated_at: Set(person.updated_at),
        ..Default::default()
    };
    Ok(Some(change.update(tx).await?))
}
