//! The use cases, on both databases.

mod analysis;
mod challenges;
mod database;
mod freshness;
mod ingest;
mod judging;
mod limits;
mod list;
mod market;
mod model;
mod outbox;
mod plans;
mod ranking;
mod record;
mod scheduler;
mod trading;
