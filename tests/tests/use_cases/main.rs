//! The use cases, on both databases.

mod database;
mod ingest;
mod list;
mod record;
mod scheduler;
