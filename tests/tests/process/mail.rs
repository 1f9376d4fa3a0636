//! Mail of a running server.

use bellwether_tests::mail::{readable, tokens_in};
use bellwether_tests::smtp::{SmtpBehaviour, SmtpServer};
use bellwether_tests::{Client, PATIENCE, Port, both_databases};
use serde_json::{Value, json};

use crate::place::{PASSWORD, Place};
use crate::server::until;

async fn register(client: &Client, email: &str) -> Value {
    let query = "mutation ($input: RegisterInput!) { register(input: $input) { session { accessToken } userErrors { message } } }";
    let input = json!({
        "email": email, "password": PASSWORD, "firstName": "Ana", "lastName": "Pérez", "locale": "ES",
        "acceptTerms": bellwether_domain::DomainConfig::default().terms_version,
    });
    client.data(query, json!({"input": input})).await["register"].clone()
}

async fn verify(client: &Client, token: &str) -> Value {
    let query = "mutation ($token: String!) { verifyEmail(input: {token: $token}) { email userErrors { code } } }";
    client.data(query, json!({"token": token})).await["verifyEmail"].clone()
}

both_databases! {
    /// A letter that the mail server was away for arrives when it is back, whichever process sends it.
    async fn a_letter_survives_the_server_that_was_to_send_it(app: Place) {
        let nobody = Port::hold();
        let mut app = app.founded().with("MAIL__HOST", "127.0.0.1").with("MAIL__TLS", "none").with("MAIL__PORT", &nobody.number().to_string())
            .with("MAIL__LINK_BASE_URL", "https://app.acme.test/");
        let mut first = app.serve().await;
        assert!(register(&first.anonymous(), "ana@acme.test").await["session"].is_object());
        until(PATIENCE, "the letter could not be sent", async || {
            (app.count("outbox WHERE attempts = 1 AND last_error IS NOT NULL").await == 1).then_some(())
        }).await;
        first.ask_to_stop();
        first.ended().await;

        let mail = SmtpServer::start(SmtpBehaviour::default()).await;
        app.set("MAIL__PORT", &mail.address.port().to_string());
        let second = app.serve().await;
        // It would be tried again half a minute after; nobody need wait for it here.
        let db = app.database().await;
        sea_orm::ConnectionTrait::execute_unprepared(&db, "UPDATE outbox SET next_attempt_at = created_at").await.unwrap();
        let letter = mail.wait_for(1).await[0].message.clone();
        assert!(readable(&letter).contains("https://app.acme.test/verify-email#token=bwv_"), "{letter}");
        let done = verify(&second.anonymous(), &tokens_in(&letter)[0]).await;
        assert_eq!(done, json!({"email": "ana@acme.test", "userErrors": []}));
        until(PATIENCE, "it is noted as sent", async || {
            (app.count("outbox WHERE attempts = 2 AND delivered_at IS NOT NULL").await == 1).then_some(())
        }).await;
        assert_eq!(mail.mails().len(), 1);
    }

    /// Without a mail server letters are files that only the server's user reads, and the log says where they are.
    async fn without_a_mail_server_letters_are_files(app: Place) {
        let app = app.founded();
        let mut server = app.serve().await;
        register(&server.anonymous(), "ana@acme.test").await;
        // A file is there before what is in it.
        let written = async || app.letters().pop().filter(|letter| !tokens_in(letter).is_empty());
        let letter = until(PATIENCE, "the letter is written", written).await;
        let token = &tokens_in(&letter)[0];
        assert_eq!(verify(&server.anonymous(), token).await["email"], "ana@acme.test");
        server.ask_to_stop();
        server.ended().await;
        let log = server.log();
        assert!(log.contains(".eml") && !log.contains(token), "{log}");
    }
}

#[test]
fn the_password_of_the_mail_server_is_masked() {
    let place = Place::sqlite()
        .with("MAIL__HOST", "mail.example.com")
        .with("MAIL__USER", "bell")
        .with("MAIL__PASSWORD", "s3cret-of-the-mail-server");
    let shown = place.done(&["check", "config"]).out;
    assert!(shown.contains("password = \"***\"") && shown.contains("user = \"bell\""), "{shown}");
    assert!(!shown.contains("s3cret"), "{shown}");
}

#[test]
fn a_password_is_not_sent_in_the_clear() {
    let place = Place::sqlite()
        .with("MAIL__HOST", "mail.example.com")
        .with("MAIL__USER", "bell")
        .with("MAIL__PASSWORD", "s3cret")
        .with("MAIL__TLS", "none");
    place.make_keys();
    let said = place.refused(1, &["serve"]);
    assert!(said.contains("tls") && said.contains("starttls") && !said.contains("s3cret"), "{said}");
}
