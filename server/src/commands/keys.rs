//! `bellwether keys`

use std::io::Write;
use std::process::ExitCode;

use bellwether_domain::entropy::Entropy;
use bellwether_domain::identity::SigningKeys;
use secrecy::ExposeSecret;

/// Prints a new key set.
pub(crate) fn new() -> anyhow::Result<ExitCode> {
    let keys = SigningKeys::generate(&Entropy::from_system()?);
    std::io::stdout().write_all(keys.expose_secret().as_bytes())?;
    Ok(ExitCode::SUCCESS)
}
