//! The use cases, on both databases.

mod database;
mod ingest;
mod limits;
mod list;
mod outbox;
mod record;
mod scheduler;
mod trading;
