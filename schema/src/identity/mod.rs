//! People: who is signed in, signing in and out, what one has oneself, and what admins and the owner see and do.

mod account;
mod audit;
mod capabilities;
mod mutations;
mod queries;
mod tenants;
mod types;
mod users;

pub(crate) use account::{AccountMutation, AccountQuery, ApiKey, Session};
pub(crate) use audit::{AuditAction, AuditEntry, AuditQuery};
pub(crate) use mutations::IdentityMutation;
pub(crate) use queries::IdentityQuery;
pub(crate) use tenants::{TenantMutation, TenantQuery};
pub(crate) use types::{Role, Tenant, TenantStatus, User, UserStatus};
pub(crate) use users::{UserMutation, UserQuery};
