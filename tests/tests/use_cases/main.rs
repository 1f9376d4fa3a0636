//! The use cases, on both databases.

mod analysis;
mod database;
mod ingest;
mod limits;
mod list;
mod outbox;
mod record;
mod scheduler;
