//! Making an account.

use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveModelTrait, DatabaseTransaction, EntityTrait, TryInsertResult};
use secrecy::SecretString;
use serde_json::json;

use super::{Email, SignedIn, Tenant, TenantStatus, User, UserStatus, password, user};
use crate::Domain;
use crate::audit::{Action, NewEntry};
use crate::error::{Error, Problem, ProblemCode, Result};
use crate::ids::{Id, TenantId, UserId};
use crate::locale::Locale;
use crate::outbox::{Message, Topic};
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
    /// The language to be written to in.
    pub locale: Locale,
}

/// A person to have an account, of whatever role.
#[derive(Clone, Debug)]
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
    /// Every rule that is not met. How common the password is can take a tenth of a second to find out.
    pub fn problems(&self) -> Vec<Problem> {
        let email = Email::try_from(self.email.as_str());
        let email = email.err().map(|error| Problem::validation(&["input", "email"], error.to_string()));
        let names = [self.first_name().err(), self.last_name().err()];
        let password = password::problems(&self.password, &about(&self.email), &["input", "password"]);
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
    /// Makes a trader of a visitor, signs them in, and sends a letter to verify their email with.
    ///
    /// # Errors
    /// Every unmet rule at once; EMAIL_TAKEN; RATE_LIMITED by address and by email.
    pub async fn register(&self, input: Register, client: &ClientInfo) -> Result<SignedIn> {
        let email_key = Email::try_from(input.email.as_str()).map(|email| email.key()).ok();
        self.limits().registrations.check_person(client, email_key.as_deref()).await?;
        let mut problems: Vec<Problem> = self.terms_problem(&input.accept_terms).into_iter().collect();
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
        problems.extend(self.problems_of(&person).await?);
        let Some(tenant) = tenant.filter(|_| problems.is_empty()) else { return Err(Error::Problems(problems)) };
        let user = self.create_user_from(tenant.id, person, Some(input.locale), client).await?;
        self.outbox().wake();
        self.open_session(&user, &tenant, false, client).await
    }

    /// What is wrong with the version of the terms that was accepted, if anything.
    pub(super) fn terms_problem(&self, accepted: &str) -> Option<Problem> {
        let terms = &self.config().terms_version;
        let message = || format!("expected the version of the current terms, {terms:?}");
        (accepted != terms).then(|| Problem::validation(&["input", "acceptTerms"], message()))
    }

    /// The tenant that a visitor may register in: the default one, or a named one that is open to it.
    async fn tenant_for_registration(&self, slug: Option<&str>) -> Result<Option<Tenant>> {
        let default = self.default_tenant().await?;
        let tenant = match slug.map(|slug| slug.trim().to_lowercase()) {
            None => default,
            Some(slug) if default.as_ref().is_some_and(|default| default.slug == slug) => default,
            Some(slug) if self.config().registration_tenants.contains(&slug) => {
                self.tenant_for_sign_in(self.db().reader(), Some(&slug)).await?
            }
            Some(_) => None,
        };
        Ok(tenant.filter(|tenant| tenant.status == TenantStatus::Active))
    }

    /// Makes an account, for the command line and the demo data. No letter is sent.
    ///
    /// # Errors
    /// Every unmet rule at once; EMAIL_TAKEN.
    pub async fn create_user(&self, tenant: TenantId, person: NewPerson) -> Result<User> {
        let problems = self.problems_of(&person).await?;
        if !problems.is_empty() {
            return Err(Error::Problems(problems));
        }
        self.create_user_from(tenant, person, None, &ClientInfo::default()).await
    }

    async fn problems_of(&self, person: &NewPerson) -> Result<Vec<Problem>> {
        let person = person.clone();
        Ok(self.passwords().run(move || person.problems()).await?)
    }

    /// Every rule that a new password of the user does not meet.
    pub(super) async fn password_problems(
        &self,
        user: &User,
        password: &SecretString,
        path: &'static [&'static str],
    ) -> Result<Vec<Problem>> {
        let (password, email) = (password.clone(), user.email.clone());
        Ok(self.passwords().run(move || password::problems(&password, &about(&email), path)).await?)
    }

    /// Makes an account of a person with whom nothing is wrong, and sends a letter to verify its email with in the language that is given.
    async fn create_user_from(
        &self,
        tenant: TenantId,
        new: NewPerson,
        letter: Option<Locale>,
        client: &ClientInfo,
    ) -> Result<User> {
        let (Ok(email), Ok(first_name), Ok(last_name)) =
            (Email::try_from(new.email.as_str()), new.first_name(), new.last_name())
        else {
            return Err(Error::Problems(new.problems()));
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
            locale: letter.unwrap_or_default(),
        };
        let is_new = self
            .db()
            .write(|tx| {
                let (domain, user, client) = (self.clone(), user.clone(), client.clone());
                Box::pin(async move { insert(&domain, tx, &user, letter.is_some(), client).await })
            })
            .await?;
        if is_new { Ok(user) } else { Err(email_taken()) }
    }
}

/// What somebody with this email would try first as their password.
fn about(email: &str) -> Vec<&str> {
    email.split('@').chain([email]).collect()
}

pub(super) fn email_taken() -> Error {
    Problem::new(ProblemCode::EmailTaken, &["input", "email"], "an account with this email exists").into()
}

/// Writes the user, its audit entry, and the letter where one is to be sent; false where the email is taken.
async fn insert(
    domain: &Domain,
    tx: &DatabaseTransaction,
    user: &User,
    is_to_be_verified: bool,
    client: ClientInfo,
) -> Result<bool> {
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
    if is_to_be_verified {
        let letter = Message::Mail { user: user.id, topic: Topic::VerifyEmail };
        domain.enqueue(tx, Some(user.tenant_id), &letter).await?;
    }
    Ok(true)
}
