//! Mail by SMTP.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use async_trait::async_trait;
use bellwether_domain::mail::{Letter, MailError, Mailer};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::{self, PoolConfig};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use secrecy::{ExposeSecret, SecretString};

use super::Sender;

/// How the connection to the mail server is kept private.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsMode {
    /// TLS from the first byte (RFC 8314), port 465.
    Required,
    /// A plain connection that turns to TLS before anything else is said, or is given up, port 587.
    StartTls,
    /// Not at all, port 25: for a server on this machine or in a network that nobody else is in.
    None,
}

/// Where the mail server is and how it is spoken to.
#[derive(Clone, Debug)]
pub struct SmtpSettings {
    /// Its name, which its certificate must have, or its address.
    pub host: String,
    /// Its port; none for the mode's usual one.
    pub port: Option<u16>,
    /// User and password, where it asks for them.
    pub credentials: Option<(String, SecretString)>,
    /// How the connection is kept private.
    pub tls: TlsMode,
    /// A certificate in PEM that is trusted besides the system's: that of an authority of one's own.
    pub authority: Option<Vec<u8>>,
}

/// Why mail cannot leave by these settings.
#[derive(Debug, thiserror::Error)]
pub enum SmtpError {
    /// A password would be sent for everybody to read.
    #[error(
        "a user and password are sent over TLS alone, or to this machine: expected tls \"required\" or \"starttls\""
    )]
    PlainPassword,
    /// The certificate or the host's name cannot be used.
    #[error("TLS cannot be set up for this server: {0}")]
    Tls(String),
}

/// How long each step of talking to the server may take.
const STEP_WITHIN: Duration = Duration::from_secs(20);
/// Connections that are kept open, and for how long.
const CONNECTIONS: u32 = 4;
const IDLE_FOR: Duration = Duration::from_secs(60);

/// Hands mail to a mail server.
pub struct SmtpMailer {
    sender: Sender,
    transport: AsyncSmtpTransport<Tokio1Executor>,
}

impl SmtpMailer {
    /// Mail from this sender by this server. Nothing is connected before the first letter. Needs a tokio runtime.
    ///
    /// # Errors
    /// When a password would be sent without TLS to another machine, or TLS cannot be set up.
    pub fn new(sender: Sender, settings: SmtpSettings) -> Result<Self, SmtpError> {
        if settings.credentials.is_some() && settings.tls == TlsMode::None && !is_this_machine(&settings.host) {
            return Err(SmtpError::PlainPassword);
        }
        let (tls, usual_port) = match settings.tls {
            TlsMode::Required => (Tls::Wrapper(tls(&settings)?), smtp::SUBMISSIONS_PORT),
            TlsMode::StartTls => (Tls::Required(tls(&settings)?), smtp::SUBMISSION_PORT),
            TlsMode::None => (Tls::None, smtp::SMTP_PORT),
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(settings.host)
            .port(settings.port.unwrap_or(usual_port))
            .tls(tls)
            .timeout(Some(STEP_WITHIN))
            .pool_config(PoolConfig::new().max_size(CONNECTIONS).idle_timeout(IDLE_FOR));
        if let Some((user, password)) = settings.credentials {
            builder = builder.credentials(Credentials::new(user, password.expose_secret().to_owned()));
        }
        Ok(Self { sender, transport: builder.build() })
    }
}

fn tls(settings: &SmtpSettings) -> Result<TlsParameters, SmtpError> {
    let wrong = |error: smtp::Error| SmtpError::Tls(error.to_string());
    let mut builder = TlsParameters::builder(settings.host.clone());
    if let Some(authority) = &settings.authority {
        builder = builder.add_root_certificate(Certificate::from_pem(authority).map_err(wrong)?);
    }
    builder.build_rustls().map_err(wrong)
}

/// Whether what is sent there leaves this machine.
fn is_this_machine(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[async_trait]
impl Mailer for SmtpMailer {
    async fn send(&self, letter: &Letter) -> Result<(), MailError> {
        let message = self.sender.message(letter)?;
        match self.transport.send(message).await {
            Ok(_) => Ok(()),
            Err(error) if is_about_the_letter(&error) => Err(MailError::Refused(explain(&error))),
            Err(error) => Err(MailError::Failed(explain(&error))),
        }
    }
}

/// Whether the server will not take this letter however often it is offered. That it does not know our password
/// (530 to 538) is for the operator to mend, and the letter waits for it.
fn is_about_the_letter(error: &smtp::Error) -> bool {
    let code = error.status().map(u16::from);
    error.is_permanent() && !code.is_some_and(|code| (530..=538).contains(&code))
}

/// The error with what is behind it, on one line.
fn explain(error: &smtp::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(next) = cause {
        let next_text = next.to_string();
        if !text.contains(&next_text) {
            text = format!("{text}: {next_text}");
        }
        cause = next.source();
    }
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

impl fmt::Debug for SmtpMailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmtpMailer").field("sender", &self.sender).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(host: &str, tls: TlsMode, has_password: bool) -> Result<SmtpMailer, SmtpError> {
        let credentials = has_password.then(|| ("bell".to_owned(), SecretString::from("s3cret")));
        let settings = SmtpSettings { host: host.to_owned(), port: None, credentials, tls, authority: None };
        SmtpMailer::new("no-reply@example.com".parse().unwrap(), settings)
    }

    #[tokio::test]
    async fn a_password_leaves_this_machine_by_tls_alone() {
        for host in ["mail.example.com", "10.0.0.1", "localhost.example.com", "::ffff:10.0.0.1"] {
            assert!(matches!(with(host, TlsMode::None, true), Err(SmtpError::PlainPassword)), "{host}");
            assert!(with(host, TlsMode::None, false).is_ok());
        }
        for host in ["localhost", "127.0.0.1", "::1", "127.9.9.9"] {
            assert!(with(host, TlsMode::None, true).is_ok(), "{host}");
        }
        for mode in [TlsMode::Required, TlsMode::StartTls] {
            assert!(with("mail.example.com", mode, true).is_ok());
        }
        let error = with("mail.example.com", TlsMode::None, true).unwrap_err().to_string();
        assert!(!error.contains("s3cret"));
    }

    #[tokio::test]
    async fn a_certificate_that_is_none_is_refused() {
        let settings = SmtpSettings {
            host: "mail.example.com".to_owned(),
            port: None,
            credentials: None,
            tls: TlsMode::Required,
            authority: Some(b"-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----".to_vec()),
        };
        let made = SmtpMailer::new("no-reply@example.com".parse().unwrap(), settings);
        assert!(matches!(made, Err(SmtpError::Tls(_))), "{made:?}");
    }
}
