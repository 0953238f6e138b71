//! Where statements spill to: a directory for each, which goes when its process has ended, however it ended.
//!
//! Below the spill directory every running server has a folder, held by the lock of its file `lock`, with a directory for
//! each of its statements. A folder whose lock can be taken belongs to a server that has died; a server that starts
//! removes it. Nothing but directories is removed.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use uuid::Uuid;

/// The file whose lock says that a folder is in use.
const LOCK: &str = "lock";

/// The folder of this server; removed with the last clone's end.
#[derive(Debug, Clone)]
pub(super) struct Spill(Arc<Folder>);

#[derive(Debug)]
struct Folder {
    path: PathBuf,
    /// Locked as long as we live; the system lets go of it however we end.
    _lock: File,
}

impl Drop for Folder {
    fn drop(&mut self) {
        remove(&self.path);
    }
}

/// The directory of one statement. It stays until [`Directory::remove`] is called.
#[derive(Debug)]
pub(crate) struct Directory {
    path: PathBuf,
    _spill: Spill,
}

impl Spill {
    /// Removes what dead servers left in `root` and makes this server's folder there.
    pub(super) fn open(root: &Path) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(root)?;
        // Between the making of a folder and its locking no other server may look.
        let guard = lock_file(root)?;
        guard.lock()?;
        for entry in fs::read_dir(root)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() && is_left(&entry.path()) {
                remove(&entry.path());
            }
        }
        let path = root.join(Uuid::new_v4().to_string());
        make(&path)?;
        let lock = lock_file(&path)?;
        lock.lock()?;
        Ok(Self(Arc::new(Folder { path, _lock: lock })))
    }

    /// A new directory, for one statement.
    pub(super) fn directory(&self) -> io::Result<Directory> {
        let path = self.0.path.join(Uuid::new_v4().to_string());
        make(&path)?;
        Ok(Directory { path, _spill: self.clone() })
    }
}

impl Directory {
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Removes the directory and all in it. Its process must have ended.
    pub(crate) fn remove(self) {
        remove(&self.path);
    }
}

fn make(path: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(path)
}

fn lock_file(folder: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).truncate(false).write(true).open(folder.join(LOCK))
}

/// Whether no server holds `folder`.
fn is_left(folder: &Path) -> bool {
    match OpenOptions::new().write(true).open(folder.join(LOCK)) {
        Ok(file) => !matches!(file.try_lock(), Err(TryLockError::WouldBlock | TryLockError::Error(_))),
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    }
}

fn remove(path: &Path) {
    if let Err(error) = fs::remove_dir_all(path)
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!(path = %path.display(), %error, "cannot remove spill files; the next start tries again");
    }
}
