//! The keys that sign access tokens: Ed25519, as a JSON Web Key set (RFC 7517, RFC 8037).
//!
//! There may be several: the first signs, all verify, so that keys rotate without logging anyone out.

use std::fmt;

use aws_lc_rs::hmac;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{DecodingKey, EncodingKey};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::json;

use super::SecretToken;
use crate::entropy::Entropy;
use crate::ids::{Id, SessionId};

/// What refresh tokens start with.
pub(super) const REFRESH_TOKEN: &str = "bwr_";

/// Keys by their `kid`.
pub struct SigningKeys {
    keys: Vec<SigningKey>,
}

struct SigningKey {
    kid: String,
    public: String,
    encoding: EncodingKey,
    decoding: DecodingKey,
    refresh: hmac::Key,
}

/// Why a key set cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// Not a key set.
    #[error(
        "expected a JSON Web Key set, {{\"keys\": [{{\"kty\": \"OKP\", \"crv\": \"Ed25519\", \"kid\": …, \"d\": …}}]}}: {0}"
    )]
    Syntax(#[from] serde_json::Error),
    /// No key in it.
    #[error("the key set has no key")]
    Empty,
    /// Two keys of one name.
    #[error("two keys have the kid {0:?}")]
    Duplicate(String),
    /// A key of another kind, or not 32 bytes.
    #[error("the key {0:?} is not a private Ed25519 key (kty OKP, crv Ed25519, d of 32 bytes)")]
    NotEd25519(String),
}

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<Key>,
}

#[derive(Deserialize)]
struct Key {
    kty: String,
    crv: String,
    kid: String,
    d: SecretString,
}

impl SigningKeys {
    /// Reads a key set with its private keys.
    ///
    /// # Errors
    /// A [`KeyError`] that never holds key material.
    pub fn from_jwks(text: &str) -> Result<Self, KeyError> {
        let set: KeySet = serde_json::from_str(text)?;
        let mut keys: Vec<SigningKey> = Vec::new();
        for key in set.keys {
            if keys.iter().any(|known| known.kid == key.kid) {
                return Err(KeyError::Duplicate(key.kid));
            }
            keys.push(SigningKey::new(key)?);
        }
        if keys.is_empty() { Err(KeyError::Empty) } else { Ok(Self { keys }) }
    }

    /// A new key set with one new key, as text to be kept in a file that only the server can read.
    pub fn generate(entropy: &Entropy) -> SecretString {
        let seed = URL_SAFE_NO_PAD.encode(entropy.bytes::<32>());
        let kid = hex::encode(entropy.bytes::<8>());
        format!("{:#}\n", json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": kid, "d": seed}]})).into()
    }

    /// The public halves, for /.well-known/jwks.json.
    pub fn public_jwks(&self) -> serde_json::Value {
        let public = |key: &SigningKey| json!({"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": key.kid, "x": key.public});
        json!({"keys": self.keys.iter().map(public).collect::<Vec<_>>()})
    }

    /// The key that signs, with its `kid`. There is always one.
    pub(crate) fn signing(&self) -> Option<(&str, &EncodingKey)> {
        self.keys.first().map(|key| (key.kid.as_str(), &key.encoding))
    }

    /// The refresh token that follows `spent` in its session: always the same one, and to be known only by whoever
    /// holds both the token and our key. So a renewal that is asked for twice can be answered twice, though nothing but
    /// hashes of tokens is stored. One for each key, the one of the key that signs first: while keys rotate, the token may
    /// have been followed by that of another. There is always a key.
    pub(crate) fn refresh_tokens_after(&self, session: SessionId, spent: &str) -> impl Iterator<Item = SecretToken> {
        self.keys.iter().map(move |key| {
            let mut context = hmac::Context::with_key(&key.refresh);
            context.update(session.uuid().as_bytes());
            context.update(spent.as_bytes());
            SecretToken::of(REFRESH_TOKEN, context.sign().as_ref())
        })
    }

    /// The key of this `kid`.
    pub(crate) fn verifying(&self, kid: &str) -> Option<&DecodingKey> {
        self.keys.iter().find(|key| key.kid == kid).map(|key| &key.decoding)
    }
}

impl SigningKey {
    fn new(key: Key) -> Result<Self, KeyError> {
        let wrong = || KeyError::NotEd25519(key.kid.clone());
        if key.kty != "OKP" || key.crv != "Ed25519" {
            return Err(wrong());
        }
        let seed = URL_SAFE_NO_PAD.decode(key.d.expose_secret()).map_err(|_| wrong())?;
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).map_err(|_| wrong())?;
        let pkcs8 = pair.to_pkcs8v1().map_err(|_| wrong())?;
        let public = URL_SAFE_NO_PAD.encode(pair.public_key());
        let decoding = DecodingKey::from_ed_components(&public).map_err(|_| wrong())?;
        // A key of its own for another use, so that neither tells anything of the other.
        let refresh = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &seed), b"bellwether refresh tokens");
        let refresh = hmac::Key::new(hmac::HMAC_SHA256, refresh.as_ref());
        Ok(Self { encoding: EncodingKey::from_ed_der(pkcs8.as_ref()), decoding, public, refresh, kid: key.kid })
    }
}

impl fmt::Debug for SigningKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.keys.iter().map(|key| &key.kid)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generated_set_reads_back_and_publishes_no_secret() {
        let text = SigningKeys::generate(&Entropy::from_seed(3));
        let keys = SigningKeys::from_jwks(text.expose_secret()).unwrap();
        let public = keys.public_jwks().to_string();
        assert!(public.contains("\"x\"") && !public.contains("\"d\""), "{public}");
    }

    #[test]
    fn a_refresh_token_has_one_successor_that_its_key_session_and_predecessor_decide() {
        let keys =
            |seed| SigningKeys::from_jwks(SigningKeys::generate(&Entropy::from_seed(seed)).expose_secret()).unwrap();
        let session = |n: u128| SessionId::from_uuid(uuid::Uuid::from_u128(n));
        let after = |seed, n, spent: &str| {
            keys(seed).refresh_tokens_after(session(n), spent).next().unwrap().expose().to_owned()
        };
        let token = after(1, 1, "bwr_a");
        assert_eq!(token, after(1, 1, "bwr_a"));
        assert!(token.starts_with(REFRESH_TOKEN) && token.len() == 47, "{token}");
        for other in [after(2, 1, "bwr_a"), after(1, 2, "bwr_a"), after(1, 1, "bwr_b")] {
            assert_ne!(token, other);
        }
    }

    #[test]
    fn wrong_sets_are_refused_without_showing_them() {
        for (text, part) in [
            ("", "expected a JSON Web Key set"),
            (r#"{"keys": []}"#, "no key"),
            (r#"{"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "a", "d": "c2hvcnQ"}]}"#, "not a private Ed25519"),
            (r#"{"keys": [{"kty": "RSA", "crv": "Ed25519", "kid": "a", "d": "c2hvcnQ"}]}"#, "not a private Ed25519"),
        ] {
            let error = SigningKeys::from_jwks(text).unwrap_err().to_string();
            assert!(error.contains(part) && !error.contains("c2hvcnQ"), "{error}");
        }
    }
}
