//! Files in S3: ranges fetched ahead of a reading thread, every request bound to the pinned version.

use super::{Pinned, SourceError};
use bytes::{Buf, Bytes};
use object_store::path::Path;
use object_store::{GetOptions, GetRange, ObjectStore, ObjectStoreExt};
use std::future::Future;
use std::io::{self, Read};
use std::ops::Range;
use std::sync::Arc;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use varberg_model::ObjectUri;

/// Bytes of one request.
const CHUNK: u64 = 8 << 20;
/// Bytes of one request beyond what the reader is expected to want.
const SMALL_CHUNK: u64 = 256 << 10;
/// Chunks fetched ahead of the one being read: hides the latency of a request, costs 16 MiB a reader.
const AHEAD: usize = 2;

/// Size and ETag of an object.
pub(super) async fn pin(
    store: Arc<dyn ObjectStore>,
    uri: &ObjectUri,
    bucket: &str,
    key: &str,
) -> Result<(u64, String), SourceError> {
    match store.head(&object_path(key, uri)?).await {
        Ok(meta) => Ok((meta.size, meta.e_tag.unwrap_or_default())),
        Err(error @ (object_store::Error::NotFound { .. } | object_store::Error::Precondition { .. })) => {
            Err(refusal(&error, uri))
        }
        Err(object_store::Error::PermissionDenied { .. }) => Err(SourceError::Denied { uri: uri.to_string() }),
        Err(error) => Err(SourceError::NoBucket { bucket: bucket.to_owned(), reason: cause(&error.to_string()) }),
    }
}

/// An object at its pinned version.
pub(super) struct RemoteFile {
    store: Arc<dyn ObjectStore>,
    pinned: Pinned,
    key: String,
}

impl RemoteFile {
    pub(super) fn new(store: Arc<dyn ObjectStore>, pinned: Pinned, key: &str) -> Self {
        Self { store, pinned, key: key.to_owned() }
    }

    pub(super) async fn read_range(&self, range: Range<u64>) -> Result<Bytes, SourceError> {
        if range.is_empty() {
            return Ok(Bytes::new());
        }
        let uri = &self.pinned.uri;
        let etag = Some(self.pinned.version.clone()).filter(|etag| !etag.is_empty());
        let expected = range.end - range.start;
        let options = GetOptions { range: Some(GetRange::Bounded(range)), if_match: etag, ..GetOptions::default() };
        let answer = self.store.get_opts(&object_path(&self.key, uri)?, options).await;
        let answer = answer.map_err(|error| refusal(&error, uri))?;
        if answer.meta.size != self.pinned.size {
            return Err(SourceError::Changed { uri: uri.to_string() });
        }
        let bytes = answer.bytes().await.map_err(|error| refusal(&error, uri))?;
        if bytes.len() as u64 != expected {
            return Err(SourceError::Read { uri: uri.to_string(), reason: "the answer was cut short".to_owned() });
        }
        Ok(bytes)
    }
}

fn object_path(key: &str, uri: &ObjectUri) -> Result<Path, SourceError> {
    Path::parse(key).map_err(|error| SourceError::Read { uri: uri.to_string(), reason: error.to_string() })
}

fn refusal(error: &object_store::Error, uri: &ObjectUri) -> SourceError {
    let uri = uri.to_string();
    match error {
        object_store::Error::NotFound { .. } => SourceError::NotFound { uri },
        object_store::Error::Precondition { .. } => SourceError::Changed { uri },
        object_store::Error::PermissionDenied { .. } | object_store::Error::Unauthenticated { .. } => {
            SourceError::Denied { uri }
        }
        other => SourceError::Read { uri, reason: cause(&other.to_string()) },
    }
}

/// The short cause of a failed request, from the store's long text.
fn cause(text: &str) -> String {
    // The machine's and the container's credential services: asked last, when nothing else gives credentials.
    if text.contains("//169.254.") {
        return "no credentials".to_owned();
    }
    // The body of the answer (XML) may hold a session token: only what comes before it is told.
    let told = text.split('<').next().unwrap_or_default();
    // `Generic S3 error: Error performing GET URL in 1ms, after 2 retries, … - CAUSE`
    let cause = told.split_once(" - ").map_or(told, |(_, cause)| cause);
    cause.trim_start_matches("Generic S3 error: ").trim_end_matches([' ', ':']).to_owned()
}

/// Reads an object on a plain thread while a task fetches ahead; the task ends with the reader.
pub(super) struct RemoteReader<F> {
    runtime: Handle,
    /// Until the first read.
    unopened: Option<F>,
    position: u64,
    size: u64,
    /// Where the reader is expected to stop.
    wanted: u64,
    chunks: Option<mpsc::Receiver<Result<Bytes, SourceError>>>,
    task: Option<JoinHandle<()>>,
    current: Bytes,
}

impl<F> RemoteReader<F> {
    /// `open` gives the file, once the first byte is wanted; `range` is from where to its end.
    pub(super) fn new(runtime: Handle, open: F, range: Range<u64>, wanted: u64) -> Self {
        let (position, size) = (range.start, range.end);
        Self { runtime, unopened: Some(open), position, size, wanted, chunks: None, task: None, current: Bytes::new() }
    }
}

impl<F: Future<Output = Result<RemoteFile, SourceError>> + Send + 'static> Read for RemoteReader<F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Some(open) = self.unopened.take() {
            let (sender, receiver) = mpsc::channel(AHEAD);
            self.chunks = Some(receiver);
            self.task = Some(self.runtime.spawn(fetch(open, self.position, self.wanted, sender)));
        }
        while self.current.is_empty() {
            match self.chunks.as_mut().and_then(mpsc::Receiver::blocking_recv) {
                Some(chunk) => self.current = chunk.map_err(io::Error::other)?,
                None if self.position < self.size => return Err(io::ErrorKind::UnexpectedEof.into()),
                None => return Ok(0),
            }
        }
        let read = self.current.len().min(buffer.len());
        self.current.copy_to_slice(buffer.get_mut(..read).unwrap_or_default());
        self.position += read as u64;
        Ok(read)
    }
}

impl<F> Drop for RemoteReader<F> {
    fn drop(&mut self) {
        if let Some(task) = self.task.take() {
            task.abort();
        }
    }
}

async fn fetch(
    open: impl Future<Output = Result<RemoteFile, SourceError>>,
    mut position: u64,
    wanted: u64,
    chunks: mpsc::Sender<Result<Bytes, SourceError>>,
) {
    let file = match open.await {
        Ok(file) => file,
        Err(error) => return drop(chunks.send(Err(error)).await),
    };
    while position < file.pinned.size {
        let length = wanted.saturating_sub(position).clamp(SMALL_CHUNK, CHUNK);
        let end = position.saturating_add(length).min(file.pinned.size);
        let chunk = file.read_range(position..end).await;
        let failed = chunk.is_err();
        if chunks.send(chunk).await.is_err() || failed {
            return; // the reader is gone, or has been told
        }
        position = end;
    }
}
