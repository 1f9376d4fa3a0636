//! The form of API keys: `bw_`, 256 random bits in 64 letters of base16, and a checksum of these in 8.
//!
//! The prefix and the fixed alphabet let scanners find a key that was published (`bw_[0-9a-f]{72}`), and the checksum
//! tells a mistyped key from a good one without asking the database.

use super::SecretToken;
use crate::entropy::Entropy;

/// What every key begins with.
const PREFIX: &str = "bw_";
/// Letters of the random part.
const RANDOM: usize = 64;
/// Letters of the checksum.
const CHECKSUM: usize = 8;
/// How long a key's shown start is: its prefix and eight letters.
const SHOWN: usize = 11;

/// A new key.
pub(super) fn new(entropy: &Entropy) -> SecretToken {
    let random = hex::encode(entropy.bytes::<32>());
    SecretToken::from(format!("{PREFIX}{random}{}", checksum(&random)))
}

/// The start of a key, to tell one from another.
pub(super) fn shown(key: &SecretToken) -> String {
    key.expose().chars().take(SHOWN).collect()
}

/// Whether a token is meant to be a key.
pub(super) fn is_meant(token: &str) -> bool {
    token.starts_with(PREFIX)
}

/// Whether a token can be a key: its length and its checksum are right.
pub(super) fn is_well_formed(token: &str) -> bool {
    let Some(body) = token.strip_prefix(PREFIX) else { return false };
    let parts = body.split_at_checked(RANDOM).filter(|(_, sum)| sum.len() == CHECKSUM);
    parts.is_some_and(|(random, sum)| checksum(random) == sum)
}

/// CRC-32 (ISO-HDLC), as zlib has it.
fn checksum(random: &str) -> String {
    format!("{:08x}", crc32fast::hash(random.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_well_formed_and_one_that_was_mistyped_is_not() {
        let key = new(&Entropy::from_seed(4));
        let key = key.expose();
        assert_eq!(key.len(), 75);
        assert!(is_meant(key) && is_well_formed(key));
        for place in 0..key.len() {
            let mut wrong = key.to_owned();
            let other = if wrong[place..].starts_with('0') { "1" } else { "0" };
            wrong.replace_range(place..=place, other);
            assert!(!is_well_formed(&wrong), "{wrong}");
        }
        for wrong in ["", "bw_", "bw_00000000", &key[..74], &format!("{key}0"), &key.to_uppercase(), "bw_é"] {
            assert!(!is_well_formed(wrong), "{wrong}");
        }
    }

    #[test]
    fn what_is_shown_of_a_key_is_its_start() {
        let key = new(&Entropy::from_seed(4));
        assert_eq!(shown(&key), key.expose()[..11]);
    }
}
