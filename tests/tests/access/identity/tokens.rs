//! Access tokens, good and forged.
//!
//! The harness's keys are known, so that tokens can be made here that are wrong in one thing alone. Each forgery is the
//! good token of a signed-in trader but for that thing, and the good one made in the same way is let in: nothing is
//! refused for another reason than the one that is meant.

use aws_lc_rs::hmac;
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bellwether_domain::entropy::Entropy;
use bellwether_domain::identity::SigningKeys;
use bellwether_domain::ids::{SessionId, TenantId, UserId};
use bellwether_domain::permission::Role;
use bellwether_tests::app::{PASSWORD, email};
use bellwether_tests::{TestApp, both_databases};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::follow::{Events, Heard, Socket};
use crate::world::{Caller, Written, unused};

/// A key with its name.
struct Key {
    kid: String,
    pair: Ed25519KeyPair,
}

impl Key {
    /// The key that is made of this seed; the harness's is of 1.
    fn of_seed(seed: u64) -> Self {
        let set: Value =
            serde_json::from_str(SigningKeys::generate(&Entropy::from_seed(seed)).expose_secret()).unwrap();
        let text = |field: &str| set["keys"][0][field].as_str().unwrap().to_owned();
        let seed = URL_SAFE_NO_PAD.decode(text("d")).unwrap();
        Self { kid: text("kid"), pair: Ed25519KeyPair::from_seed_unchecked(&seed).unwrap() }
    }

    fn public(&self) -> &[u8] {
        self.pair.public_key().as_ref()
    }

    /// The header of a good token.
    fn header(&self) -> Value {
        json!({"alg": "EdDSA", "typ": "at+jwt", "kid": self.kid})
    }

    /// A token of these two, whatever they say, signed with the key.
    fn sign(&self, header: &str, claims: &str) -> String {
        let input = signing_input(header, claims);
        let signature = URL_SAFE_NO_PAD.encode(self.pair.sign(input.as_bytes()));
        format!("{input}.{signature}")
    }
}

fn signing_input(header: &str, claims: &str) -> String {
    format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims))
}

/// A token signed with HMAC, as by who hopes that a public key is taken for a shared secret.
fn hs256(header: &Value, claims: &Value, secret: &[u8]) -> String {
    let input = signing_input(&header.to_string(), &claims.to_string());
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), input.as_bytes());
    format!("{input}.{}", URL_SAFE_NO_PAD.encode(tag))
}

/// The claims of a token.
fn claims(token: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap()).unwrap()
}

/// The object with one field changed, or taken away.
fn with(object: &Value, field: &str, value: Option<Value>) -> Value {
    let mut object = object.clone();
    match value {
        Some(value) => object[field] = value,
        None => drop(object.as_object_mut().unwrap().remove(field)),
    }
    object
}

/// Every forgery of a good token, by what is wrong with it.
fn forgeries(good: &str, refresh: &str, now: i64) -> Vec<(String, String)> {
    let (ours, other) = (Key::of_seed(1), Key::of_seed(2));
    let (header, good_claims) = (ours.header(), claims(good));
    let mut forged: Vec<(String, String)> = Vec::new();
    let mut forge = |what: String, token: String| forged.push((what, token));

    for alg in ["none", "None", "NONE", "nOnE", ""] {
        let input = signing_input(&with(&header, "alg", Some(json!(alg))).to_string(), &good_claims.to_string());
        forge(format!("alg {alg:?} without a signature"), format!("{input}."));
        forge(format!("alg {alg:?} of two parts"), input.clone());
        forge(format!("alg {alg:?} with the good signature"), format!("{input}.{}", good.rsplit('.').next().unwrap()));
    }
    let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": URL_SAFE_NO_PAD.encode(ours.public())});
    let der = [&[0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00], ours.public()].concat();
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(&der));
    let secrets: [(&str, Vec<u8>); 7] = [
        ("raw", ours.public().to_vec()),
        ("base64", URL_SAFE_NO_PAD.encode(ours.public()).into_bytes()),
        ("JWK", jwk.to_string().into_bytes()),
        ("PEM", pem.into_bytes()),
        ("DER", der),
        ("its name", ours.kid.clone().into_bytes()),
        ("nothing", Vec::new()),
    ];
    for (kind, secret) in secrets {
        let token = hs256(&with(&header, "alg", Some(json!("HS256"))), &good_claims, &secret);
        forge(format!("HS256 with the public key: {kind}"), token);
    }
    for alg in ["HS256", "HS512", "RS256", "PS256", "ES256", "ES384", "Ed448", "eddsa", "EDDSA"] {
        let header = with(&header, "alg", Some(json!(alg)));
        forge(format!("alg {alg}"), ours.sign(&header.to_string(), &good_claims.to_string()));
    }
    forge("no alg".into(), ours.sign(&with(&header, "alg", None).to_string(), &good_claims.to_string()));
    forge("another key under our name".into(), other.sign(&header.to_string(), &good_claims.to_string()));
    forge("another key under its own name".into(), other.sign(&other.header().to_string(), &good_claims.to_string()));
    let wrong_kids = ["", "other", "../../../dev/null", "/dev/null", "' OR '1'='1", "0", &ours.kid.to_uppercase()];
    for kid in wrong_kids.map(|kid| json!(kid)).into_iter().chain([Value::Null, json!(0), json!([ours.kid])]) {
        let token = ours.sign(&with(&header, "kid", Some(kid.clone())).to_string(), &good_claims.to_string());
        forge(format!("kid {kid}"), token);
    }
    forge("no kid".into(), ours.sign(&with(&header, "kid", None).to_string(), &good_claims.to_string()));
    for typ in [json!("JWT"), json!("jwt"), json!("rt+jwt"), json!(""), Value::Null, json!("id+jwt")] {
        let token = ours.sign(&with(&header, "typ", Some(typ.clone())).to_string(), &good_claims.to_string());
        forge(format!("typ {typ}"), token);
    }
    forge("no typ".into(), ours.sign(&with(&header, "typ", None).to_string(), &good_claims.to_string()));
    let theirs = json!({"kty": "OKP", "crv": "Ed25519", "x": URL_SAFE_NO_PAD.encode(other.public())});
    for (field, value) in [("jwk", theirs), ("jku", json!("https://a.test/jwks")), ("x5u", json!("https://a.test/x5u"))]
    {
        let header = with(&header, field, Some(value)).to_string();
        forge(format!("{field} of another key"), other.sign(&header, &good_claims.to_string()));
        forge(format!("{field} beside our key"), ours.sign(&header, &good_claims.to_string()));
    }

    let mut claim = |what: String, claims: String| forge(what, ours.sign(&header.to_string(), &claims));
    for field in ["iss", "aud", "exp", "iat", "sub", "sid", "tid"] {
        claim(format!("no {field}"), with(&good_claims, field, None).to_string());
        claim(format!("{field} null"), with(&good_claims, field, Some(Value::Null)).to_string());
        let twice = good_claims.to_string();
        claim(format!("{field} twice"), format!("{},\"{field}\":{}}}", &twice[..twice.len() - 1], good_claims[field]));
    }
    for (field, value) in [
        ("iss", json!("elsewhere")),
        ("iss", json!("Bellwether")),
        ("iss", json!("")),
        ("aud", json!("elsewhere")),
        ("aud", json!(["elsewhere"])),
        ("aud", json!("")),
        ("aud", json!([])),
        ("exp", json!(now - 31)),
        ("exp", json!(now - 3_600)),
        ("exp", json!(0)),
        ("exp", json!(-1)),
        ("exp", json!(now.to_string())),
        ("exp", json!(1e300)),
        ("exp", json!(true)),
        ("iat", json!(now + 3_600)),
        ("iat", json!(now.to_string())),
        ("sub", json!(unused::<UserId>())),
        ("sub", json!("")),
        ("sub", json!(1)),
        ("sid", json!(unused::<SessionId>())),
        ("sid", good_claims["sub"].clone()),
        ("sid", json!("' OR 1=1 --")),
        ("sid", json!("ses_\u{0}")),
        ("tid", json!(unused::<TenantId>())),
        ("tid", json!("")),
    ] {
        claim(format!("{field} {value}"), with(&good_claims, field, Some(value)).to_string());
    }
    claim("a claim that we do not make".into(), with(&good_claims, "role", Some(json!("OWNER"))).to_string());
    claim("no object".into(), "[]".into());
    claim("no JSON".into(), "{".into());
    claim("nothing".into(), String::new());

    forge("the refresh token".into(), refresh.to_owned());
    for length in [1, 10, good.len() / 2, good.len() - 40, good.len() - 4, good.len() - 1] {
        forge(format!("cut off after {length}"), good[..length].to_owned());
    }
    forge("cut off at the front".into(), good[1..].to_owned());
    forge("continued".into(), format!("{good}A"));
    forge("of four parts".into(), format!("{good}.e30"));
    forge("padded".into(), format!("{good}=="));
    forge("twice".into(), format!("{good},{good}"));
    forge("in quotes".into(), format!("\"{good}\""));
    forge("the session's id".into(), good_claims["sid"].as_str().unwrap().to_owned());
    for text in [".", "..", "...", "null", "undefined", "eyJ", "e30.e30.e30", &"a.".repeat(2_000), &"A".repeat(7_000)] {
        forge(format!("{text:.20} of {}", text.len()), text.to_owned());
    }
    let (parts, zeros) = (good.split('.').collect::<Vec<_>>(), URL_SAFE_NO_PAD.encode([0; 64]));
    forge("a signature of zeros".into(), format!("{}.{}.{zeros}", parts[0], parts[1]));
    let mut flipped = URL_SAFE_NO_PAD.decode(parts[2]).unwrap();
    flipped[0] ^= 1;
    forge("a changed signature".into(), format!("{}.{}.{}", parts[0], parts[1], URL_SAFE_NO_PAD.encode(&flipped)));
    let owner = with(&good_claims, "sub", Some(json!(unused::<UserId>()))).to_string();
    forge("changed claims".into(), format!("{}.{}.{}", parts[0], URL_SAFE_NO_PAD.encode(owner), parts[2]));
    forged
}

/// Fails unless whoever sent this was told to sign in, and nothing was done.
fn assert_refused(what: &str, written: &Written) {
    assert_eq!(
        (written.status.as_u16(), written.code().as_deref()),
        (401, Some("UNAUTHENTICATED")),
        "{what}: {}",
        written.text
    );
    let challenge = written.headers["www-authenticate"].to_str().unwrap();
    assert!(challenge.starts_with("Bearer ") && challenge.contains("error=\"invalid_token\""), "{what}: {challenge}");
    let json = written.json();
    assert_eq!(json.get("data"), None, "{what}: it was answered as nobody's question: {json}");
    let reason = json["errors"][0]["extensions"]["reason"].as_str().unwrap();
    assert!(["EXPIRED", "REVOKED", "INVALID"].contains(&reason), "{what}: {reason}");
}

/// A trader's access and refresh tokens.
async fn tokens(app: &TestApp) -> (String, String) {
    let query = "mutation ($email: String!, $password: String!) { login(input: {email: $email, password: $password}) {
        session { accessToken refreshToken } } }";
    let input = json!({"email": email("a", Role::Trader), "password": PASSWORD});
    let session = app.anonymous().data(query, input).await["login"]["session"].clone();
    let text = |field: &str| session[field].as_str().unwrap().to_owned();
    (text("accessToken"), text("refreshToken"))
}

const VIEWER: &str = "{ viewer { user { id } role } }";

both_databases! {
    async fn every_forged_token_is_refused_and_never_anonymous(app: TestApp) {
        let (good, refresh) = tokens(&app).await;
        let caller = Caller::anonymous(&app);
        let forgeries = forgeries(&good, &refresh, app.domain.now().timestamp());
        assert!(forgeries.len() > 100, "{}", forgeries.len());
        for (what, token) in &forgeries {
            assert_ne!(*token, good, "{what}");
            // The most open field there is: for nobody it would be null, and no error.
            assert_refused(what, &caller.with_token(token).ask(VIEWER, &json!({})).await);
        }
        assert_eq!(caller.with_token(&good).ask(VIEWER, &json!({})).await.json()["data"]["viewer"]["role"], "TRADER");
    }

    /// What is made here in the same way with nothing wrong in it is let in, and the leeway is there.
    async fn a_token_made_of_the_same_parts_is_let_in(app: TestApp) {
        let (good, _) = tokens(&app).await;
        let (key, good_claims, now) = (Key::of_seed(1), claims(&good), app.domain.now().timestamp());
        let late = with(&with(&good_claims, "exp", Some(json!(now - 10))), "iat", Some(json!(now - 610)));
        for (what, claims) in [("again", good_claims.clone()), ("within the leeway", late)] {
            let token = key.sign(&key.header().to_string(), &claims.to_string());
            let written = Caller::anonymous(&app).with_token(&token).ask(VIEWER, &json!({})).await;
            assert_eq!(written.json()["data"]["viewer"]["user"]["id"], good_claims["sub"], "{what}: {}", written.text);
        }
        let expired = with(&with(&good_claims, "exp", Some(json!(now - 31))), "iat", Some(json!(now - 631)));
        let token = key.sign(&key.header().to_string(), &expired.to_string());
        let written = Caller::anonymous(&app).with_token(&token).ask(VIEWER, &json!({})).await;
        assert_eq!(written.json()["errors"][0]["extensions"]["reason"], "EXPIRED", "{}", written.text);
    }

    /// One's own session does not open another's account, nor another tenant.
    async fn a_token_of_mixed_people_is_refused(app: TestApp) {
        let trader = claims(&tokens(&app).await.0);
        let key = Key::of_seed(1);
        for (tenant, role) in [("a", Role::Admin), ("b", Role::Trader), ("b", Role::Owner)] {
            let other = claims(&Caller::of(&app, tenant, role).await.token.unwrap());
            for field in ["sub", "sid", "tid"] {
                if other[field] == trader[field] {
                    continue;
                }
                let mixed = with(&trader, field, Some(other[field].clone())).to_string();
                let token = key.sign(&key.header().to_string(), &mixed);
                let written = Caller::anonymous(&app).with_token(&token).ask(VIEWER, &json!({})).await;
                assert_refused(&format!("{field} of {role:?} of {tenant}"), &written);
            }
        }
    }

    async fn a_header_that_is_no_bearer_token_is_refused(app: TestApp) {
        let (good, _) = tokens(&app).await;
        let caller = Caller::anonymous(&app);
        let (together, another_scheme) = (format!("Bearer{good}"), format!("JWT {good}"));
        let wrong = ["", "Bearer", "Bearer ", "Basic dHJhZGVyOng=", "Token x", &good, &together, &another_scheme];
        for wrong in wrong {
            let written = caller.ask_with(VIEWER, &json!({}), &[("authorization", wrong)]).await;
            assert_refused(wrong, &written);
        }
        let two = [("authorization", format!("Bearer {good}")), ("authorization", format!("Bearer {good}"))];
        let two = two.each_ref().map(|(name, value)| (*name, value.as_str()));
        assert_refused("two headers", &caller.ask_with(VIEWER, &json!({}), &two).await);
        let lower = caller.ask_with(VIEWER, &json!({}), &[("authorization", &format!("bearer  {good}"))]).await;
        assert_eq!(lower.status, 200, "the scheme has no case: {}", lower.text);
        // A token elsewhere is no token.
        let cookie = format!("token={good}");
        let elsewhere = caller.ask_with(VIEWER, &json!({}), &[("cookie", &cookie), ("x-token", &good)]).await;
        assert_eq!(elsewhere.json()["data"]["viewer"], Value::Null);
    }

    /// A bad token is refused on every way in, in every form of answer.
    async fn a_bad_token_is_refused_on_every_way_in(app: TestApp) {
        let bad = "Bearer e30.e30.e30";
        let caller = Caller::anonymous(&app);
        for accept in ["application/json", "application/graphql-response+json", "*/*"] {
            let http = reqwest::Client::builder().build().unwrap();
            let body = json!({"query": VIEWER}).to_string();
            let post = http.post(app.url("/graphql")).header("content-type", "application/json").body(body);
            let get = http.get(app.url("/graphql?query=%7Bviewer%7Brole%7D%7D"));
            for request in [post, get] {
                let request = request.header("accept", accept).header("authorization", bad);
                assert_refused(accept, &Written::of(request.send().await.unwrap()).await);
            }
        }
        let logout = "mutation { logout(input: {}) { sessionId } }";
        assert_refused("a mutation", &caller.ask_with(logout, &json!({}), &[("authorization", bad)]).await);
        let subscription = "subscription { signalRecorded { sequence } }";
        let refused = Events::subscribe(&app, Some("e30.e30.e30"), subscription, &json!({})).await;
        assert_eq!(refused.err().map(|(status, answer)| (status, answer["errors"][0]["extensions"]["code"].clone())),
            Some((401, json!("UNAUTHENTICATED"))));
        assert_eq!(Socket::open(&app, Some(bad), Value::Null).await.err(), Some(401));
        for payload in [json!({"authorization": bad}), json!({"Authorization": "x"}), json!({"authorization": 1})] {
            let mut socket = Socket::open(&app, None, payload.clone()).await.unwrap();
            assert!(matches!(socket.next().await, Heard::Closed(4403)), "{payload}");
        }
    }

    /// What the server publishes verifies what it signs, and holds nothing that signs.
    async fn the_published_keys_verify_the_tokens(app: TestApp) {
        let (good, _) = tokens(&app).await;
        let http = reqwest::Client::builder().build().unwrap();
        let written = Written::of(http.get(app.url("/.well-known/jwks.json")).send().await.unwrap()).await;
        assert_eq!(written.status, 200);
        let keys = written.json()["keys"].clone();
        let key = &keys[0];
        assert!(keys.as_array().unwrap().iter().all(|key| key.get("d").is_none()), "a private key is published");
        assert_eq!((&key["kty"], &key["crv"], &key["alg"]), (&json!("OKP"), &json!("Ed25519"), &json!("EdDSA")));
        let (input, signature) = good.rsplit_once('.').unwrap();
        let public = URL_SAFE_NO_PAD.decode(key["x"].as_str().unwrap()).unwrap();
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        UnparsedPublicKey::new(&ED25519, public).verify(input.as_bytes(), &signature).unwrap();
        let header = URL_SAFE_NO_PAD.decode(good.split('.').next().unwrap()).unwrap();
        let header: Value = serde_json::from_slice(&header).unwrap();
        assert_eq!(header, json!({"typ": "at+jwt", "alg": "EdDSA", "kid": key["kid"]}));
    }
}
