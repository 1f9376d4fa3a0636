//! The configuration of mail.

use std::path::PathBuf;

use bellwether_integrations::mail::{Sender, SmtpSettings, TlsMode};
use serde::{Deserialize, Serialize};

use super::ConfigError;
use super::secret::{self, Secret};

/// How the server writes to people.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mail {
    /// Whom letters are from, such as `Bellwether <no-reply@example.com>`.
    pub from: String,
    /// The mail server; without one letters are files in the data folder.
    pub host: Option<String>,
    /// How the connection to it is kept private.
    pub tls: MailTls,
    /// Its port; by default the usual one.
    pub port: Option<u16>,
    /// A file with a certificate in PEM that is trusted besides the system's.
    pub authority_file: Option<PathBuf>,
    /// The user to sign in as.
    pub user: Option<String>,
    /// The password.
    pub password: Option<Secret>,
    /// A file with the password.
    pub password_file: Option<PathBuf>,
    /// Where the frontend is reached; by default where the server is.
    pub link_base_url: Option<String>,
    /// How often a letter is tried.
    pub attempts: u32,
}

/// How the connection to the mail server is kept private.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailTls {
    /// TLS from the start.
    Required,
    /// A plain connection that turns to TLS, or is given up.
    StartTls,
    /// Not at all.
    None,
}

impl Mail {
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        let refuse = |message: &str| Err(ConfigError::new(message.to_owned()));
        self.sender()?;
        if self.password.is_some() && self.password_file.is_some() {
            return refuse("mail.password and mail.password_file: expected one of them");
        }
        let has_password = self.password.is_some() || self.password_file.is_some();
        if self.user.is_some() != has_password {
            return refuse("mail.user: expected with a password, and a password with a user");
        }
        if self.link_base_url.as_ref().is_some_and(|url| !url.starts_with("http://") && !url.starts_with("https://")) {
            return refuse("mail.link_base_url: expected http://… or https://…");
        }
        Ok(())
    }

    /// Whom letters are from.
    ///
    /// # Errors
    /// When it is no address.
    pub fn sender(&self) -> Result<Sender, ConfigError> {
        self.from.parse().map_err(|error| ConfigError::new(format!("mail.from: {error}")))
    }

    /// Where the mail server is and how it is spoken to; none where there is none. Reads the files that are named.
    ///
    /// # Errors
    /// Which file cannot be read.
    pub fn smtp(&self) -> Result<Option<SmtpSettings>, ConfigError> {
        let Some(host) = self.host.clone() else { return Ok(None) };
        let password = secret::resolve(self.password.as_ref(), self.password_file.as_ref(), "mail.password_file")?;
        let read = |file| secret::read(file, "mail.authority_file");
        let authority = self.authority_file.as_ref().map(read).transpose()?;
        Ok(Some(SmtpSettings {
            host,
            port: self.port,
            credentials: self.user.clone().zip(password),
            tls: match self.tls {
                MailTls::Required => TlsMode::Required,
                MailTls::StartTls => TlsMode::StartTls,
                MailTls::None => TlsMode::None,
            },
            authority: authority.map(String::into_bytes),
        }))
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;
    use crate::config::Config;

    fn mail(toml: &str) -> Mail {
        let mut table: toml::Table = toml::from_str(toml).unwrap();
        let defaults = toml::Table::try_from(Config::defaults().unwrap().mail).unwrap();
        for (key, value) in defaults {
            table.entry(key).or_insert(value);
        }
        table.try_into().unwrap()
    }

    #[test]
    fn without_a_server_letters_are_files() {
        let defaults = mail("");
        defaults.validate().unwrap();
        assert!(defaults.smtp().unwrap().is_none());
    }

    #[test]
    fn a_password_is_read_from_where_it_is_and_never_shown() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("password");
        std::fs::write(&file, "s3cret\n").unwrap();
        let by_file = format!("password_file = {:?}", file.display().to_string());
        for password in ["password = \"s3cret\"", &by_file] {
            let mail = mail(&format!("host = \"h\"\nuser = \"u\"\n{password}"));
            mail.validate().unwrap();
            let (user, read) = mail.smtp().unwrap().unwrap().credentials.unwrap();
            assert_eq!((user.as_str(), read.expose_secret()), ("u", "s3cret"));
            assert!(!format!("{mail:?} {}", toml::to_string(&mail).unwrap()).contains("s3cret"));
        }
    }

    #[test]
    fn what_does_not_fit_together_is_told() {
        for (toml, key) in [
            ("from = \"nobody\"", "mail.from"),
            ("from = \"a@b.co\\nBcc: c@d.ef\"", "mail.from"),
            ("user = \"u\"", "mail.user"),
            ("password = \"p\"", "mail.user"),
            ("user = \"u\"\npassword = \"p\"\npassword_file = \"f\"", "mail.password"),
            ("link_base_url = \"app.example.com\"", "mail.link_base_url"),
        ] {
            let error = mail(toml).validate().unwrap_err().to_string();
            assert!(error.starts_with(key), "{toml}: {error}");
        }
        let error = mail("host = \"h\"\nuser = \"u\"\npassword_file = \"/nowhere\"").smtp().unwrap_err().to_string();
        assert!(error.starts_with("mail.password_file: /nowhere"), "{error}");
    }
}
