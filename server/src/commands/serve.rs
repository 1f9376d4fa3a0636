//! `bellwether serve`

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use bellwether_domain::Domain;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::{block_on, seed};
use crate::config::Config;
use crate::{app, metrics, model, telemetry};

/// Serves until it is told to stop.
pub(crate) fn run(config: Config, allow_demo: bool) -> anyhow::Result<ExitCode> {
    telemetry::start(&config.log)?;
    block_on(async move {
        let domain = app::open(&config).await?;
        seed::require_migrated(&domain).await?;
        if !allow_demo && domain.demo_anchor().await?.is_some() {
            bail!(
                "this database holds demo data, whose passwords everybody knows: \
                 use another one, or serve it all the same with --allow-demo"
            );
        }
        refuse_simulated_model(&domain, &config).await?;
        serve(domain, &config, |_| Ok(())).await
    })
}

/// What was learned from simulated prices says nothing of true ones: it judges in a demo alone.
async fn refuse_simulated_model(domain: &Domain, config: &Config) -> anyhow::Result<()> {
    let Some(file) = &config.analysis.model else { return Ok(()) };
    if model::read(file).context("analysis.model")?.is_simulated && domain.demo_anchor().await?.is_none() {
        bail!(
            "analysis.model: the model {} was trained on simulated prices, and this is no demo: train it on true ones",
            file.display()
        );
    }
    Ok(())
}

/// Serves a database that is ready; tells the address once it is taken.
pub(crate) async fn serve(
    domain: Domain,
    config: &Config,
    ready: impl FnOnce(std::net::SocketAddr) -> anyhow::Result<()>,
) -> anyhow::Result<ExitCode> {
    if config.database.row_level_security && domain.db().is_above_the_wall().await? {
        tracing::warn!(
            "the database's role is a superuser or has BYPASSRLS: row-level security does not hold against it; \
             connect as a plain role"
        );
    }
    if config.auth.allow_weak_password_hashing {
        tracing::warn!("auth.allow_weak_password_hashing is on: passwords may be hashed too cheaply to be kept safe");
    }
    // Here and not by `seed` alone, so that a new version shows its prices wherever it is started.
    let changed =
        bellwether_seeds::offers(&domain).await.context("the plans and tiers could not be put into the database")?;
    if changed > 0 {
        tracing::info!(changed, "the plans and the tiers of challenges are those of this version now");
    }
    let shutdown = CancellationToken::new();
    let listener = app::listen(config).await?;
    if let Some(address) = config.metrics.listen {
        metrics::serve(address, domain.clone(), shutdown.clone()).await?;
    }
    let scheduler = config.scheduler(app::instance_name()?);
    if config.mail.host.is_none() {
        tracing::warn!(folder = %config.mail_folder().display(), "there is no mail.host: letters are written to files");
    }
    let state = app::state(domain, config, shutdown.clone())?;
    let address = listener.local_addr()?;
    tracing::info!(%address, "serving");
    ready(address)?;
    stop_on_signal(shutdown)?;
    app::serve(state, listener, scheduler).await?;
    tracing::info!("stopped");
    Ok(ExitCode::SUCCESS)
}

/// The longest that stopping may take.
const LONGEST_STOP: Duration = Duration::from_secs(30);

/// Stops gracefully at SIGTERM or SIGINT; at the second one, or after half a minute, at once.
fn stop_on_signal(shutdown: CancellationToken) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("SIGTERM cannot be awaited")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("SIGINT cannot be awaited")?;
    tokio::spawn(async move {
        let mut asked = async || {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        };
        asked().await;
        tracing::info!("stopping: finishing what is under way");
        shutdown.cancel();
        let _ = tokio::time::timeout(LONGEST_STOP, asked()).await;
        tracing::warn!("stopping at once");
        std::process::exit(1);
    });
    Ok(())
}
