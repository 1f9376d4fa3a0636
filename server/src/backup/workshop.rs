//! The folder that a backup is made in, and that is gone afterwards.

use std::path::{Path, PathBuf};

use anyhow::Context;
use chrono::{DateTime, TimeDelta, Utc};

use super::name::Name;
use crate::app;

const PREFIX: &str = ".";
const SUFFIX: &str = ".partial";

/// A folder for one backup, with a name that no backup has.
pub(super) struct Workshop(PathBuf);

impl Workshop {
    /// Makes one beside where the backup will be, so that it only needs to be named there.
    pub(super) fn open(folder: &Path, name: &Name) -> anyhow::Result<Self> {
        app::make_folder(folder)?;
        let path = folder.join(format!("{PREFIX}{name}{SUFFIX}"));
        let mut builder = std::fs::DirBuilder::new();
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&path).with_context(|| format!("{} cannot be made", path.display()))?;
        Ok(Self(path))
    }

    /// The folder.
    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// The archive in it.
    pub(super) fn archive(&self) -> PathBuf {
        self.0.join("archive.tar.zst")
    }
}

impl Drop for Workshop {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            tracing::warn!(%error, folder = %self.0.display(), "what a backup was made in could not be removed");
        }
    }
}

/// Removes what this installation's backups that were killed left behind, if it is older than a day.
pub(super) fn clear_abandoned(folder: &Path, installation: &str, now: DateTime<Utc>) -> anyhow::Result<()> {
    let cannot = || format!("the folder {} cannot be read", folder.display());
    for entry in std::fs::read_dir(folder).with_context(cannot)? {
        let entry = entry.with_context(cannot)?;
        let file = entry.file_name();
        let name = file.to_str().and_then(|name| name.strip_prefix(PREFIX)?.strip_suffix(SUFFIX));
        let Some(Ok(name)) = name.map(str::parse::<Name>) else { continue };
        if name.installation == installation && now - name.at > TimeDelta::days(1) {
            std::fs::remove_dir_all(entry.path())
                .with_context(|| format!("{} cannot be removed", entry.path().display()))?;
            tracing::info!(folder = %entry.path().display(), "removed what an unfinished backup left behind");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn it_is_gone_afterwards_and_nothing_else_is() {
        let folder = tempfile::tempdir().unwrap();
        let now: DateTime<Utc> = "2026-11-22T03:00:00Z".parse().unwrap();
        let of = |installation: &str, at| Name { at, installation: installation.to_owned() };
        let workshop = Workshop::open(folder.path(), &of("0123", now)).unwrap();
        fs::write(workshop.archive(), "part").unwrap();
        assert!(Workshop::open(folder.path(), &of("0123", now)).is_err(), "two at once");
        let long_ago = now - TimeDelta::days(2);
        for other in [of("0123", long_ago), of("4567", long_ago), of("0123", now - TimeDelta::hours(2))] {
            std::mem::forget(Workshop::open(folder.path(), &other).unwrap());
        }
        fs::write(folder.path().join(of("0123", long_ago).to_string()), "a backup").unwrap();
        clear_abandoned(folder.path(), "0123", now).unwrap();
        drop(workshop);
        let mut left: Vec<String> =
            fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        left.sort();
        assert_eq!(
            left,
            [
                ".bellwether-0123-20261122T010000Z.tar.zst.partial",
                ".bellwether-4567-20261120T030000Z.tar.zst.partial",
                "bellwether-0123-20261120T030000Z.tar.zst",
            ]
        );
    }
}
