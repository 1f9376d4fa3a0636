//! `bellwether model train`

use std::io::{IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;

use bellwether_domain::analysis::Trained;
use chrono::DateTime;
use indicatif::{ProgressBar, ProgressStyle};

use super::{block_on, seed};
use crate::app;
use crate::cli::ModelTrainArgs;
use crate::config::Config;
use crate::model;

/// Trains a model on the stored candles, writes it to its file and prints how good it was on candles it had not seen.
pub(crate) fn train(mut config: Config, args: &ModelTrainArgs) -> anyhow::Result<ExitCode> {
    let file = args.to.clone().unwrap_or_else(|| config.data_dir.join("model.json"));
    // The one that is in use need not be there, nor be sound, to train another.
    config.analysis.model = None;
    block_on(async move {
        let domain = app::open_unsigned(&config).await?;
        seed::require_migrated(&domain).await?;
        let bar = if std::io::stderr().is_terminal() { ProgressBar::new(0) } else { ProgressBar::hidden() };
        bar.set_style(ProgressStyle::with_template("{pos} of {len} assets read {wide_bar} {eta}")?);
        let progress = |read: usize, all: usize| {
            bar.set_length(all as u64);
            bar.set_position(read as u64);
        };
        let trained = domain.train_model(args.timeframe, args.horizon.into(), progress).await?;
        bar.finish_and_clear();
        domain.db().clone().close().await?;
        model::write(&file, &trained)?;
        print(&trained, &file)?;
        Ok(ExitCode::SUCCESS)
    })
}

fn print(trained: &Trained, file: &Path) -> anyhow::Result<()> {
    let Trained { timeframe, horizon, samples, report, .. } = trained;
    let day = |seconds: i64| DateTime::from_timestamp(seconds, 0).unwrap_or_default().format("%F");
    let mut out = std::io::stdout().lock();
    let prices = if trained.is_simulated { "simulated prices" } else { "true prices" };
    writeln!(
        out,
        "Learned from {samples} candles of {timeframe}, {} to {}, {prices}:",
        day(trained.from),
        day(trained.until)
    )?;
    writeln!(
        out,
        "is the close {horizon} candles later higher? Forecasts of candles it had not seen: {}",
        report.forecasts
    )?;
    writeln!(out, "\n           model   base rate ({:.1} %)", 100.0 * report.base_rate)?;
    writeln!(out, "Brier      {:.4}  {:.4}", report.brier, report.base_brier)?;
    writeln!(out, "log loss   {:.4}  {:.4}", report.log_loss, report.base_log_loss)?;
    writeln!(out, "\nforecasts    said    came")?;
    for decile in &report.deciles {
        writeln!(out, "{:>9} {:>5.1} % {:>5.1} %", decile.forecasts, 100.0 * decile.said, 100.0 * decile.came)?;
    }
    let verdict = if report.is_better_than_base() {
        "It forecast better than the base rate."
    } else {
        "It forecast no better than the base rate: leave it switched off."
    };
    writeln!(out, "\n{verdict}\nWritten to {0}. To switch it on: analysis.model = \"{0}\"", file.display())?;
    Ok(())
}
