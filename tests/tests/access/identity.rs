//! Signing in and out, from outside.

mod login;
mod register;
mod sessions;
mod tokens;
