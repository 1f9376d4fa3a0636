//! Making an account.

use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveModelTrait, EntityTrait, TryInsertResult};
use secrecy::SecretString;
use serde_json::json;

use super::{Email, SignedIn, Tenant, TenantStatus, User, UserStatus, password, user};
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

/// A person to have an account, of whatever role.
#[derive(Debug)]
pub struct NewPerson {
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

impl NewPerson {
    /// Every rule that is not met.
    pub fn problems(&self) -> Vec<Problem> {
        let email = Email::try_from(self.email.as_str());
        let email = email.err().map(|error| Problem::validation(&["input", "email"], error.to_string()));
        let names = [self.first_name().err(), self.last_name().err()];
        let password = password::problems(&self.password, &["input", "password"]);
        email.into_iter().chain(password).chain(names.into_iter().flatten()).collect()
    }

    fn first_name(&self) -> Result<String, Problem> {
        text::line(&self.first_name, 100, &["input", "firstName"])
    }

    fn last_name(&self) -> Result<String, Problem> {
        text::line(&self.last_name, 100, &["input", "lastName"])
    }
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
        let tenant = self.tenant_for_registration(input.tenant.as_deref()).await?;
        if tenant.is_none() {
            let message = "there is no such tenant that visitors may register in";
            problems.push(Problem::new(ProblemCode::NotFound, &["input", "tenant"], message));
        }
        let person = NewPerson {
            email: input.email,
            password: input.password,
            first_name: input.first_name,
            last_name: input.last_name,
            role: Role::Trader,
        };
        problems.extend(person.problems());
        let Some(tenant) = tenant.filter(|_| problems.is_empty()) else { return Err(Error::Problems(problems)) };
        let user = self.create_user_from(tenant.id, person, client).await?;
        self.open_session(&user, &tenant, false, client).await
    }

    /// The tenant that a visitor may register in: the default one, or a named one that is open to it.
    async fn tenant_for_registration(&self, slug: Option<&str>) -> Result<Option<Tenant>> {
        let default = self.default_tenant().await?;
        let tenant = match slug.map(|slug| slug.trim().to_lowercase()) {
            None => default,
            Some(slug) if default.as_ref().is_some_and(|default| default.slug == slug) => default,
            Some(slug) if self.config().registration_tenants.contains(&slug) => {
                self.tenant_for_sign_in(Some(&slug)).await?
            }
            Some(_) => None,
        };
        Ok(tenant.filter(|tenant| tenant.status == TenantStatus::Active))
    }

    /// Makes an account, for the command line and the demo data.
    ///
    /// # Errors
    /// Every unmet rule at once; EMAIL_TAKEN.
    pub async fn create_user(&self, tenant: TenantId, person: NewPerson) -> Result<User> {
        self.create_user_from(tenant, person, &ClientInfo::default()).await
    }

    async fn create_user_from(&self, tenant: TenantId, new: NewPerson, client: &ClientInfo) -> Result<User> {
        let problems = new.problems();
        let (Ok(email), Ok(first_name), Ok(last_name), true) =
            (Email::try_from(new.email.as_str()), new.first_name(), new.last_name(), problems.is_empty())
        else {
            return Err(Error::Problems(problems));
        };
        let password_hash = self.passwords().hash(&new.password, self.entropy()).await?;
        let now = self.now();
        let user = User {
            id: UserId::from_uuid(self.new_uuid()),
            tenant_id: tenant,
            email: email.as_str().to_owned(),
            email_key: email.key(),
            password_hash,
            first_name,
            last_name,
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
