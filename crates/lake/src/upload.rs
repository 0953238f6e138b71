//! A file of the warehouse written by a plain thread as `std::io::Write`, in bounded memory.
//!
//! The file appears whole, when finished, or not at all. Must not be used inside async code: it blocks.

use crate::{Error, Lake, Result};
use bytes::Bytes;
use object_store::path::Path;
use object_store::{ObjectStoreExt, PutPayload, WriteMultipart};
use std::io::{self, Write};
use tokio::task::JoinHandle;

/// Bytes of one part of an upload; S3 wants 5 MiB to 5 GiB, and at most 10,000 parts.
const PART_BYTES: usize = 8 << 20;
/// Parts in flight besides the one being filled.
const PARTS_IN_FLIGHT: usize = 2;

/// An upload under way. Dropped before [`Upload::finish`] it is aborted.
pub struct Upload {
    lake: Lake,
    path: String,
    target: Path,
    buffer: Vec<u8>,
    parts: Option<WriteMultipart>,
    written: u64,
}

impl Lake {
    /// Begins a file at `path` of the warehouse.
    pub fn upload(&self, path: &str) -> Result<Upload> {
        let target = Self::object_path(path)?;
        Ok(Upload { lake: self.clone(), path: path.to_owned(), target, buffer: Vec::new(), parts: None, written: 0 })
    }
}

impl Upload {
    /// Bytes written so far.
    pub fn written(&self) -> u64 {
        self.written
    }

    /// Makes the file visible and durable. Returns its size in bytes.
    pub fn finish(self) -> Result<u64> {
        let (written, runtime) = (self.written, self.lake.inner.runtime.clone());
        runtime.block_on(self.finish_beside().done())?;
        Ok(written)
    }

    /// As [`finish`](Self::finish), but the calling thread need not wait for the store.
    pub fn finish_beside(mut self) -> Finishing {
        let (lake, path, target) = (self.lake.clone(), self.path.clone(), self.target.clone());
        let last = Bytes::from(std::mem::take(&mut self.buffer));
        let parts = self.parts.take();
        let work = async move {
            let failed = Error::storage("writing", &path);
            match parts {
                None => lake.inner.store.put(&target, PutPayload::from_bytes(last)).await.map(drop).map_err(failed)?,
                Some(mut parts) => {
                    parts.put(last);
                    parts.finish().await.map(drop).map_err(failed)?;
                }
            }
            lake.persist(&path).await
        };
        Finishing(self.lake.inner.runtime.spawn(work))
    }

    fn send_part(&mut self) -> Result<(), object_store::Error> {
        let runtime = self.lake.inner.runtime.clone();
        let part = Bytes::from(std::mem::replace(&mut self.buffer, Vec::with_capacity(PART_BYTES)));
        runtime.block_on(async {
            if self.parts.is_none() {
                let upload = self.lake.inner.store.put_multipart(&self.target).await?;
                self.parts = Some(WriteMultipart::new_with_chunk_size(upload, PART_BYTES));
            }
            let Some(parts) = &mut self.parts else { return Ok(()) };
            parts.wait_for_capacity(PARTS_IN_FLIGHT).await?;
            parts.put(part);
            Ok(())
        })
    }
}

/// A file that is written but perhaps not yet visible and durable. Dropped, it goes on.
pub struct Finishing(JoinHandle<Result<()>>);

impl Finishing {
    /// Waits until the file is visible and durable.
    pub async fn done(self) -> Result<()> {
        self.0.await.map_err(|_| Error::Internal("the end of an upload stopped unexpectedly"))?
    }
}

impl Write for Upload {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = PART_BYTES.saturating_sub(self.buffer.len());
        let (now, _) = bytes.split_at_checked(room).unwrap_or((bytes, &[]));
        self.buffer.extend_from_slice(now);
        self.written += now.len() as u64;
        if self.buffer.len() >= PART_BYTES {
            self.send_part().map_err(io::Error::other)?;
        }
        Ok(now.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        let Some(parts) = self.parts.take() else { return };
        let abort = async {
            if let Err(error) = parts.abort().await {
                tracing::debug!(%error, "an unfinished upload could not be aborted");
            }
        };
        if tokio::runtime::Handle::try_current().is_ok() {
            drop(self.lake.inner.runtime.spawn(abort)); // blocking is not allowed here
        } else {
            self.lake.inner.runtime.block_on(abort);
        }
    }
}
