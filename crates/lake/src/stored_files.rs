//! Files of the warehouse by path: put, read, list, delete. Deletes one file at a time, never a prefix.

use crate::{Error, Lake, Result};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures::{Stream, StreamExt, TryStreamExt};
use object_store::buffered::BufWriter;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::io::AsyncWriteExt;

/// A file of the warehouse.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct StoredFile {
    /// Relative to the warehouse.
    pub path: String,
    pub bytes: u64,
    pub modified: DateTime<Utc>,
}

impl Lake {
    /// Writes a small file, whole and durable.
    pub async fn put(&self, path: &str, bytes: impl Into<Bytes>) -> Result<()> {
        let target = Self::object_path(path)?;
        let payload = PutPayload::from_bytes(bytes.into());
        self.inner.store.put(&target, payload).await.map_err(Error::storage("writing", path))?;
        self.persist(path).await
    }

    /// Writes a file from a stream in bounded memory; an error of the stream leaves nothing. Returns its size.
    pub async fn put_stream<S>(&self, path: &str, stream: S) -> Result<u64>
    where
        S: Stream<Item = std::io::Result<Bytes>> + Send,
    {
        let failed = |source| Error::Io { operation: "writing", path: path.to_owned(), source };
        let mut writer = BufWriter::new(Arc::clone(&self.inner.store), Self::object_path(path)?);
        let mut stream = std::pin::pin!(stream);
        let mut written = 0;
        while let Some(chunk) = stream.next().await {
            let step = match chunk {
                Ok(chunk) => {
                    written += chunk.len() as u64;
                    writer.put(chunk).await.map_err(std::io::Error::from)
                }
                Err(error) => Err(error),
            };
            if let Err(error) = step {
                if let Err(abort) = writer.abort().await {
                    tracing::debug!(error = %abort, "an unfinished upload could not be aborted");
                }
                return Err(failed(error));
            }
        }
        writer.shutdown().await.map_err(failed)?;
        self.persist(path).await?;
        Ok(written)
    }

    /// Reads a small file whole.
    pub async fn get(&self, path: &str) -> Result<Bytes> {
        let failed = Error::storage("reading", path);
        let answer = self.inner.store.get(&Self::object_path(path)?).await;
        match answer {
            Ok(answer) => answer.bytes().await.map_err(failed),
            Err(error) => Err(failed(error)),
        }
    }

    /// Writes the id of the catalog that this warehouse belongs to, unless there is one; returns the one that stands.
    pub async fn owner(&self, id: &str) -> Result<String> {
        const FILE: &str = "varberg-catalog-id";
        let (path, failed) = (Self::object_path(FILE)?, Error::storage("claiming", FILE));
        let create = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        match self.inner.store.put_opts(&path, PutPayload::from(id.to_owned()), create).await {
            Ok(_) => self.persist(FILE).await.map(|()| id.to_owned()),
            Err(object_store::Error::AlreadyExists { .. }) => {
                Ok(String::from_utf8_lossy(&self.get(FILE).await?).trim().to_owned())
            }
            Err(error) => Err(failed(error)),
        }
    }

    /// Reads bytes `range` of a file.
    pub async fn get_range(&self, path: &str, range: std::ops::Range<u64>) -> Result<Bytes> {
        let path_in_store = Self::object_path(path)?;
        self.inner.store.get_range(&path_in_store, range).await.map_err(Error::storage("reading", path))
    }

    /// The same for plain threads; must not be called inside async code.
    pub fn get_range_blocking(&self, path: &str, range: std::ops::Range<u64>) -> Result<Bytes> {
        self.inner.runtime.block_on(self.get_range(path, range))
    }

    /// A file; none where there is none.
    pub async fn head(&self, path: &str) -> Result<Option<StoredFile>> {
        match self.inner.store.head(&Self::object_path(path)?).await {
            Ok(meta) => Ok(Some(StoredFile { path: path.to_owned(), bytes: meta.size, modified: meta.last_modified })),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(Error::storage("reading", path)(error)),
        }
    }

    /// Every file below a directory of the warehouse (empty: all of it), unfinished writes of a directory warehouse
    /// included, sorted by path.
    pub async fn list(&self, prefix: &str) -> Result<Vec<StoredFile>> {
        let mut files = match &self.inner.directory {
            Some(root) => walk(root, prefix).await?,
            None => {
                let path = Self::object_path(prefix)?;
                let listing = self.inner.store.list(Some(&path));
                let stored = listing.map_ok(|meta| StoredFile {
                    path: meta.location.to_string(),
                    bytes: meta.size,
                    modified: meta.last_modified,
                });
                stored.try_collect().await.map_err(Error::storage("listing", prefix))?
            }
        };
        files.sort();
        Ok(files)
    }

    /// Deletes one file; that it is gone already is fine.
    pub async fn delete(&self, path: &str) -> Result<()> {
        let target = Self::object_path(path)?;
        if let Some(root) = &self.inner.directory {
            return match tokio::fs::remove_file(root.join(target.as_ref())).await {
                Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                    Err(Error::Io { operation: "deleting", path: path.to_owned(), source })
                }
                _ => Ok(()),
            };
        }
        match self.inner.store.delete(&target).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(Error::storage("deleting", path)(error)),
        }
    }

    /// Makes a finished file of a directory warehouse, and its name, survive a power cut. Object stores do so themselves.
    pub(crate) async fn persist(&self, path: &str) -> Result<()> {
        let Some(root) = &self.inner.directory else { return Ok(()) };
        let failed = |source| Error::Io { operation: "syncing", path: path.to_owned(), source };
        let file = root.join(path);
        for place in file.ancestors().take_while(|place| place.starts_with(root)) {
            let handle = tokio::fs::File::open(place).await.map_err(failed)?;
            handle.sync_all().await.map_err(failed)?;
        }
        Ok(())
    }
}

/// The regular files below `root/prefix`. `LocalFileSystem` would hide the temporary files of dead writers.
async fn walk(root: &Path, prefix: &str) -> Result<Vec<StoredFile>> {
    let failed = |source| Error::Io { operation: "listing", path: prefix.to_owned(), source };
    let mut files = Vec::new();
    let mut pending: Vec<PathBuf> = vec![root.join(Lake::object_path(prefix)?.as_ref())];
    while let Some(directory) = pending.pop() {
        let mut entries = match tokio::fs::read_dir(&directory).await {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return Err(failed(error)),
        };
        while let Some(entry) = entries.next_entry().await.map_err(failed)? {
            let kind = entry.file_type().await.map_err(failed)?;
            if kind.is_dir() {
                pending.push(entry.path());
            } else if kind.is_file() {
                match entry.metadata().await {
                    Ok(metadata) => files.extend(stored(root, &entry.path(), &metadata)),
                    Err(error) if error.kind() == std::io::ErrorKind::NotFound => {} // renamed or deleted meanwhile
                    Err(error) => return Err(failed(error)),
                }
            }
        }
    }
    Ok(files)
}

fn stored(root: &Path, file: &Path, metadata: &std::fs::Metadata) -> Option<StoredFile> {
    let path = file.strip_prefix(root).ok()?.to_str()?.to_owned();
    Some(StoredFile { path, bytes: metadata.len(), modified: DateTime::<Utc>::from(metadata.modified().ok()?) })
}
