//! Access tokens: short-lived JWTs (RFC 9068) that name a session.

use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, Header, Validation};
use serde::{Deserialize, Serialize};

use super::SigningKeys;
use super::secret::SecretToken;
use crate::error::{Fault, UnauthenticatedReason};
use crate::ids::{SessionId, TenantId, UserId};

/// How tokens are made.
#[derive(Clone, Debug)]
pub struct TokenSettings {
    /// `iss`: this installation.
    pub issuer: String,
    /// `aud`: whom the tokens are for.
    pub audience: String,
    /// How long an access token lasts.
    pub access: TimeDelta,
    /// How long a session lasts after its last refresh.
    pub refresh: TimeDelta,
    /// The same for "remember me".
    pub refresh_remembered: TimeDelta,
}

impl Default for TokenSettings {
    fn default() -> Self {
        Self {
            issuer: "bellwether".to_owned(),
            audience: "bellwether".to_owned(),
            access: TimeDelta::minutes(10),
            refresh: TimeDelta::hours(12),
            refresh_remembered: TimeDelta::days(30),
        }
    }
}

/// By how much clocks may differ.
const LEEWAY: i64 = 30;
/// The media type of RFC 9068, without `application/`.
const TYPE: &str = "at+jwt";

/// What a session is used with.
#[derive(Debug)]
pub struct SessionTokens {
    /// The JWT for the Authorization header.
    pub access_token: SecretToken,
    /// When it runs out.
    pub access_token_expires_at: DateTime<Utc>,
    /// The token that renews both, once.
    pub refresh_token: SecretToken,
    /// When it runs out.
    pub refresh_token_expires_at: DateTime<Utc>,
}

/// What an access token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Claims {
    iss: String,
    aud: String,
    pub(crate) exp: i64,
    iat: i64,
    pub(crate) sub: String,
    pub(crate) sid: String,
    pub(crate) tid: String,
}

impl Claims {
    pub(crate) fn new(
        settings: &TokenSettings,
        now: DateTime<Utc>,
        user: UserId,
        session: SessionId,
        tenant: TenantId,
    ) -> Self {
        Self {
            iss: settings.issuer.clone(),
            aud: settings.audience.clone(),
            exp: (now + settings.access).timestamp(),
            iat: now.timestamp(),
            sub: user.to_string(),
            sid: session.to_string(),
            tid: tenant.to_string(),
        }
    }

    /// Whether the token has run out, give or take the leeway.
    pub(crate) fn is_expired(&self, now: DateTime<Utc>) -> bool {
        self.exp + LEEWAY <= now.timestamp()
    }

    pub(crate) fn sign(&self, keys: &SigningKeys) -> Result<SecretToken, Fault> {
        let (kid, key) = keys.signing().ok_or_else(|| Fault::Bug("there is no signing key".to_owned()))?;
        let header = Header { typ: Some(TYPE.to_owned()), kid: Some(kid.to_owned()), ..Header::new(Algorithm::EdDSA) };
        let token = jsonwebtoken::encode(&header, self, key).map_err(|e| Fault::Bug(format!("signing failed: {e}")))?;
        Ok(SecretToken::from(token))
    }

    /// Checks everything about a token but whether its session is open.
    pub(crate) fn verify(
        token: &str,
        keys: &SigningKeys,
        settings: &TokenSettings,
        now: DateTime<Utc>,
    ) -> Result<Self, UnauthenticatedReason> {
        use UnauthenticatedReason::{Expired, Invalid};
        let header = jsonwebtoken::decode_header(token).map_err(|_| Invalid)?;
        if header.typ.as_deref() != Some(TYPE) || header.jku.is_some() || header.jwk.is_some() || header.x5u.is_some() {
            return Err(Invalid);
        }
        let key = header.kid.as_deref().and_then(|kid| keys.verifying(kid)).ok_or(Invalid)?;
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_required_spec_claims(&["exp", "aud", "iss", "sub"]);
        validation.set_audience(&[&settings.audience]);
        validation.set_issuer(&[&settings.issuer]);
        // The library reads the machine's clock: the times are checked below, against ours.
        validation.validate_exp = false;
        let claims = jsonwebtoken::decode::<Self>(token, key, &validation).map_err(|_| Invalid)?.claims;
        if claims.iat > now.timestamp() + LEEWAY || claims.exp < claims.iat {
            return Err(Invalid);
        }
        if claims.is_expired(now) { Err(Expired) } else { Ok(claims) }
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;
    use crate::entropy::Entropy;
    use crate::ids::Id;

    fn keys(seed: u64) -> SigningKeys {
        SigningKeys::from_jwks(SigningKeys::generate(&Entropy::from_seed(seed)).expose_secret()).unwrap()
    }

    #[test]
    fn a_token_is_good_for_its_time_its_issuer_and_its_key() {
        let (settings, now, id) =
            (TokenSettings::default(), DateTime::UNIX_EPOCH + TimeDelta::days(9), uuid::Uuid::nil());
        let claims =
            Claims::new(&settings, now, UserId::from_uuid(id), SessionId::from_uuid(id), TenantId::from_uuid(id));
        let token = claims.sign(&keys(1)).unwrap();
        let verify =
            |token: &str, seed, settings: &TokenSettings, now| Claims::verify(token, &keys(seed), settings, now);
        assert_eq!(verify(token.expose(), 1, &settings, now), Ok(claims));
        let (end, past) = (now + TimeDelta::seconds(629), now + TimeDelta::seconds(630));
        assert!(verify(token.expose(), 1, &settings, end).is_ok());
        assert_eq!(verify(token.expose(), 1, &settings, past), Err(UnauthenticatedReason::Expired));
        assert!(verify(token.expose(), 1, &settings, now - TimeDelta::seconds(31)).is_err(), "not from the future");
        assert!(verify(token.expose(), 2, &settings, now).is_err(), "another key");
        let other = TokenSettings { issuer: "other".to_owned(), ..TokenSettings::default() };
        assert!(verify(token.expose(), 1, &other, now).is_err(), "another issuer");
        let other = TokenSettings { audience: "other".to_owned(), ..TokenSettings::default() };
        assert!(verify(token.expose(), 1, &other, now).is_err(), "another audience");
        for wrong in ["", "a.b.c", &token.expose()[1..], &token.expose()[..token.expose().len() - 4]] {
            assert_eq!(verify(wrong, 1, &settings, now), Err(UnauthenticatedReason::Invalid));
        }
    }
}
