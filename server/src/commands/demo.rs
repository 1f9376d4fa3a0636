//! `bellwether demo`

use std::io::Write;
use std::process::ExitCode;

use anyhow::bail;

use super::{block_on, migrate, serve};
use crate::config::Config;
use crate::{app, telemetry};

/// Makes whatever is missing, and serves.
pub(crate) fn run(config: Config) -> anyhow::Result<ExitCode> {
    telemetry::start(&config.log)?;
    block_on(async move {
        app::make_folder(&config.data_dir)?;
        let unsigned = app::open_unsigned(&config).await?;
        if app::holds_a_business(&unsigned).await? {
            bail!(
                "this database holds a business that is not the demo's: nothing was changed; \
                 choose another one, such as with --data-dir"
            );
        }
        unsigned.db().clone().close().await?;
        app::ensure_keys(&config.keys_file())?;
        migrate::apply(&config).await?;
        let domain = app::open(&config).await?;
        bellwether_seeds::demo(&domain).await?;
        let url = config.public_url();
        serve::serve(domain, &config, |address| {
            let url = if config.server.public_url.is_some() { url } else { format!("http://{address}") };
            let mut out = std::io::stdout();
            writeln!(out, "\nBellwether is up, with simulated demo data.\n")?;
            if config.site_dir().is_some() {
                writeln!(out, "  Site      {url}/")?;
            }
            writeln!(out, "  GraphQL   {url}/graphql\n  GraphiQL  {url}/graphiql\n")?;
            writeln!(out, "  Every login has the password {}", bellwether_seeds::DEMO_PASSWORD)?;
            for (email, role) in bellwether_seeds::demo_logins() {
                writeln!(out, "  {email:22} {role}")?;
            }
            writeln!(out, "\nCtrl-C stops it; the data stays in {}.\n", config.data_dir.display())?;
            Ok(())
        })
        .await
    })
}
