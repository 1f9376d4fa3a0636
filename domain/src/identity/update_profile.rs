//! Changing one's name and language.

use sea_orm::{ActiveModelTrait, ColumnTrait, NotSet, QueryFilter, Set};
use serde_json::{Value, json};

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
        if problems.is_empty() && !(row.first_name.is_set() || row.last_name.is_set() || row.locale.is_set()) {
            problems.push(Problem::validation(&["input"], "nothing to change was given"));
        }
        if !problems.is_empty() {
            return Err(Error::Problems(problems));
        }
        let changed = self
            .db()
            .write(|tx| {
                let (domain, row, client) = (self.clone(), row.clone(), client.clone());
                let own = user::Entity::visible_to(viewer).filter(user::Column::Id.eq(member.user_id));
                Box::pin(async move {
                    let before = own.one(tx).await?.ok_or(Fault::Unauthenticated(UnauthenticatedReason::Revoked))?;
                    let user = user::ActiveModel { updated_at: Set(domain.now()), ..row }.update(tx).await?;
                    let about = entry(&user, Action::ProfileUpdated, user.id.to_string(), &client);
                    let about = NewEntry { details: differences(&before, &user), ..about };
                    domain.audit(tx, about).await?;
                    Ok(user)
                })
            })
            .await?;
        self.known_profiles().forget(changed.id).await;
        Ok(changed)
    }
}

/// What has changed: the names of the fields, and not what they held. A person's name is theirs to take away, and the log
/// keeps what it holds for ever.
fn differences(before: &User, after: &User) -> Value {
    let changed = [
        ("firstName", before.first_name != after.first_name),
        ("lastName", before.last_name != after.last_name),
        ("locale", before.locale != after.locale),
    ];
    let changed: Vec<&str> =
        changed.into_iter().filter_map(|(field, is_changed)| is_changed.then_some(field)).collect();
    json!({ "changed": changed })
}
