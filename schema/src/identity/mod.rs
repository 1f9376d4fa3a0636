//! People: who is signed in, and signing in and out.

mod mutations;
mod queries;
mod types;

pub(crate) use mutations::IdentityMutation;
pub(crate) use queries::IdentityQuery;
pub(crate) use types::{Tenant, User};
