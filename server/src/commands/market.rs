//! `bellwether market import`

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, bail};
use bellwether_domain::Domain;
use bellwether_domain::market::{Asset, Candle, NewQuote, SourceName, Symbol, Timeframe, bucket};
use bellwether_integrations::csv::spacing::{Placed, judge};
use bellwether_integrations::csv::{CandleFile, Line};
use chrono::{DateTime, NaiveTime, Utc};
use indicatif::{ProgressBar, ProgressStyle};

use super::{block_on, seed};
use crate::app;
use crate::cli::MarketImportArgs;
use crate::config::Config;

/// Candles that are judged and put away at once.
const BATCH: usize = 5_000;

/// Puts the candles of CSV files away. Lines that are refused are reported and do not hold up the others; then the exit
/// code is 1.
pub(crate) fn import(config: Config, args: &MarketImportArgs) -> anyhow::Result<ExitCode> {
    block_on(async move {
        let domain = app::open_unsigned(&config).await?;
        seed::require_migrated(&domain).await?;
        let files = files(&args.path)?;
        let mut import = Import::new(&domain, args, &files)?;
        for file in &files {
            import.file(file).await?;
        }
        import.put_quotes().await?;
        let code = import.finish()?;
        domain.db().clone().close().await?;
        Ok(code)
    })
}

/// The file, or the CSV files of the folder by their names.
fn files(path: &Path) -> anyhow::Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let cannot = || format!("{} cannot be read", path.display());
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path).with_context(cannot)? {
        let file = entry.with_context(cannot)?.path();
        if file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv")) {
            files.push(file);
        }
    }
    files.sort();
    if files.is_empty() {
        bail!("there is no CSV file in {}", path.display());
    }
    Ok(files)
}

/// Candles of one series.
struct Waiting {
    asset: Arc<Asset>,
    lines: Vec<Placed>,
    /// Whether earlier ones of the file were as far apart as they should be.
    is_known: bool,
}

/// An import under way.
struct Import<'a> {
    domain: &'a Domain,
    args: &'a MarketImportArgs,
    report: csv::Writer<Box<dyn Write + Send>>,
    progress: ProgressBar,
    /// The bytes of the files before this one.
    before: u64,
    /// The candles of this file that are not put away yet.
    waiting: BTreeMap<(String, Timeframe), Waiting>,
    newest: BTreeMap<String, (Arc<Asset>, Timeframe, Candle)>,
    stored: usize,
    refused: usize,
}

impl<'a> Import<'a> {
    fn new(domain: &'a Domain, args: &'a MarketImportArgs, files: &[PathBuf]) -> anyhow::Result<Self> {
        let mut size = 0;
        for file in files {
            size += file.metadata().with_context(|| format!("{} cannot be read", file.display()))?.len();
        }
        let report: Box<dyn Write + Send> = match &args.report {
            Some(file) => {
                Box::new(File::create(file).with_context(|| format!("{} cannot be written", file.display()))?)
            }
            None => Box::new(std::io::stdout()),
        };
        let progress = if std::io::stderr().is_terminal() { ProgressBar::new(size) } else { ProgressBar::hidden() };
        progress.set_style(ProgressStyle::with_template("{bytes} of {total_bytes} {wide_bar} {eta}")?);
        Ok(Self {
            domain,
            args,
            report: csv::WriterBuilder::new().flexible(true).from_writer(report),
            progress,
            before: 0,
            waiting: BTreeMap::new(),
            newest: BTreeMap::new(),
            stored: 0,
            refused: 0,
        })
    }

    async fn file(&mut self, path: &Path) -> anyhow::Result<()> {
        let name = path.display().to_string();
        let cannot = || format!("{name} cannot be read");
        let file = File::open(path).with_context(cannot)?;
        let size = file.metadata().with_context(cannot)?.len();
        let mut lines = match CandleFile::open(BufReader::new(file)) {
            Ok(lines) => lines,
            Err(problem) => {
                self.refuse(&name, 1, &problem)?;
                return Ok(());
            }
        };
        let (symbol, timeframe) = named(path);
        let symbol = self.args.symbol.clone().or(symbol);
        let timeframe = self.args.timeframe.or(timeframe);
        let mut known: BTreeMap<String, Result<Arc<Asset>, String>> = BTreeMap::new();
        while let Some(line) = lines.next().with_context(cannot)? {
            let line = match line {
                Ok(line) => line,
                Err((number, problem)) => {
                    self.refuse(&name, number, &problem)?;
                    continue;
                }
            };
            let Some(symbol) = line.symbol.as_ref().or(symbol.as_ref()) else {
                self.refuse(&name, line.number, "symbol: expected a column, --symbol, or a name like AAPL_1d.csv")?;
                continue;
            };
            let asset = match known.get(symbol) {
                Some(asset) => asset.clone(),
                None => {
                    let asset = self.asset(symbol).await?;
                    known.insert(symbol.clone(), asset.clone());
                    asset
                }
            };
            let checked = asset.and_then(|asset| self.check(&asset, &line, timeframe).map(|placed| (asset, placed)));
            match checked {
                Ok((asset, (timeframe, placed))) => self.keep(&name, asset, timeframe, placed).await?,
                Err(problem) => self.refuse(&name, line.number, &problem)?,
            }
            self.progress.set_position(self.before + lines.position());
        }
        for ((_, timeframe), mut waiting) in std::mem::take(&mut self.waiting) {
            self.put_away(&name, timeframe, &mut waiting).await?;
        }
        self.before += size;
        Ok(())
    }

    async fn asset(&self, symbol: &str) -> anyhow::Result<Result<Arc<Asset>, String>> {
        let parsed = match Symbol::try_from(symbol) {
            Ok(parsed) => parsed,
            Err(error) => return Ok(Err(format!("symbol: {error}"))),
        };
        if let Some(asset) = self.domain.asset_by_symbol(&parsed).await? {
            return Ok(Ok(asset));
        }
        let nearest = self.domain.nearest_symbol(&parsed).map(|near| format!("; did you mean {near}?"));
        Ok(Err(format!("symbol: no asset has the symbol {parsed}{}", nearest.unwrap_or_default())))
    }

    /// The candle in its timeframe, if it has closed and opens where candles of that do.
    fn check(&self, asset: &Asset, line: &Line, usual: Option<Timeframe>) -> Result<(Timeframe, Placed), String> {
        let missing = "timeframe: expected a column, --timeframe, or a name like AAPL_1d.csv";
        let timeframe = line.timeframe.or(usual).ok_or(missing)?;
        let mut candle = line.candle;
        match timeframe {
            Timeframe::D1 | Timeframe::W1 => candle.open_time = bucket(timeframe, self.day_of(asset, line)),
            _ if bucket(Timeframe::M1, candle.open_time) == candle.open_time => {}
            _ => return Err("time: a candle opens at a whole minute".to_owned()),
        }
        if candle.open_time + timeframe.span() > self.domain.now() {
            return Err("time: the candle has not closed yet".to_owned());
        }
        Ok((timeframe, Placed { line: line.number, stamp: line.candle.open_time, candle }))
    }

    /// Midnight UTC of the trading day of a line, which may be stamped with any moment of it: the day as it is written, or
    /// where it is written in UTC the day that it was at the exchange then. Midnight in UTC is no moment but a day.
    fn day_of(&self, asset: &Asset, line: &Line) -> DateTime<Utc> {
        let time = line.candle.open_time;
        let day = line.day.unwrap_or_else(|| match time.time() {
            NaiveTime::MIN => time.date_naive(),
            _ => time.with_timezone(&self.domain.exchange_of(asset).time_zone).date_naive(),
        });
        day.and_time(NaiveTime::MIN).and_utc()
    }

    async fn keep(
        &mut self,
        file: &str,
        asset: Arc<Asset>,
        timeframe: Timeframe,
        placed: Placed,
    ) -> anyhow::Result<()> {
        let key = (asset.symbol.clone(), timeframe);
        let new = || Waiting { asset, lines: Vec::new(), is_known: false };
        let waiting = self.waiting.entry(key.clone()).or_insert_with(new);
        waiting.lines.push(placed);
        if waiting.lines.len() >= BATCH
            && let Some(mut waiting) = self.waiting.remove(&key)
        {
            self.put_away(file, timeframe, &mut waiting).await?;
            self.waiting.insert(key, waiting);
        }
        Ok(())
    }

    /// Puts those away that are as far apart as they should be.
    async fn put_away(&mut self, file: &str, timeframe: Timeframe, waiting: &mut Waiting) -> anyhow::Result<()> {
        let judged = judge(timeframe, std::mem::take(&mut waiting.lines), !waiting.is_known);
        for (line, problem) in &judged.refused {
            self.refuse(file, *line, problem)?;
        }
        let Some(newest) = judged.taken.last().copied() else { return Ok(()) };
        waiting.is_known = true;
        let ends = |timeframe: Timeframe, candle: &Candle| candle.open_time + timeframe.span();
        match self.newest.get(&waiting.asset.symbol) {
            Some((_, of, known)) if ends(*of, known) >= ends(timeframe, &newest) => {}
            _ => {
                let newest = (Arc::clone(&waiting.asset), timeframe, newest);
                self.newest.insert(waiting.asset.symbol.clone(), newest);
            }
        }
        self.stored += self.domain.put_candles(&waiting.asset, timeframe, SourceName::Csv, judged.taken).await?;
        Ok(())
    }

    /// What each asset last cost, as far as the files know: nothing newer is replaced by it.
    async fn put_quotes(&mut self) -> anyhow::Result<()> {
        let quotes = std::mem::take(&mut self.newest).into_values().map(|(asset, timeframe, candle)| NewQuote {
            asset_id: asset.id,
            price: candle.close,
            bid: None,
            ask: None,
            previous_close: None,
            exchange_time: candle.open_time + timeframe.span(),
        });
        self.domain.put_quotes(SourceName::Csv, quotes.collect()).await?;
        Ok(())
    }

    fn refuse(&mut self, file: &str, line: u64, problem: &str) -> anyhow::Result<()> {
        if self.refused == 0 {
            self.report.write_record(["file", "line", "problem"])?;
        }
        self.refused += 1;
        self.report.write_record([file, line.to_string().as_str(), problem])?;
        Ok(())
    }

    fn finish(mut self) -> anyhow::Result<ExitCode> {
        self.progress.finish_and_clear();
        self.report.flush()?;
        writeln!(std::io::stderr(), "{} candles put away, {} lines refused", self.stored, self.refused)?;
        Ok(if self.refused == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// The symbol and timeframe that a file's name tells: `AAPL.csv`, `AAPL_1d.csv`.
fn named(path: &Path) -> (Option<String>, Option<Timeframe>) {
    let Some(stem) = path.file_stem().and_then(|stem| stem.to_str()) else { return (None, None) };
    match stem.rsplit_once(['_', ' ']) {
        Some((symbol, word)) if Timeframe::parse(word).is_some() => (Some(symbol.to_owned()), Timeframe::parse(word)),
        _ => (Some(stem.to_owned()), None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_files_name_tells_the_symbol_and_the_timeframe() {
        for (name, symbol, timeframe) in [
            ("AAPL.csv", "AAPL", None),
            ("data/BTC-USD_1h.csv", "BTC-USD", Some(Timeframe::H1)),
            ("EURUSD=X 1D.csv", "EURUSD=X", Some(Timeframe::D1)),
            ("BRK_B.csv", "BRK_B", None),
        ] {
            assert_eq!(named(Path::new(name)), (Some(symbol.to_owned()), timeframe), "{name}");
        }
    }
}
