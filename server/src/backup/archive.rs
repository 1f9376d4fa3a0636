//! The archive: a tar file, compressed by zstd, that `tar --zstd -xf` opens too.
//!
//! `tables/NAME/000001.jsonl` and on hold the rows of a table, a JSON array a line ([`super::lines`]); `manifest.json`
//! comes last and says how many rows and which hash each table has. What ends too early therefore has no manifest, and
//! what was changed has another hash.

use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::{Context, bail};

use super::manifest::Manifest;
use super::tally::Tally;

/// The entry that comes last.
const MANIFEST: &str = "manifest.json";
/// What an entry weighs at most: far more than any that is written.
const LARGEST_ENTRY: u64 = 256 << 20;

/// An archive that is being written.
pub(super) struct Writer {
    tar: tar::Builder<zstd::Encoder<'static, File>>,
    entries: u64,
    /// What was written so far.
    pub(super) tally: Tally,
}

impl Writer {
    /// Begins one, in a file that its user alone can read.
    pub(super) fn create(path: &Path) -> anyhow::Result<Self> {
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
        let file = file.with_context(|| format!("{} cannot be made", path.display()))?;
        let mut encoder = zstd::Encoder::new(file, zstd::DEFAULT_COMPRESSION_LEVEL)?;
        encoder.include_checksum(true)?;
        Ok(Self { tar: tar::Builder::new(encoder), entries: 0, tally: Tally::default() })
    }

    /// Writes lines of a table.
    pub(super) fn append(&mut self, table: &str, lines: &[u8]) -> anyhow::Result<()> {
        self.tally.add(table, lines);
        self.entries += 1;
        let name = format!("tables/{table}/{:06}.jsonl", self.entries);
        self.entry(&name, lines)
    }

    /// Writes the manifest, and everything to the disk.
    pub(super) fn finish(mut self, manifest: &Manifest) -> anyhow::Result<()> {
        self.entry(MANIFEST, &serde_json::to_vec_pretty(manifest)?)?;
        let finish = || -> io::Result<()> {
            let mut file = self.tar.into_inner()?.finish()?;
            file.flush()?;
            file.sync_all()
        };
        finish().context("the archive cannot be written")
    }

    fn entry(&mut self, name: &str, content: &[u8]) -> anyhow::Result<()> {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o600);
        self.tar.append_data(&mut header, name, content).context("the archive cannot be written")
    }
}

/// Reads an archive to its end, hands out the lines of its tables, and checks it against its manifest. Nothing that was
/// handed out counts unless this succeeds.
///
/// # Errors
/// When it is not whole or was changed, with what is wrong; what `each` failed with.
pub(super) fn read(path: &Path, mut each: impl FnMut(&str, Vec<u8>) -> anyhow::Result<()>) -> anyhow::Result<Manifest> {
    let file = File::open(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let damaged = || "the archive is damaged or not one of Bellwether's";
    let mut tar = tar::Archive::new(zstd::Decoder::new(BufReader::new(file)).with_context(damaged)?);
    let (mut tally, mut manifest) = (Tally::default(), None);
    for entry in tar.entries().with_context(damaged)? {
        let mut entry = entry.with_context(damaged)?;
        if manifest.is_some() || entry.size() > LARGEST_ENTRY {
            bail!("{}", damaged());
        }
        let name = String::from_utf8(entry.path_bytes().into_owned()).with_context(damaged)?;
        let mut content = Vec::new();
        entry.read_to_end(&mut content).with_context(damaged)?;
        if name == MANIFEST {
            manifest = Some(Manifest::parse(&content)?);
        } else if let Some((table, _)) = name.strip_prefix("tables/").and_then(|name| name.split_once('/')) {
            tally.add(table, &content);
            each(table, content)?;
        } else {
            bail!("{}", damaged());
        }
    }
    // To the end of what is compressed: there stands its own checksum.
    io::copy(&mut tar.into_inner(), &mut io::sink()).with_context(damaged)?;
    let Some(manifest) = manifest else { bail!("the archive is not whole: it ends before its manifest") };
    for (table, contents) in &manifest.tables {
        if tally.of(table) != (contents.rows, contents.sha256.clone()) {
            bail!("the archive is damaged: the rows of {table} are not those that were written");
        }
    }
    if let Some(table) = tally.tables().find(|table| !manifest.tables.contains_key(*table)) {
        bail!("the archive is damaged: its manifest does not know {table}");
    }
    Ok(manifest)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::path::PathBuf;

    use chrono::DateTime;
    use proptest::prelude::*;

    use super::super::manifest::{Contents, FORMAT};
    use super::*;

    /// An archive of two tables.
    fn archive(folder: &Path, change: impl FnOnce(&mut Manifest)) -> PathBuf {
        let path = folder.join("archive.tar.zst");
        let mut writer = Writer::create(&path).unwrap();
        for number in 0..50 {
            writer.append("numbers", format!("[{number},\"{:x}\"]\n", number * 7_919_i64).as_bytes()).unwrap();
        }
        writer.append("words", b"[\"one\"]\n[\"two\"]\n").unwrap();
        let contents = |table: &str| {
            let (rows, sha256) = writer.tally.of(table);
            Contents { columns: vec!["id".to_owned()], key: vec!["id".to_owned()], rows, sha256 }
        };
        let tables = ["numbers", "words", "nothing"].map(|table| (table.to_owned(), contents(table)));
        let mut manifest = Manifest {
            format: FORMAT,
            product: "0.1.0".to_owned(),
            installation: "0123456789abcdef".to_owned(),
            backend: "SQLite".to_owned(),
            migrations: Vec::new(),
            started_at: DateTime::UNIX_EPOCH,
            finished_at: DateTime::UNIX_EPOCH,
            tables: BTreeMap::from(tables),
        };
        change(&mut manifest);
        writer.finish(&manifest).unwrap();
        path
    }

    fn check(path: &Path) -> anyhow::Result<Manifest> {
        read(path, |_, _| Ok(()))
    }

    #[test]
    fn what_was_written_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = archive(folder.path(), |_| ());
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let mut seen = BTreeMap::<String, Vec<u8>>::new();
        let manifest = read(&path, |table, lines| {
            seen.entry(table.to_owned()).or_default().extend(lines);
            Ok(())
        });
        let manifest = manifest.unwrap();
        assert_eq!((manifest.rows(), manifest.table_count()), (52, 3));
        assert_eq!(seen["words"], b"[\"one\"]\n[\"two\"]\n");
        assert!(seen["numbers"].starts_with(b"[0,\"0\"]\n[1,\"1eef\"]\n"));
        assert!(Writer::create(&path).is_err(), "nothing is written over");
    }

    #[test]
    fn a_manifest_that_says_otherwise_is_refused() {
        for (change, part) in [
            ((|manifest| manifest.tables.get_mut("words").unwrap().rows += 1) as fn(&mut Manifest), "words"),
            (|manifest| manifest.tables.get_mut("numbers").unwrap().sha256 = "00".repeat(32), "numbers"),
            (|manifest| drop(manifest.tables.remove("words")), "words"),
            (|manifest| manifest.format = FORMAT + 1, "format 2"),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let said = check(&archive(folder.path(), change)).unwrap_err().to_string();
            assert!(said.contains(part), "{said}");
        }
    }

    /// Cut off anywhere it is refused, and with anything behind it.
    #[test]
    fn what_is_not_whole_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let whole = fs::read(archive(folder.path(), |_| ())).unwrap();
        let part = folder.path().join("part");
        for length in 0..whole.len() {
            fs::write(&part, &whole[..length]).unwrap();
            assert!(check(&part).is_err(), "{length} of {} bytes", whole.len());
        }
        fs::write(&part, [whole.as_slice(), b"more"].concat()).unwrap();
        assert!(check(&part).is_err());
    }

    proptest! {
        /// A single byte that is another one is found, wherever it is, unless it changes nothing of what is read (zstd's
        /// frame says how much memory it would like).
        #[test]
        fn a_changed_byte_is_refused(place: prop::sample::Index, mask in 1_u8..) {
            let folder = tempfile::tempdir().unwrap();
            let path = archive(folder.path(), |_| ());
            let all = |path: &Path| {
                let mut all = Vec::new();
                let manifest = read(path, |table, lines| {
                    all.push((table.to_owned(), lines));
                    Ok(())
                });
                manifest.map(|manifest| (all, serde_json::to_string(&manifest).unwrap()))
            };
            let before = all(&path).unwrap();
            let mut bytes = fs::read(&path).unwrap();
            let place = place.index(bytes.len());
            bytes[place] ^= mask;
            fs::write(&path, &bytes).unwrap();
            if let Ok(after) = all(&path) {
                prop_assert!(after == before, "byte {}", place);
            }
        }
    }
}
