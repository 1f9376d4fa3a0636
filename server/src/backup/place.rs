//! Where backups are kept: a folder, or a bucket of S3-compatible storage.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context, bail};
use bellwether_integrations::object_storage::{Bucket, BucketSettings};

use super::name::Name;
use crate::app;

/// Where backups are kept, as it is written: a folder, or `s3://BUCKET/PREFIX`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Location {
    /// A folder.
    Folder(PathBuf),
    /// A bucket, and what the names in it begin with, without slashes around it.
    Bucket {
        /// The bucket's name.
        bucket: String,
        /// The prefix; may be empty.
        prefix: String,
    },
}

impl FromStr for Location {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        let Some(rest) = text.strip_prefix("s3://") else {
            if text.is_empty() || text.contains("://") {
                bail!("expected a folder or s3://BUCKET/PREFIX, got {text:?}");
            }
            return Ok(Self::Folder(text.into()));
        };
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        if bucket.is_empty() {
            bail!("expected s3://BUCKET/PREFIX, got {text:?}");
        }
        Ok(Self::Bucket { bucket: bucket.to_owned(), prefix: prefix.trim_matches('/').to_owned() })
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(folder) => write!(f, "{}", folder.display()),
            Self::Bucket { bucket, prefix } if prefix.is_empty() => write!(f, "s3://{bucket}"),
            Self::Bucket { bucket, prefix } => write!(f, "s3://{bucket}/{prefix}"),
        }
    }
}

impl Location {
    /// The location of a file as the location of what it is in, and its name there.
    pub(crate) fn split(self) -> anyhow::Result<(Self, String)> {
        let shown = self.to_string();
        let no_name = || format!("expected the name of a backup at the end, got {shown:?}");
        match self {
            Self::Folder(path) => {
                let name = path.file_name().and_then(|name| name.to_str()).with_context(no_name)?.to_owned();
                let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
                Ok((Self::Folder(folder.unwrap_or(Path::new(".")).to_owned()), name))
            }
            Self::Bucket { bucket, prefix } => {
                let (prefix, name) = prefix.rsplit_once('/').unwrap_or(("", &prefix));
                if name.is_empty() {
                    bail!("{}", no_name());
                }
                Ok((Self::Bucket { bucket, prefix: prefix.to_owned() }, name.to_owned()))
            }
        }
    }
}

/// A place that is open.
pub(crate) enum Place {
    /// A folder.
    Folder(PathBuf),
    /// A bucket.
    Bucket(Box<Bucket>),
}

impl Place {
    /// Opens a place; nothing is asked of the storage yet.
    pub(crate) fn open(location: Location, settings: &BucketSettings) -> anyhow::Result<Self> {
        match location {
            Location::Folder(folder) => Ok(Self::Folder(folder)),
            Location::Bucket { bucket, prefix } => {
                let bucket = Bucket::open(&bucket, &prefix, settings).context("the bucket cannot be used")?;
                Ok(Self::Bucket(Box::new(bucket)))
            }
        }
    }

    /// Asks a bucket what is in it, so that one that is not there, or does not let us in, is found out before anything is
    /// made. A folder is made when it is needed.
    ///
    /// # Errors
    /// When the bucket does not answer as it should.
    pub(super) async fn reach(&self) -> anyhow::Result<()> {
        match self {
            Self::Folder(_) => Ok(()),
            Self::Bucket(bucket) => Ok(bucket.names().await.map(drop)?),
        }
    }

    /// The folder to make a backup in: beside the others, or the system's for what is temporary.
    pub(super) fn workbench(&self) -> PathBuf {
        match self {
            Self::Folder(folder) => folder.clone(),
            Self::Bucket(_) => std::env::temp_dir(),
        }
    }

    /// Gives a whole archive its name here; there is none of that name yet.
    pub(super) async fn keep(&self, archive: &Path, name: &Name) -> anyhow::Result<()> {
        match self {
            Self::Folder(folder) => {
                let to = folder.join(name.to_string());
                if to.exists() {
                    bail!("{} is there already", to.display());
                }
                let named = std::fs::rename(archive, &to).and_then(|()| std::fs::File::open(folder)?.sync_all());
                named.with_context(|| format!("{} cannot be made", to.display()))
            }
            Self::Bucket(bucket) => Ok(bucket.put(&name.to_string(), archive).await?),
        }
    }

    /// The backups here, of whichever installation.
    pub(super) async fn backups(&self) -> anyhow::Result<Vec<Name>> {
        let names = match self {
            Self::Folder(folder) => names_in(folder)?,
            Self::Bucket(bucket) => bucket.names().await?,
        };
        Ok(names.iter().filter_map(|name| name.parse().ok()).collect())
    }

    /// How many bytes a backup takes.
    pub(super) async fn size(&self, name: &Name) -> anyhow::Result<u64> {
        match self {
            Self::Folder(folder) => {
                let path = folder.join(name.to_string());
                Ok(std::fs::metadata(&path).with_context(|| format!("{} cannot be read", path.display()))?.len())
            }
            Self::Bucket(bucket) => Ok(bucket.size(&name.to_string()).await?),
        }
    }

    /// Removes a backup.
    pub(super) async fn remove(&self, name: &Name) -> anyhow::Result<()> {
        match self {
            Self::Folder(folder) => {
                let path = folder.join(name.to_string());
                match std::fs::remove_file(&path) {
                    // Another instance, or a person, was first.
                    Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
                    done => done.with_context(|| format!("{} cannot be removed", path.display())),
                }
            }
            Self::Bucket(bucket) => Ok(bucket.remove(&name.to_string()).await?),
        }
    }

    /// A backup as a file; what is in a bucket is brought to a folder first.
    pub(super) async fn fetch(&self, name: &str, to: &Path) -> anyhow::Result<PathBuf> {
        match self {
            Self::Folder(folder) => Ok(folder.join(name)),
            Self::Bucket(bucket) => {
                app::make_folder(to)?;
                let path = to.join("fetched.tar.zst");
                bucket.get(name, &path).await?;
                Ok(path)
            }
        }
    }
}

/// The names of everything in a folder; of none where it was not made yet.
fn names_in(folder: &Path) -> anyhow::Result<Vec<String>> {
    let cannot = || format!("the folder {} cannot be read", folder.display());
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.with_context(cannot)?,
    };
    let names = entries.map(|entry| Ok(entry.with_context(cannot)?.file_name().into_string().ok()));
    Ok(names.collect::<anyhow::Result<Vec<_>>>()?.into_iter().flatten().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_is_a_folder_or_a_bucket() {
        for (text, shown) in [
            ("/srv/backups", "/srv/backups"),
            ("backups", "backups"),
            ("s3://bucket", "s3://bucket"),
            ("s3://bucket/", "s3://bucket"),
            ("s3://bucket/a/b/", "s3://bucket/a/b"),
        ] {
            assert_eq!(text.parse::<Location>().unwrap().to_string(), shown);
        }
        for text in ["", "s3://", "s3:///x", "ftp://host/x"] {
            assert!(text.parse::<Location>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_file_has_a_name_and_stands_somewhere() {
        for (text, place, name) in [
            ("/srv/backups/x.tar.zst", "/srv/backups", "x.tar.zst"),
            ("x.tar.zst", ".", "x.tar.zst"),
            ("s3://bucket/x.tar.zst", "s3://bucket", "x.tar.zst"),
            ("s3://bucket/a/x.tar.zst", "s3://bucket/a", "x.tar.zst"),
        ] {
            let (location, found) = text.parse::<Location>().unwrap().split().unwrap();
            assert_eq!((location.to_string().as_str(), found.as_str()), (place, name));
        }
        assert!("s3://bucket".parse::<Location>().unwrap().split().is_err());
    }
}
