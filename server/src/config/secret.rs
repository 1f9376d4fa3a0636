//! Secrets in the configuration.

use std::path::PathBuf;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize, Serializer};

use super::ConfigError;

/// A value that is read, and never written or shown: it prints as `***`.
#[derive(Clone, Debug, Deserialize)]
#[serde(transparent)]
pub struct Secret(SecretString);

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("***")
    }
}

/// The secret itself, or what its file holds; none where neither is given.
pub(super) fn resolve(
    secret: Option<&Secret>,
    file: Option<&PathBuf>,
    file_key: &str,
) -> Result<Option<SecretString>, ConfigError> {
    let text = match (secret, file) {
        (Some(Secret(secret)), _) => secret.expose_secret().to_owned(),
        (None, Some(file)) => read(file, file_key)?,
        (None, None) => return Ok(None),
    };
    Ok(Some(text.trim_end_matches(['\r', '\n']).into()))
}

/// What a file that a key names holds.
pub(super) fn read(file: &PathBuf, key: &str) -> Result<String, ConfigError> {
    std::fs::read_to_string(file)
        .map_err(|error| ConfigError::new(format!("{key}: {} cannot be read: {error}", file.display())))
}
