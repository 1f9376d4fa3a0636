//! What the tests stand on: both databases, a real server on a free port, people of every role, and a client.
//!
//! A test is written once and run on SQLite and on PostgreSQL by [`both_databases`]. SQLite is a file of its own a
//! test; PostgreSQL is a database of its own, cloned from a migrated template, in a throw-away cluster that the first
//! test of a run starts (see [`postgres`]).

pub mod app;
pub mod client;
pub mod database;
pub mod hour;
pub mod mail;
pub mod port;
pub mod postgres;
pub mod run;
pub mod smtp;

pub use app::{TestApp, TestDomain};
pub use client::{Answer, Client};
pub use database::{Backend, TestDatabase};
pub use hour::far_from_the_hour;
pub use mail::Mailbox;
pub use port::Port;

/// How long a test waits for what should come at once. It is the end of a test that hangs, and no bound of the product: on
/// a busy machine a moment may be long.
pub const PATIENCE: std::time::Duration = std::time::Duration::from_secs(60);

/// Defines tests that run on both databases: `async fn name(app: TestApp) { … }`, where the argument's type is
/// [`TestApp`], [`TestDomain`] or [`TestDatabase`].
///
/// Without PostgreSQL on the machine its half passes with a note, except in CI, where it fails.
#[macro_export]
macro_rules! both_databases {
    ($($(#[$meta:meta])* async fn $name:ident($app:ident: $kind:ident) $body:block)*) => {$(
        $(#[$meta])*
        mod $name {
            #[allow(unused_imports, reason = "a test may need nothing of its file")]
            use super::*;

            async fn check($app: $kind) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                if let Some(app) = $kind::start($crate::Backend::Sqlite).await { check(app).await }
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                if let Some(app) = $kind::start($crate::Backend::Postgres).await { check(app).await }
            }
        }
    )*};
}
