//! People: who is signed in, signing in and out, one's own account and credentials, and what admins and the owner see
//! and do.

mod account_mutations;
mod audit;
mod capabilities;
mod credentials;
mod invitation_mutations;
mod mutations;
mod queries;
mod tenants;
mod types;
mod users;

pub(crate) use account_mutations::AccountMutation;
pub(crate) use audit::{AuditAction, AuditEntry, AuditQuery};
pub(crate) use credentials::{ApiKey, CredentialMutation, CredentialQuery, Session};
pub(crate) use invitation_mutations::InvitationMutation;
pub(crate) use mutations::IdentityMutation;
pub(crate) use queries::IdentityQuery;
pub(crate) use tenants::{TenantMutation, TenantQuery};
pub(crate) use types::{Role, Tenant, TenantStatus, User, UserStatus};
pub(crate) use users::{UserMutation, UserQuery};
