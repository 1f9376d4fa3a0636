//! The Bellwether server: one process, one binary. It wires the domain, the schema and the outside world together.

pub mod app;
mod backup;
pub mod cli;
mod commands;
pub mod config;
pub mod http;
mod metrics;
mod model;
mod plain;
mod soundness;
mod telemetry;
