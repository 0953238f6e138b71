//! Reference import jobs: each FASTA source is checked, indexed and kept in the warehouse as it came; a compressed
//! file that cannot be read at random also as BGZF of the same text.

use super::control::{Control, Interrupt};
use super::genome::{Beside, beside};
use super::lease::{self, Leased};
use super::message::{MAX_SOURCE_MESSAGE, shorten};
use crate::app::App;
use crate::cpu::Panicked;
use crate::roles::RoleError;
use std::io::Read;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use tracing::{info, warn};
use varberg_catalog::Epoch;
use varberg_formats::fasta::{self, FastaIndex};
use varberg_formats::genome::{TranscodeError, to_bgzf};
use varberg_formats::{Compression, Fault};
use varberg_lake::{Pinned, SourceError, Sources};
use varberg_model::{
    RefId, Reference, ReferenceImportJob, ReferenceImportSource, ReferenceSourceStatus, ReferenceStatus,
};

/// Why one source cannot become a reference.
#[derive(Debug, thiserror::Error)]
enum SourceFailure {
    #[error(transparent)]
    Role(#[from] RoleError),
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error(transparent)]
    Malformed(#[from] Fault),
    #[error("cannot store the reference: {0}")]
    Store(#[from] varberg_lake::Error),
    #[error("the copy of the reference failed: {0}")]
    Copy(#[from] std::io::Error),
    #[error(transparent)]
    Transcode(#[from] TranscodeError),
    #[error(transparent)]
    Panicked(#[from] Panicked),
    #[error(transparent)]
    Interrupted(#[from] Interrupt),
}

/// Runs a claimed job to its end, source by source.
pub(super) async fn run(app: App, job: ReferenceImportJob, epoch: Epoch, stop: CancellationToken) {
    let control = Arc::<Control>::default();
    let leased = Leased::Reference { job: job.id.clone(), epoch };
    let keeper = lease::keep(app.clone(), leased, control.clone(), stop);
    let keeper = AbortOnDropHandle::new(tokio::spawn(keeper));
    let result = import_sources(&app, &job, epoch, &control).await;
    keeper.abort();
    match result {
        Ok(true) => info!(sources = job.sources.len(), "reference import job ended"),
        Ok(false) => match app.catalog.release_reference_import(&job.id, epoch).await {
            Ok(()) => info!("reference import job left; it goes on at the next start"),
            Err(error) => warn!(%error, "reference import job left; it is tried again when its lease ends"),
        },
        Err(error) => warn!(%error, "reference import job left; it is tried again when its lease ends"),
    }
    app.wake_janitor();
}

/// `false` when the job was interrupted before its end.
async fn import_sources(
    app: &App,
    job: &ReferenceImportJob,
    epoch: Epoch,
    control: &Arc<Control>,
) -> Result<bool, varberg_catalog::Error> {
    if epoch > i64::from(app.config.import.max_attempts) {
        // It has brought too many workers down: what is not finished fails.
        app.catalog.finish_reference_import(&job.id, epoch).await?;
        return Ok(true);
    }
    for source in job.sources.iter().filter(|s| !is_done(s)) {
        app.catalog.start_reference_source(&job.id, epoch, source.position).await?;
        let imported = import_source(app, job, epoch, source, control).await;
        if matches!(imported, Err(SourceFailure::Interrupted(_))) {
            return Ok(false);
        }
        let text = imported.as_ref().err().map(|e| shorten(&e.to_string(), MAX_SOURCE_MESSAGE)).unwrap_or_default();
        let result = imported.as_ref().map_err(|_| text.as_str());
        app.catalog.finish_reference_source(&job.id, epoch, source.position, result).await?;
    }
    app.catalog.finish_reference_import(&job.id, epoch).await?;
    Ok(true)
}

fn is_done(source: &ReferenceImportSource) -> bool {
    match source.status {
        ReferenceSourceStatus::Finished | ReferenceSourceStatus::Failed => true,
        ReferenceSourceStatus::NotStarted | ReferenceSourceStatus::InProgress => false,
    }
}

/// Reads the source twice: once for its indexes and md5, once to keep it. Both reads are pinned to one version.
async fn import_source(
    app: &App,
    job: &ReferenceImportJob,
    epoch: Epoch,
    source: &ReferenceImportSource,
    control: &Arc<Control>,
) -> Result<Reference, SourceFailure> {
    // Who may call cannot be told: the job is taken up again.
    let is_open = app.is_open().await.map_err(|_| Interrupt::LeaseLost)?;
    let sources = app.roles.sources(is_open, &job.account, &job.role, &source.source)?.clone();
    let pinned = sources.pin(&source.source).await?;
    let head = sources.read_range(&pinned, 0..pinned.size.min(Compression::PREFIX)).await?;
    let compression = Compression::detect(&head);
    let input = Input { sources, pinned, control: control.clone() };
    let index = index(app, &input, compression).await?;
    let id = RefId::random();
    let folder = format!("references/{}/{}-{epoch}-{id}", job.store, job.id);
    let source_path = format!("{folder}/source");
    let index_path = format!("{folder}/index");
    let index_bytes = u64::try_from(index.fai.len()).unwrap_or(u64::MAX);
    app.lake.put(&index_path, index.fai.into_bytes()).await?;
    copy(app, &input, &source_path).await?;
    let blocks = match compression {
        Compression::Plain => None,
        Compression::Bgzf => index.gzi,
        Compression::Gzip | Compression::Zstd | Compression::Bzip2 => {
            Some(transcode(app, &input, compression, &beside(&source_path, Beside::Bgzf)).await?)
        }
    };
    if let Some(blocks) = blocks {
        app.lake.put(&beside(&source_path, Beside::Blocks), blocks).await?;
    }
    let now = chrono::DateTime::<chrono::Utc>::from(std::time::SystemTime::now());
    Ok(Reference {
        id,
        store: job.store.clone(),
        name: source.name.clone(),
        description: source.description.clone(),
        tags: source.tags.clone(),
        status: ReferenceStatus::Active,
        md5: index.md5,
        source_path,
        source_bytes: input.pinned.size,
        index_path,
        index_bytes,
        contig_aliases: index.aliases,
        job: job.id.clone(),
        created: now,
        updated: now,
    })
}

async fn index(app: &App, input: &Input, compression: Compression) -> Result<FastaIndex, SourceFailure> {
    let source = input.reader();
    let limits = app.config.import.limits();
    let check = input.control.clone();
    let work = move || {
        let index = fasta::index(Box::new(source), compression, &limits);
        check.check()?;
        index.map_err(SourceFailure::from)
    };
    app.cpu.run("varberg-fasta", work).await?
}

async fn copy(app: &App, input: &Input, path: &str) -> Result<(), SourceFailure> {
    let mut source = input.reader();
    let lake = app.lake.clone();
    let path = path.to_owned();
    let work = move || {
        let mut upload = lake.upload(&path)?;
        let copied = std::io::copy(&mut source, &mut upload);
        source.control.check()?; // an interrupted read is no fault of the source
        copied?;
        upload.finish()?;
        Ok::<(), SourceFailure>(())
    };
    app.cpu.run("varberg-fasta", work).await?
}

/// Writes the text of a compressed file as BGZF; the bytes of its block index.
async fn transcode(app: &App, input: &Input, compression: Compression, path: &str) -> Result<Vec<u8>, SourceFailure> {
    let source = input.reader();
    let lake = app.lake.clone();
    let (path, check) = (path.to_owned(), input.control.clone());
    let work = move || {
        let mut upload = lake.upload(&path)?;
        let blocks = to_bgzf(Box::new(source), compression, &mut upload);
        check.check()?; // an interrupted read is no fault of the source
        let blocks = blocks?;
        upload.finish()?;
        Ok::<_, SourceFailure>(blocks)
    };
    app.cpu.run("varberg-fasta", work).await?
}

/// One source of a job.
struct Input {
    sources: Sources,
    pinned: Pinned,
    control: Arc<Control>,
}

impl Input {
    /// All its bytes, from the first on.
    fn reader(&self) -> Stoppable {
        Stoppable { inner: self.sources.open(&self.pinned, 0, self.pinned.size), control: self.control.clone() }
    }
}

/// Passes bytes on, and ends the read when the job must stop.
struct Stoppable {
    inner: Box<dyn Read + Send>,
    control: Arc<Control>,
}

impl Read for Stoppable {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.control.check().map_err(std::io::Error::other)?;
        self.inner.read(buffer)
    }
}
