//! `bellwether keys`

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use anyhow::bail;
use bellwether_domain::entropy::Entropy;
use bellwether_domain::identity::SigningKeys;
use secrecy::ExposeSecret;

use crate::app;

/// Prints a new key set, or writes it to a file of its own.
pub(crate) fn new(to: Option<&Path>) -> anyhow::Result<ExitCode> {
    match to {
        None => {
            let keys = SigningKeys::generate(&Entropy::from_system()?);
            std::io::stdout().write_all(keys.expose_secret().as_bytes())?;
        }
        Some(file) => {
            if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
                app::make_folder(folder)?;
            }
            if !app::ensure_keys(file)? {
                bail!("{} is there already: nothing was written", file.display());
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}
