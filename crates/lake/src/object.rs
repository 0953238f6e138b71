//! Input files of imports: which are allowed, pinned to one version, and read as `std::io::Read`.
//!
//! `file://` is read only below allowed directories, buckets mapped to directories only below those (through
//! capabilities, so that no path and no link leads out); every other bucket is S3. This is the only place that knows
//! where the bytes of an input come from.

mod local;
mod remote;

use crate::{S3Options, s3};
use bytes::Bytes;
use local::{Place, Root};
use object_store::ObjectStore;
use remote::RemoteFile;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::{self, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::runtime::Handle;
use tokio::sync::Mutex;
use varberg_model::ObjectUri;

/// What may be read.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct SourcesConfig {
    /// Buckets that are directories of this machine.
    pub buckets: BTreeMap<String, PathBuf>,
    /// Directories below which `file://` sources may lie.
    pub allow_files: Vec<PathBuf>,
    /// How all other buckets are reached.
    pub s3: S3Options,
}

/// Why an input file cannot be read. The texts are for the user.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    #[error("{uri} lies outside the allowed directories; start the server with --allow-files {directory}")]
    NotAllowed { uri: String, directory: String },
    #[error("{uri} leads out of the directory it must lie in (by '..', an absolute path or a symbolic link)")]
    Outside { uri: String },
    #[error("{uri} has an empty path segment ('//'); write it with one '/'")]
    EmptySegment { uri: String },
    #[error("{uri} does not exist")]
    NotFound { uri: String },
    #[error("{uri} cannot be read: permission denied")]
    Denied { uri: String },
    #[error("{uri} is a {kind}, not a regular file")]
    NotAFile { uri: String, kind: &'static str },
    #[error("{uri} changed while it was imported; import it again")]
    Changed { uri: String },
    #[error(
        "no bucket {bucket} is configured (start the server with --bucket {bucket}=DIR for a directory); as a real S3 \
         bucket it cannot be read: {reason}"
    )]
    NoBucket { bucket: String, reason: String },
    #[error("{uri} cannot be read: {reason}")]
    Read { uri: String, reason: String },
    #[error("the {option} directory {directory} cannot be opened")]
    Directory { option: &'static str, directory: String, source: io::Error },
}

/// One version of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pinned {
    pub uri: ObjectUri,
    /// Bytes as stored.
    pub size: u64,
    /// ETag, or device, inode, size and modification time.
    pub version: String,
}

/// `Pinned` as it is stored in a part: the address as text.
#[derive(Serialize, Deserialize)]
struct StoredPinned {
    uri: String,
    size: u64,
    version: String,
}

impl Serialize for Pinned {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let stored = StoredPinned { uri: self.uri.to_string(), size: self.size, version: self.version.clone() };
        stored.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Pinned {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let StoredPinned { uri, size, version } = StoredPinned::deserialize(deserializer)?;
        let uri = ObjectUri::parse("uri", &uri).map_err(serde::de::Error::custom)?;
        Ok(Self { uri, size, version })
    }
}

/// The input files that may be read. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Sources {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    buckets: BTreeMap<String, Arc<Root>>,
    allowed: Vec<Arc<Root>>,
    s3: S3Options,
    /// Buckets opened so far.
    remote: Mutex<BTreeMap<String, Arc<dyn ObjectStore>>>,
    runtime: Handle,
}

/// Where an address leads.
enum Target<'a> {
    Local(Place),
    Remote { bucket: &'a str, key: &'a str },
}

impl Sources {
    /// Opens the configured directories. `runtime` serves the requests of readers, which run on plain threads.
    pub fn new(config: SourcesConfig, runtime: Handle) -> Result<Self, SourceError> {
        let buckets =
            config.buckets.into_iter().map(|(name, directory)| Ok((name, Root::open("--bucket", directory)?)));
        let allowed = config.allow_files.into_iter().map(|directory| Root::open("--allow-files", directory));
        let inner = Inner {
            buckets: buckets.collect::<Result<_, SourceError>>()?,
            allowed: allowed.collect::<Result<_, _>>()?,
            s3: config.s3,
            remote: Mutex::default(),
            runtime,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Whether the configuration allows the address. Nothing is opened.
    pub fn check(&self, uri: &ObjectUri) -> Result<(), SourceError> {
        self.target(uri).map(|_| ())
    }

    /// Finds the file and its version.
    pub async fn pin(&self, uri: &ObjectUri) -> Result<Pinned, SourceError> {
        match self.target(uri)? {
            Target::Local(place) => {
                let uri = uri.clone();
                let pin = move || {
                    let (_, size, version) = place.open(&uri)?;
                    Ok(Pinned { uri, size, version })
                };
                blocking(pin).await
            }
            Target::Remote { bucket, key } => {
                let (size, version) = remote::pin(self.store(bucket).await?, uri, bucket, key).await?;
                Ok(Pinned { uri: uri.clone(), size, version })
            }
        }
    }

    /// Bytes `range` of the file, cut at its end.
    ///
    /// Errors: [`SourceError::Changed`] when it is no longer the pinned version.
    pub async fn read_range(&self, pinned: &Pinned, range: Range<u64>) -> Result<Bytes, SourceError> {
        let range = range.start.min(pinned.size)..range.end.min(pinned.size);
        match self.target(&pinned.uri)? {
            Target::Local(place) => {
                let pinned = pinned.clone();
                blocking(move || place.read_range(&pinned, range)).await
            }
            Target::Remote { bucket, key } => {
                let store = self.store(bucket).await?;
                let file = RemoteFile::new(store, pinned.clone(), key);
                file.read_range(range).await
            }
        }
    }

    /// Reads from byte `start` to the end of the file, lazily; for plain threads, not for async code. `wanted` is the
    /// byte where the reader expects to stop: beyond it an object is fetched in small pieces.
    ///
    /// Whatever goes wrong, a change of the file included, is an error of the reads.
    pub fn open(&self, pinned: &Pinned, start: u64, wanted: u64) -> Box<dyn Read + Send> {
        match self.target(&pinned.uri) {
            Ok(Target::Local(place)) => Box::new(local::LocalReader::new(place, pinned.clone(), start)),
            Ok(Target::Remote { bucket, key }) => {
                let (sources, bucket) = (self.clone(), bucket.to_owned());
                let (size, pinned, key) = (pinned.size, pinned.clone(), key.to_owned());
                let open = async move { Ok(RemoteFile::new(sources.store(&bucket).await?, pinned, &key)) };
                Box::new(remote::RemoteReader::new(self.inner.runtime.clone(), open, start..size, wanted))
            }
            Err(error) => Box::new(Failed(Some(error))),
        }
    }

    fn target<'a>(&self, uri: &'a ObjectUri) -> Result<Target<'a>, SourceError> {
        match uri {
            ObjectUri::S3 { bucket, key } => match self.inner.buckets.get(bucket) {
                Some(root) => Ok(Target::Local(Place::new(root, key, uri)?)),
                None => Ok(Target::Remote { bucket, key }),
            },
            ObjectUri::File { path } => self.allowed(path, uri).map(Target::Local),
        }
    }

    fn allowed(&self, path: &str, uri: &ObjectUri) -> Result<Place, SourceError> {
        let below = |root: &&Arc<Root>| Path::new(path).starts_with(root.directory());
        let Some(root) = self.inner.allowed.iter().find(below) else {
            let directory = Path::new(path).parent().unwrap_or(Path::new("/")).display().to_string();
            return Err(SourceError::NotAllowed { uri: uri.to_string(), directory });
        };
        let directory = root.directory().to_str().unwrap_or_default().trim_end_matches('/');
        let relative = path.strip_prefix(directory).unwrap_or_default().trim_start_matches('/');
        Place::new(root, relative, uri)
    }

    async fn store(&self, bucket: &str) -> Result<Arc<dyn ObjectStore>, SourceError> {
        let mut stores = self.inner.remote.lock().await;
        if let Some(store) = stores.get(bucket) {
            return Ok(Arc::clone(store));
        }
        let opened = s3::open(&self.inner.s3, bucket).await;
        let store = opened.map_err(|reason| SourceError::NoBucket { bucket: bucket.to_owned(), reason })?;
        stores.insert(bucket.to_owned(), Arc::clone(&store));
        Ok(store)
    }
}

/// File system calls may hang (network file systems): not on the threads that answer requests.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, SourceError> + Send + 'static,
) -> Result<T, SourceError> {
    let failed = |error: tokio::task::JoinError| SourceError::Read { uri: String::new(), reason: error.to_string() };
    tokio::task::spawn_blocking(work).await.map_err(failed)?
}

/// A reader whose first read fails.
struct Failed(Option<SourceError>);

impl Read for Failed {
    fn read(&mut self, _buffer: &mut [u8]) -> io::Result<usize> {
        Err(self.0.take().map_or_else(|| io::Error::other("the file could not be opened"), io::Error::other))
    }
}
