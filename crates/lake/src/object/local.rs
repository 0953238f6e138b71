//! Files below a directory, opened through a capability on it: neither `..` nor a link leads out. Opening never blocks
//! (FIFOs, devices) and only regular files are read.

use super::{Pinned, SourceError};
use bytes::Bytes;
use cap_std::ambient_authority;
use cap_std::fs::{Dir, File, FileType, FileTypeExt, Metadata, MetadataExt, OpenOptions, OpenOptionsExt};
use rustix::fs::OFlags;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use varberg_model::ObjectUri;

/// An open directory.
#[derive(Debug)]
pub(super) struct Root {
    directory: PathBuf,
    handle: Dir,
}

impl Root {
    pub(super) fn open(option: &'static str, directory: PathBuf) -> Result<Arc<Self>, SourceError> {
        match Dir::open_ambient_dir(&directory, ambient_authority()) {
            Ok(handle) => Ok(Arc::new(Self { directory, handle })),
            Err(source) => Err(SourceError::Directory { option, directory: directory.display().to_string(), source }),
        }
    }

    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }
}

/// A name below a directory: no `..`, not absolute.
#[derive(Debug, Clone)]
pub(super) struct Place {
    root: Arc<Root>,
    path: PathBuf,
}

impl Place {
    pub(super) fn new(root: &Arc<Root>, path: &str, uri: &ObjectUri) -> Result<Self, SourceError> {
        if path.is_empty() {
            return Err(SourceError::NotAFile { uri: uri.to_string(), kind: "directory" });
        }
        if matches!(uri, ObjectUri::S3 { .. }) && path.trim_end_matches('/').split('/').any(str::is_empty) {
            return Err(SourceError::EmptySegment { uri: uri.to_string() });
        }
        let path = PathBuf::from(path);
        let plain = path.components().all(|c| matches!(c, Component::Normal(_) | Component::CurDir));
        if !plain {
            return Err(SourceError::Outside { uri: uri.to_string() });
        }
        Ok(Self { root: Arc::clone(root), path })
    }

    /// Opens the file. Returns its size and version.
    pub(super) fn open(&self, uri: &ObjectUri) -> Result<(File, u64, String), SourceError> {
        match self.open_below(&self.path, uri) {
            // An absolute link may still lead to a place below the root: ask where it leads, then open that place.
            Err(SourceError::Outside { .. }) => self.open_below(&self.resolve(uri)?, uri),
            result => result,
        }
    }

    fn open_below(&self, path: &Path, uri: &ObjectUri) -> Result<(File, u64, String), SourceError> {
        let directory = &self.root.handle;
        check_kind(&directory.metadata(path).map_err(|error| refusal(&error, uri))?, uri)?;
        let mut options = OpenOptions::new();
        // Should the name now be a FIFO, the open returns and the check below refuses it.
        let flags = i32::try_from((OFlags::NONBLOCK | OFlags::NOCTTY).bits()).unwrap_or(0);
        let file = directory.open_with(path, options.read(true).custom_flags(flags));
        let file = file.map_err(|error| refusal(&error, uri))?;
        let metadata = file.metadata().map_err(|error| refusal(&error, uri))?;
        check_kind(&metadata, uri)?;
        let version = version(&metadata);
        Ok((file, metadata.len(), version))
    }

    fn resolve(&self, uri: &ObjectUri) -> Result<PathBuf, SourceError> {
        let outside = || SourceError::Outside { uri: uri.to_string() };
        let root = self.root.directory.canonicalize().map_err(|_| outside())?;
        let real = self.root.directory.join(&self.path).canonicalize().map_err(|_| outside())?;
        real.strip_prefix(&root).map(Path::to_path_buf).map_err(|_| outside())
    }

    fn open_pinned(&self, pinned: &Pinned) -> Result<File, SourceError> {
        let (file, _, version) = self.open(&pinned.uri)?;
        if version != pinned.version {
            return Err(SourceError::Changed { uri: pinned.uri.to_string() });
        }
        Ok(file)
    }

    pub(super) fn read_range(&self, pinned: &Pinned, range: Range<u64>) -> Result<Bytes, SourceError> {
        let failed = |error: io::Error| refusal(&error, &pinned.uri);
        let mut file = self.open_pinned(pinned)?;
        file.seek(SeekFrom::Start(range.start)).map_err(failed)?;
        let mut bytes = Vec::new();
        (&mut file).take(range.end.saturating_sub(range.start)).read_to_end(&mut bytes).map_err(failed)?;
        check_unchanged(&file, pinned).map_err(failed)?;
        Ok(bytes.into())
    }
}

/// Reads a pinned file; it is checked to be the pinned one when opened and again at its end.
pub(super) struct LocalReader {
    place: Place,
    pinned: Pinned,
    start: u64,
    file: Option<File>,
}

impl LocalReader {
    pub(super) fn new(place: Place, pinned: Pinned, start: u64) -> Self {
        Self { place, pinned, start, file: None }
    }
}

impl Read for LocalReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let file = match &mut self.file {
            Some(file) => file,
            None => {
                let mut file = self.place.open_pinned(&self.pinned).map_err(io::Error::other)?;
                file.seek(SeekFrom::Start(self.start))?;
                self.file.insert(file)
            }
        };
        let read = file.read(buffer)?;
        if read == 0 && !buffer.is_empty() {
            check_unchanged(file, &self.pinned)?;
        }
        Ok(read)
    }
}

fn check_unchanged(file: &File, pinned: &Pinned) -> io::Result<()> {
    if version(&file.metadata()?) == pinned.version {
        return Ok(());
    }
    Err(io::Error::other(SourceError::Changed { uri: pinned.uri.to_string() }))
}

fn version(metadata: &Metadata) -> String {
    let (device, inode, size) = (metadata.dev(), metadata.ino(), metadata.len());
    format!("{device:x}:{inode:x}:{size:x}:{}.{:09}", metadata.mtime(), metadata.mtime_nsec())
}

fn check_kind(metadata: &Metadata, uri: &ObjectUri) -> Result<(), SourceError> {
    let kind: FileType = metadata.file_type();
    let kind = match kind {
        kind if kind.is_file() => return Ok(()),
        kind if kind.is_dir() => "directory",
        kind if kind.is_fifo() => "FIFO",
        kind if kind.is_socket() => "socket",
        _ => "device",
    };
    Err(SourceError::NotAFile { uri: uri.to_string(), kind })
}

fn refusal(error: &io::Error, uri: &ObjectUri) -> SourceError {
    let uri = uri.to_string();
    if let Some(SourceError::Changed { .. }) = error.get_ref().and_then(|inner| inner.downcast_ref()) {
        return SourceError::Changed { uri };
    }
    match error.kind() {
        io::ErrorKind::NotFound => SourceError::NotFound { uri },
        // What cap-std says of an escape has no error number of the system.
        io::ErrorKind::PermissionDenied if error.raw_os_error().is_none() => SourceError::Outside { uri },
        io::ErrorKind::PermissionDenied => SourceError::Denied { uri },
        _ => SourceError::Read { uri, reason: error.to_string() },
    }
}
