//! `bellwether check`

use std::io::Write;
use std::process::ExitCode;

use anyhow::Context;
use bellwether_domain::Domain;
use bellwether_migrations::Migrator;
use sea_orm_migration::MigratorTrait;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

use super::block_on;
use crate::config::{Config, Database};
use crate::plain::plain;
use crate::{app, soundness};

/// Prints the configuration with secrets masked.
pub(crate) fn config(config: &Config) -> anyhow::Result<ExitCode> {
    std::io::stdout().write_all(config.masked()?.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

/// Checks everything that a server stands on.
pub(crate) fn everything(config: Config) -> anyhow::Result<ExitCode> {
    block_on(async move {
        let mut findings = Findings::default();
        // It was loaded, or nobody were here.
        findings.good("configuration", "")?;
        let keys = config.keys_file();
        findings.tell("keys", app::read_keys(&keys).map(|_| keys.display().to_string()))?;
        if let Some(domain) = open(&config, &mut findings).await?
            && look_at_database(&domain, &mut findings).await?
        {
            look_at_chains(&domain, &mut findings).await?;
            look_at_ledgers(&domain, &mut findings).await?;
            look_at_evidence(&domain, &mut findings).await?;
        }
        Ok(findings.code())
    })
}

/// Checks the database.
pub(crate) fn database(config: Config) -> anyhow::Result<ExitCode> {
    block_on(async move {
        let mut findings = Findings::default();
        if let Some(domain) = open(&config, &mut findings).await? {
            look_at_database(&domain, &mut findings).await?;
        }
        Ok(findings.code())
    })
}

/// Checks the audit chains.
pub(crate) fn audit(config: Config) -> anyhow::Result<ExitCode> {
    block_on(async move {
        let mut findings = Findings::default();
        app::require_file(&config)?;
        let domain = app::open_unsigned(&config).await?;
        super::seed::require_migrated(&domain).await?;
        look_at_chains(&domain, &mut findings).await?;
        domain.db().clone().close().await?;
        Ok(findings.code())
    })
}

/// Adds up the ledgers of the paper accounts, and computes them again from the fills.
pub(crate) fn ledger(config: Config) -> anyhow::Result<ExitCode> {
    block_on(async move {
        let mut findings = Findings::default();
        app::require_file(&config)?;
        let domain = app::open_unsigned(&config).await?;
        super::seed::require_migrated(&domain).await?;
        look_at_ledgers(&domain, &mut findings).await?;
        domain.db().clone().close().await?;
        Ok(findings.code())
    })
}

/// Judges every challenge again by its evidence.
pub(crate) fn evidence(config: Config) -> anyhow::Result<ExitCode> {
    block_on(async move {
        let mut findings = Findings::default();
        app::require_file(&config)?;
        let domain = app::open_unsigned(&config).await?;
        super::seed::require_migrated(&domain).await?;
        look_at_evidence(&domain, &mut findings).await?;
        domain.db().clone().close().await?;
        Ok(findings.code())
    })
}

/// Opens the database over one connection, whose statements may take as long as they need.
async fn open(config: &Config, findings: &mut Findings) -> anyhow::Result<Option<Domain>> {
    let config = Config { database: Database { connections: 1, ..config.database.clone() }, ..config.clone() };
    let opened = async {
        app::require_file(&config)?;
        let domain = app::open_unsigned(&config).await?;
        reach(&domain).await.map(|()| domain)
    };
    match opened.await {
        Ok(domain) => {
            let kind = if domain.db().backend() == DbBackend::Sqlite { "SQLite" } else { "PostgreSQL" };
            findings.good("database", kind)?;
            Ok(Some(domain))
        }
        Err(error) => {
            findings.bad("database", &plain(&error))?;
            Ok(None)
        }
    }
}

async fn reach(domain: &Domain) -> anyhow::Result<()> {
    let reader = domain.db().reader();
    if domain.db().backend() == DbBackend::Postgres {
        reader.execute_unprepared("SET statement_timeout = 0").await.context("the database does not answer")?;
    }
    reader.ping().await.context("the database does not answer")
}

/// Whether every migration is there; the rest is looked at either way.
async fn look_at_database(domain: &Domain, findings: &mut Findings) -> anyhow::Result<bool> {
    let reader = domain.db().reader();
    let pending = app::pending_migrations(domain.db()).await.context("it cannot be told which migrations are applied");
    let is_migrated = matches!(pending, Ok(0));
    findings.tell(
        "migrations",
        pending.and_then(|pending| match pending {
            0 => Ok(format!("{} applied", Migrator::migrations().len())),
            pending => Err(anyhow::anyhow!("{pending} pending: run bellwether migrate up")),
        }),
    )?;
    findings.complain("integrity", soundness::integrity(reader).await)?;
    findings.complain("foreign keys", soundness::foreign_keys(reader).await)?;
    Ok(is_migrated)
}

async fn look_at_chains(domain: &Domain, findings: &mut Findings) -> anyhow::Result<()> {
    let chains = match domain.audit_chains().await {
        Ok(chains) => chains,
        Err(error) => return findings.bad("audit chains", &error.to_string()),
    };
    let count = chains.len();
    let broken: Vec<_> = chains.into_iter().filter_map(|chain| Some((chain.tenant, chain.broken_at?))).collect();
    for (tenant, sequence) in &broken {
        let what = format!("tenant {tenant}: entry {sequence} was changed, removed or moved");
        findings.bad("audit chain", &what)?;
    }
    if broken.is_empty() { findings.good("audit chains", &format!("{count} tenant(s)")) } else { Ok(()) }
}

async fn look_at_ledgers(domain: &Domain, findings: &mut Findings) -> anyhow::Result<()> {
    let report = match domain.check_ledgers().await {
        Ok(report) => report,
        Err(error) => return findings.bad("ledgers", &error.to_string()),
    };
    for fault in &report.faults {
        findings.bad("ledger", &fault.to_string())?;
    }
    for why in &report.unread {
        findings.bad("ledger that could not be read", why)?;
    }
    let counts = format!("{} account(s), {} entries, {} fills", report.accounts, report.entries, report.fills);
    if report.faults.is_empty() && report.unread.is_empty() { findings.good("ledgers", &counts) } else { Ok(()) }
}

async fn look_at_evidence(domain: &Domain, findings: &mut Findings) -> anyhow::Result<()> {
    let report = match domain.prove_all_evidence().await {
        Ok(report) => report,
        Err(error) => return findings.bad("evidence", &error.to_string()),
    };
    for problem in &report.problems {
        findings.bad("evidence of a challenge", problem)?;
    }
    let counts = format!("{} challenge(s), {} rows", report.challenges, report.rows);
    if report.broken == 0 { findings.good("evidence", &counts) } else { Ok(()) }
}

/// What was found, told line by line.
#[derive(Default)]
struct Findings {
    is_bad: bool,
}

impl Findings {
    fn good(&mut self, what: &str, more: &str) -> anyhow::Result<()> {
        let colon = if more.is_empty() { "" } else { ": " };
        Ok(writeln!(std::io::stdout(), "ok      {what}{colon}{more}")?)
    }

    fn bad(&mut self, what: &str, why: &str) -> anyhow::Result<()> {
        self.is_bad = true;
        Ok(writeln!(std::io::stdout(), "FAILED  {what}: {why}")?)
    }

    fn tell(&mut self, what: &str, found: anyhow::Result<String>) -> anyhow::Result<()> {
        match found {
            Ok(more) => self.good(what, &more),
            Err(error) => self.bad(what, &plain(&error).replace('\n', " ")),
        }
    }

    /// Good where there is no complaint.
    fn complain(&mut self, what: &str, complaints: anyhow::Result<Vec<String>>) -> anyhow::Result<()> {
        match complaints {
            Ok(none) if none.is_empty() => self.good(what, ""),
            Ok(complaints) => self.bad(what, &complaints.join("; ")),
            Err(error) => self.bad(what, &plain(&error)),
        }
    }

    fn code(&self) -> ExitCode {
        if self.is_bad { ExitCode::FAILURE } else { ExitCode::SUCCESS }
    }
}
