//! The configuration of backups.

use std::path::PathBuf;

use bellwether_integrations::object_storage::BucketSettings;
use serde::{Deserialize, Serialize};

use super::ConfigError;
use super::secret::{self, Secret};
use crate::backup::{Keep, Location};

/// Where backups are kept, and which.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Backup {
    /// A folder or `s3://BUCKET/PREFIX`; without it no backups are made by themselves.
    pub to: Option<String>,
    /// Of how many days the newest is kept.
    pub keep_daily: u32,
    /// Of how many months the newest is kept.
    pub keep_monthly: u32,
    /// The address of the S3-compatible storage; by default Amazon's.
    pub s3_endpoint: Option<String>,
    /// Its region.
    pub s3_region: Option<String>,
    /// The id of the key to it.
    pub s3_access_key_id: Option<String>,
    /// The secret of the key.
    pub s3_secret_access_key: Option<Secret>,
    /// A file with the secret of the key.
    pub s3_secret_access_key_file: Option<PathBuf>,
}

impl Backup {
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        let refuse = |message: &str| Err(ConfigError::new(message.to_owned()));
        self.location()?;
        if self.keep_daily == 0 {
            return refuse("backup.keep_daily must be at least 1");
        }
        if self.s3_secret_access_key.is_some() && self.s3_secret_access_key_file.is_some() {
            return refuse("backup.s3_secret_access_key and backup.s3_secret_access_key_file: expected one of them");
        }
        let has_secret = self.s3_secret_access_key.is_some() || self.s3_secret_access_key_file.is_some();
        if self.s3_access_key_id.is_some() != has_secret {
            return refuse("backup.s3_access_key_id: expected with its secret, and the secret with it");
        }
        let is_http = |url: &String| url.starts_with("http://") || url.starts_with("https://");
        if !self.s3_endpoint.as_ref().is_none_or(is_http) {
            return refuse("backup.s3_endpoint: expected http://… or https://…");
        }
        Ok(())
    }

    /// Where backups are kept; none where they are not.
    pub(crate) fn location(&self) -> Result<Option<Location>, ConfigError> {
        let parse = |to: &String| to.parse().map_err(|error| ConfigError::new(format!("backup.to: {error}")));
        self.to.as_ref().map(parse).transpose()
    }

    /// How buckets are reached. Reads the file that is named.
    pub(crate) fn bucket(&self) -> Result<BucketSettings, ConfigError> {
        let file = self.s3_secret_access_key_file.as_ref();
        let secret = secret::resolve(self.s3_secret_access_key.as_ref(), file, "backup.s3_secret_access_key_file")?;
        Ok(BucketSettings {
            endpoint: self.s3_endpoint.clone(),
            region: self.s3_region.clone(),
            key: self.s3_access_key_id.clone().zip(secret),
        })
    }

    /// Which backups are kept.
    pub(crate) fn keep(&self) -> Keep {
        Keep { daily: self.keep_daily as usize, monthly: self.keep_monthly as usize }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn backup(toml: &str) -> Backup {
        let mut table: toml::Table = toml::from_str(toml).unwrap();
        let defaults = toml::Table::try_from(Config::defaults().unwrap().backup).unwrap();
        for (key, value) in defaults {
            table.entry(key).or_insert(value);
        }
        table.try_into().unwrap()
    }

    #[test]
    fn without_a_place_there_are_none() {
        let defaults = backup("");
        defaults.validate().unwrap();
        assert_eq!(defaults.location().unwrap(), None);
        assert_eq!((defaults.keep().daily, defaults.keep().monthly), (30, 12));
    }

    #[test]
    fn the_secret_is_never_shown() {
        let backup = backup("s3_access_key_id = \"id\"\ns3_secret_access_key = \"s3cret\"");
        backup.validate().unwrap();
        let settings = backup.bucket().unwrap();
        assert!(settings.key.is_some());
        let shown = format!("{backup:?} {settings:?} {}", toml::to_string(&backup).unwrap());
        assert!(!shown.contains("s3cret"), "{shown}");
    }

    #[test]
    fn what_does_not_fit_together_is_told() {
        for (toml, key) in [
            ("to = \"ftp://host\"", "backup.to"),
            ("to = \"s3://\"", "backup.to"),
            ("keep_daily = 0", "backup.keep_daily"),
            ("s3_access_key_id = \"id\"", "backup.s3_access_key_id"),
            ("s3_secret_access_key = \"s\"", "backup.s3_access_key_id"),
            ("s3_secret_access_key = \"s\"\ns3_secret_access_key_file = \"f\"", "backup.s3_secret_access_key"),
            ("s3_endpoint = \"s3.example.com\"", "backup.s3_endpoint"),
        ] {
            let error = backup(toml).validate().unwrap_err().to_string();
            assert!(error.starts_with(key), "{toml}: {error}");
        }
    }
}
