//! `bellwether owner`

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use anyhow::{Context, bail};
use bellwether_domain::Error;
use bellwether_domain::identity::NewPerson;
use bellwether_domain::permission::Role;
use secrecy::SecretString;

use super::{block_on, seed};
use crate::app;
use crate::cli::OwnerArgs;
use crate::config::Config;

/// Makes an owner, and their tenant where there is none of that name.
pub(crate) fn create(config: Config, args: OwnerArgs) -> anyhow::Result<ExitCode> {
    let password = read_password()?;
    block_on(async move {
        let domain = app::open_unsigned(&config).await?;
        seed::require_migrated(&domain).await?;
        let owner = NewPerson {
            email: args.email,
            password,
            first_name: args.first_name,
            last_name: args.last_name,
            role: Role::Owner,
        };
        // Before the tenant is made: what is refused leaves nothing behind.
        let problems = owner.problems();
        if !problems.is_empty() {
            return Err(Error::Problems(problems).into());
        }
        let tenant = match (domain.tenant_by_slug(&args.tenant).await?, &args.tenant_name) {
            (Some(tenant), _) => tenant,
            (None, Some(name)) => domain.put_tenant(&args.tenant, name).await?,
            (None, None) => bail!("there is no tenant {:?}: to make it, give its name with --tenant-name", args.tenant),
        };
        let owner = domain.create_user(tenant.id, owner).await?;
        writeln!(std::io::stdout(), "{} owns this installation, in the tenant {}", owner.email, tenant.slug)?;
        domain.db().clone().close().await?;
        Ok(ExitCode::SUCCESS)
    })
}

fn read_password() -> anyhow::Result<SecretString> {
    if let Some(password) = std::env::var_os("BELLWETHER_OWNER_PASSWORD") {
        return Ok(password.into_string().ok().context("BELLWETHER_OWNER_PASSWORD is not UTF-8")?.into());
    }
    if std::io::stdin().is_terminal() {
        write!(std::io::stderr(), "Password (it will be seen as you type): ")?;
    }
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).context("no password could be read")?;
    let password = line.trim_end_matches(['\r', '\n']);
    if password.is_empty() {
        bail!("no password was given: set BELLWETHER_OWNER_PASSWORD or write it to standard input");
    }
    Ok(password.to_owned().into())
}
