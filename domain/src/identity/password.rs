//! Passwords: the rules they must meet, and their hashing.

use std::sync::Arc;

use argon2::password_hash::phc::{Output, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use secrecy::{ExposeSecret, SecretString};

use crate::entropy::Entropy;
use crate::error::{Fault, Problem};
use crate::workers::Workers;

/// How much work argon2id does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PasswordCost {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub iterations: u32,
    /// Lanes.
    pub parallelism: u32,
}

impl Default for PasswordCost {
    /// OWASP's minimum: 19 MiB, two passes, one lane.
    fn default() -> Self {
        Self { memory_kib: 19_456, iterations: 2, parallelism: 1 }
    }
}

/// Hashes and checks passwords beside the async threads, few at once.
pub struct Passwords {
    argon2: Argon2<'static>,
    workers: Workers,
    /// The hash of nobody's password: it is checked where there is no user, so that both take as long.
    nobody: Arc<str>,
}

impl Passwords {
    /// With this cost, by this many threads, at least one.
    ///
    /// # Errors
    /// When argon2 does not take the cost, or the system has no thread left.
    pub fn new(cost: PasswordCost, threads: usize, entropy: &Entropy) -> Result<Self, Fault> {
        let params = Params::new(cost.memory_kib, cost.iterations, cost.parallelism, None)
            .map_err(|error| Fault::Bug(format!("argon2 does not take {cost:?}: {error}")))?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        // Nothing hashes to random bytes, as far as anybody can find out, and to compare with them takes as long.
        let nobody = nobody(&argon2, entropy)?;
        Ok(Self { argon2, workers: Workers::start(threads)?, nobody })
    }

    /// Hashes a password with a new salt, in PHC's format.
    ///
    /// # Errors
    /// UNAVAILABLE when too many are waiting.
    pub async fn hash(&self, password: &SecretString, entropy: &Entropy) -> Result<String, Fault> {
        let (argon2, password, salt) = (self.argon2.clone(), password.clone(), entropy.bytes::<16>());
        self.run(move || hash(&argon2, password.expose_secret().as_bytes(), &salt)).await?
    }

    /// Checks a password against a hash, or against nobody's where there is none: that takes as long and fails.
    ///
    /// # Errors
    /// UNAVAILABLE when too many are waiting.
    pub async fn verify(&self, password: &SecretString, hash: Option<&str>) -> Result<bool, Fault> {
        let hash = hash.map(str::to_owned);
        let (argon2, password, nobody) = (self.argon2.clone(), password.clone(), Arc::clone(&self.nobody));
        self.run(move || {
            let checked = hash.as_deref().unwrap_or(&nobody);
            let matches = PasswordHash::new(checked)
                .is_ok_and(|hash| argon2.verify_password(password.expose_secret().as_bytes(), &hash).is_ok());
            matches && hash.is_some()
        })
        .await
    }

    /// Whether the present cost is higher than the one that a hash was made with: higher in one part and lower in none,
    /// so that to hash anew never weakens what is stored.
    pub fn is_outdated(&self, hash: &str) -> bool {
        let made_with = PasswordHash::new(hash).ok().and_then(|hash| Params::try_from(&hash).ok());
        made_with.is_none_or(|made_with| {
            let parts = |params: &Params| [params.m_cost(), params.t_cost(), params.p_cost()];
            let (was, is) = (parts(&made_with), parts(self.argon2.params()));
            was != is && was.iter().zip(is).all(|(was, is)| *was <= is)
        })
    }

    /// Does work with a password off the async threads, when its turn comes.
    ///
    /// # Errors
    /// UNAVAILABLE when too many are waiting.
    pub(super) async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Fault> {
        self.workers.run(work).await
    }
}

impl std::fmt::Debug for Passwords {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Passwords").finish_non_exhaustive()
    }
}

/// A hash of this cost that no password is known to have.
fn nobody(argon2: &Argon2<'_>, entropy: &Entropy) -> Result<Arc<str>, Fault> {
    let bug = |error: &dyn std::fmt::Display| Fault::Bug(format!("nobody's hash could not be made: {error}"));
    let hash = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: argon2.params().try_into().map_err(|error: argon2::password_hash::Error| bug(&error))?,
        salt: Some(Salt::new(&entropy.bytes::<16>()).map_err(|error| bug(&error))?),
        hash: Some(Output::new(&entropy.bytes::<32>()).map_err(|error| bug(&error))?),
    };
    Ok(hash.to_string().into())
}

fn hash(argon2: &Argon2<'_>, password: &[u8], salt: &[u8; 16]) -> Result<String, Fault> {
    argon2
        .hash_password_with_salt(password, salt)
        .map(|hash: PasswordHash| hash.to_string())
        .map_err(|error| Fault::Bug(format!("argon2 failed: {error}")))
}

/// Every rule that a new password does not meet.
///
/// 8 to 128 characters with an upper-case letter, a digit and a special character, or any 15 and more (a passphrase);
/// never a common one.
pub(crate) fn problems(password: &SecretString, about: &[&str], path: &[&str]) -> Vec<Problem> {
    let password = password.expose_secret();
    let length = password.chars().count();
    let has = |kind: fn(char) -> bool| length >= 15 || password.chars().any(kind);
    let rules = [
        (length >= 8, "the password needs at least 8 characters"),
        (length <= 128, "the password may have at most 128 characters"),
        (has(char::is_uppercase), "the password needs an upper-case letter, or 15 characters"),
        (has(|c| c.is_ascii_digit()), "the password needs a digit, or 15 characters"),
        (has(|c| !c.is_alphanumeric()), "the password needs a special character such as ! or -, or 15 characters"),
        (!is_common(password, about), "the password is one of the most common: everybody tries it"),
    ];
    rules.into_iter().filter(|(met, _)| !met).map(|(_, rule)| Problem::validation(path, rule)).collect()
}

/// Whether it is one of zxcvbn's thirty thousand common passwords, names and words, a run of keys, a date or the like,
/// or so little more than one that a million tries would find it. `about` is what one would try first with this person.
fn is_common(password: &str, about: &[&str]) -> bool {
    /// Below it, by zxcvbn's own scale, not even limits on how often one may try protect a password.
    const FEWEST_GUESSES: u64 = 1_000_000;
    /// The work grows with the length, and what takes a million tries to here takes no fewer to its end.
    const LOOKED_AT: usize = 32;
    let start: String = password.chars().take(LOOKED_AT).collect();
    zxcvbn::zxcvbn(&start, about).guesses() < FEWEST_GUESSES
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cheap() -> Passwords {
        let cost = PasswordCost { memory_kib: 8, iterations: 1, parallelism: 1 };
        Passwords::new(cost, 2, &Entropy::from_seed(1)).unwrap()
    }

    #[tokio::test]
    async fn a_password_fits_its_own_hash_and_nobody_has_one() {
        let (passwords, entropy) = (cheap(), Entropy::from_seed(2));
        let secret: SecretString = "Demo-Passw0rd!".into();
        let hash = passwords.hash(&secret, &entropy).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=8,t=1,p=1$"));
        assert_ne!(hash, passwords.hash(&secret, &entropy).await.unwrap(), "a salt of its own each time");
        assert!(passwords.verify(&secret, Some(&hash)).await.unwrap());
        assert!(!passwords.verify(&"other".into(), Some(&hash)).await.unwrap());
        assert!(!passwords.verify(&secret, None).await.unwrap());
        assert!(!passwords.verify(&secret, Some("not a hash")).await.unwrap());
    }

    #[tokio::test]
    async fn a_hash_is_outdated_once_the_cost_has_grown() {
        let of = |memory_kib, iterations, parallelism| {
            let cost = PasswordCost { memory_kib, iterations, parallelism };
            Passwords::new(cost, 1, &Entropy::from_seed(1)).unwrap()
        };
        let present = of(32, 2, 2);
        for (m, t, p, is_outdated) in [
            (32, 2, 2, false),
            (16, 2, 2, true),
            (32, 1, 2, true),
            (32, 2, 1, true),
            (16, 1, 1, true),
            (64, 2, 2, false),
            (32, 3, 2, false),
            (32, 2, 3, false),
            // Cheaper in one part and dearer in another is no growth.
            (64, 1, 2, false),
            (16, 3, 2, false),
        ] {
            let hash = of(m, t, p).hash(&"a".into(), &Entropy::from_seed(3)).await.unwrap();
            assert_eq!(present.is_outdated(&hash), is_outdated, "m={m}, t={t}, p={p}");
        }
        assert!(present.is_outdated("not a hash"));
    }

    #[test]
    fn common_words_are_refused_however_they_are_dressed_up() {
        for common in [
            "Password1!",
            "P@ssw0rd",
            "Qwerty123!",
            "L3tmein!!",
            "Admin123!",
            "Elizabeth1!",
            "aaaaaaaaaaaaaaaa",
            "",
            "12345678",
            "123456789012345",
            "abcdefghijklmno",
            "passwordpassword",
            "iloveyouiloveyou",
            "trustno1trustno1",
        ] {
            assert!(is_common(common, &[]), "{common}");
        }
        for own in ["Demo-Passw0rd!", "correct horse battery", "T9#kfjWq", "пароль-Пароль-1", "L0ngenough!"]
        {
            assert!(!is_common(own, &[]), "{own}");
        }
    }

    #[test]
    fn what_one_would_try_first_with_a_person_is_refused() {
        assert!(!is_common("Xaviera.Quintero1", &[]));
        assert!(is_common("Xaviera.Quintero1", &["xaviera.quintero"]));
    }

    #[test]
    fn every_unmet_rule_is_named() {
        let count = |password: &str| problems(&password.into(), &[], &["input", "password"]).len();
        assert_eq!(count("Demo-Passw0rd!"), 0);
        assert_eq!(count("correct horse battery"), 0);
        assert_eq!(count("qxjzkwvf"), 3);
        assert_eq!(count("password"), 4, "common, too");
        assert_eq!(count("short"), 5);
        assert_eq!(count(&"Lorem-1psum dolor sit amet, consectetur ".repeat(4)), 1);
        assert_eq!(count(&"a".repeat(150)), 2, "too long, and one letter again and again");
        assert_eq!(count(""), 5);
    }
}
