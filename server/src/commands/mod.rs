//! What the command line does, one command a file.

pub(crate) mod backup;
pub(crate) mod check;
pub(crate) mod demo;
pub(crate) mod docs;
pub(crate) mod import;
pub(crate) mod keys;
pub(crate) mod market;
pub(crate) mod migrate;
pub(crate) mod model;
pub(crate) mod owner;
pub(crate) mod reset;
pub(crate) mod schema;
pub(crate) mod seed;
pub(crate) mod serve;

use anyhow::Context;

/// Runs an async command to its end.
fn block_on<T>(command: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the runtime could not be started")?
        .block_on(command)
}
