//! Keys change, by the runbook, and nobody is signed out.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bellwether_tests::both_databases;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use crate::place::{PASSWORD, Place};
use crate::server::Server;

const SESSION: &str = "session { accessToken refreshToken } userErrors { code }";

/// What a session is used with.
struct Tokens {
    access: String,
    refresh: String,
}

impl Tokens {
    fn of(payload: &Value) -> Self {
        let token = |name: &str| payload["session"][name].as_str().unwrap_or_else(|| panic!("{payload}")).to_owned();
        Self { access: token("accessToken"), refresh: token("refreshToken") }
    }

    async fn sign_in(server: &Server) -> Self {
        let query = format!("mutation ($input: LoginInput!) {{ login(input: $input) {{ {SESSION} }} }}");
        let input = json!({"email": "owner@acme.test", "password": PASSWORD});
        Self::of(&server.anonymous().data(&query, json!({"input": input})).await["login"])
    }

    async fn renewed(&self, server: &Server) -> Self {
        let query =
            format!("mutation ($token: String!) {{ refreshSession(input: {{refreshToken: $token}}) {{ {SESSION} }} }}");
        Self::of(&server.anonymous().data(&query, json!({"token": self.refresh})).await["refreshSession"])
    }

    /// The name of the key that signed the access token.
    fn kid(&self) -> Value {
        let header = URL_SAFE_NO_PAD.decode(self.access.split('.').next().unwrap()).unwrap();
        serde_json::from_slice::<Value>(&header).unwrap()["kid"].clone()
    }

    /// Status and reason of what a server answers to the access token.
    async fn answer(&self, server: &Server) -> (u16, Value) {
        let mut client = server.anonymous();
        client.token = Some(self.access.clone());
        let answer = client.send("{ viewer { role } }", json!({})).await;
        (answer.status.as_u16(), answer.body["errors"][0]["extensions"]["reason"].clone())
    }
}

/// A server that has these keys and no others.
async fn serve(app: &Place, keys: &[&Value]) -> Server {
    app.write("data/keys.json", json!({"keys": keys}).to_string());
    let server = app.serve().await;
    let (_, published) = server.get("/.well-known/jwks.json").await.unwrap();
    let published: Value = serde_json::from_str(&published).unwrap();
    let kids = |keys: &[&Value]| keys.iter().map(|key| key["kid"].clone()).collect::<Vec<_>>();
    assert_eq!(kids(&published["keys"].as_array().unwrap().iter().collect::<Vec<_>>()), kids(keys));
    server
}

/// Puts the moment at which tokens were used up so far off that the ten seconds in which they may be repeated do not
/// pass, however long a server takes to start.
async fn hold_the_grace(app: &Place) {
    let db = app.database().await;
    let later = "UPDATE spent_refresh_tokens SET spent_at = '2100-01-01T00:00:00+00:00'";
    assert!(db.execute_unprepared(later).await.unwrap().rows_affected() > 0);
    db.close().await.unwrap();
}

both_databases! {
    async fn they_change_without_signing_anybody_out(app: Place) {
        let app = app.founded();
        let key = |text: &str| serde_json::from_str::<Value>(text).unwrap()["keys"][0].clone();
        let old = key(&std::fs::read_to_string(app.path("data/keys.json")).unwrap());
        let new = key(&app.done(&["keys", "new"]).out);

        let server = serve(&app, &[&old]).await;
        let (mut session, repeated) = (Tokens::sign_in(&server).await, Tokens::sign_in(&server).await);
        assert_eq!(session.kid(), old["kid"]);
        let next = repeated.renewed(&server).await;
        server.terminate().await;

        // The new one signs, both verify.
        let server = serve(&app, &[&new, &old]).await;
        hold_the_grace(&app).await;
        assert_eq!(session.answer(&server).await, (200, Value::Null));
        let again = repeated.renewed(&server).await;
        assert_eq!(again.refresh, next.refresh, "a repetition is answered with what the old key made");
        assert_eq!(again.kid(), new["kid"]);
        let before = session;
        session = before.renewed(&server).await;
        assert_eq!(session.kid(), new["kid"]);
        assert_ne!(session.refresh, before.refresh);
        for tokens in [&before, &session, &next, &again] {
            assert_eq!(tokens.answer(&server).await, (200, Value::Null), "signed by {}", tokens.kid());
        }
        server.terminate().await;

        // What the old one signed is nothing any more; sessions go on, also one that the old key alone was there for.
        let server = serve(&app, &[&new]).await;
        for tokens in [&before, &next] {
            assert_eq!(tokens.answer(&server).await, (401, json!("INVALID")));
        }
        for tokens in [&session, &next] {
            let renewed = tokens.renewed(&server).await;
            assert_eq!(renewed.kid(), new["kid"]);
            assert_eq!(renewed.answer(&server).await, (200, Value::Null));
        }
        assert_eq!(session.answer(&server).await, (200, Value::Null));
    }
}
