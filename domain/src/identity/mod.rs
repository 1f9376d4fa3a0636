//! People: tenants, users, sessions, passwords and tokens.

mod authenticate;
mod email;
mod keys;
mod login;
mod logout;
mod password;
mod people;
mod profiles;
mod refresh;
mod register;
mod secret;
pub(crate) mod session;
mod session_tokens;
pub(crate) mod spent_token;
pub(crate) mod tenant;
pub(crate) mod user;

pub use authenticate::Sessions;
pub use email::Email;
pub use keys::{KeyError, SigningKeys};
pub use login::{Login, SignedIn};
pub use password::{PasswordCost, Passwords};
pub use profiles::Profiles;
pub use register::{NewPerson, Register};
pub use secret::{SecretToken, hash_token};
pub use session::Model as Session;
pub use session_tokens::{SessionTokens, TokenSettings};
pub use tenant::{Model as Tenant, TenantStatus};
pub use user::{Model as User, UserStatus};
