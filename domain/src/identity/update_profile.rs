//! Changing one's name and language.

use sea_orm::{ActiveModelTrait, NotSet, Set};
use serde_json::json;

use super::login::entry;
use super::{User, user};
use crate::audit::{Action, NewEntry};
use crate::error::{Error, Fault, Problem, Result, UnauthenticatedReason};
use crate::locale::Locale;
use crate::permission::Permission;
use crate::viewer::{ClientInfo, Viewer};
use crate::{Domain, text};

/// What is to change; what is none stays.
#[derive(Clone, Debug, Default)]
pub struct ProfileChange {
    /// The first name.
    pub first_name: Option<String>,
    /// The last name.
    pub last_name: Option<String>,
    /// The language to be written to in.
    pub locale: Option<Locale>,
}

impl Domain {
    /// Changes the viewer's own profile.
    ///
    /// # Errors
    /// UNAUTHENTICATED; every problem with the input at once.
    pub async fn update_profile(&self, viewer: &Viewer, change: ProfileChange, client: &ClientInfo) -> Result<User> {
        let member = viewer.permitted(Permission::AccountManage)?;
        let mut problems = Vec::new();
        let mut name =
            |name: Option<String>, path: &str| match name.map(|name| text::line(&name, 100, &["input", path])) {
                None => NotSet,
                Some(Ok(name)) => Set(name),
                Some(Err(problem)) => {
                    problems.push(problem);
                    NotSet
                }
            };
        let row = user::ActiveModel {
            id: Set(member.user_id),
            first_name: name(change.first_name, "firstName"),
            last_name: name(change.last_name, "lastName"),
            locale: change.locale.map_or(NotSet, Set),
            ..Default::default()
        };
        let changed: Vec<&str> = [
            ("firstName", row.first_name.is_set()),
            ("lastName", row.last_name.is_set()),
            ("locale", row.locale.is_set()),
        ]
        .into_iter()
        .filter_map(|(field, is_set)| is_set.then_some(field))
        .collect();
        if problems.is_empty() && changed.is_empty() {
            problems.push(Problem::validation(&["input"], "nothing to change was given"));
        }
        if !problems.is_empty() {
            return Err(Error::Problems(problems));
        }
        let user = self.user(viewer, member.user_id).await?;
        let user = user.ok_or(Fault::Unauthenticated(UnauthenticatedReason::Revoked))?;
        let about = entry(&user, Action::ProfileUpdated, user.id.to_string(), client);
        let about = NewEntry { details: json!({ "changed": changed }), ..about };
        let changed = self
            .db()
            .write(|tx| {
                let (domain, row, about) = (self.clone(), row.clone(), about.clone());
                Box::pin(async move {
                    let user = user::ActiveModel { updated_at: Set(domain.now()), ..row }.update(tx).await?;
                    domain.audit(tx, about).await?;
                    Ok(user)
                })
            })
            .await?;
        self.known_profiles().forget(changed.id).await;
        Ok(changed)
    }
}
