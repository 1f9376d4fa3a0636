//! Joining the waitlist.

use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveModelTrait, EntityTrait};

use super::form::{is_trapped, language};
use super::waitlist_entry::{ActiveModel, Column, Entity, Model};
use crate::Domain;
use crate::error::{Error, Problem, Result};
use crate::identity::Email;
use crate::ids::{Id, WaitlistEntryId};
use crate::viewer::ClientInfo;

/// The longest word for what somebody waits for.
const LONGEST_INTEREST: usize = 40;

/// What somebody fills in to hear when something is there.
#[derive(Clone, Default)]
pub struct JoinWaitlist {
    /// Their email.
    pub email: String,
    /// What they wait for, such as `plan-pro`.
    pub interest: Option<String>,
    /// The language of the page, such as `es`.
    pub language: Option<String>,
    /// A field that people do not see, and that programs fill in.
    pub trap: Option<String>,
}

impl std::fmt::Debug for JoinWaitlist {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("JoinWaitlist").field("interest", &self.interest).finish_non_exhaustive()
    }
}

impl Domain {
    /// Puts an email on the waitlist. One that is there already stays as it is, and the answer is the same, so that
    /// nobody finds out who waits.
    ///
    /// # Errors
    /// Every problem with the input at once; RATE_LIMITED by address.
    pub async fn join_waitlist(&self, input: JoinWaitlist, client: &ClientInfo) -> Result<()> {
        self.count_form(client)?;
        if is_trapped(input.trap.as_deref()) {
            return Ok(());
        }
        let entry = self.entry(input).await?;
        self.db()
            .write(|tx| {
                let row = ActiveModel::from(entry.clone()).reset_all();
                Box::pin(async move {
                    let unique = OnConflict::columns([Column::TenantId, Column::EmailKey]).do_nothing().to_owned();
                    Entity::insert(row).on_conflict(unique).try_insert().exec_without_returning(tx).await?;
                    Ok(())
                })
            })
            .await
    }

    async fn entry(&self, input: JoinWaitlist) -> Result<Model> {
        let mut problems = Vec::new();
        let mut note = |problem: Problem| problems.push(problem);
        let email = Email::try_from(input.email.as_str())
            .map_err(|error| note(Problem::validation(&["input", "email"], error.to_string())))
            .ok();
        let interest = input.interest.map(|word| interest(&word).map_err(&mut note)).transpose().ok().flatten();
        let language = input.language.map(|tag| language(&tag).map_err(&mut note)).transpose().ok().flatten();
        let Some(email) = email.filter(|_| problems.is_empty()) else { return Err(Error::Problems(problems)) };
        Ok(Model {
            id: WaitlistEntryId::from_uuid(self.new_uuid()),
            tenant_id: self.tenant_of_forms().await?,
            email_key: email.key(),
            email: email.as_str().to_owned(),
            interest,
            language,
            created_at: self.now(),
        })
    }
}

fn interest(word: &str) -> Result<String, Problem> {
    let is_word = (1..=LONGEST_INTEREST).contains(&word.len())
        && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if is_word {
        Ok(word.to_owned())
    } else {
        let message = format!("expected 1 to {LONGEST_INTEREST} of a-z, 0-9 and -");
        Err(Problem::validation(&["input", "interest"], message))
    }
}
