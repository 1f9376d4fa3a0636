//! Writing to whoever runs the site.

use sea_orm::{ActiveModelTrait, EntityTrait};

use super::contact_message::{ActiveModel, ContactTopic, Entity, Model};
use super::form::{is_trapped, language};
use crate::error::{Error, Problem, Result};
use crate::identity::Email;
use crate::ids::{ContactMessageId, Id};
use crate::viewer::ClientInfo;
use crate::{Domain, text};

/// The longest message, in characters.
const LONGEST_MESSAGE: usize = 5_000;

/// What somebody fills in to be answered.
#[derive(Clone)]
pub struct NewMessage {
    /// Their name.
    pub name: String,
    /// Where to answer to.
    pub email: String,
    /// What it is about.
    pub topic: ContactTopic,
    /// What they write.
    pub message: String,
    /// The language of the page, such as `es`.
    pub language: Option<String>,
    /// A field that people do not see, and that programs fill in.
    pub trap: Option<String>,
}

impl std::fmt::Debug for NewMessage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewMessage").field("topic", &self.topic).finish_non_exhaustive()
    }
}

impl Domain {
    /// Keeps a message for those who may read the tenant's inbox.
    ///
    /// # Errors
    /// Every problem with the input at once; RATE_LIMITED by address.
    pub async fn contact(&self, input: NewMessage, client: &ClientInfo) -> Result<()> {
        self.count_form(client)?;
        if is_trapped(input.trap.as_deref()) {
            return Ok(());
        }
        let message = self.message(input).await?;
        self.db()
            .write(|tx| {
                let row = ActiveModel::from(message.clone()).reset_all();
                Box::pin(async move {
                    Entity::insert(row).exec_without_returning(tx).await?;
                    Ok(())
                })
            })
            .await
    }

    async fn message(&self, input: NewMessage) -> Result<Model> {
        let mut problems = Vec::new();
        let mut note = |problem: Problem| problems.push(problem);
        let name = text::line(&input.name, 100, &["input", "name"]).map_err(&mut note).ok();
        let email = Email::try_from(input.email.as_str())
            .map_err(|error| note(Problem::validation(&["input", "email"], error.to_string())))
            .ok();
        let message = written(&input.message).map_err(&mut note).ok();
        let language = input.language.map(|tag| language(&tag).map_err(&mut note)).transpose().ok().flatten();
        let (Some(name), Some(email), Some(message), true) = (name, email, message, problems.is_empty()) else {
            return Err(Error::Problems(problems));
        };
        Ok(Model {
            id: ContactMessageId::from_uuid(self.new_uuid()),
            tenant_id: self.tenant_of_forms().await?,
            name,
            email: email.as_str().to_owned(),
            topic: input.topic,
            message,
            language,
            created_at: self.now(),
        })
    }
}

fn written(message: &str) -> Result<String, Problem> {
    let path = &["input", "message"];
    let message = text::paragraph(message.trim(), LONGEST_MESSAGE, path)?;
    if message.is_empty() { Err(Problem::validation(path, "write what it is about")) } else { Ok(message) }
}
