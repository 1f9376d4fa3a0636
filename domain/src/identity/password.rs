//! Passwords: the rules they must meet, and their hashing.

use std::sync::{Arc, OnceLock};

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::entropy::Entropy;
use crate::error::{Fault, Problem};

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

/// Hashes and checks passwords off the async threads, at most as many at once as there are cores.
pub struct Passwords {
    argon2: Argon2<'static>,
    permits: Arc<Semaphore>,
    /// The hash of nobody's password: it is checked where there is no user, so that both take as long. Made beside the
    /// server's start, which need not wait for it.
    nobody: Arc<OnceLock<String>>,
}

/// How long a password waits for its turn.
const LONGEST_WAIT: std::time::Duration = std::time::Duration::from_secs(10);

impl Passwords {
    /// With this cost, on this many cores. Needs a tokio runtime.
    ///
    /// # Errors
    /// When argon2 does not take the cost.
    pub fn new(cost: PasswordCost, cores: usize, entropy: &Entropy) -> Result<Self, Fault> {
        let params = Params::new(cost.memory_kib, cost.iterations, cost.parallelism, None)
            .map_err(|error| Fault::Bug(format!("argon2 does not take {cost:?}: {error}")))?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let (nobody, password, salt) = (Arc::new(OnceLock::new()), entropy.bytes::<16>(), entropy.bytes());
        let (cell, hasher) = (Arc::clone(&nobody), argon2.clone());
        // A hash that failed would be no PHC string, which fits no password either.
        tokio::task::spawn_blocking(move || {
            cell.get_or_init(|| hash(&hasher, &password, &salt).unwrap_or_default()).len()
        });
        Ok(Self { argon2, permits: Arc::new(Semaphore::new(cores.max(1))), nobody })
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
            let checked = hash.as_deref().unwrap_or_else(|| nobody.wait());
            let matches = PasswordHash::new(checked)
                .is_ok_and(|hash| argon2.verify_password(password.expose_secret().as_bytes(), &hash).is_ok());
            matches && hash.is_some()
        })
        .await
    }

    /// Whether a hash was made with another cost than the present one.
    pub fn is_outdated(&self, hash: &str) -> bool {
        let made_with = PasswordHash::new(hash).ok().and_then(|hash| Params::try_from(&hash).ok());
        made_with.is_none_or(|made_with| {
            let present = self.argon2.params();
            (made_with.m_cost(), made_with.t_cost(), made_with.p_cost())
                != (present.m_cost(), present.t_cost(), present.p_cost())
        })
    }

    /// Does work with a password off the async threads, when its turn comes.
    ///
    /// # Errors
    /// UNAVAILABLE when too many are waiting.
    pub(super) async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Fault> {
        let permit = timeout(LONGEST_WAIT, Arc::clone(&self.permits).acquire_owned())
            .await
            .map_err(|_| Fault::Unavailable(None))?
            .map_err(|_| Fault::Unavailable(None))?;
        tokio::task::spawn_blocking(move || {
            let done = work();
            drop(permit);
            done
        })
        .await
        .map_err(|error| Fault::Bug(format!("a password's hashing ended: {error}")))
    }
}

impl std::fmt::Debug for Passwords {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Passwords").finish_non_exhaustive()
    }
}

fn hash(argon2: &Argon2<'_>, password: &[u8], salt: &[u8; 16]) -> Result<String, Fault> {
    argon2
        .hash_password_with_salt(password, salt)
        .map(|hash: PasswordHash| hash.to_string())
        .map_err(|error| Fault::Bug(format!("argon2 failed: {error}")))
}

/// Every rule that a new password does not meet.
///
/// 8 to 128 characters with an upper-case letter, a digit and a special character, or any 15 and more (a passphrase).
pub(crate) fn problems(password: &SecretString, about: &[&str], path: &[&str]) -> Vec<Problem> {
    let password = password.expose_secret();
    let length = password.chars().count();
    if length > 128 {
        return vec![Problem::validation(path, "the password may have at most 128 characters")];
    }
    let rules = [
        (length >= 8, "the password needs at least 8 characters"),
        (password.chars().any(char::is_uppercase), "the password needs an upper-case letter, or 15 characters"),
        (password.chars().any(|c| c.is_ascii_digit()), "the password needs a digit, or 15 characters"),
        (
            password.chars().any(|c| !c.is_alphanumeric()),
            "the password needs a special character such as ! or -, or 15 characters",
        ),
    ];
    let unmet = rules.into_iter().filter(|(met, _)| !met && length < 15).map(|(_, rule)| rule);
    let mut unmet: Vec<&str> = unmet.collect();
    if unmet.is_empty() && is_common(password, about) {
        unmet.push("the password is one of the most common: everybody tries it");
    }
    unmet.into_iter().map(|rule| Problem::validation(path, rule)).collect()
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
    async fn a_hash_of_another_cost_is_outdated() {
        let weaker = PasswordCost { memory_kib: 16, iterations: 1, parallelism: 1 };
        let weaker = Passwords::new(weaker, 1, &Entropy::from_seed(1)).unwrap();
        let entropy = Entropy::from_seed(3);
        assert!(cheap().is_outdated(&weaker.hash(&"a".into(), &entropy).await.unwrap()));
        assert!(!cheap().is_outdated(&cheap().hash(&"a".into(), &entropy).await.unwrap()));
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
        assert_eq!(count("short"), 4);
        assert_eq!(count("longenough"), 3);
        assert_eq!(count(&"A1-".repeat(50)), 1);
        assert_eq!(count(""), 4);
    }
}
