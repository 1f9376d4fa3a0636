//! Opaque tokens: 256 random bits, shown once, stored as their SHA-256.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use crate::entropy::Entropy;

/// A token that opens something. Its Debug prints `***`.
pub struct SecretToken(SecretString);

impl SecretToken {
    /// A new token that starts with `prefix`.
    pub fn new(prefix: &str, entropy: &Entropy) -> Self {
        Self::of(prefix, &entropy.bytes::<32>())
    }

    /// The token of these bytes.
    pub(crate) fn of(prefix: &str, bytes: &[u8]) -> Self {
        Self(format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bytes)).into())
    }

    /// The token's text, to be shown to its owner this once.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// What is stored of it.
    pub fn hash(&self) -> Vec<u8> {
        hash_token(self.expose())
    }
}

/// What is stored of a token. Random tokens need no slow hash: there is nothing to guess.
pub fn hash_token(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}

impl fmt::Debug for SecretToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl From<String> for SecretToken {
    fn from(token: String) -> Self {
        Self(token.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::{AcceptInvitation, Login, Register};
    use crate::locale::Locale;

    #[test]
    fn what_somebody_signs_in_with_is_not_printed() {
        const SECRET: &str = "Very-S3cret";
        let login = Login { email: "a@b.co".to_owned(), password: SECRET.into(), remember_me: false, tenant: None };
        let register = Register {
            email: "a@b.co".to_owned(),
            password: SECRET.into(),
            first_name: "A".to_owned(),
            last_name: "B".to_owned(),
            accept_terms: "1".to_owned(),
            tenant: None,
            locale: Locale::default(),
        };
        let accept = AcceptInvitation {
            token: format!("bwi_{SECRET}").into(),
            password: SECRET.into(),
            accept_terms: "1".to_owned(),
        };
        let token = SecretToken::from(SECRET.to_owned());
        for printed in [format!("{login:?}"), format!("{register:#?}"), format!("{accept:?}"), format!("{token:?}")] {
            let hides = printed.contains("[REDACTED]") || printed == "***";
            assert!(hides && !printed.contains(SECRET), "{printed}");
        }
    }
}
