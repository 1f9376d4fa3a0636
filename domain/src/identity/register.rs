//! Making an account.

use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveModelTrait, EntityTrait, TryInsertResult};
use secrecy::SecretString;
use serde_json::json;

use super::{Email, SignedIn, User, UserStatus, password, user};
use crate::Domain;
use crate::audit::{Action, NewEntry};
use crate::error::{Error, Problem, ProblemCode, Result};
use crate::ids::{Id, TenantId, UserId};
use crate::permission::Role;
use crate::text;
use crate::viewer::ClientInfo;

/// What a visitor fills in to become a user.
#[derive(Debug)]
pub struct Register {
    /// The email.
    pub email: String,
    /// The password.
    pub password: SecretString,
    /// The first name.
    pub first_name: String,
    /// The last name.
    pub last_name: String,
    /// The version of the terms that is accepted.
    pub accept_terms: String,
    /// The slug of the tenant; none for the installation's default.
    pub tenant: Option<String>,
}

/// An account to be made, of whatever role.
#[derive(Debug)]
pub struct NewUser {
    /// The tenant.
    pub tenant_id: TenantId,
    /// The email.
    pub email: String,
    /// The password.
    pub password: SecretString,
    /// The first name.
    pub first_name: String,
    /// The last name.
    pub last_name: String,
    /// The role.
    pub role: Role,
}

impl Domain {
    /// Makes a trader of a visitor and signs them in.
    ///
    /// # Errors
    /// Every unmet rule at once; EMAIL_TAKEN; RATE_LIMITED by address.
    pub async fn register(&self, input: Register, client: &ClientInfo) -> Result<SignedIn> {
        if let Some(address) = client.address {
            self.limits().registrations.check(&crate::limits::address_key(address))?;
        }
        let mut problems = Vec::new();
        let terms = &self.config().terms_version;
        if input.accept_terms != *terms {
            problems.push(Problem::validation(
                &["input", "acceptTerms"],
                format!("expected the version of the current terms, {terms:?}"),
            ));
        }
        let slug = input.tenant.as_deref().or(self.config().default_tenant.as_deref());
        let tenant = self.tenant_for_sign_in(slug).await?;
        let Some(tenant) = tenant else {
            problems.push(Problem::new(ProblemCode::NotFound, &["input", "tenant"], "there is no such tenant"));
            return Err(Error::Problems(problems));
        };
        let new = NewUser {
            tenant_id: tenant.id,
            email: input.email,
            password: input.password,
            first_name: input.first_name,
            last_name: input.last_name,
            role: Role::Trader,
        };
        let user = self.create_user_with(new, problems, client).await?;
        self.open_session(&user, &tenant, false, client).await
    }

    /// Makes an account, for the command line and the demo data.
    ///
    /// # Errors
    /// Every unmet rule at once; EMAIL_TAKEN.
    pub async fn create_user(&self, new: NewUser) -> Result<User> {
        self.create_user_with(new, Vec::new(), &ClientInfo::default()).await
    }

    async fn create_user_with(&self, new: NewUser, mut problems: Vec<Problem>, client: &ClientInfo) -> Result<User> {
        let email = Email::try_from(new.email.as_str());
        if let Err(error) = &email {
            problems.push(Problem::validation(&["input", "email"], error.to_string()));
        }
        problems.extend(password::problems(&new.password, &["input", "password"]));
        let first_name = text::line(&new.first_name, 100, &["input", "firstName"]);
        let last_name = text::line(&new.last_name, 100, &["input", "lastName"]);
        let (Ok(email), Ok(first_name), Ok(last_name), true) = (&email, &first_name, &last_name, problems.is_empty())
        else {
            problems.extend([first_name, last_name].into_iter().filter_map(|name| name.err()));
            return Err(Error::Problems(problems));
        };
        let password_hash = self.passwords().hash(&new.password, self.entropy()).await?;
        let now = self.now();
        let user = User {
            id: UserId::from_uuid(self.new_uuid()),
            tenant_id: new.tenant_id,
            email: email.as_str().to_owned(),
            email_key: email.key(),
            password_hash,
            first_name: first_name.clone(),
            last_name: last_name.clone(),
            role: new.role,
            status: UserStatus::Active,
            email_verified_at: None,
            terms_version: self.config().terms_version.clone(),
            terms_accepted_at: now,
            created_at: now,
            updated_at: now,
        };
        let is_new = self
            .db()
            .write(|tx| {
                let (domain, user, client) = (self.clone(), user.clone(), client.clone());
                Box::pin(async move { insert(&domain, tx, &user, client).await })
            })
            .await?;
        if is_new {
            Ok(user)
        } else {
            Err(Problem::new(ProblemCode::EmailTaken, &["input", "email"], "an account with this email exists").into())
        }
    }
}

/// Writes the user and its audit entry; false where the email is taken.
async fn insert(domain: &Domain, tx: &sea_orm::DatabaseTransaction, user: &User, client: ClientInfo) -> Result<bool> {
    let unique = OnConflict::columns([user::Column::TenantId, user::Column::EmailKey]).do_nothing().to_owned();
    let row = user::ActiveModel::from(user.clone()).reset_all();
    let inserted = user::Entity::insert(row).on_conflict(unique).try_insert().exec_without_returning(tx).await?;
    if !matches!(inserted, TryInsertResult::Inserted(1)) {
        return Ok(false);
    }
    let entry = NewEntry {
        tenant_id: user.tenant_id,
        actor_id: Some(user.id),
        action: Action::UserRegistered,
        subject: Some(user.id.to_string()),
        details: json!({"role": user.role.as_str(), "terms": user.terms_version}),
        client,
    };
    domain.audit(tx, entry).await?;
    Ok(true)
}
