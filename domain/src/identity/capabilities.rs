//! What a viewer may do, and what stands in the way of the rest: so that a frontend can grey out instead of failing.

use crate::Domain;
use crate::error::{Limit, Result};
use crate::permission::Permission;
use crate::viewer::Viewer;

/// One permission as it is for one viewer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capability {
    /// The permission.
    pub permission: Permission,
    /// What keeps the viewer from it; none where they hold it.
    pub refused_by: Option<Refusal>,
}

/// What keeps a viewer from a permission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Their role does not hold it.
    Role,
    /// Their role holds it, and the API key that they sign in with does not.
    ApiKey,
}

impl Viewer {
    /// Every permission as it is for this viewer, in the order of the table; nothing for who is not signed in.
    pub fn capabilities(&self) -> Vec<Capability> {
        let Ok(member) = self.member() else { return Vec::new() };
        let refused_by = |permission: Permission| {
            if member.holds(permission) {
                None
            } else if member.role.holds(permission) {
                Some(Refusal::ApiKey)
            } else {
                Some(Refusal::Role)
            }
        };
        let all = Permission::ALL.iter();
        all.map(|&permission| Capability { permission, refused_by: refused_by(permission) }).collect()
    }
}

impl Domain {
    /// What the viewer may have only so many of, and how many they have.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn viewer_limits(&self, viewer: &Viewer) -> Result<Vec<Limit>> {
        let Ok(member) = viewer.member() else { return Ok(Vec::new()) };
        Ok(vec![self.source_limit(member).await?, self.api_key_limit(member).await?])
    }
}
