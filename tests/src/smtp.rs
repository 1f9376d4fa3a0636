//! A mail server that keeps what it is given: enough of SMTP (RFC 5321) for a client that means well.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// What kind of server it is.
#[derive(Clone, Debug, Default)]
pub struct SmtpBehaviour {
    /// TLS from the first byte.
    pub wrapped: bool,
    /// Offers STARTTLS.
    pub starttls: bool,
    /// The user and password that it asks for, in the form of AUTH PLAIN.
    pub credentials: Option<(String, String)>,
    /// What it answers to a recipient; 250 where it is none.
    pub refuses: Option<&'static str>,
}

/// A mail server on loopback.
pub struct SmtpServer {
    /// Where it listens.
    pub address: SocketAddr,
    /// The certificate of its authority, in PEM; it is of `localhost`.
    pub authority: String,
    mails: Arc<Mutex<Vec<Mail>>>,
}

/// What it was given.
#[derive(Clone, Debug)]
pub struct Mail {
    /// The envelope's sender and recipients, and whatever else was said, a line each.
    pub commands: Vec<String>,
    /// The message.
    pub message: String,
    /// Whether it came over TLS.
    pub encrypted: bool,
}

impl SmtpServer {
    /// Starts one.
    pub async fn start(behaviour: SmtpBehaviour) -> Self {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
        let config =
            ServerConfig::builder_with_provider(Arc::new(tokio_rustls::rustls::crypto::aws_lc_rs::default_provider()))
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_no_client_auth()
                .with_single_cert(vec![made.cert.der().clone()], key)
                .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mails = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&mails);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (behaviour, acceptor, kept) = (behaviour.clone(), acceptor.clone(), Arc::clone(&kept));
                tokio::spawn(async move {
                    if behaviour.wrapped {
                        // A client that does not trust us ends it here.
                        let Ok(stream) = acceptor.accept(stream).await else { return };
                        talk(BufReader::new(stream), &behaviour, true, true, &kept).await;
                        return;
                    }
                    if let Some(stream) = talk(BufReader::new(stream), &behaviour, true, false, &kept).await {
                        let Ok(stream) = acceptor.accept(stream.into_inner()).await else { return };
                        talk(BufReader::new(stream), &behaviour, false, true, &kept).await;
                    }
                });
            }
        });
        Self { address, authority: made.cert.pem(), mails }
    }

    /// What it was given so far.
    pub fn mails(&self) -> Vec<Mail> {
        self.mails.lock().unwrap().clone()
    }

    /// Waits until it was given so many, for as long as a test waits.
    pub async fn wait_for(&self, count: usize) -> Vec<Mail> {
        let waiting = async {
            while self.mails().len() < count {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let came = tokio::time::timeout(crate::PATIENCE, waiting).await;
        assert!(came.is_ok(), "{count} letters never came: {:?}", self.mails());
        self.mails()
    }
}

/// Talks until the client ends it, or wants TLS: then the stream is given back.
async fn talk<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: BufReader<S>,
    behaviour: &SmtpBehaviour,
    greets: bool,
    encrypted: bool,
    kept: &Mutex<Vec<Mail>>,
) -> Option<BufReader<S>> {
    if greets {
        stream.write_all(b"220 localhost at your service\r\n").await.ok()?;
    }
    let mut commands = Vec::new();
    let mut is_known = behaviour.credentials.is_none();
    loop {
        let line = line(&mut stream).await?;
        let word = line.split([' ', ':']).next().unwrap_or_default().to_uppercase();
        let mut answer = "250 yes".to_owned();
        match word.as_str() {
            "EHLO" => {
                let tls = if behaviour.starttls && !encrypted { "250-STARTTLS\r\n" } else { "" };
                let auth = if behaviour.credentials.is_some() { "250-AUTH PLAIN\r\n" } else { "" };
                answer = format!("250-localhost\r\n{tls}{auth}250 8BITMIME");
            }
            "STARTTLS" => {
                stream.write_all(b"220 go ahead\r\n").await.ok()?;
                return Some(stream);
            }
            "AUTH" => {
                let (user, password) = behaviour.credentials.clone().unwrap_or_default();
                let right = base64(format!("\0{user}\0{password}").as_bytes());
                is_known = line == format!("AUTH PLAIN {right}");
                answer = if is_known { "235 welcome" } else { "535 who are you" }.to_owned();
            }
            "MAIL" if !is_known => answer = "530 sign in first".to_owned(),
            "RCPT" => answer = behaviour.refuses.unwrap_or("250 yes").to_owned(),
            "DATA" => {
                stream.write_all(b"354 go on\r\n").await.ok()?;
                let message = body(&mut stream).await?;
                kept.lock().unwrap().push(Mail { commands: std::mem::take(&mut commands), message, encrypted });
            }
            "QUIT" => {
                stream.write_all(b"221 bye\r\n").await.ok()?;
                return None;
            }
            _ => {}
        }
        commands.push(line);
        stream.write_all(format!("{answer}\r\n").as_bytes()).await.ok()?;
    }
}

async fn line<S: AsyncRead + Unpin>(stream: &mut BufReader<S>) -> Option<String> {
    let mut line = String::new();
    let read = stream.read_line(&mut line).await.ok()?;
    (read > 0).then(|| line.trim_end().to_owned())
}

/// The lines up to the one with a dot alone.
async fn body<S: AsyncRead + Unpin>(stream: &mut BufReader<S>) -> Option<String> {
    let mut body = String::new();
    loop {
        let line = line(stream).await?;
        if line == "." {
            return Some(body);
        }
        body.push_str(line.strip_prefix('.').unwrap_or(&line));
        body.push_str("\r\n");
    }
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}
