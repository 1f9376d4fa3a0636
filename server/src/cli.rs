//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use bellwether_domain::market::Timeframe;
use clap::{Args, Parser, Subcommand};

use crate::commands;
use crate::config::{Config, ConfigError};
use crate::plain::plain;

/// The backend of a trading-signals business: signals in, signals out, behind one GraphQL endpoint.
#[derive(Debug, Parser)]
#[command(name = "bellwether", version, propagate_version = true)]
#[command(after_help = "Start with: bellwether demo")]
pub struct Cli {
    #[command(flatten)]
    options: Options,
    #[command(subcommand)]
    command: Command,
}

/// What every command takes. It stands above the environment, and that above the file.
#[derive(Clone, Debug, Default, Args)]
pub struct Options {
    /// The configuration file [default: bellwether.toml, where there is one]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Where the server keeps its files [default: data]
    #[arg(long, global = true, value_name = "FOLDER")]
    pub data_dir: Option<PathBuf>,
    /// The address to listen on [default: 127.0.0.1:8080]
    #[arg(long, global = true, value_name = "ADDRESS:PORT")]
    pub listen: Option<SocketAddr>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve: the database must be migrated, and there must be keys
    #[command(after_help = "Example: BELLWETHER__DATABASE__URL=postgres://… bellwether serve --listen 0.0.0.0:8080")]
    Serve {
        /// Serve a database of demo data, whose passwords everybody knows
        #[arg(long)]
        allow_demo: bool,
    },
    /// Do everything: a database in the data folder, migrations, demo data, and the server
    #[command(after_help = "Example: bellwether demo --data-dir /tmp/bellwether --listen 127.0.0.1:9000")]
    Demo,
    /// Bring the database's schema up to date, back, or say where it stands
    #[command(after_help = "Example: bellwether migrate up")]
    Migrate {
        #[command(subcommand)]
        direction: Direction,
    },
    /// Put in the reference data (plans, exchanges, assets); repeatable
    #[command(after_help = "Example: bellwether seed --demo")]
    Seed {
        /// The demo data too: tenants, users with known passwords, signals
        #[arg(long)]
        demo: bool,
    },
    /// Drop everything and start again
    #[command(after_help = "Example: bellwether reset --demo")]
    Reset {
        /// Put the demo data in afterwards
        #[arg(long)]
        demo: bool,
        /// Also where the database was not made by the demo
        #[arg(long)]
        force: bool,
    },
    /// Print the GraphQL schema
    #[command(after_help = "Example: bellwether schema > docs/api/schema.graphql")]
    Schema,
    /// Print a page of the documentation that is a table of the program
    #[command(after_help = "Example: bellwether docs permissions > docs/permissions.md")]
    Docs {
        #[command(subcommand)]
        page: Page,
    },
    /// Check everything, or one thing, and say what is wrong
    #[command(after_help = "Example: bellwether check\nExits with 1 where something is wrong.")]
    Check {
        #[command(subcommand)]
        what: Option<Check>,
    },
    /// Back the database up while the server runs: into one file, tried by restoring it
    #[command(after_help = "Example: bellwether backup --to /var/backups/bellwether")]
    Backup {
        /// A folder or s3://BUCKET/PREFIX [default: backup.to]
        #[arg(long, value_name = "PLACE")]
        to: Option<String>,
    },
    /// Restore a backup into an empty database, of either kind; nothing is ever overwritten
    #[command(after_help = "Example: bellwether restore backups/bellwether-….tar.zst --data-dir /srv/bellwether")]
    Restore {
        /// The file, or s3://BUCKET/PREFIX/NAME
        file: String,
        /// Only try it: restore it into a scratch database, and leave the configured one alone
        #[arg(long)]
        check: bool,
    },
    /// Work with signals
    #[command(after_help = "Example: bellwether signals import history.csv --tenant atlas")]
    Signals {
        #[command(subcommand)]
        what: Signals,
    },
    /// Work with prices
    #[command(after_help = "Example: bellwether market import AAPL_1d.csv")]
    Market {
        #[command(subcommand)]
        what: Market,
    },
    /// Work with the model that can be switched on beside the strategies
    #[command(after_help = "Example: bellwether model train --timeframe 1d")]
    Model {
        #[command(subcommand)]
        what: Model,
    },
    /// Make the keys that sign access tokens
    #[command(after_help = "Example: bellwether keys new --to data/keys.json")]
    Keys {
        #[command(subcommand)]
        what: Keys,
    },
    /// Work with the owner of the installation
    #[command(after_help = "Example: bellwether owner create --email me@example.com --tenant acme --tenant-name Acme")]
    Owner {
        #[command(subcommand)]
        what: Owner,
    },
}

#[derive(Debug, Subcommand)]
enum Direction {
    /// Apply what is pending
    #[command(after_help = "Example: bellwether migrate up")]
    Up,
    /// Undo the newest
    #[command(after_help = "Example: bellwether migrate down --steps 1")]
    Down {
        /// How many to undo
        #[arg(long, default_value_t = 1)]
        steps: u32,
    },
    /// List every migration and whether it is applied
    #[command(after_help = "Example: bellwether migrate status")]
    Status,
}

/// A page that is printed.
#[derive(Debug, Subcommand)]
pub(crate) enum Page {
    /// Which role holds which permission
    #[command(after_help = "Example: bellwether docs permissions > docs/permissions.md")]
    Permissions,
    /// What can go wrong, with every code
    #[command(after_help = "Example: bellwether docs errors > docs/errors.md")]
    Errors,
}

#[derive(Debug, Subcommand)]
enum Check {
    /// Print the configuration as it is, with secrets masked
    #[command(after_help = "Example: bellwether check config")]
    Config,
    /// Whether the database answers, has every migration, and is sound, with every foreign key
    #[command(after_help = "Example: bellwether check database")]
    Database,
    /// Whether every tenant's audit chain is whole
    #[command(after_help = "Example: bellwether check audit")]
    Audit,
    /// Whether every paper account's ledger adds up, and is what its fills make of it
    #[command(after_help = "Example: bellwether check ledger")]
    Ledger,
    /// Whether every challenge's evidence is whole, and comes to the same when it is judged again
    #[command(after_help = "Example: bellwether check evidence")]
    Evidence,
}

#[derive(Debug, Subcommand)]
enum Keys {
    /// Print a new key set, or write it to a file that its owner alone can read
    #[command(after_help = "Example: bellwether keys new --to data/keys.json")]
    New {
        /// The file to write; it must not be there
        #[arg(long, value_name = "FILE")]
        to: Option<PathBuf>,
    },
}

#[derive(Debug, Subcommand)]
enum Signals {
    /// Record the historical signals of a CSV file; repeatable
    #[command(after_help = "The first line names the columns: symbol, timeframe, mode, signal_time, direction and \
        confidence are needed;\nstrategy, entry, target, stop, summary and audience may be there. \
        Times are RFC 3339.\n\nExample: bellwether signals import history.csv --tenant atlas --author seller@atlas.test")]
    Import(ImportArgs),
}

/// What an import takes.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// The CSV file, UTF-8 with a line of headings
    pub file: PathBuf,
    /// The tenant that the signals belong to
    #[arg(long, value_name = "SLUG")]
    pub tenant: String,
    /// The email of the author; without one they are the house's and for everyone in the tenant
    #[arg(long, value_name = "EMAIL")]
    pub author: Option<String>,
    /// Where to write the refused lines, as CSV [default: the terminal]
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// Bring signals up to date that are there already
    #[arg(long)]
    pub update: bool,
}

#[derive(Debug, Subcommand)]
enum Market {
    /// Put the candles of a CSV file, or of a folder of them, away; repeatable
    #[command(
        after_help = "The first line names the columns: time (or date, timestamp), open, high, low and close are \
        needed;\nvolume, symbol and timeframe may be there. Times are RFC 3339, dates, or seconds since 1970, in UTC.\n\
        A file's name may tell the symbol and the timeframe: AAPL_1d.csv.\n\n\
        Example: bellwether market import prices/ --timeframe 1d --report refused.csv"
    )]
    Import(MarketImportArgs),
}

/// What an import of candles takes.
#[derive(Debug, Args)]
pub struct MarketImportArgs {
    /// The CSV file, or a folder of them
    #[arg(value_name = "FILE|FOLDER")]
    pub path: PathBuf,
    /// The symbol of lines that name none [default: what the file's name says]
    #[arg(long, value_name = "SYMBOL")]
    pub symbol: Option<String>,
    /// How long the candles of lines last that do not say it: 1m, 5m, 15m, 1h, 4h, 1d or 1w [default: what the file's name
    /// says]
    #[arg(long, value_name = "TIMEFRAME", value_parser = timeframe)]
    pub timeframe: Option<Timeframe>,
    /// Where to write the refused lines, as CSV [default: the terminal]
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
}

fn timeframe(word: &str) -> Result<Timeframe, String> {
    Timeframe::parse(word).ok_or_else(|| "expected 1m, 5m, 15m, 1h, 4h, 1d or 1w".to_owned())
}

#[derive(Debug, Subcommand)]
enum Model {
    /// Train a model on the stored candles, and print how good it was on candles it had not seen
    #[command(after_help = "The model is off until analysis.model names its file.\n\n\
        Example: bellwether model train --timeframe 1d --horizon 10")]
    Train(ModelTrainArgs),
}

/// What training takes.
#[derive(Debug, Args)]
pub struct ModelTrainArgs {
    /// How long the candles last: 1m, 5m, 15m, 1h, 4h, 1d or 1w
    #[arg(long, value_name = "TIMEFRAME", value_parser = timeframe, default_value = "1d")]
    pub timeframe: Timeframe,
    /// How many candles ahead the model is to look
    #[arg(long, value_name = "CANDLES", default_value_t = 10, value_parser = clap::value_parser!(u8).range(1..=100))]
    pub horizon: u8,
    /// The file to write [default: model.json in the data folder]
    #[arg(long, value_name = "FILE")]
    pub to: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Owner {
    /// Make an owner, and the tenant if there is none; the password is read from BELLWETHER_OWNER_PASSWORD or standard input
    #[command(
        after_help = "Example: bellwether owner create --email me@example.com --tenant acme --tenant-name 'Acme'"
    )]
    Create(OwnerArgs),
}

/// What making an owner takes.
#[derive(Debug, Args)]
pub struct OwnerArgs {
    /// The email
    #[arg(long)]
    pub email: String,
    /// The first name
    #[arg(long, default_value = "Owner")]
    pub first_name: String,
    /// The last name
    #[arg(long, default_value = "Bellwether")]
    pub last_name: String,
    /// The short name of the tenant, of a-z, 0-9 and -
    #[arg(long, value_name = "SLUG")]
    pub tenant: String,
    /// The name of the tenant, where it is made
    #[arg(long, value_name = "NAME")]
    pub tenant_name: Option<String>,
}

impl Cli {
    /// Runs the command. Exits with 0 when done, 1 when something went wrong or was refused, 2 when the command line
    /// or the configuration is wrong.
    pub fn run(self) -> ExitCode {
        match self.execute() {
            Ok(code) => code,
            // Whoever read the output has seen enough.
            Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
            Err(error) => {
                // The only place where an error is told to a person: one sentence, then what is behind it.
                eprintln!("error: {}", plain(&error));
                if error.is::<ConfigError>() { ExitCode::from(2) } else { ExitCode::FAILURE }
            }
        }
    }

    fn execute(self) -> anyhow::Result<ExitCode> {
        let options = self.options;
        match self.command {
            Command::Schema => commands::schema::print(),
            Command::Docs { page } => commands::docs::print(&page),
            Command::Keys { what: Keys::New { to } } => commands::keys::new(to.as_deref()),
            Command::Demo => commands::demo::run(Config::load_for_demo(&options)?),
            Command::Serve { allow_demo } => commands::serve::run(Config::load(&options)?, allow_demo),
            Command::Migrate { direction } => {
                let config = Config::load(&options)?;
                match direction {
                    Direction::Up => commands::migrate::up(&config),
                    Direction::Down { steps } => commands::migrate::down(&config, steps),
                    Direction::Status => commands::migrate::status(&config),
                }
            }
            Command::Seed { demo } => commands::seed::run(Config::load(&options)?, demo),
            Command::Reset { demo, force } => commands::reset::run(Config::load(&options)?, demo, force),
            Command::Check { what } => {
                let config = Config::load(&options)?;
                match what {
                    None => commands::check::everything(config),
                    Some(Check::Config) => commands::check::config(&config),
                    Some(Check::Database) => commands::check::database(config),
                    Some(Check::Audit) => commands::check::audit(config),
                    Some(Check::Ledger) => commands::check::ledger(config),
                    Some(Check::Evidence) => commands::check::evidence(config),
                }
            }
            Command::Backup { to } => commands::backup::make(Config::load(&options)?, to),
            Command::Restore { file, check } => commands::backup::restore(Config::load(&options)?, &file, check),
            Command::Signals { what: Signals::Import(args) } => commands::import::run(Config::load(&options)?, &args),
            Command::Market { what: Market::Import(args) } => commands::market::import(Config::load(&options)?, &args),
            Command::Model { what: Model::Train(args) } => commands::model::train(Config::load(&options)?, &args),
            Command::Owner { what: Owner::Create(args) } => commands::owner::create(Config::load(&options)?, args),
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let broken = |error: &std::io::Error| error.kind() == std::io::ErrorKind::BrokenPipe;
    error.downcast_ref().is_some_and(broken)
}
