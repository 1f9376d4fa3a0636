//! What was seen of each table: how many rows, and their hash.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

/// The rows of tables, as they go by.
#[derive(Default)]
pub(super) struct Tally(BTreeMap<String, (u64, Sha256)>);

impl Tally {
    /// Takes note of lines of a table, each with a newline at its end.
    pub(super) fn add(&mut self, table: &str, lines: &[u8]) {
        let (rows, hash) = self.0.entry(table.to_owned()).or_default();
        *rows += lines.iter().filter(|byte| **byte == b'\n').count() as u64;
        hash.update(lines);
    }

    /// The number of rows and the hash of a table; of one that was not seen, those of no row.
    pub(super) fn of(&self, table: &str) -> (u64, String) {
        let (rows, hash) = self.0.get(table).cloned().unwrap_or_default();
        (rows, hex::encode(hash.finalize()))
    }

    /// The tables that were seen.
    pub(super) fn tables(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_and_hashed_however_they_come() {
        let (mut whole, mut parts) = (Tally::default(), Tally::default());
        whole.add("a", b"[1]\n[2]\n[3]\n");
        parts.add("a", b"[1]\n");
        parts.add("b", b"[9]\n");
        parts.add("a", b"[2]\n[3]\n");
        assert_eq!(whole.of("a"), parts.of("a"));
        assert_eq!((whole.of("a").0, parts.of("b").0, whole.of("b").0), (3, 1, 0));
        assert_eq!(whole.of("b").1, hex::encode(Sha256::digest(b"")));
        assert_eq!(parts.tables().collect::<Vec<_>>(), ["a", "b"]);
    }
}
