//! The reference that a job's records are normalized against: from the store's ARN to a genome that is read at random,
//! straight from the warehouse.
//!
//! What makes a compressed reference readable at random lies beside its source and index; the paths follow from theirs.

use super::ImportError;
use crate::app::App;
use std::io;
use std::ops::Range;
use std::sync::Arc;
use varberg_formats::Compression;
use varberg_formats::genome::{BlockIndex, Form, Genome, ReadAt};
use varberg_lake::Lake;
use varberg_model::{Destination, ImportJob, Reference, ReferenceStatus};

/// The genome of a job that asked for normalization, or the text that says to each of its items why there is none.
pub(super) type JobGenome = Result<Option<Arc<Genome>>, String>;

/// Files that lie beside the source and the index of a reference.
#[derive(Debug, Clone, Copy)]
pub(super) enum Beside {
    /// The source as BGZF, when it came as gzip, zstd or bzip2, which cannot be read at random.
    Bgzf,
    /// The block index of what is BGZF: the source, or the file above.
    Blocks,
}

/// The path of such a file, from that of the source or the index.
pub(super) fn beside(path: &str, file: Beside) -> String {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let name = match file {
        Beside::Bgzf => "bgzf",
        Beside::Blocks => "blocks",
    };
    format!("{folder}/{name}")
}

/// Opens the reference of the job's store, if the job asked for normalization.
///
/// Errors: a warehouse or a catalog that does not answer, which the next claim of the job may find well again.
pub(super) async fn open(app: &App, job: &ImportJob, destination: &Destination) -> Result<JobGenome, ImportError> {
    if !job.left_normalize || !destination.content.has_alleles() {
        return Ok(Ok(None));
    }
    let Some(arn) = &destination.reference_arn else {
        return Ok(Err("left-normalization needs a reference, and the store has none".to_owned()));
    };
    let reference = app.reference(&job.account, arn).await?;
    let Some(reference) = reference.filter(|reference| reference.status == ReferenceStatus::Active) else {
        return Ok(Err(format!("left-normalization needs the store's reference {arn}, which is no longer there")));
    };
    match read(app, &reference).await {
        Ok(genome) => Ok(Ok(Some(Arc::new(genome)))),
        Err(OpenError::Storage(error)) => Err(error.into()),
        Err(reason) => {
            tracing::error!(?reason, reference = %arn, "a reference cannot be opened");
            let text =
                format!("left-normalization needs the store's reference {arn}, which cannot be opened: {reason}");
            Ok(Err(format!("{text}; import it again, for a new store")))
        }
    }
}

/// What an item is told when the warehouse did not give the reference in any attempt; the log has the cause.
pub(super) fn unreadable(destination: &Destination, error: &varberg_lake::Error) -> JobGenome {
    let arn = destination.reference_arn.as_deref().unwrap_or_default();
    tracing::error!(?error, reference = %arn, "a reference cannot be read");
    Err(format!(
        "left-normalization needs the store's reference {arn}, which cannot be read now: {error}; the server's log says \
         why, import the file again when that is mended"
    ))
}

/// Why the files of a reference do not make a genome.
#[derive(Debug, thiserror::Error)]
enum OpenError {
    /// The warehouse did not answer as it should; nothing is known of the files.
    #[error(transparent)]
    Storage(varberg_lake::Error),
    #[error("{0} is no longer there")]
    Missing(&'static str),
    #[error(transparent)]
    Genome(#[from] varberg_formats::genome::GenomeError),
    #[error("its index is not text")]
    NotText,
    #[error("an earlier version of the server imported it, for other uses only")]
    NoBlocks,
}

impl OpenError {
    /// What a failed request for a file says: that it is missing, or nothing about it.
    fn of(error: varberg_lake::Error, missing: Self) -> Self {
        if error.is_missing() { missing } else { Self::Storage(error) }
    }
}

async fn read(app: &App, reference: &Reference) -> Result<Genome, OpenError> {
    let no_index = |error| OpenError::of(error, OpenError::Missing("its index"));
    let no_source = |error| OpenError::of(error, OpenError::Missing("its sequence"));
    let no_blocks = |error| OpenError::of(error, OpenError::NoBlocks);
    let index = app.lake.get(&reference.index_path).await.map_err(no_index)?;
    let fai = std::str::from_utf8(&index).map_err(|_| OpenError::NotText)?;
    let size = reference.source_bytes;
    let head = app.lake.get_range(&reference.source_path, 0..size.min(Compression::PREFIX)).await.map_err(no_source)?;
    let (path, size) = match Compression::detect(&head) {
        Compression::Plain => return Ok(Genome::new(fai, Form::Plain, size, stored(app, &reference.source_path))?),
        Compression::Bgzf => (reference.source_path.clone(), size),
        Compression::Gzip | Compression::Zstd | Compression::Bzip2 => transcoded(app, &reference.source_path).await?,
    };
    let blocks = app.lake.get(&beside(&path, Beside::Blocks)).await.map_err(no_blocks)?;
    let form = Form::Bgzf(BlockIndex::parse(&blocks)?);
    Ok(Genome::new(fai, form, size, stored(app, &path))?)
}

/// Path and size of the BGZF file that was made of the source.
async fn transcoded(app: &App, source: &str) -> Result<(String, u64), OpenError> {
    let path = beside(source, Beside::Bgzf);
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let files = app.lake.list(folder).await.map_err(|error| OpenError::of(error, OpenError::NoBlocks))?;
    let file = files.into_iter().find(|file| file.path == path).ok_or(OpenError::NoBlocks)?;
    Ok((path, file.bytes))
}

fn stored(app: &App, path: &str) -> Arc<StoredFile> {
    Arc::new(StoredFile { lake: app.lake.clone(), path: path.to_owned() })
}

/// A file of the warehouse, read from the threads of parts.
struct StoredFile {
    lake: Lake,
    path: String,
}

impl ReadAt for StoredFile {
    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        if out.is_empty() {
            return Ok(());
        }
        let end = offset.saturating_add(u64::try_from(out.len()).unwrap_or(u64::MAX));
        let bytes = self.lake.get_range_blocking(&self.path, Range { start: offset, end }).map_err(io::Error::other)?;
        if bytes.len() != out.len() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        out.copy_from_slice(&bytes);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_files_lie_beside_the_source_and_the_index() {
        let folder = "references/1234567890/9876543210-3-5555555555";
        assert_eq!(beside(&format!("{folder}/source"), Beside::Blocks), format!("{folder}/blocks"));
        assert_eq!(beside(&format!("{folder}/index"), Beside::Bgzf), format!("{folder}/bgzf"));
    }
}
