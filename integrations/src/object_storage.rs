//! Files in a bucket of S3-compatible storage, under a prefix.
//!
//! An object is there whole or not at all: a large file goes up in parts, which become an object when the last one has
//! come. What is not configured here is taken from the environment as AWS's own tools do (`AWS_ACCESS_KEY_ID`,
//! `AWS_REGION`, `AWS_SERVER_SIDE_ENCRYPTION`, …), or from the machine's role.

use std::fmt;
use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path as FilePath;
use std::sync::Arc;
use std::time::Duration;

use futures_util::TryStreamExt;
use object_store::aws::{AmazonS3, AmazonS3Builder, AmazonS3ConfigKey, Checksum};
use object_store::buffered::BufWriter;
use object_store::path::Path;
use object_store::{ClientOptions, Error, ObjectStore, ObjectStoreExt, RetryConfig};
use secrecy::{ExposeSecret, SecretString};
use tokio::fs::File;
use tokio::io::AsyncWriteExt;

/// Bytes of a part: with at most 10,000 parts, files of up to 80 GB.
const PART: usize = 8 << 20;
/// Parts that are on their way at once.
const PARTS_AT_ONCE: usize = 2;

/// How long nothing may come from the storage, or the connection may take.
const LONGEST_SILENCE: Duration = Duration::from_secs(30);
/// For how long after its beginning a transfer that broke off is gone on with.
const LONGEST_TRANSFER: Duration = Duration::from_secs(12 * 3_600);

/// How S3-compatible storage is reached.
#[derive(Clone, Debug, Default)]
pub struct BucketSettings {
    /// Its address, such as `https://s3.example.com`; none for Amazon's.
    pub endpoint: Option<String>,
    /// Its region.
    pub region: Option<String>,
    /// The id and the secret of the key to it.
    pub key: Option<(String, SecretString)>,
}

/// Why something could not be done with an object.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// There is no such object, or no such bucket.
    #[error("{0} is not in the bucket, or there is no such bucket")]
    NotFound(String),
    /// There is no such bucket.
    #[error("there is no such bucket")]
    NoBucket,
    /// There is one already.
    #[error("{0} is in the bucket already")]
    AlreadyThere(String),
    /// The key is not good for it.
    #[error("the storage does not let us in: is the key right, and may it read, write, list and delete?")]
    Refused,
    /// Anything else.
    #[error("the storage does not answer as it should (are its address and region right?): {0}")]
    Failed(String),
    /// The file on this side.
    #[error("the file on this side cannot be read or written: {0}")]
    File(#[from] std::io::Error),
}

/// A bucket, and what the names of our objects in it begin with.
pub struct Bucket {
    store: Arc<AmazonS3>,
    prefix: Path,
}

impl fmt::Debug for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bucket({})", self.prefix)
    }
}

impl Bucket {
    /// Opens a bucket. Nothing is asked of it yet.
    ///
    /// # Errors
    /// When the settings do not fit together.
    pub fn open(bucket: &str, prefix: &str, settings: &BucketSettings) -> Result<Self, StorageError> {
        // A request has no limit as a whole, for an archive may take an hour; a connection that is silent has one.
        let patience = ClientOptions::new()
            .with_timeout_disabled()
            .with_connect_timeout(LONGEST_SILENCE)
            .with_read_timeout(LONGEST_SILENCE);
        let builder = if let Some((id, secret)) = &settings.key {
            // The environment's own key may come with a session's token, which does not go with this one.
            let of_environment = AmazonS3Builder::from_env();
            let value = |key| of_environment.get_config_value(&key);
            let mut builder = AmazonS3Builder::new().with_access_key_id(id);
            for key in [AmazonS3ConfigKey::Region, AmazonS3ConfigKey::DefaultRegion, AmazonS3ConfigKey::Endpoint] {
                if let Some(value) = value(key) {
                    builder = builder.with_config(key, value);
                }
            }
            builder.with_secret_access_key(secret.expose_secret())
        } else {
            AmazonS3Builder::from_env()
        };
        let mut builder = builder
            .with_client_options(patience)
            .with_retry(RetryConfig { retry_timeout: LONGEST_TRANSFER, ..RetryConfig::default() })
            .with_bucket_name(bucket)
            .with_checksum_algorithm(Checksum::SHA256);
        if let Some(endpoint) = &settings.endpoint {
            builder = builder.with_endpoint(endpoint).with_allow_http(endpoint.starts_with("http://"));
        }
        if let Some(region) = &settings.region {
            builder = builder.with_region(region);
        }
        let store = builder.build().map_err(|error| explain(error, bucket))?;
        let prefix = Path::parse(prefix).map_err(|error| StorageError::Failed(error.to_string()))?;
        Ok(Self { store: Arc::new(store), prefix })
    }

    /// Puts a file into the bucket; none of that name may be there.
    ///
    /// # Errors
    /// When there is one, or it did not come through whole.
    pub async fn put(&self, name: &str, file: &FilePath) -> Result<(), StorageError> {
        let path = self.prefix.clone().join(name);
        match self.store.head(&path).await {
            Err(Error::NotFound { .. }) => {}
            Ok(_) => return Err(StorageError::AlreadyThere(name.to_owned())),
            Err(error) => return Err(explain(error, name)),
        }
        let mut file = File::open(file).await?;
        let size = file.metadata().await?.len();
        let store = Arc::clone(&self.store) as Arc<dyn ObjectStore>;
        let mut writer = BufWriter::with_capacity(store, path.clone(), PART).with_max_concurrency(PARTS_AT_ONCE);
        let copied = match tokio::io::copy(&mut file, &mut writer).await {
            Ok(_) => writer.shutdown().await,
            Err(error) => {
                if let Err(abort) = writer.abort().await {
                    tracing::warn!(error = %abort, name, "the parts of an unfinished upload stay in the bucket");
                }
                Err(error)
            }
        };
        copied.map_err(|error| explain_io(error, name))?;
        let there = self.store.head(&path).await.map_err(|error| explain(error, name))?;
        if there.size == size {
            return Ok(());
        }
        Err(StorageError::Failed(format!("{} of {size} bytes of {name} are there", there.size)))
    }

    /// Brings an object to a new file that its user alone can read.
    ///
    /// # Errors
    /// When there is none of that name, or it did not come through whole.
    pub async fn get(&self, name: &str, to: &FilePath) -> Result<(), StorageError> {
        let path = self.prefix.clone().join(name);
        let object = self.store.get(&path).await.map_err(|error| explain(error, name))?;
        let mut file = File::from_std(OpenOptions::new().write(true).create_new(true).mode(0o600).open(to)?);
        let mut parts = object.into_stream();
        while let Some(part) = parts.try_next().await.map_err(|error| explain(error, name))? {
            file.write_all(&part).await?;
        }
        Ok(file.sync_all().await?)
    }

    /// The names of what is under the prefix itself, not further down.
    ///
    /// # Errors
    /// When the bucket cannot be listed.
    pub async fn names(&self) -> Result<Vec<String>, StorageError> {
        let listed = self.store.list_with_delimiter(Some(&self.prefix)).await;
        let listed = listed.map_err(explain_list)?;
        Ok(listed.objects.iter().filter_map(|object| Some(object.location.filename()?.to_owned())).collect())
    }

    /// How many bytes an object has.
    ///
    /// # Errors
    /// When there is none of that name.
    pub async fn size(&self, name: &str) -> Result<u64, StorageError> {
        let there = self.store.head(&self.prefix.clone().join(name)).await;
        Ok(there.map_err(|error| explain(error, name))?.size)
    }

    /// Removes an object.
    ///
    /// # Errors
    /// When that is refused.
    pub async fn remove(&self, name: &str) -> Result<(), StorageError> {
        self.store.delete(&self.prefix.clone().join(name)).await.map_err(|error| explain(error, name))
    }
}

fn explain(error: Error, name: &str) -> StorageError {
    match error {
        Error::NotFound { .. } => StorageError::NotFound(name.to_owned()),
        Error::AlreadyExists { .. } | Error::Precondition { .. } => StorageError::AlreadyThere(name.to_owned()),
        Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => StorageError::Refused,
        other => StorageError::Failed(other.to_string()),
    }
}

/// What went wrong with a list, whose status the library tells in its words alone.
fn explain_list(error: Error) -> StorageError {
    let said = error.to_string();
    let has_status = |status: &str| said.contains(&format!("status code: {status}"));
    match error {
        Error::Generic { .. } if has_status("401") || has_status("403") => StorageError::Refused,
        Error::Generic { .. } if has_status("404") => StorageError::NoBucket,
        other => explain(other, "a list of it"),
    }
}

/// What the writer's errors are made of.
fn explain_io(error: std::io::Error, name: &str) -> StorageError {
    match error.downcast::<Error>() {
        Ok(error) => explain(error, name),
        Err(error) => StorageError::File(error),
    }
}
