//! Randomness comes in by argument: a use case draws from the [`Entropy`] it was given.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use rand::{Rng, SeedableRng, rngs::SysRng};
use rand_chacha::ChaCha20Rng;

/// A cryptographically strong source of random bytes, seeded by the operating system, or by hand to be reproducible.
pub struct Entropy(Mutex<ChaCha20Rng>);

impl Entropy {
    /// Seeded by the operating system.
    ///
    /// # Errors
    /// When the operating system gives no randomness.
    pub fn from_system() -> Result<Self, std::io::Error> {
        let rng = ChaCha20Rng::try_from_rng(&mut SysRng).map_err(std::io::Error::other)?;
        Ok(Self(Mutex::new(rng)))
    }

    /// Seeded by hand: the same seed gives the same bytes. For tests and demo data only.
    pub fn from_seed(seed: u64) -> Self {
        Self(Mutex::new(ChaCha20Rng::seed_from_u64(seed)))
    }

    /// `N` random bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(&mut bytes);
        bytes
    }
}

impl fmt::Debug for Entropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Entropy(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_reproduces_and_the_system_does_not() {
        assert_eq!(Entropy::from_seed(7).bytes::<16>(), Entropy::from_seed(7).bytes::<16>());
        let system = Entropy::from_system().unwrap();
        assert_ne!(system.bytes::<16>(), system.bytes::<16>());
    }
}
