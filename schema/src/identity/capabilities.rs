//! What a viewer may do, and what stands in the way of the rest.

use async_graphql::{Enum, SimpleObject};
use bellwether_domain::identity;

use super::types::{Permission, Role};

/// One permission as it is for you, to grey out what would be refused.
#[derive(Clone, Debug, SimpleObject)]
pub(crate) struct Capability {
    /// The permission.
    permission: Permission,
    /// What it allows, in one sentence.
    description: String,
    /// Whether you hold it.
    is_allowed: bool,
    /// What keeps you from it; null where you hold it.
    refused_by: Option<CapabilityRefusal>,
    /// The roles that hold it.
    roles: Vec<Role>,
}

/// What keeps somebody from a permission.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "identity::Refusal")]
pub(crate) enum CapabilityRefusal {
    /// The role does not hold it.
    Role,
    /// The role holds it, and the API key does not.
    ApiKey,
}

impl From<identity::Capability> for Capability {
    fn from(capability: identity::Capability) -> Self {
        let identity::Capability { permission, refused_by } = capability;
        Self {
            permission: permission.into(),
            description: permission.description().to_owned(),
            is_allowed: refused_by.is_none(),
            refused_by: refused_by.map(Into::into),
            roles: permission.holders().iter().map(|role| Role::from(*role)).collect(),
        }
    }
}
