//! Log lines: JSON, or pretty on a terminal, on standard error.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::time::ChronoUtc;

use crate::config::{ConfigError, Log, LogFormat};

/// Starts logging. Again in the same process it changes nothing.
pub(crate) fn start(log: &Log) -> Result<(), ConfigError> {
    let filter = EnvFilter::try_new(&log.level).map_err(|error| ConfigError::new(format!("log.level: {error}")))?;
    // At their finest level these show whole frames and heads, with the tokens in them, and the database's URL, with the
    // password in it.
    let quiet =
        ["tungstenite=info", "tokio_tungstenite=info", "hyper=info", "hyper_util=info", "sea_orm::driver=debug"];
    let filter =
        quiet.into_iter().filter_map(|directive| directive.parse().ok()).fold(filter, EnvFilter::add_directive);
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let lines = lines.with_timer(ChronoUtc::rfc_3339());
    let pretty = match log.format {
        LogFormat::Auto => std::io::stderr().is_terminal(),
        LogFormat::Json => false,
        LogFormat::Pretty => true,
    };
    let started = if pretty {
        lines.compact().with_ansi(std::io::stderr().is_terminal()).try_init()
    } else {
        lines.json().flatten_event(true).with_current_span(true).with_span_list(false).try_init()
    };
    // An error says that somebody (a test) started it before.
    drop(started);
    Ok(())
}
