//! What is true in a trading-signals business: entities, scopes, rules and use cases.
//!
//! Rules are pure; time, randomness, money and other companies come in by argument. A use case is a method of
//! [`Domain`] in the file named by its verb; it takes the [`Viewer`] and answers with data or an [`Error`]. Rows are
//! reached through scopes (`visible_to`) that have tenant and owner in them: what is not visible does not exist.

pub mod analysis;
pub mod audit;
pub mod backup;
pub mod billing;
pub mod challenges;
pub mod clock;
mod csv;
pub mod db;
pub mod entropy;
pub mod error;
pub mod fixed;
pub mod identity;
pub mod ids;
mod installation;
mod keyset;
mod limit_store;
pub mod limits;
pub mod locale;
pub mod mail;
pub mod market;
mod measure;
pub mod outbox;
pub mod paging;
pub mod permission;
pub mod ranking;
mod rate_limit;
pub mod scheduler;
pub mod signals;
pub mod site;
pub mod text;
pub mod trading;
pub mod viewer;
pub mod wall;
mod workers;

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use analysis::{AnalysisCache, AnalysisSettings, Model};
use backup::Backups;
use clock::Clock;
use db::Db;
use entropy::Entropy;
pub use error::{Error, Fault, Problem, ProblemCode, Result};
use identity::{PasswordCost, Passwords, Profiles, Sessions, SigningKeys, TokenSettings};
use limits::{LimitSettings, Limits};
use mail::{MailSettings, Mailer};
use market::{Asked, AssetCatalog, Interest, MarketSettings, MarketSource, QuoteFeed};
pub use measure::describe_metrics;
use outbox::Outbox;
use scheduler::Scheduler;
use signals::recorder::Recorder;
use signals::{AlertReader, IngestWorker, RememberedSignals, SignalFeed, StrategyNames};
use trading::{AccountFeed, Desk};
pub use viewer::Viewer;

/// What the installation decided.
#[derive(Clone, Debug)]
pub struct DomainConfig {
    /// The tenant that visitors register in, and that signing in prefers; none for the first one made.
    pub default_tenant: Option<String>,
    /// The slugs of further tenants that visitors may register in by naming them.
    pub registration_tenants: Vec<String>,
    /// The version of the terms that registering accepts.
    pub terms_version: String,
    /// How tokens are made.
    pub tokens: TokenSettings,
    /// How much work a password's hash is.
    pub password_cost: PasswordCost,
    /// How often what may be done.
    pub limits: LimitSettings,
    /// How long what is over is kept.
    pub retention: Retention,
    /// Where the server is reached from outside, without a slash at the end.
    pub public_url: String,
    /// How mail leaves.
    pub mail: MailSettings,
    /// How prices are looked after.
    pub market: MarketSettings,
    /// Which signals are made without being asked for.
    pub analysis: AnalysisSettings,
}

/// How long what is over is kept, for jobs to remove it then.
#[derive(Clone, Copy, Debug)]
pub struct Retention {
    /// Sessions, after they ran out.
    pub sessions: TimeDelta,
    /// Deliveries in the ingest journal, after they came.
    pub deliveries: TimeDelta,
    /// Letters, after they were sent: blank, for whoever wonders whether one was.
    pub letters: TimeDelta,
    /// Runs of jobs, after they began.
    pub runs: TimeDelta,
    /// Candles of 1 to 15 minutes, after they opened.
    pub minute_candles: TimeDelta,
    /// Candles of 1 and 4 hours, after they opened.
    pub hour_candles: TimeDelta,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            sessions: TimeDelta::days(30),
            deliveries: TimeDelta::days(90),
            letters: TimeDelta::days(7),
            runs: TimeDelta::days(30),
            minute_candles: TimeDelta::days(30),
            hour_candles: TimeDelta::days(800),
        }
    }
}

impl Default for DomainConfig {
    fn default() -> Self {
        Self {
            default_tenant: None,
            registration_tenants: Vec::new(),
            terms_version: "2026-11".to_owned(),
            tokens: TokenSettings::default(),
            password_cost: PasswordCost::default(),
            limits: LimitSettings::default(),
            retention: Retention::default(),
            public_url: "http://127.0.0.1:8080".to_owned(),
            mail: MailSettings::default(),
            market: MarketSettings::default(),
            analysis: AnalysisSettings::default(),
        }
    }
}

/// The outside world, as the domain is given it.
pub struct Ports {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Entropy,
    /// The keys of access tokens.
    pub keys: SigningKeys,
    /// The format of TradingView's alerts.
    pub alerts: Arc<dyn AlertReader>,
    /// What takes letters to people.
    pub mailer: Arc<dyn Mailer>,
    /// What makes backups.
    pub backups: Arc<dyn Backups>,
    /// Who knows prices, of those that are switched on: of two that know an asset the first is asked.
    pub market_sources: Vec<Arc<dyn MarketSource>>,
    /// A model that signals are made by beside the rules; none where it is off.
    pub model: Option<Arc<dyn Model>>,
}

/// The business: every use case is a method of it. Cheap to clone.
#[derive(Clone)]
pub struct Domain(Arc<Inner>);

struct Inner {
    db: Db,
    config: DomainConfig,
    clock: Arc<dyn Clock>,
    entropy: Entropy,
    keys: SigningKeys,
    passwords: Passwords,
    sessions: Sessions,
    profiles: Profiles,
    limits: Limits,
    assets: AssetCatalog,
    market_feed: QuoteFeed,
    market_sources: Vec<Arc<dyn MarketSource>>,
    interest: Interest,
    asked: Asked,
    strategies: StrategyNames,
    analysis_cache: AnalysisCache,
    model: Option<Arc<dyn Model>>,
    remembered_signals: RememberedSignals,
    recorder: Recorder,
    feed: SignalFeed,
    ingest: IngestWorker,
    scheduler: Scheduler,
    outbox: Outbox,
    backups: Arc<dyn Backups>,
    desk: Desk,
    account_feed: AccountFeed,
}

impl Domain {
    /// The business on this database. Needs a tokio runtime.
    ///
    /// # Errors
    /// When argon2 does not take the configured cost.
    pub fn new(db: Db, config: DomainConfig, ports: Ports) -> Result<Self> {
        // One core is left to whoever is signed in.
        let hashing = std::thread::available_parallelism().map_or(1, |cores| cores.get() - 1);
        Ok(Self(Arc::new(Inner {
            passwords: Passwords::new(config.password_cost, hashing, &ports.entropy)?,
            limits: Limits::new(&config.limits, &db, &ports.clock),
            sessions: Sessions::default(),
            profiles: Profiles::default(),
            assets: AssetCatalog::default(),
            market_feed: QuoteFeed::default(),
            market_sources: ports.market_sources,
            interest: Interest::default(),
            asked: Asked::default(),
            strategies: StrategyNames::default(),
            analysis_cache: AnalysisCache::default(),
            model: ports.model,
            remembered_signals: RememberedSignals::default(),
            recorder: Recorder::start(),
            feed: SignalFeed::default(),
            ingest: IngestWorker::new(ports.alerts),
            scheduler: Scheduler::default(),
            outbox: Outbox::new(ports.mailer),
            backups: ports.backups,
            desk: Desk::new(db.backend()),
            account_feed: AccountFeed::default(),
            clock: ports.clock,
            entropy: ports.entropy,
            keys: ports.keys,
            config,
            db,
        })))
    }

    /// The present moment, to the microsecond.
    pub fn now(&self) -> DateTime<Utc> {
        self.0.clock.now()
    }

    /// A new UUIDv7.
    pub(crate) fn new_uuid(&self) -> Uuid {
        ids::new_uuid(&*self.0.clock, &self.0.entropy)
    }

    /// The database.
    pub fn db(&self) -> &Db {
        &self.0.db
    }

    /// What the installation decided.
    pub fn config(&self) -> &DomainConfig {
        &self.0.config
    }

    /// The keys of access tokens.
    pub fn keys(&self) -> &SigningKeys {
        &self.0.keys
    }

    /// The counters of limits.
    pub fn limits(&self) -> &Limits {
        &self.0.limits
    }

    pub(crate) fn entropy(&self) -> &Entropy {
        &self.0.entropy
    }

    pub(crate) fn passwords(&self) -> &Passwords {
        &self.0.passwords
    }

    pub(crate) fn sessions(&self) -> &Sessions {
        &self.0.sessions
    }

    pub(crate) fn known_profiles(&self) -> &Profiles {
        &self.0.profiles
    }

    pub(crate) fn assets(&self) -> &AssetCatalog {
        &self.0.assets
    }

    pub(crate) fn market_sources(&self) -> &[Arc<dyn MarketSource>] {
        &self.0.market_sources
    }

    pub(crate) fn interest(&self) -> &Interest {
        &self.0.interest
    }

    pub(crate) fn asked(&self) -> &Asked {
        &self.0.asked
    }

    pub(crate) fn market_feed(&self) -> &QuoteFeed {
        &self.0.market_feed
    }

    pub(crate) fn remembered_signals(&self) -> &RememberedSignals {
        &self.0.remembered_signals
    }

    pub(crate) fn strategies(&self) -> &StrategyNames {
        &self.0.strategies
    }

    pub(crate) fn trained_model(&self) -> Option<&dyn Model> {
        self.0.model.as_deref()
    }

    pub(crate) fn analysis_cache(&self) -> &AnalysisCache {
        &self.0.analysis_cache
    }

    pub(crate) fn recorder(&self) -> &Recorder {
        &self.0.recorder
    }

    pub(crate) fn feed(&self) -> &SignalFeed {
        &self.0.feed
    }

    pub(crate) fn ingest(&self) -> &IngestWorker {
        &self.0.ingest
    }

    pub(crate) fn scheduler(&self) -> &Scheduler {
        &self.0.scheduler
    }

    pub(crate) fn desk(&self) -> &Desk {
        &self.0.desk
    }

    pub(crate) fn account_feed(&self) -> &AccountFeed {
        &self.0.account_feed
    }

    pub(crate) fn outbox(&self) -> &Outbox {
        &self.0.outbox
    }

    pub(crate) fn backups(&self) -> &dyn Backups {
        &*self.0.backups
    }
}

impl std::fmt::Debug for Domain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Domain")
    }
}
