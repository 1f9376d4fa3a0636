//! People: who is signed in, signing in and out, one's own account, and inviting others.

mod account_mutations;
mod invitation_mutations;
mod mutations;
mod queries;
mod types;

pub(crate) use account_mutations::AccountMutation;
pub(crate) use invitation_mutations::InvitationMutation;
pub(crate) use mutations::IdentityMutation;
pub(crate) use queries::IdentityQuery;
pub(crate) use types::{Tenant, User};
