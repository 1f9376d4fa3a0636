//! Signing in and out, what one has oneself, and what admins and the owner do, from outside.

mod account;
mod audit;
mod email;
mod invitations;
mod keys;
mod login;
mod own_sessions;
mod passwords;
mod register;
mod sessions;
mod tenants;
mod tokens;
mod users;
