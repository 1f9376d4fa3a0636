//! Signing in and out, from outside.

mod account;
mod email;
mod invitations;
mod login;
mod passwords;
mod register;
mod sessions;
mod tokens;
