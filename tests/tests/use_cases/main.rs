//! The use cases, on both databases.

mod analysis;
mod database;
mod ingest;
mod limits;
mod list;
mod market;
mod outbox;
mod record;
mod scheduler;
mod trading;
