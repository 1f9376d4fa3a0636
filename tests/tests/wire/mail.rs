//! Mail by SMTP, to a server that speaks it.

use bellwether_domain::locale::Locale;
use bellwether_domain::mail::{Letter, MailError, Mailer, Notice};
use bellwether_integrations::mail::{SmtpMailer, SmtpSettings, TlsMode};
use bellwether_tests::Port;
use bellwether_tests::mail::readable;
use bellwether_tests::smtp::{SmtpBehaviour, SmtpServer};
use secrecy::SecretString;

const LINK: &str = "https://app.example.com/verify-email#token=bwv_0123456789";

fn letter() -> Letter {
    Letter {
        id: uuid::Uuid::from_u128(7),
        to: "ana@example.com".to_owned(),
        name: Some("Ana".to_owned()),
        locale: Locale::Es,
        tenant: "Señales <Atlas>".to_owned(),
        notice: Notice::VerifyEmail { link: LINK.into(), hours: 24 },
    }
}

fn settings(server: &SmtpServer, tls: TlsMode) -> SmtpSettings {
    SmtpSettings {
        host: "localhost".to_owned(),
        port: Some(server.address.port()),
        credentials: None,
        tls,
        authority: Some(server.authority.clone().into_bytes()),
    }
}

fn mailer(settings: SmtpSettings) -> SmtpMailer {
    SmtpMailer::new("Bellwether <no-reply@example.com>".parse().unwrap(), settings).unwrap()
}

fn with_password(server: &SmtpServer, tls: TlsMode, password: &str) -> SmtpMailer {
    let credentials = Some(("bell".to_owned(), SecretString::from(password)));
    mailer(SmtpSettings { credentials, ..settings(server, tls) })
}

#[tokio::test]
async fn a_letter_arrives_as_text_and_html() {
    let server = SmtpServer::start(SmtpBehaviour::default()).await;
    mailer(settings(&server, TlsMode::None)).send(&letter()).await.unwrap();
    let mail = &server.wait_for(1).await[0];
    assert!(!mail.encrypted);
    for said in ["MAIL FROM:<no-reply@example.com>", "RCPT TO:<ana@example.com>"] {
        assert!(mail.commands.iter().any(|line| line.starts_with(said)), "{said}: {:?}", mail.commands);
    }
    let message = readable(&mail.message);
    for part in [
        "From: Bellwether <no-reply@example.com>\r\n",
        "To: ana@example.com\r\n",
        "Message-ID: <00000000-0000-0000-0000-000000000007@example.com>\r\n",
        "Auto-Submitted: auto-generated\r\n",
        "text/plain; charset=utf-8",
        "text/html; charset=utf-8",
        "Hola, Ana:",
        LINK,
        "Señales <Atlas>",
        "Señales &lt;Atlas&gt;",
    ] {
        assert!(message.contains(part), "{part}: {message}");
    }
}

#[tokio::test]
async fn tls_is_used_from_the_start_or_before_anything_is_said() {
    for (mode, behaviour) in [
        (TlsMode::Required, SmtpBehaviour { wrapped: true, ..SmtpBehaviour::default() }),
        (TlsMode::StartTls, SmtpBehaviour { starttls: true, ..SmtpBehaviour::default() }),
    ] {
        let credentials = Some(("bell".to_owned(), "s3cret".to_owned()));
        let server = SmtpServer::start(SmtpBehaviour { credentials, ..behaviour }).await;
        with_password(&server, mode, "s3cret").send(&letter()).await.unwrap();
        assert!(server.wait_for(1).await[0].encrypted, "{mode:?}");
    }
}

/// Whoever stands between us and the server cannot talk us out of TLS, nor show a certificate of their own.
#[tokio::test]
async fn nothing_is_said_to_who_cannot_be_trusted() {
    let plain = SmtpServer::start(SmtpBehaviour::default()).await;
    let starttls = SmtpServer::start(SmtpBehaviour { starttls: true, ..SmtpBehaviour::default() }).await;
    let wrapped = SmtpServer::start(SmtpBehaviour { wrapped: true, ..SmtpBehaviour::default() }).await;
    let strange = |server: &SmtpServer, tls| mailer(SmtpSettings { authority: None, ..settings(server, tls) });
    let elsewhere =
        |server: &SmtpServer, tls| mailer(SmtpSettings { host: "127.0.0.1".to_owned(), ..settings(server, tls) });
    for (what, mailer) in [
        ("no STARTTLS", mailer(settings(&plain, TlsMode::StartTls))),
        ("no TLS", mailer(settings(&plain, TlsMode::Required))),
        ("an unknown authority by STARTTLS", strange(&starttls, TlsMode::StartTls)),
        ("an unknown authority", strange(&wrapped, TlsMode::Required)),
        ("another name", elsewhere(&wrapped, TlsMode::Required)),
    ] {
        let error = mailer.send(&letter()).await.unwrap_err();
        assert!(matches!(error, MailError::Failed(_)), "{what}: {error}");
    }
    for server in [plain, starttls, wrapped] {
        assert_eq!(server.mails().len(), 0);
    }
}

#[tokio::test]
async fn what_can_be_tried_again_is_told_from_what_cannot() {
    let server =
        async |refuses| SmtpServer::start(SmtpBehaviour { refuses: Some(refuses), ..SmtpBehaviour::default() }).await;
    for (answer, is_final) in
        [("550 5.1.1 no such user", true), ("553 no", true), ("451 4.7.1 try later", false), ("452 full", false)]
    {
        let server = server(answer).await;
        let error = mailer(settings(&server, TlsMode::None)).send(&letter()).await.unwrap_err();
        assert_eq!(matches!(error, MailError::Refused(_)), is_final, "{answer}: {error}");
        assert!(!error.to_string().contains("bwv_"), "{error}");
    }
    // A password that the server does not know is the operator's to mend: the letter waits.
    let credentials = Some(("bell".to_owned(), "s3cret".to_owned()));
    let server = SmtpServer::start(SmtpBehaviour { credentials, ..SmtpBehaviour::default() }).await;
    let error = with_password(&server, TlsMode::None, "wr0ng").send(&letter()).await.unwrap_err();
    assert!(matches!(error, MailError::Failed(_)) && !error.to_string().contains("wr0ng"), "{error}");
    with_password(&server, TlsMode::None, "s3cret").send(&letter()).await.unwrap();
    // Nobody there.
    let gone = Port::hold();
    let nowhere = SmtpSettings { port: Some(gone.number()), ..settings(&server, TlsMode::None) };
    assert!(matches!(mailer(nowhere).send(&letter()).await, Err(MailError::Failed(_))));
}

#[tokio::test]
async fn a_connection_is_used_again() {
    let server = SmtpServer::start(SmtpBehaviour::default()).await;
    let mailer = mailer(settings(&server, TlsMode::None));
    for number in 0..10 {
        mailer.send(&Letter { to: format!("number{number}@example.com"), ..letter() }).await.unwrap();
    }
    let mails = server.wait_for(10).await;
    let greetings = mails.iter().filter(|mail| mail.commands.iter().any(|line| line.starts_with("EHLO"))).count();
    // It is put back beside the next letter, which may find none and open another.
    assert!(greetings < 10, "{greetings} connections for 10 letters");
}

/// A header cannot be had by what people are called, nor a second recipient by an address.
#[tokio::test]
async fn no_header_is_injected() {
    let server = SmtpServer::start(SmtpBehaviour::default()).await;
    let mailer = mailer(settings(&server, TlsMode::None));
    let typed = "Ana\r\nBcc: eve@example.com\r\n\r\nHello";
    let named = Letter { name: Some(typed.to_owned()), tenant: typed.to_owned(), ..letter() };
    mailer.send(&named).await.unwrap();
    let mail = &server.wait_for(1).await[0];
    let head = mail.message.split("\r\n\r\n").next().unwrap();
    assert!(!head.lines().any(|line| line.starts_with("Bcc")), "{head}");
    assert_eq!(mail.commands.iter().filter(|line| line.starts_with("RCPT")).count(), 1);
    for to in ["ana@example.com\r\nRCPT TO:<eve@example.com>", "ana@example.com, eve@example.com", "", "ana"] {
        let error = mailer.send(&Letter { to: to.to_owned(), ..letter() }).await.unwrap_err();
        assert!(matches!(error, MailError::Refused(_)), "{to:?}: {error}");
    }
}
