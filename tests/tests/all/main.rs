//! The whole of Bellwether from outside, and its use cases, on both databases.

mod database;
mod ingest;
mod list;
mod record;
