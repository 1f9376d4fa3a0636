//! The business, and a real server before it, with people of every role in two tenants.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use bellwether::config::Config;
use bellwether_domain::analysis::Model;
use bellwether_domain::backup::NoBackups;
use bellwether_domain::clock::{Clock, ManualClock, SystemClock};
use bellwether_domain::db::{Db, DbConfig};
use bellwether_domain::entropy::Entropy;
use bellwether_domain::identity::{NewPerson, PasswordCost, SigningKeys};
use bellwether_domain::ids::{TenantId, UserId};
use bellwether_domain::mail::Mailer;
use bellwether_domain::market::MarketSource;
use bellwether_domain::permission::Role;
use bellwether_domain::viewer::ClientInfo;
use bellwether_domain::{Domain, DomainConfig, Ports, Viewer};
use bellwether_integrations::tradingview::TradingView;
use chrono::{DateTime, Utc};
use secrecy::ExposeSecret;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::client::Client;
use crate::database::{Backend, TestDatabase};
use crate::mail::Mailbox;

/// The password of everybody in the tests.
pub const PASSWORD: &str = "Test-Passw0rd!";
/// The tenants of the tests.
pub const TENANTS: [&str; 2] = ["a", "b"];

/// The business on a database of its own, with a clock that stands until it is moved.
pub struct TestDomain {
    /// The business.
    pub domain: Domain,
    /// Its clock.
    pub clock: Arc<ManualClock>,
    /// Its database.
    pub database: TestDatabase,
    /// The letters that it sent.
    pub mail: Arc<Mailbox>,
    /// Who there is, by tenant and role.
    people: HashMap<(&'static str, Role), (TenantId, UserId)>,
}

impl TestDomain {
    /// Starts one; none where there is no PostgreSQL.
    pub async fn start(backend: Backend) -> Option<Self> {
        let database = TestDatabase::start(backend).await?;
        let clock = Arc::new(ManualClock::at("2026-03-02T12:00:00Z".parse().unwrap()));
        let mail = Arc::new(Mailbox::default());
        let domain = domain_on(&database, test_config(), Arc::clone(&clock) as Arc<dyn Clock>, &mail).await;
        let people = populate(&domain).await;
        Some(Self { domain, clock, database, mail, people })
    }

    /// The tenant of this slug.
    pub fn tenant(&self, tenant: &'static str) -> TenantId {
        self.people[&(tenant, Role::Admin)].0
    }

    /// The user of this role.
    pub fn user(&self, tenant: &'static str, role: Role) -> UserId {
        self.people[&(tenant, role)].1
    }

    /// A viewer of this role, with a session that was really opened.
    pub async fn viewer(&self, tenant: &'static str, role: Role) -> Viewer {
        let signed_in = self.domain.login(login(tenant, role), &ClientInfo::default()).await.unwrap();
        Viewer::User(signed_in.member)
    }

    /// Another one on the same database, with the same clock and mailbox, as another process would be.
    pub async fn another(&self) -> Domain {
        self.another_with(self.domain.config().clone()).await
    }

    /// The same, configured otherwise.
    pub async fn another_with(&self, config: DomainConfig) -> Domain {
        domain_on(&self.database, config, Arc::clone(&self.clock) as Arc<dyn Clock>, &self.mail).await
    }

    /// The same, asking these for prices. Without them nobody is asked, and there are the prices that a test puts there.
    pub async fn another_asking(&self, sources: Vec<Arc<dyn MarketSource>>) -> Domain {
        let (db, config) = (self.database.connect().await, self.domain.config().clone());
        let (clock, mail) = (Arc::clone(&self.clock) as Arc<dyn Clock>, Arc::clone(&self.mail) as Arc<dyn Mailer>);
        domain_asking(db, config, clock, mail, sources, None)
    }

    /// The same, with what is random drawn from a seed: ids, and hashes of what holds them, are those of the time before.
    pub async fn another_seeded(&self, sources: Vec<Arc<dyn MarketSource>>, seed: u64) -> Domain {
        let (db, config) = (self.database.connect().await, self.domain.config().clone());
        let (clock, mail) = (Arc::clone(&self.clock) as Arc<dyn Clock>, Arc::clone(&self.mail) as Arc<dyn Mailer>);
        Domain::new(db, config, ports(Entropy::from_seed(seed), clock, mail, sources, None)).unwrap()
    }

    /// The same, with a model beside the rules.
    pub async fn another_with_model(&self, model: Arc<dyn Model>) -> Domain {
        let (db, config) = (self.database.connect().await, self.domain.config().clone());
        let (clock, mail) = (Arc::clone(&self.clock) as Arc<dyn Clock>, Arc::clone(&self.mail) as Arc<dyn Mailer>);
        domain_asking(db, config, clock, mail, Vec::new(), Some(model))
    }

    /// Delivers what is due until nothing is.
    pub async fn deliver(&self) {
        while self.domain.deliver_outbox(100).await.unwrap().tried() > 0 {}
    }

    /// The tests' present.
    pub fn clock_now(&self) -> DateTime<Utc> {
        self.clock.now()
    }
}

/// A real server on a free port, on the machine's clock.
pub struct TestApp {
    /// The business behind it.
    pub domain: Domain,
    /// Its database.
    pub database: TestDatabase,
    /// The letters that it sent.
    pub mail: Arc<Mailbox>,
    /// Where it listens.
    pub address: SocketAddr,
    /// Stops it.
    pub shutdown: CancellationToken,
    /// The rest of a second server on the same database shares this configuration.
    config: Config,
}

impl TestApp {
    /// Starts one with limits that no test meets by chance; none where there is no PostgreSQL.
    pub async fn start(backend: Backend) -> Option<Self> {
        Self::start_with(backend, |_, _| {}).await
    }

    /// Starts one whose configuration was changed.
    pub async fn start_with(backend: Backend, change: impl FnOnce(&mut Config, &mut DomainConfig)) -> Option<Self> {
        let database = TestDatabase::start(backend).await?;
        let (mut config, mut domain_config) = (Config::defaults().unwrap(), test_config());
        config.server.introspection = bellwether::config::Introspection::Everybody;
        change(&mut config, &mut domain_config);
        let mail = Arc::new(Mailbox::default());
        let domain = domain_on(&database, domain_config, Arc::new(SystemClock), &mail).await;
        populate(&domain).await;
        let (address, shutdown) = serve(&domain, &config).await;
        Some(Self { domain, database, mail, address, shutdown, config })
    }

    /// Starts one behind a proxy on this machine, which says where a caller came from.
    pub async fn start_behind_proxy(backend: Backend, change: impl FnOnce(&mut DomainConfig)) -> Option<Self> {
        let change = |config: &mut Config, domain: &mut DomainConfig| {
            config.server.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
            change(domain);
        };
        Self::start_with(backend, change).await
    }

    /// Starts a second server on the same database, as another process would be.
    pub async fn another(&self) -> (Domain, SocketAddr) {
        let domain = domain_on(&self.database, self.domain.config().clone(), Arc::new(SystemClock), &self.mail).await;
        let (address, _) = serve(&domain, &self.config).await;
        (domain, address)
    }

    /// The same on connections that PostgreSQL does not confine to a tenant, to measure what that costs.
    pub async fn another_without_wall(&self) -> SocketAddr {
        let db = DbConfig { row_level_security: false, ..self.database.config() };
        let db = Db::connect(&db).await.unwrap();
        let mail = Arc::clone(&self.mail) as Arc<dyn Mailer>;
        serve(&domain_in(db, self.domain.config().clone(), Arc::new(SystemClock), mail), &self.config).await.0
    }

    /// The URL of a path.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// A client that is signed in as this role.
    pub async fn sign_in(&self, tenant: &'static str, role: Role) -> Client {
        self.anonymous().sign_in(&email(tenant, role), PASSWORD).await
    }

    /// A client that is not signed in.
    pub fn anonymous(&self) -> Client {
        Client::new(self.address)
    }

    /// How many statements something takes, but for BEGIN and COMMIT. What runs beside it now and then counts too, the more
    /// of it the busier the machine: the fewest of twenty tries are what it takes itself.
    pub async fn statements(&self, mut work: impl AsyncFnMut()) -> u64 {
        let mut fewest = u64::MAX;
        for _ in 0..20 {
            let before = self.domain.db().statements();
            work().await;
            fewest = fewest.min(self.domain.db().statements() - before);
        }
        fewest
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

/// The email of the user of this role.
pub fn email(tenant: &str, role: Role) -> String {
    format!("{}@{tenant}.test", role.as_str().to_lowercase())
}

fn login(tenant: &str, role: Role) -> bellwether_domain::identity::Login {
    bellwether_domain::identity::Login {
        email: email(tenant, role),
        password: PASSWORD.into(),
        remember_me: false,
        tenant: Some(tenant.to_owned()),
    }
}

/// Cheap passwords, and limits that no test meets by chance.
pub fn test_config() -> DomainConfig {
    let mut config = DomainConfig {
        password_cost: PasswordCost { memory_kib: 8, iterations: 1, parallelism: 1 },
        ..DomainConfig::default()
    };
    config.limits.logins_per_minute = 100_000;
    config.limits.registrations_per_minute = 100_000;
    config.limits.resets_per_minute = 100_000;
    config.limits.forms_per_minute = 100_000;
    config.limits.requests_per_minute = 1_000_000;
    config.limits.deliveries_per_minute = 100_000;
    config.limits.points_per_minute = 100_000_000;
    config.limits.analyses_per_minute = 100_000;
    config
}

/// The business on a database; the same keys each time, so that two servers trust each other's tokens.
pub async fn domain_on(
    database: &TestDatabase,
    config: DomainConfig,
    clock: Arc<dyn Clock>,
    mail: &Arc<Mailbox>,
) -> Domain {
    domain_with(database, config, clock, Arc::clone(mail) as Arc<dyn Mailer>).await
}

/// The same with any mailer.
pub async fn domain_with(
    database: &TestDatabase,
    config: DomainConfig,
    clock: Arc<dyn Clock>,
    mailer: Arc<dyn Mailer>,
) -> Domain {
    domain_in(database.connect().await, config, clock, mailer)
}

fn domain_in(db: Db, config: DomainConfig, clock: Arc<dyn Clock>, mailer: Arc<dyn Mailer>) -> Domain {
    domain_asking(db, config, clock, mailer, Vec::new(), None)
}

fn domain_asking(
    db: Db,
    config: DomainConfig,
    clock: Arc<dyn Clock>,
    mailer: Arc<dyn Mailer>,
    market_sources: Vec<Arc<dyn MarketSource>>,
    model: Option<Arc<dyn Model>>,
) -> Domain {
    let entropy = Entropy::from_system().unwrap();
    Domain::new(db, config, ports(entropy, clock, mailer, market_sources, model)).unwrap()
}

fn ports(
    entropy: Entropy,
    clock: Arc<dyn Clock>,
    mailer: Arc<dyn Mailer>,
    market_sources: Vec<Arc<dyn MarketSource>>,
    model: Option<Arc<dyn Model>>,
) -> Ports {
    let keys = SigningKeys::generate(&Entropy::from_seed(1));
    Ports {
        clock,
        entropy,
        keys: SigningKeys::from_jwks(keys.expose_secret()).unwrap(),
        alerts: Arc::new(TradingView),
        mailer,
        backups: Arc::new(NoBackups),
        market_sources,
        model,
    }
}

/// Serves the business on a free port.
async fn serve(domain: &Domain, config: &Config) -> (SocketAddr, CancellationToken) {
    let shutdown = CancellationToken::new();
    let state = bellwether::app::state(domain.clone(), config, shutdown.clone()).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    // Tests of the scheduler run it themselves: in all others its jobs would only be in the way.
    tokio::spawn(bellwether::app::serve(state, listener, None));
    (address, shutdown)
}

/// Puts in the reference data, two tenants, and a user of every role in each.
async fn populate(domain: &Domain) -> HashMap<(&'static str, Role), (TenantId, UserId)> {
    bellwether_seeds::reference(domain).await.unwrap();
    let mut people = HashMap::new();
    for slug in TENANTS {
        let tenant = domain.put_tenant(slug, &format!("Tenant {slug}")).await.unwrap();
        for role in Role::ALL {
            let user = NewPerson {
                email: email(slug, role),
                password: PASSWORD.into(),
                first_name: role.as_str().to_owned(),
                last_name: slug.to_uppercase(),
                role,
            };
            let user = domain.create_user(tenant.id, user).await.unwrap();
            people.insert((slug, role), (tenant.id, user.id));
        }
    }
    people
}
