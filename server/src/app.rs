//! The wiring: configuration in, a server out.

use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail};
use bellwether_domain::analysis::Model;
use bellwether_domain::clock::{Clock, SystemClock};
use bellwether_domain::db::{Db, sqlite_file};
use bellwether_domain::entropy::Entropy;
use bellwether_domain::identity::SigningKeys;
use bellwether_domain::mail::Mailer;
use bellwether_domain::market::MarketSource;
use bellwether_domain::scheduler::SchedulerSettings;
use bellwether_domain::{Domain, Ports};
use bellwether_guard::{CostModel, Guard, Limits};
use bellwether_integrations::casablanca::{CASABLANCA, Casablanca};
use bellwether_integrations::demo::Demo;
use bellwether_integrations::mail::{FileMailer, SmtpMailer};
use bellwether_integrations::tradingview::TradingView;
use bellwether_integrations::yahoo::{YAHOO, Yahoo};
use bellwether_migrations::Migrator;
use chrono::TimeDelta;
use futures_util::future::BoxFuture;
use sea_orm_migration::MigratorTrait;
use secrecy::ExposeSecret;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::backup::{ArchiveKeeper, Progress};
use crate::config::{Config, Introspection};
use crate::http::{self, AppState, Documents, HttpSettings, MigrationCheck, Site};
use crate::model;

/// Opens the database and puts the business on it.
///
/// # Errors
/// When the data folder, the database or the keys are not there or not as they should be.
pub async fn open(config: &Config) -> anyhow::Result<Domain> {
    let keys = read_keys(&config.keys_file())?;
    open_with(config, keys, Progress::hidden()).await
}

/// The same with other keys than the configured file's, for commands that sign nothing.
pub(crate) async fn open_unsigned(config: &Config) -> anyhow::Result<Domain> {
    open_with(config, keys_for_nothing()?, Progress::hidden()).await
}

/// The same, telling somebody how a backup goes on.
pub(crate) async fn open_to_back_up(config: &Config, progress: Progress) -> anyhow::Result<Domain> {
    open_with(config, keys_for_nothing()?, progress).await
}

fn keys_for_nothing() -> anyhow::Result<SigningKeys> {
    Ok(SigningKeys::from_jwks(SigningKeys::generate(&Entropy::from_system()?).expose_secret())?)
}

async fn open_with(config: &Config, keys: SigningKeys, progress: Progress) -> anyhow::Result<Domain> {
    let db = connect(config).await?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let ports = Ports {
        market_sources: market_sources(config, &clock)?,
        clock,
        entropy: Entropy::from_system()?,
        keys,
        alerts: Arc::new(TradingView),
        mailer: mailer(config)?,
        backups: Arc::new(keeper(config, progress)?),
        model: model(config)?,
    };
    Ok(Domain::new(db, config.domain(), ports)?)
}

/// What takes letters to people: a mail server, or a folder where none is configured.
fn mailer(config: &Config) -> anyhow::Result<Arc<dyn Mailer>> {
    let sender = config.mail.sender()?;
    match config.mail.smtp()? {
        Some(settings) => Ok(Arc::new(SmtpMailer::new(sender, settings).context("mail cannot be sent")?)),
        None => Ok(Arc::new(FileMailer::new(sender, config.mail_folder()))),
    }
}

/// What keeps backups, where they are configured to be.
fn keeper(config: &Config, progress: Progress) -> anyhow::Result<ArchiveKeeper> {
    Ok(ArchiveKeeper {
        db: config.db(),
        to: config.backup.location()?,
        bucket: config.backup.bucket()?,
        keep: config.backup.keep(),
        clock: Arc::new(SystemClock),
        progress,
    })
}

/// The model that signals are made by beside the rules, where one is configured.
fn model(config: &Config) -> anyhow::Result<Option<Arc<dyn Model>>> {
    let Some(file) = &config.analysis.model else { return Ok(None) };
    let model = model::read(file).context("analysis.model")?;
    if !model.report.is_better_than_base() {
        tracing::warn!(file = %file.display(), "the model forecast no better than the base rate when it was trained");
    }
    Ok(Some(Arc::new(model)))
}

/// Who knows prices, of those that are switched on: true ones before simulated ones.
fn market_sources(config: &Config, clock: &Arc<dyn Clock>) -> anyhow::Result<Vec<Arc<dyn MarketSource>>> {
    let seconds = |seconds: u32| TimeDelta::seconds(seconds.into());
    let market = &config.market;
    let mut sources: Vec<Arc<dyn MarketSource>> = Vec::new();
    if market.yahoo {
        let refresh_after = seconds(market.yahoo_refresh_seconds);
        sources.push(Arc::new(Yahoo::new(YAHOO, refresh_after, Arc::clone(clock)).context("market.yahoo")?));
    }
    if market.casablanca {
        let authority = market.casablanca_authority_file.as_deref().map(|file| {
            std::fs::read(file)
                .with_context(|| format!("market.casablanca_authority_file: {} cannot be read", file.display()))
        });
        let refresh_after = seconds(market.casablanca_refresh_seconds);
        let source = Casablanca::new(CASABLANCA, refresh_after, authority.transpose()?.as_deref(), Arc::clone(clock));
        sources.push(Arc::new(source.context("market.casablanca")?));
    }
    if market.demo {
        sources.push(Arc::new(Demo::new(Arc::clone(clock), seconds(market.demo_refresh_seconds))));
    }
    Ok(sources)
}

/// Refuses a SQLite database whose file is not there: opening it would make an empty one, which whoever only looks does
/// not want.
pub(crate) fn require_file(config: &Config) -> anyhow::Result<()> {
    match sqlite_file(&config.database_url()) {
        Some(path) if !path.exists() => bail!(
            "there is no database {}: is it in another folder (--data-dir)? A new one is made by bellwether migrate up",
            path.display()
        ),
        _ => Ok(()),
    }
}

/// Makes the folder of the server's own database; where another is named, its folder is its owner's to make.
pub(crate) fn make_database_folder(config: &Config) -> anyhow::Result<()> {
    if config.database.url.is_none() { make_folder(&config.data_dir) } else { Ok(()) }
}

/// Opens the database.
pub(crate) async fn connect(config: &Config) -> anyhow::Result<Db> {
    make_database_folder(config)?;
    Db::connect(&config.db()).await.with_context(|| {
        let shown = config.database_url();
        let kind = if shown.starts_with("sqlite:") { shown.as_str() } else { "PostgreSQL" };
        format!("the database ({kind}) cannot be opened")
    })
}

/// Makes a folder that the server's user alone can read.
pub(crate) fn make_folder(folder: &Path) -> anyhow::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).with_context(|| format!("the folder {} cannot be made", folder.display()))
}

/// Reads the keys that sign access tokens.
pub(crate) fn read_keys(file: &Path) -> anyhow::Result<SigningKeys> {
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => bail!(
            "there are no keys to sign access tokens with: make them with\n  bellwether keys new --to {0}\n\
             or name another file in BELLWETHER__AUTH__KEYS_FILE",
            file.display()
        ),
        Err(error) => return Err(error).with_context(|| format!("{} cannot be read", file.display())),
    };
    SigningKeys::from_jwks(&text).with_context(|| format!("{} cannot be used", file.display()))
}

/// Makes keys where there are none, readable by the server's user alone; tells whether it did.
pub(crate) fn ensure_keys(file: &Path) -> anyhow::Result<bool> {
    use std::io::Write;
    if file.exists() {
        return Ok(false);
    }
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let cannot = || format!("{} cannot be made", file.display());
    // Written whole beside it and then named, so that nobody ever reads half a key set. A temporary file is its user's
    // alone (0600).
    let mut whole = tempfile::NamedTempFile::new_in(folder).with_context(cannot)?;
    whole.write_all(SigningKeys::generate(&Entropy::from_system()?).expose_secret().as_bytes()).with_context(cannot)?;
    whole.as_file().sync_all().with_context(cannot)?;
    match whole.persist_noclobber(file) {
        Ok(_) => Ok(true),
        Err(refused) if refused.error.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(refused) => Err(refused.error).with_context(cannot),
    }
}

/// Whether the database holds a business that is not the demo's, whatever its migrations.
pub(crate) async fn holds_a_business(domain: &Domain) -> anyhow::Result<bool> {
    let is_empty = pending_migrations(domain.db()).await? == Migrator::migrations().len();
    Ok(!is_empty && domain.has_tenants().await? && domain.demo_anchor().await?.is_none())
}

/// How many migrations the database lacks.
///
/// # Errors
/// When the database does not answer.
pub async fn pending_migrations(db: &Db) -> Result<usize, sea_orm_migration::DbErr> {
    Migrator::get_pending_migrations_read_only(db.reader()).await.map(|pending| pending.len())
}

struct Migrations(Db);

impl MigrationCheck for Migrations {
    fn pending(&self) -> BoxFuture<'_, Result<usize, String>> {
        Box::pin(async { pending_migrations(&self.0).await.map_err(|error| error.to_string()) })
    }
}

/// Everything that a running server is made of.
///
/// # Errors
/// When the static site cannot be read. When the schema and the guard do not fit together: a bug that every test would
/// meet.
pub fn state(domain: Domain, config: &Config, shutdown: CancellationToken) -> anyhow::Result<AppState> {
    let model = CostModel::from_sdl(&bellwether_schema::sdl())?;
    let guard = Guard::new(model, Limits::default(), bellwether_schema::CREDENTIAL_FIELDS);
    let settings = HttpSettings {
        allowed_origins: config.server.allowed_origins.clone(),
        trusted_proxies: config.server.trusted_proxies.clone(),
        open_introspection: config.server.introspection == Introspection::Everybody,
        graphiql: config.server.graphiql,
        request_timeout: config.request_timeout(),
        max_sockets_per_client: config.server.sockets_per_client,
        streams_per_socket: 20,
        site: config.site_dir().map(|dir| Site::read(&dir)).transpose()?,
        migrations: Arc::new(Migrations(domain.db().clone())),
    };
    let schema = bellwether_schema::schema(domain.clone(), settings.open_introspection);
    let mutations = bellwether_schema::mutation_schema(domain.clone(), settings.open_introspection);
    Ok(AppState {
        domain,
        schema,
        mutations,
        documents: Arc::new(Documents::new(guard)),
        settings: Arc::new(settings),
        shutdown,
    })
}

/// Takes the address to serve on.
///
/// # Errors
/// When it is in use or not ours.
pub async fn listen(config: &Config) -> anyhow::Result<TcpListener> {
    let address = config.server.listen;
    TcpListener::bind(address).await.with_context(|| {
        format!("cannot listen on {address}: choose another with --listen ADDRESS:PORT or BELLWETHER__SERVER__LISTEN")
    })
}

/// What this instance is called among those that contend for the scheduler's lock: its machine, its process, and a number
/// of its own, for a process number comes again.
///
/// # Errors
/// When the operating system gives no randomness.
pub fn instance_name() -> anyhow::Result<String> {
    let machine = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let machine: String = machine.trim().chars().take(60).collect();
    let machine = if machine.is_empty() { "instance" } else { &machine };
    let number = hex::encode(Entropy::from_system()?.bytes::<4>());
    Ok(format!("{machine}/{}/{number}", std::process::id()))
}

/// Serves until shutdown: requests, the feeds of signals, runs and accounts, the judging of deliveries, the filling of orders,
/// the sending of letters, and the jobs, where the instance takes part in them.
///
/// # Errors
/// When the listener fails.
pub async fn serve(state: AppState, listener: TcpListener, scheduler: Option<SchedulerSettings>) -> anyhow::Result<()> {
    let (domain, shutdown) = (state.domain.clone(), state.shutdown.clone());
    // They run for ever: should one end, it panicked, and the server must not go on as if nothing were missing. What
    // they do is done again by whoever comes next, so nothing is lost by stopping them anywhere.
    let mut background = JoinSet::new();
    background.spawn(domain.clone().run_signal_feed());
    background.spawn(domain.clone().run_ingest());
    background.spawn(domain.clone().run_scheduler_feed());
    background.spawn(domain.clone().run_account_feed());
    background.spawn(domain.clone().run_pending_orders());
    background.spawn(domain.clone().run_quote_feed());
    // At shutdown it gives the lock back while requests end: that is waited for, however it comes out.
    let (released, has_released) = oneshot::channel::<()>();
    if let Some(settings) = scheduler {
        let (domain, shutdown) = (domain.clone(), shutdown.clone());
        background.spawn(async move {
            domain.run_scheduler(settings, shutdown).await;
            drop(released);
            std::future::pending().await
        });
    } else {
        drop(released);
    }
    background.spawn(domain.clone().run_outbox());
    background.spawn(forget_idle_limits(domain.clone()));
    let mut serving = std::pin::pin!(http::serve(listener, http::router(state), shutdown.clone()));
    let has_failed = tokio::select! {
        served = &mut serving => { served?; false }
        _ = background.join_next() => {
            tracing::error!("a background task has ended: stopping");
            shutdown.cancel();
            serving.await?;
            true
        }
    };
    // An error is what is waited for: the other end is gone.
    let _ = has_released.await;
    background.abort_all();
    domain.db().clone().close().await.context("the database could not be closed")?;
    if has_failed { bail!("a background task has ended: see the log") } else { Ok(()) }
}

/// Keeps counters of addresses that were seen once from piling up.
async fn forget_idle_limits(domain: Domain) {
    let mut tick = tokio::time::interval(std::time::Duration::from_secs(60));
    loop {
        tick.tick().await;
        if let Err(error) = domain.limits().forget_idle().await {
            tracing::warn!(%error, "counters of limits could not be taken away; trying again in a minute");
        }
    }
}
