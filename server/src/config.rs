//! The configuration: defaults, then `bellwether.toml`, then the environment (`BELLWETHER__SECTION__KEY`), then flags.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bellwether_domain::analysis::AnalysisSettings;
use bellwether_domain::db::DbConfig;
use bellwether_domain::identity::{PasswordCost, TokenSettings};
use bellwether_domain::limits::{LimitSettings, LimitStoreKind};
use bellwether_domain::mail::MailSettings;
use bellwether_domain::market::{MarketSettings, Timeframe};
use bellwether_domain::scheduler::SchedulerSettings;
use bellwether_domain::text::nearest;
use bellwether_domain::{DomainConfig, Retention as DomainRetention};
use chrono::TimeDelta;
use figment::Figment;
use figment::error::Kind;
use figment::providers::{Env, Format, Serialized, Toml};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use tracing_subscriber::EnvFilter;

use crate::cli::Options;

mod backup;
mod mail;
mod secret;

pub use backup::Backup;
pub use mail::{Mail, MailTls};

/// Everything that an installation decides.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where the server keeps its files: a SQLite database, keys.
    pub data_dir: PathBuf,
    /// How it is reached.
    pub server: Server,
    /// Where it keeps its data.
    pub database: Database,
    /// How people sign in.
    pub auth: Auth,
    /// The static site.
    pub site: Site,
    /// How often what may be done.
    pub limits: Limits,
    /// The jobs that run again and again.
    pub scheduler: Scheduler,
    /// How long what is over is kept.
    pub retention: Retention,
    /// Where backups are kept, and which.
    pub backup: Backup,
    /// How it writes to people.
    pub mail: Mail,
    /// Prices.
    pub market: Market,
    /// Signals that are made without being asked for.
    pub analysis: Analysis,
    /// How it is measured.
    pub metrics: Metrics,
    /// How it tells what it does.
    pub log: Log,
}

/// How the server is reached.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// The address it listens on.
    pub listen: SocketAddr,
    /// How it is reached from outside, such as `https://api.example.com`; by default `http://` and the address.
    pub public_url: Option<String>,
    /// The origins of frontends that may call it from a browser, such as `https://app.example.com`; "*" for all.
    pub allowed_origins: Vec<String>,
    /// The networks of proxies whose X-Forwarded-For is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Who may introspect the schema.
    pub introspection: Introspection,
    /// Whether GraphiQL is served.
    pub graphiql: bool,
    /// Seconds that a request may take.
    pub request_timeout_seconds: u64,
    /// WebSockets that one client may hold open.
    pub sockets_per_client: usize,
}

/// Who may introspect the schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Introspection {
    /// The owner alone.
    Owner,
    /// Everybody.
    Everybody,
}

/// Where the server keeps its data.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// sqlite://PATH or postgres://…; by default a SQLite database in the data folder.
    pub url: Option<String>,
    /// Connections that read, at most; as many write on PostgreSQL, and one on SQLite.
    pub connections: u32,
    /// Whether PostgreSQL too keeps tenants apart.
    pub row_level_security: bool,
}

/// How people sign in.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Auth {
    /// The file with the keys that sign access tokens; by default keys.json in the data folder.
    pub keys_file: Option<PathBuf>,
    /// The issuer in access tokens.
    pub issuer: String,
    /// The audience in access tokens.
    pub audience: String,
    /// Minutes that an access token lasts.
    pub access_minutes: u32,
    /// Hours that a session lasts after its last refresh.
    pub session_hours: u32,
    /// Days that it lasts for "remember me".
    pub remembered_days: u32,
    /// The version of the terms that registering accepts.
    pub terms_version: String,
    /// The tenant that visitors register in; by default the first one made.
    pub default_tenant: Option<String>,
    /// The short names of further tenants that visitors may register in by naming them.
    pub registration_tenants: Vec<String>,
    /// KiB of memory that hashing a password takes.
    pub password_memory_kib: u32,
    /// Passes over that memory.
    pub password_iterations: u32,
    /// Whether both may be below what is safe, for tests and small demos.
    pub allow_weak_password_hashing: bool,
}

impl Auth {
    fn validate(&self) -> Result<(), ConfigError> {
        let is_weak_allowed = self.allow_weak_password_hashing;
        // The default is OWASP's minimum; less than the other argon2 does not take.
        let safe = PasswordCost::default();
        let (memory_kib, iterations) = if is_weak_allowed { (8, 1) } else { (safe.memory_kib, safe.iterations) };
        if self.password_memory_kib >= memory_kib && self.password_iterations >= iterations {
            return Ok(());
        }
        let but = if is_weak_allowed { "" } else { ", but for tests (auth.allow_weak_password_hashing)" };
        Err(ConfigError(format!(
            "auth.password_memory_kib must be at least {memory_kib} and auth.password_iterations at least \
             {iterations}{but}"
        )))
    }
}

/// The static site.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Site {
    /// The folder that it was built into; by default site/public in the working folder, where that is there.
    pub dir: Option<PathBuf>,
}

/// How often what may be done, all a minute.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Logins, by address and by email.
    pub logins_per_minute: u32,
    /// Registrations, by address and by email.
    pub registrations_per_minute: u32,
    /// Letters with a link that are asked for, by address and by email.
    pub resets_per_minute: u32,
    /// Forms of the site, by address.
    pub forms_per_minute: u32,
    /// Requests to the endpoint, by user or address.
    pub requests_per_minute: u32,
    /// Webhook deliveries, by source.
    pub deliveries_per_minute: u32,
    /// Analyses on demand, by user.
    pub analyses_per_minute: u32,
    /// Points that operations may cost, by user or address; by default 200 for each request.
    pub points_per_minute: Option<u32>,
    /// Where logins, registrations and resets are counted.
    pub store: LimitStore,
}

/// Where limits on credentials are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LimitStore {
    /// In the process.
    Memory,
    /// In the database, for all processes that share it.
    Database,
}

/// The jobs that run again and again, in one instance at a time.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scheduler {
    /// Whether this instance takes part.
    pub enabled: bool,
    /// Seconds after which another instance takes over from one that is gone.
    pub ttl_seconds: u32,
    /// Seconds between two signs of life; at most a third of that.
    pub heartbeat_seconds: u32,
}

/// How long what is over is kept, in days.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retention {
    /// Sessions, after they ran out.
    pub sessions_days: u32,
    /// Deliveries to sources of signals, after they came.
    pub deliveries_days: u32,
    /// Letters, after they were sent.
    pub letters_days: u32,
    /// Runs of jobs.
    pub runs_days: u32,
    /// Candles of 1 to 15 minutes.
    pub minute_candles_days: u32,
    /// Candles of 1 and 4 hours.
    pub hour_candles_days: u32,
}

/// Signals that are made without being asked for.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Analysis {
    /// The timeframes in which every asset that has candles is analysed, such as "1h"; none for nothing.
    pub timeframes: Vec<String>,
    /// The file of a trained model that signals are made by too; none by default.
    pub model: Option<PathBuf>,
}

impl Analysis {
    /// The timeframes; the word that is none where one is not.
    fn parse(&self) -> Result<Vec<Timeframe>, &str> {
        self.timeframes.iter().map(|word| Timeframe::parse(word).ok_or(word.as_str())).collect()
    }
}

/// Prices: which sources may be asked, and how often.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Market {
    /// Whether Yahoo may be asked for international assets.
    pub yahoo: bool,
    /// Whether the Casablanca exchange's pages may be asked for Moroccan assets.
    pub casablanca: bool,
    /// Whether prices are simulated for assets that no other source knows.
    pub demo: bool,
    /// Seconds after which a price of an open market is stale.
    pub stale_after_seconds: u32,
    /// Seconds between two refreshes of Yahoo's quotes.
    pub yahoo_refresh_seconds: u32,
    /// Seconds between two refreshes of Casablanca's quotes.
    pub casablanca_refresh_seconds: u32,
    /// A certificate in PEM with which the Casablanca exchange's server is verified besides the system's.
    pub casablanca_authority_file: Option<PathBuf>,
    /// Seconds between two refreshes of simulated quotes.
    pub demo_refresh_seconds: u32,
}

/// How the server is measured.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metrics {
    /// The address where /metrics is served; none by default.
    pub listen: Option<SocketAddr>,
}

/// How the server tells what it does.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// What is told, in the words of tracing's EnvFilter, such as info or bellwether=debug,warn.
    pub level: String,
    /// In which form.
    pub format: LogFormat,
}

/// The form of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Pretty on a terminal, else JSON.
    Auto,
    /// A JSON object a line.
    Json,
    /// For people.
    Pretty,
}

/// What is wrong with the configuration.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(String);

impl ConfigError {
    pub(crate) fn new(message: String) -> Self {
        Self(message)
    }
}

/// The defaults with what each key means: the first layer, and what docs/configuration.md shows.
pub const DEFAULTS: &str = include_str!("config/defaults.toml");

/// Where `site/build` puts the site.
const SITE_DIR: &str = "site/public";

/// Points that a request may cost on average, where nothing else is configured.
const POINTS_PER_REQUEST: u32 = 200;

impl Config {
    /// Loads the configuration.
    ///
    /// # Errors
    /// Which key or value is wrong, where it stands, and what was expected.
    pub fn load(options: &Options) -> Result<Self, ConfigError> {
        Self::load_over(None, options)
    }

    /// The same, with the demo's defaults: everybody may introspect.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn load_for_demo(options: &Options) -> Result<Self, ConfigError> {
        Self::load_over(Some(Introspection::Everybody), options)
    }

    /// The defaults alone.
    ///
    /// # Errors
    /// Never, as a test proves.
    pub fn defaults() -> Result<Self, ConfigError> {
        Figment::from(Toml::string(DEFAULTS)).extract().map_err(|error| ConfigError(explain(&error)))
    }

    fn load_over(introspection: Option<Introspection>, options: &Options) -> Result<Self, ConfigError> {
        let file = options.config.clone().unwrap_or_else(|| "bellwether.toml".into());
        if options.config.is_some() && !file.is_file() {
            return Err(ConfigError(format!("there is no configuration file {}", file.display())));
        }
        let mut figment = Figment::from(Toml::string(DEFAULTS));
        if let Some(introspection) = introspection {
            figment = figment.merge(Serialized::default("server.introspection", introspection));
        }
        figment = figment.merge(Toml::file(file)).merge(Env::prefixed("BELLWETHER__").split("__"));
        if let Some(data_dir) = &options.data_dir {
            figment = figment.merge(Serialized::default("data_dir", data_dir));
        }
        if let Some(listen) = &options.listen {
            figment = figment.merge(Serialized::default("server.listen", listen));
        }
        let config: Self = figment.extract().map_err(|error| ConfigError(explain(&error)))?;
        config.validate()?;
        Ok(config)
    }

    fn validate(&self) -> Result<(), ConfigError> {
        let refuse = |message: &str| Err(ConfigError(message.to_owned()));
        let url = self.database_url();
        if !["sqlite:", "postgres:", "postgresql:"].iter().any(|scheme| url.starts_with(scheme)) {
            return refuse("database.url: expected sqlite://PATH or postgres://USER:PASSWORD@HOST/NAME");
        }
        if self.database.connections == 0 || self.server.request_timeout_seconds == 0 {
            return refuse("database.connections and server.request_timeout_seconds must be at least 1");
        }
        if self
            .server
            .public_url
            .as_ref()
            .is_some_and(|url| !url.starts_with("http://") && !url.starts_with("https://"))
        {
            return refuse("server.public_url: expected http://… or https://…");
        }
        if url.starts_with("sqlite::memory:") || url.contains("mode=memory") {
            return refuse("database.url: a database in memory is gone with its connection: name a file");
        }
        let zeros = [
            ("auth.access_minutes", self.auth.access_minutes),
            ("auth.session_hours", self.auth.session_hours),
            ("auth.remembered_days", self.auth.remembered_days),
            ("limits.logins_per_minute", self.limits.logins_per_minute),
            ("limits.registrations_per_minute", self.limits.registrations_per_minute),
            ("limits.resets_per_minute", self.limits.resets_per_minute),
            ("mail.attempts", self.mail.attempts),
            ("limits.forms_per_minute", self.limits.forms_per_minute),
            ("limits.requests_per_minute", self.limits.requests_per_minute),
            ("limits.deliveries_per_minute", self.limits.deliveries_per_minute),
            ("limits.analyses_per_minute", self.limits.analyses_per_minute),
            ("limits.points_per_minute", self.limits.points_per_minute.unwrap_or(1)),
            ("scheduler.heartbeat_seconds", self.scheduler.heartbeat_seconds),
            ("retention.sessions_days", self.retention.sessions_days),
            ("retention.deliveries_days", self.retention.deliveries_days),
            ("retention.letters_days", self.retention.letters_days),
            ("retention.runs_days", self.retention.runs_days),
            ("retention.minute_candles_days", self.retention.minute_candles_days),
            ("retention.hour_candles_days", self.retention.hour_candles_days),
            ("market.stale_after_seconds", self.market.stale_after_seconds),
            ("market.yahoo_refresh_seconds", self.market.yahoo_refresh_seconds),
            ("market.casablanca_refresh_seconds", self.market.casablanca_refresh_seconds),
            ("market.demo_refresh_seconds", self.market.demo_refresh_seconds),
        ];
        if let Some((key, _)) = zeros.iter().find(|(_, value)| *value == 0) {
            return refuse(&format!("{key} must be at least 1"));
        }
        let Scheduler { ttl_seconds, heartbeat_seconds, .. } = self.scheduler;
        if heartbeat_seconds > ttl_seconds / 3 {
            return refuse(&format!(
                "scheduler.heartbeat_seconds: expected at most a third of scheduler.ttl_seconds ({ttl_seconds}), \
                 got {heartbeat_seconds}"
            ));
        }
        if let Err(word) = self.analysis.parse() {
            return refuse(&format!("analysis.timeframes: expected some of 1m, 5m, 15m, 1h, 4h, 1d, 1w, got {word}"));
        }
        self.mail.validate()?;
        self.backup.validate()?;
        if let Err(error) = EnvFilter::try_new(&self.log.level) {
            return refuse(&format!("log.level: {error}"));
        }
        self.auth.validate()
    }

    /// The scheduler's part of it, for an instance of this name; none where the instance does not take part.
    pub fn scheduler(&self, owner: String) -> Option<SchedulerSettings> {
        let Scheduler { enabled, ttl_seconds, heartbeat_seconds } = self.scheduler;
        let seconds = |seconds: u32| Duration::from_secs(seconds.into());
        enabled.then(|| SchedulerSettings { owner, ttl: seconds(ttl_seconds), heartbeat: seconds(heartbeat_seconds) })
    }

    /// The database's URL.
    pub fn database_url(&self) -> String {
        let file = || format!("sqlite://{}", self.data_dir.join("bellwether.db").display());
        self.database.url.clone().unwrap_or_else(file)
    }

    /// How the database is reached.
    pub fn db(&self) -> DbConfig {
        let Database { connections, row_level_security, .. } = self.database;
        DbConfig { connections, row_level_security, ..DbConfig::new(self.database_url()) }
    }

    /// The file with the keys.
    pub fn keys_file(&self) -> PathBuf {
        self.auth.keys_file.clone().unwrap_or_else(|| self.data_dir.join("keys.json"))
    }

    /// The folder with the built site: the configured one, or the usual one where it is there.
    pub fn site_dir(&self) -> Option<PathBuf> {
        let usual = || Some(PathBuf::from(SITE_DIR)).filter(|dir| dir.join("index.html").is_file());
        self.site.dir.clone().or_else(usual)
    }

    /// How the server is reached from outside, without a slash at the end.
    pub fn public_url(&self) -> String {
        let url = self.server.public_url.clone().unwrap_or_else(|| format!("http://{}", self.server.listen));
        url.trim_end_matches('/').to_owned()
    }

    /// Where letters are written while there is no mail server.
    pub fn mail_folder(&self) -> PathBuf {
        self.data_dir.join("mail")
    }

    /// Where the frontend is reached, without a slash at the end.
    pub fn link_base_url(&self) -> String {
        let url = self.mail.link_base_url.clone().unwrap_or_else(|| self.public_url());
        url.trim_end_matches('/').to_owned()
    }

    /// How long a request may take.
    pub fn request_timeout(&self) -> Duration {
        Duration::from_secs(self.server.request_timeout_seconds)
    }

    /// The domain's part of it.
    pub fn domain(&self) -> DomainConfig {
        let limits = &self.limits;
        DomainConfig {
            default_tenant: self.auth.default_tenant.clone(),
            registration_tenants: self.auth.registration_tenants.clone(),
            terms_version: self.auth.terms_version.clone(),
            tokens: TokenSettings {
                issuer: self.auth.issuer.clone(),
                audience: self.auth.audience.clone(),
                access: TimeDelta::minutes(self.auth.access_minutes.into()),
                refresh: TimeDelta::hours(self.auth.session_hours.into()),
                refresh_remembered: TimeDelta::days(self.auth.remembered_days.into()),
            },
            password_cost: PasswordCost {
                memory_kib: self.auth.password_memory_kib,
                iterations: self.auth.password_iterations,
                parallelism: 1,
            },
            limits: LimitSettings {
                logins_per_minute: limits.logins_per_minute,
                registrations_per_minute: limits.registrations_per_minute,
                forms_per_minute: limits.forms_per_minute,
                requests_per_minute: limits.requests_per_minute,
                resets_per_minute: limits.resets_per_minute,
                deliveries_per_minute: limits.deliveries_per_minute,
                analyses_per_minute: limits.analyses_per_minute,
                store: match limits.store {
                    LimitStore::Memory => LimitStoreKind::Memory,
                    LimitStore::Database => LimitStoreKind::Database,
                },
                points_per_minute: limits
                    .points_per_minute
                    .unwrap_or_else(|| limits.requests_per_minute.saturating_mul(POINTS_PER_REQUEST)),
            },
            retention: DomainRetention {
                sessions: TimeDelta::days(self.retention.sessions_days.into()),
                deliveries: TimeDelta::days(self.retention.deliveries_days.into()),
                letters: TimeDelta::days(self.retention.letters_days.into()),
                runs: TimeDelta::days(self.retention.runs_days.into()),
                minute_candles: TimeDelta::days(self.retention.minute_candles_days.into()),
                hour_candles: TimeDelta::days(self.retention.hour_candles_days.into()),
            },
            analysis: AnalysisSettings { timeframes: self.analysis.parse().unwrap_or_default() },
            market: MarketSettings { stale_after: TimeDelta::seconds(self.market.stale_after_seconds.into()) },
            public_url: self.public_url(),
            mail: MailSettings { link_base_url: self.link_base_url(), attempts: self.mail.attempts },
        }
    }

    /// The configuration as TOML, with passwords masked.
    ///
    /// # Errors
    /// When a value cannot be written as TOML.
    pub fn masked(&self) -> Result<String, ConfigError> {
        let mut masked = self.clone();
        masked.database.url = Some(mask_password(&self.database_url()));
        masked.auth.keys_file = Some(self.keys_file());
        masked.server.public_url = Some(self.public_url());
        masked.mail.link_base_url = Some(self.link_base_url());
        toml::to_string_pretty(&masked).map_err(|error| ConfigError(error.to_string()))
    }
}

/// `postgres://user:***@host/name`; a URL that carries its password elsewhere is masked from there on.
fn mask_password(url: &str) -> String {
    if let Some((before, _)) = url.split_once("password=") {
        return format!("{before}password=***");
    }
    // Up to the last @, for a password that was not encoded may hold any of the signs that end one.
    let masked = url.split_once("://").and_then(|(scheme, rest)| {
        let (user, host) = rest.rsplit_once('@')?;
        Some(format!("{scheme}://{}:***@{host}", user.split_once(':')?.0))
    });
    masked.unwrap_or_else(|| url.to_owned())
}

/// One sentence: which key, from where, what was expected; for an unknown key the nearest known one.
fn explain(error: &figment::Error) -> String {
    let source = error.metadata.as_ref().map(|metadata| match &metadata.source {
        Some(figment::Source::File(path)) => format!(" (in {})", Path::new(path).display()),
        _ => format!(" (in {})", metadata.name),
    });
    let source = source.unwrap_or_default();
    match &error.kind {
        Kind::UnknownField(found, known) => {
            let section = error.path.split_last().map(|(_, section)| section.join(".")).unwrap_or_default();
            let at = |key: &str| if section.is_empty() { key.to_owned() } else { format!("{section}.{key}") };
            let hint = nearest(found, known.iter().copied());
            let hint = hint.map(|nearest| format!(": the nearest known is {}", at(nearest))).unwrap_or_default();
            format!("there is no key {}{hint}{source}", at(found))
        }
        kind if error.path.is_empty() => format!("the configuration cannot be read{source}: {kind}"),
        kind => format!("{}: {kind}{source}", error.path.join(".")),
    }
}

#[cfg(test)]
#[expect(clippy::result_large_err, reason = "figment's jail is left with its own error")]
mod tests {
    use super::*;

    #[test]
    fn the_password_of_a_url_is_masked() {
        assert_eq!(mask_password("postgres://me:s3:cr@t@db:5432/x?y=z"), "postgres://me:***@db:5432/x?y=z");
        assert_eq!(mask_password("postgres://me:s/3?c@r#t@db/x"), "postgres://me:***@db/x");
        assert_eq!(mask_password("postgres:///x?user=me&password=s3cret"), "postgres:///x?user=me&password=***");
        assert_eq!(mask_password("postgres://me@db/x"), "postgres://me@db/x");
        assert_eq!(mask_password("sqlite://data/bellwether.db"), "sqlite://data/bellwether.db");
    }

    #[test]
    fn the_defaults_are_the_domains() {
        let config = Config::defaults().unwrap().domain();
        assert_eq!(format!("{config:?}"), format!("{:?}", DomainConfig::default()));
    }

    #[test]
    fn the_documentation_shows_the_defaults() {
        let documentation = include_str!("../../docs/configuration.md");
        assert!(documentation.contains(DEFAULTS), "docs/configuration.md: put server/src/config/defaults.toml into it");
    }

    #[test]
    fn the_environment_stands_above_the_file_and_flags_above_both() {
        figment::Jail::expect_with(|jail| {
            jail.create_file(
                "bellwether.toml",
                "data_dir = \"a\"\n[server]\nlisten = \"127.0.0.1:1\"\n[limits]\nlogins_per_minute = 7",
            )?;
            jail.set_env("BELLWETHER__SERVER__LISTEN", "127.0.0.1:2");
            jail.set_env("BELLWETHER__DATABASE__URL", "postgres://u:p@h/d");
            let options = Options { data_dir: Some("b".into()), ..Options::default() };
            let config = Config::load(&options).unwrap();
            assert_eq!(config.data_dir, PathBuf::from("b"));
            assert_eq!(config.server.listen.port(), 2);
            assert_eq!(config.limits.logins_per_minute, 7);
            assert_eq!(config.domain().limits.points_per_minute, 600 * POINTS_PER_REQUEST);
            assert!(config.masked().unwrap().contains("postgres://u:***@h/d"));
            Ok(())
        });
    }

    #[test]
    fn a_heartbeat_comes_three_times_before_it_is_missed() {
        for (ttl, heartbeat, is_good) in [("60", "20", true), ("60", "21", false), ("3", "1", true), ("2", "1", false)]
        {
            figment::Jail::expect_with(|jail| {
                jail.set_env("BELLWETHER__SCHEDULER__TTL_SECONDS", ttl);
                jail.set_env("BELLWETHER__SCHEDULER__HEARTBEAT_SECONDS", heartbeat);
                let said = Config::load(&Options::default()).map_err(|error| error.to_string());
                assert_eq!(said.is_ok(), is_good, "{ttl} {heartbeat}");
                assert!(said.is_ok() || said.unwrap_err().contains("at most a third of scheduler.ttl_seconds"));
                Ok(())
            });
        }
    }

    #[test]
    fn a_wrong_key_is_told_with_the_nearest_known() {
        figment::Jail::expect_with(|jail| {
            jail.set_env("BELLWETHER__SERVER__LISEN", "127.0.0.1:2");
            let error = Config::load(&Options::default()).unwrap_err().to_string();
            assert!(error.contains("server.lisen") && error.contains("server.listen"), "{error}");
            Ok(())
        });
        figment::Jail::expect_with(|jail| {
            jail.create_file("bellwether.toml", "[limits]\nlogins_per_minute = \"many\"")?;
            let error = Config::load(&Options::default()).unwrap_err().to_string();
            assert!(error.contains("limits.logins_per_minute") && error.contains("bellwether.toml"), "{error}");
            Ok(())
        });
        figment::Jail::expect_with(|jail| {
            jail.set_env("BELLWETHER__DATABASE__URL", "mysql://x");
            assert!(Config::load(&Options::default()).unwrap_err().to_string().contains("expected sqlite://"));
            Ok(())
        });
    }
}
