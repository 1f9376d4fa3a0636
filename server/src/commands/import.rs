//! `bellwether signals import`

mod records;

use std::fs::File;
use std::io::{BufReader, IsTerminal, Write};
use std::process::ExitCode;

use anyhow::{Context, bail};
use bellwether_domain::signals::{
    Audience, Direction, Mode, NewSignal, OnDuplicate, RecordOutcome, Recording, SignalOrigin, Timeframe,
};
use bellwether_domain::{Domain, Error, Problem};
use chrono::{DateTime, Utc};
use csv::StringRecord;
use indicatif::{ProgressBar, ProgressStyle};

use self::records::Records;
use super::{block_on, seed};
use crate::app;
use crate::cli::ImportArgs;
use crate::config::Config;

/// Lines that are recorded at once.
const BATCH: usize = 1_000;
/// The columns that must be there.
const NEEDED: [&str; 6] = ["symbol", "timeframe", "mode", "signal_time", "direction", "confidence"];
/// The columns that may be there.
const OPTIONAL: [&str; 6] = ["strategy", "entry", "target", "stop", "summary", "audience"];

/// Records the signals of a CSV file. Lines that are refused are reported and do not hold up the others; then the exit
/// code is 1.
pub(crate) fn run(config: Config, args: &ImportArgs) -> anyhow::Result<ExitCode> {
    block_on(async move {
        let domain = app::open_unsigned(&config).await?;
        seed::require_migrated(&domain).await?;
        let recording = recording(&domain, args).await?;
        let mut import = Import::open(args)?;
        import.all(&domain, &recording).await?;
        domain.db().clone().close().await?;
        import.finish()
    })
}

async fn recording(domain: &Domain, args: &ImportArgs) -> anyhow::Result<Recording> {
    let Some(tenant) = domain.tenant_by_slug(&args.tenant).await? else {
        bail!("there is no tenant {:?}", args.tenant);
    };
    let author_id = match &args.author {
        None => None,
        Some(email) => match domain.user_by_email(tenant.id, email).await? {
            Some(user) => Some(user.id),
            None => bail!("there is no user {email:?} in the tenant {:?}", args.tenant),
        },
    };
    Ok(Recording { tenant_id: tenant.id, author_id, origin: SignalOrigin::Api, may_publish: true })
}

/// An import under way.
struct Import {
    records: Records<BufReader<File>>,
    columns: Vec<String>,
    report: csv::Writer<Box<dyn Write + Send>>,
    progress: ProgressBar,
    on_duplicate: OnDuplicate,
    inserted: usize,
    ignored: usize,
    updated: usize,
    refused: usize,
}

impl Import {
    fn open(args: &ImportArgs) -> anyhow::Result<Self> {
        let name = args.file.display();
        let file = File::open(&args.file).with_context(|| format!("{name} cannot be read"))?;
        let size = file.metadata().with_context(|| format!("{name} cannot be read"))?.len();
        let mut records = Records::new(BufReader::new(file));
        let columns: Vec<String> = match records.next().with_context(|| format!("{name} cannot be read"))? {
            Some((_, Ok(headings))) => headings.iter().map(str::to_lowercase).collect(),
            Some((line, Err(problem))) => bail!("{name}, line {line}: {problem}"),
            None => bail!("{name} is empty: expected a line of headings"),
        };
        check_headings(&columns).map_err(|problem| anyhow::anyhow!("{name}: {problem}"))?;
        let report: Box<dyn Write + Send> = match &args.report {
            Some(file) => {
                Box::new(File::create(file).with_context(|| format!("{} cannot be written", file.display()))?)
            }
            None => Box::new(std::io::stdout()),
        };
        let progress = if std::io::stderr().is_terminal() { ProgressBar::new(size) } else { ProgressBar::hidden() };
        progress.set_style(ProgressStyle::with_template("{bytes} of {total_bytes} {wide_bar} {eta}")?);
        Ok(Self {
            records,
            columns,
            report: csv::WriterBuilder::new().flexible(true).from_writer(report),
            progress,
            on_duplicate: if args.update { OnDuplicate::Update } else { OnDuplicate::Ignore },
            inserted: 0,
            ignored: 0,
            updated: 0,
            refused: 0,
        })
    }

    async fn all(&mut self, domain: &Domain, recording: &Recording) -> anyhow::Result<()> {
        let mut batch = Vec::with_capacity(BATCH);
        while let Some((line, record)) = self.records.next().context("the file cannot be read on")? {
            batch.push((line, record.and_then(|record| self.signal(&record, recording))));
            if batch.len() == BATCH {
                self.record(domain, recording, std::mem::take(&mut batch)).await?;
            }
        }
        self.record(domain, recording, batch).await
    }

    /// Reads a line; what only the business can check it checks later.
    fn signal(&self, line: &StringRecord, recording: &Recording) -> Result<NewSignal, String> {
        if line.len() != self.columns.len() {
            return Err(format!("expected {} fields, got {}", self.columns.len(), line.len()));
        }
        let field = |name: &str| {
            let place = self.columns.iter().position(|column| column == name)?;
            line.get(place).filter(|text| !text.is_empty())
        };
        let text = |name: &str| field(name).map(str::to_owned);
        let time = field("signal_time").map(|text| {
            DateTime::parse_from_rfc3339(text)
                .map(|time| time.with_timezone(&Utc))
                .map_err(|_| format!("signal_time: expected a time like 2026-01-31T15:00:00Z, got {text:?}"))
        });
        let confidence = field("confidence").unwrap_or_default();
        let audience = match field("audience") {
            Some(word) => Some(Audience::parse(word).ok_or("audience: expected PRIVATE or TENANT")?),
            None if recording.author_id.is_none() => Some(Audience::Tenant),
            None => None,
        };
        Ok(NewSignal {
            symbol: text("symbol").ok_or("symbol: expected a symbol")?,
            mode: field("mode").and_then(Mode::parse),
            timeframe: field("timeframe").and_then(Timeframe::parse),
            signal_time: time.transpose()?,
            direction: field("direction").and_then(Direction::parse),
            confidence: confidence
                .parse()
                .map_err(|_| format!("confidence: expected a whole number from 0 to 100, got {confidence:?}"))?,
            strategy: text("strategy"),
            entry: text("entry"),
            target: text("target"),
            stop: text("stop"),
            summary: text("summary"),
            audience,
            on_duplicate: self.on_duplicate,
            ..NewSignal::default()
        })
    }

    /// Records the signals of a batch and reports what was refused, in the order of the file.
    async fn record(
        &mut self,
        domain: &Domain,
        recording: &Recording,
        mut batch: Vec<(u64, Result<NewSignal, String>)>,
    ) -> anyhow::Result<()> {
        let signals = batch.iter_mut().filter_map(|(_, signal)| signal.as_mut().ok()).map(std::mem::take).collect();
        let mut answers = domain.record_signals_as(recording, signals).await?.into_iter();
        for (line, signal) in batch {
            let answer = match signal {
                Err(problem) => {
                    self.refuse(line, &problem)?;
                    continue;
                }
                Ok(_) => answers.next().context("a signal was left without an answer")?,
            };
            match answer.map(|recorded| recorded.outcome) {
                Ok(RecordOutcome::Inserted) => self.inserted += 1,
                Ok(RecordOutcome::Ignored) => self.ignored += 1,
                Ok(RecordOutcome::Updated) => self.updated += 1,
                Err(Error::Problems(problems)) => self.refuse(line, &in_columns(problems))?,
                Err(fault) => return Err(fault.into()),
            }
        }
        self.progress.set_position(self.records.position);
        Ok(())
    }

    fn refuse(&mut self, line: u64, problem: &str) -> anyhow::Result<()> {
        if self.refused == 0 {
            self.report.write_record(["line", "problem"])?;
        }
        self.refused += 1;
        self.report.write_record([line.to_string().as_str(), problem])?;
        Ok(())
    }

    fn finish(mut self) -> anyhow::Result<ExitCode> {
        self.progress.finish_and_clear();
        self.report.flush()?;
        writeln!(
            std::io::stderr(),
            "{} inserted, {} ignored, {} updated, {} refused",
            self.inserted,
            self.ignored,
            self.updated,
            self.refused
        )?;
        Ok(if self.refused == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// What is wrong with a line, by the names of its columns.
fn in_columns(problems: Vec<Problem>) -> String {
    let told = problems.into_iter().map(|mut problem| {
        for part in &mut problem.path {
            if part == "signalTime" {
                "signal_time".clone_into(part);
            }
        }
        problem.to_string()
    });
    told.collect::<Vec<_>>().join("; ")
}

/// Whether these are the headings of signals.
fn check_headings(columns: &[String]) -> Result<(), String> {
    let is_known = |column: &&String| NEEDED.iter().chain(&OPTIONAL).any(|known| known == column);
    let missing: Vec<&str> =
        NEEDED.into_iter().filter(|needed| !columns.iter().any(|column| column == needed)).collect();
    let unknown: Vec<&str> = columns.iter().filter(|column| !is_known(column)).map(String::as_str).collect();
    let twice: Vec<&str> = NEEDED
        .into_iter()
        .chain(OPTIONAL)
        .filter(|name| columns.iter().filter(|column| column == name).count() > 1)
        .collect();
    for (what, names) in [("lack", missing), ("have unknown names:", unknown), ("have twice:", twice)] {
        if !names.is_empty() {
            return Err(format!(
                "the headings {what} {}; needed are {}, allowed also {}",
                names.join(", "),
                NEEDED.join(", "),
                OPTIONAL.join(", ")
            ));
        }
    }
    Ok(())
}
