//! What is counted, in Prometheus' format, on a port of its own.

mod process;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use axum::http::header;
use axum::routing::get;
use bellwether_domain::Domain;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder};
use tokio::net::TcpListener;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

/// Seconds, from a fast read to the longest that a request may take.
const BUCKETS: [f64; 11] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0];

/// How often samples are counted, and the process is looked at.
const UPKEEP_EVERY: Duration = Duration::from_secs(5);

/// How often is looked up what is not counted where it happens.
const MEASURE_EVERY: Duration = Duration::from_secs(15);

/// How often the place is looked at where backups are kept; storage may ask money for it.
const MEASURE_BACKUPS_EVERY: Duration = Duration::from_secs(300);

/// Serves /metrics until shutdown.
pub(crate) async fn serve(listen: SocketAddr, domain: Domain, shutdown: CancellationToken) -> anyhow::Result<()> {
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &BUCKETS)?
        .install_recorder()
        .context("metrics could not be started")?;
    bellwether_domain::describe_metrics();
    process::describe(domain.now());
    let upkeep = handle.clone();
    // Samples pile up until they are counted, whether or not anybody reads them.
    every(UPKEEP_EVERY, move || {
        upkeep.run_upkeep();
        process::measure();
        std::future::ready(())
    });
    let (measured, is_told) = (domain.clone(), Arc::<AtomicBool>::default());
    every(MEASURE_EVERY, move || measure(measured.clone(), Arc::clone(&is_told)));
    every(MEASURE_BACKUPS_EVERY, move || measure_backups(domain.clone()));
    let listener = TcpListener::bind(listen).await.with_context(|| {
        format!("cannot listen on {listen} for /metrics: choose another with BELLWETHER__METRICS__LISTEN")
    })?;
    let text = (header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8");
    let router = Router::new().route("/metrics", get(async move || ([text], handle.render())));
    tokio::spawn(async move {
        let stop = async move { shutdown.cancelled().await };
        if let Err(error) = axum::serve(listener, router).with_graceful_shutdown(stop).await {
            tracing::error!(%error, "/metrics is served no more");
        }
    });
    Ok(())
}

/// Brings the gauges up to date; tells once an outage that some are not.
async fn measure(domain: Domain, is_told: Arc<AtomicBool>) {
    match domain.measure().await {
        Ok(()) => is_told.store(false, Ordering::Relaxed),
        Err(error) if !is_told.swap(true, Ordering::Relaxed) => {
            tracing::warn!(%error, "some gauges of /metrics could not be brought up to date; trying again");
        }
        Err(_) => {}
    }
}

async fn measure_backups(domain: Domain) {
    if let Err(error) = domain.measure_backups().await {
        tracing::warn!(%error, "it cannot be told how old the newest backup is");
    }
}

/// Does something now and then, beginning at once, for as long as the process runs.
fn every<F: Future<Output = ()> + Send + 'static>(period: Duration, work: impl Fn() -> F + Send + 'static) {
    tokio::spawn(async move {
        let mut tick = tokio::time::interval(period);
        // After an outage, in which each round waits for the database, none is made up for.
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            work().await;
        }
    });
}
