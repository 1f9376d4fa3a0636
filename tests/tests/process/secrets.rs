//! The log tells everything except what would let its reader in.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use bellwether_tests::mail::tokens_in;
use bellwether_tests::smtp::{SmtpBehaviour, SmtpServer};
use bellwether_tests::{Client, PATIENCE};
use futures_util::StreamExt;
use serde_json::{Value, json};

use crate::place::{PASSWORD, Place};
use crate::server::{http, until};

const SESSION: &str = "session { accessToken refreshToken } userErrors { code message }";

/// Notes what must not be told.
#[derive(Default)]
struct Secrets(Vec<(&'static str, String)>);

impl Secrets {
    fn note(&mut self, what: &'static str, secret: impl Into<String>) -> String {
        let secret = secret.into();
        self.0.push((what, secret.clone()));
        secret
    }

    /// Notes both tokens of a payload and returns them.
    fn session(&mut self, payload: &Value) -> (String, String) {
        let token = |name: &str| payload["session"][name].as_str().unwrap_or_else(|| panic!("{payload}")).to_owned();
        (self.note("access token", token("accessToken")), self.note("refresh token", token("refreshToken")))
    }
}

/// A secret as programs may write it: as it is, in hexadecimal, as a list of bytes, in an address, in either base64.
fn spellings(secret: &str) -> Vec<String> {
    let bytes = secret.as_bytes();
    let percent =
        secret.bytes().map(|b| if b.is_ascii_alphanumeric() { (b as char).to_string() } else { format!("%{b:02X}") });
    let mut spellings = vec![
        secret.to_owned(),
        bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
        bytes.iter().map(u8::to_string).collect::<Vec<_>>().join(", "),
        percent.collect(),
    ];
    spellings
        .extend((0..3).flat_map(|before| [STANDARD, URL_SAFE].map(|engine| within_base64(secret, before, &engine))));
    spellings
}

/// What base64 makes of a secret that stands behind so many other bytes, as in `email:password`, without the signs that
/// what is around it has a part in.
fn within_base64(secret: &str, before: usize, engine: &impl Engine) -> String {
    let text = engine.encode([&vec![0; before], secret.as_bytes()].concat());
    text[(before * 8).div_ceil(6)..(before + secret.len()) * 8 / 6].to_owned()
}

#[test]
fn a_secret_is_found_in_what_has_it_in_base64() {
    for (around, engine) in [("x@y.z:{}", STANDARD), ("\0user\0{}", URL_SAFE), ("{}é", STANDARD), ("ab{}\n", URL_SAFE)]
    {
        for secret in ["Very-S3cret-Passw0rd!", "ñandú?>~ñandú?>~"] {
            let written = engine.encode(around.replace("{}", secret));
            assert!(spellings(secret).iter().any(|spelling| written.contains(spelling)), "{written}");
        }
    }
}

/// The tokens in the links of a letter, once it has come as the `nth` with one (from 1).
async fn tokens_of_letter(mail: &SmtpServer, nth: usize) -> Vec<String> {
    until(PATIENCE, "the letter comes", async || {
        let letters = mail.mails().into_iter().map(|mail| tokens_in(&mail.message));
        letters.filter(|tokens| !tokens.is_empty()).nth(nth - 1)
    })
    .await
}

/// A mail server that wants a password, and what names it to the program.
async fn mail_server(app: &mut Place, password: &str) -> SmtpServer {
    let credentials = Some(("bell".to_owned(), password.to_owned()));
    let mail = SmtpServer::start(SmtpBehaviour { wrapped: true, credentials, ..SmtpBehaviour::default() }).await;
    app.write("mail-ca.pem", &mail.authority);
    let port = mail.address.port().to_string();
    for (key, value) in [
        ("HOST", "localhost"),
        ("PORT", &port),
        ("AUTHORITY_FILE", "mail-ca.pem"),
        ("USER", "bell"),
        ("PASSWORD", password),
    ] {
        app.set(&format!("MAIL__{key}"), value);
    }
    mail
}

async fn login(client: &Client, password: &str) -> Value {
    let query = format!("mutation ($input: LoginInput!) {{ login(input: $input) {{ {SESSION} }} }}");
    let input = json!({"email": "secretive@acme.test", "password": password});
    client.data(&query, json!({"input": input})).await["login"].clone()
}

bellwether_tests::both_databases! {
    async fn none_is_in_the_log(app: Place) {
        let mut app = app.founded().with("LOG__LEVEL", "trace");
        let mut secrets = Secrets::default();
        let mail = mail_server(&mut app, &secrets.note("mail password", "P0stman-S3cret!")).await;
        if app.url.contains("//postgres@") {
            // The tests' own server takes whatever it is shown.
            let password = secrets.note("database password", "Datab4se-S3cret!");
            let url = app.url.replace("//postgres@", &format!("//postgres:{password}@"));
            app.set("DATABASE__URL", &url);
        }
        let server = app.serve().await;
        let mut client = server.anonymous();

        let password = secrets.note("password", "Very-S3cret-Passw0rd!");
        let query = format!("mutation ($input: RegisterInput!) {{ register(input: $input) {{ {SESSION} }} }}");
        let input = json!({
            "email": "secretive@acme.test", "password": password, "firstName": "Sec", "lastName": "Retive",
            "acceptTerms": bellwether_domain::DomainConfig::default().terms_version,
        });
        let registered = client.data(&query, json!({"input": input})).await["register"].clone();
        secrets.session(&registered);
        let weak = secrets.note("weak password", "weakling");
        let input = json!({"email": "x@acme.test", "password": weak, "firstName": "", "lastName": "", "acceptTerms": ""});
        client.data(&query, json!({"input": input})).await;

        let (_, refresh) = secrets.session(&login(&client, &password).await);
        let wrong = secrets.note("wrong password", "Wr0ng-but-cl0se!");
        assert_eq!(login(&client, &wrong).await["userErrors"][0]["code"], "INVALID_CREDENTIALS");
        // Secrets where they do not belong are secrets all the same.
        client.send(&format!("mutation Oops {{ login(input: {{email: \"a@b.co\", password: \"{password}\"}}) {{ nothing }} }}"), json!({})).await;

        let query = format!("mutation ($input: RefreshSessionInput!) {{ refreshSession(input: $input) {{ {SESSION} }} }}");
        let renewed = client.data(&query, json!({"input": {"refreshToken": refresh}})).await["refreshSession"].clone();
        secrets.session(&renewed);
        let used = secrets.note("wrong refresh token", "bwr_0000000000000000000000000000000000000000000");
        client.data(&query, json!({"input": {"refreshToken": used}})).await;

        for token in tokens_of_letter(&mail, 1).await {
            let token = secrets.note("verification token", token);
            client.data("mutation ($t: String!) { verifyEmail(input: {token: $t}) { userErrors { code } } }", json!({"t": token})).await;
        }
        let query = "mutation { requestPasswordReset(input: {email: \"secretive@acme.test\"}) { userErrors { code } } }";
        client.data(query, json!({})).await;
        let new = secrets.note("new password", "N3w-and-S3cret-Passw0rd!");
        for token in tokens_of_letter(&mail, 2).await {
            let token = secrets.note("reset token", token);
            let query = "mutation ($t: String!, $p: String!) { resetPassword(input: {token: $t, password: $p}) { userErrors { code } } }";
            client.data(query, json!({"t": token, "p": new})).await;
        }
        let (access, _) = secrets.session(&login(&client, &new).await);
        client.token = Some(access.clone());
        let newest = secrets.note("newest password", "Th3-newest-Passw0rd!");
        let query = "mutation ($c: String!, $n: String!) { changePassword(input: {currentPassword: $c, newPassword: $n}) { userErrors { code } } }";
        client.data(query, json!({"c": new, "n": newest})).await;

        let query = "mutation ($input: CreateSignalSourceInput!) { createSignalSource(input: $input) { url token userErrors { message } } }";
        let made = client.data(query, json!({"input": {"name": "alerts"}})).await["createSignalSource"].clone();
        let source = secrets.note("source token", made["token"].as_str().unwrap_or_else(|| panic!("{made}")));
        let query = "mutation { createApiKey(input: {name: \"bot\", scopes: [SIGNALS_READ]}) { token userErrors { message } } }";
        let made = client.data(query, json!({})).await["createApiKey"].clone();
        let key = secrets.note("API key", made["token"].as_str().unwrap_or_else(|| panic!("{made}")));
        let mut bot = client.clone();
        for (key, status) in [(key.clone(), 200), (secrets.note("mistyped API key", format!("{key}0")), 401)] {
            bot.token = Some(key);
            assert_eq!(bot.send("{ signals { totalCount } }", json!({})).await.status, status);
        }
        let bad = secrets.note("bad source token", "tvw_thisonewasguessedbysomebody");
        for (token, status) in [(&source, 202), (&source, 202), (&bad, 404)] {
            let url = format!("http://{}/hooks/tradingview/{token}", server.address);
            let answer = http().post(url).header("content-type", "text/plain").body("BUY AAPL 1h").send().await.unwrap();
            assert_eq!(answer.status(), status);
        }
        // Over the limit, with a query string, and by another method.
        let url = format!("http://{}/hooks/tradingview/{source}", server.address);
        http().post(&url).body(vec![b'x'; 70_000]).send().await.unwrap();
        http().get(format!("{url}?again={source}")).send().await.unwrap();

        let mut owner = client.clone();
        owner.token = None;
        let login = format!("mutation ($p: String!) {{ login(input: {{email: \"owner@acme.test\", password: $p}}) {{ {SESSION} }} }}");
        let owners = secrets.note("owner's password", PASSWORD);
        owner.token = Some(secrets.session(&owner.data(&login, json!({"p": owners})).await["login"]).0);
        let query = "mutation { inviteUser(input: {email: \"invited@acme.test\", firstName: \"In\", lastName: \"Vited\", role: TRADER}) {
            userErrors { message } } }";
        assert_eq!(owner.data(query, json!({})).await["inviteUser"]["userErrors"], json!([]));
        let first = secrets.note("invited person's password", "F1rst-S3cret-Passw0rd!");
        let terms = bellwether_domain::DomainConfig::default().terms_version;
        for token in tokens_of_letter(&mail, 3).await {
            let token = secrets.note("invitation token", token);
            let query = format!("mutation ($input: AcceptInvitationInput!) {{ acceptInvitation(input: $input) {{ {SESSION} }} }}");
            let input = json!({"token": token, "password": first, "acceptTerms": terms});
            let accepted = client.data(&query, json!({"input": input})).await["acceptInvitation"].clone();
            if accepted["session"].is_object() {
                let mut invited = client.clone();
                invited.token = Some(secrets.session(&accepted).0);
                let close = "mutation ($p: String!) { closeAccount(input: {password: $p}) { user { id } userErrors { code } } }";
                assert_eq!(invited.data(close, json!({"p": first})).await["closeAccount"]["userErrors"], json!([]));
            }
        }
        assert_eq!(app.count("users WHERE email = 'invited@acme.test' AND status = 'CLOSED'").await, 1);

        let mut socket = server.socket(&access).await;
        socket.close(None).await.unwrap();
        while socket.next().await.is_some() {}
        let forged = secrets.note("forged access token", format!("{}x", access.split_at(access.len() - 9).0));
        client.token = Some(forged.clone());
        let refused = client.send("{ viewer { role } }", json!({})).await;
        assert_eq!(refused.code(), Some("UNAUTHENTICATED"));
        let url = format!("http://{}/graphql?query={{__typename}}&token={access}", server.address);
        http().get(url).basic_auth("secretive@acme.test", Some(&password)).send().await.unwrap();

        let keys: Value = serde_json::from_slice(&std::fs::read(app.path("data/keys.json")).unwrap()).unwrap();
        secrets.note("signing key", keys["keys"][0]["d"].as_str().unwrap());

        let journal = "SELECT count(*) AS figure FROM signal_deliveries WHERE verdict IS NOT NULL";
        until(PATIENCE, "both deliveries are judged", async || (app.figure(journal).await == 2).then_some(())).await;
        server.ask_to_stop();
        let mut server = server;
        server.ended().await;
        let log = server.log();
        // It is the log of all this, down to other people's crates.
        assert!(log.contains("\"TRACE\"") && log.contains("delivery judged") && log.contains("/graphql"));
        eprintln!("{} lines of log, {} secrets", log.lines().count(), secrets.0.len());
        let lower = log.to_ascii_lowercase();
        let mut told = Vec::new();
        for (what, secret) in &secrets.0 {
            for spelling in spellings(secret) {
                if let Some(at) = lower.find(&spelling.to_ascii_lowercase()) {
                    let line = log[..at].lines().count();
                    let target = log.lines().nth(line.saturating_sub(1)).unwrap_or_default();
                    let target = serde_json::from_str::<Value>(target).map_or_else(|_| String::new(), |l| l["target"].to_string());
                    told.push(format!("{what}, line {line}, from {target}"));
                }
            }
        }
        assert!(told.is_empty(), "in the log:\n{}", told.join("\n"));
    }
}
