//! How the rows of a job lie in its table: long, or wide with a table of samples beside. In: the headers of its items.
//! Out: columns to write, and the headerset of each item. What is decided and added here stays if the job fails: columns
//! without values, and a layout that the next import has too.

use super::control::Interrupt;
use super::format::Format;
use super::plan::{self, PlanError};
use super::{Running, item};
use crate::app::App;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::sync::{Mutex, OnceCell};
use varberg_catalog::{Finish, Lease, NewTable, TableSwap};
use varberg_formats::vcf::Header;
use varberg_lake::{DataFile, WriteTarget};
use varberg_model::{Content, FormatColumns, InfoType, Layout, TableSchema, info_key};
use varberg_rows::{HeaderSets, RecordShape, headerset_id};

/// How often the table is made ready anew while others change it.
const MAX_ATTEMPTS: u32 = 30;

/// The table that the rows of one item are written to.
#[derive(Debug, Clone)]
pub(super) struct ItemTable {
    pub schema: TableSchema,
    /// If the table is wide: what the vectors are over.
    pub headerset: Option<ItemHeaderset>,
    /// What the item's message says of the table: INFO keys whose columns are of another type than the file declares.
    pub note: Option<String>,
}

/// The headerset of an item.
#[derive(Debug, Clone)]
pub(super) struct ItemHeaderset {
    pub id: i64,
    /// Its rows for the table of samples; none where that table has them.
    pub file: Option<DataFile>,
}

/// Why there is no table for an item.
#[derive(Debug, thiserror::Error)]
pub(super) enum TableError {
    #[error("{0}")]
    Item(String),
    #[error(transparent)]
    Interrupted(#[from] Interrupt),
}

/// What the items of a job share.
#[derive(Debug, Default)]
pub(crate) struct JobLayout {
    decided: OnceCell<Layout>,
    wide: Mutex<Wide>,
}

#[derive(Debug, Default)]
struct Wide {
    /// As of the last time that columns were added.
    schema: Option<TableSchema>,
    /// Those of the table of samples when the job began, and those written since.
    known: Option<HeaderSets>,
    written: BTreeMap<i64, DataFile>,
}

impl JobLayout {
    /// Decides the layout by the headers of all items, if it is open: by the greatest number of samples among those that
    /// can be read.
    pub(super) async fn decide_by_headers(&self, app: &App, running: &Running) -> Result<(), Interrupt> {
        if running.destination.layout != Layout::Auto {
            return Ok(());
        }
        let mut most = None;
        for own in &running.claim.job.items {
            let Ok(format) = Format::of(&Content::Variants, &running.claim.job, &app.config.import, None) else {
                continue;
            };
            let Some(sources) = item::sources(app, running, own).await? else { continue };
            match plan::open(app, sources, own, format, &running.control).await {
                Ok(opened) => most = most.max(Some(opened.format.samples())),
                Err(PlanError::Interrupted(why)) => return Err(why),
                Err(_) => {} // the item's own end tells why
            }
            if most.is_some_and(|most| most > 1) {
                break;
            }
        }
        match most {
            Some(samples) => self.decide(app, running, samples).await.map(drop),
            None => Ok(()),
        }
    }

    /// The layout; where none is decided, the one that fits `samples`.
    async fn decide(&self, app: &App, running: &Running, samples: usize) -> Result<Layout, Interrupt> {
        let destination = &running.destination;
        let decide = || async {
            if destination.layout != Layout::Auto {
                return Ok(destination.layout);
            }
            let wanted = Layout::for_samples(samples);
            match app.catalog.decide_layout(&destination.id, wanted).await {
                Ok(Some(layout)) => Ok(layout),
                Ok(None) => Err(Interrupt::Cancelled),
                Err(error) => Err(again(&error)),
            }
        };
        self.decided.get_or_try_init(decide).await.copied()
    }

    /// The table for an item with this header, if its format has one.
    pub(super) async fn table(
        &self,
        app: &App,
        running: &Running,
        header: Option<&Header>,
    ) -> Result<ItemTable, TableError> {
        let long = || ItemTable { schema: running.destination.content.schema(), headerset: None, note: None };
        let Some(header) = header.filter(|_| running.destination.content == Content::Variants) else {
            return Ok(long());
        };
        match self.decide(app, running, header.samples().len()).await? {
            Layout::Wide => self.wide_table(app, running, header).await,
            Layout::Long | Layout::Auto => Ok(long()),
        }
    }

    async fn wide_table(&self, app: &App, running: &Running, header: &Header) -> Result<ItemTable, TableError> {
        let (shape, infos) = (header.shape(), header.typed_infos());
        let mut wide = self.wide.lock().await;
        let schema = match wide.schema.take().filter(|schema| has_columns(schema, &shape, &infos)) {
            Some(schema) => schema,
            None => ready(app, running, &shape, &infos).await?,
        };
        wide.schema = Some(schema.clone());
        let id = headerset_id(&shape);
        let mut known = match wide.known.take() {
            Some(known) => known,
            None => known_headersets(app, running).await?,
        };
        let is_new = known.get(id).is_none();
        let shape = std::sync::Arc::new(shape);
        let added = known.add(id, &shape);
        wide.known = Some(known);
        added
            .map_err(|clash| TableError::Item(format!("internal error: {clash}; nothing of this file was imported")))?;
        if is_new {
            let file = write(app, running, id, &shape).await?;
            wide.written.insert(id, file);
        }
        let headerset = Some(ItemHeaderset { id, file: wide.written.get(&id).cloned() });
        Ok(ItemTable { note: conflicts(&schema, &infos), schema, headerset })
    }
}

/// Whether a table has columns for all FORMAT and INFO keys of a file, as far as tables have room.
fn has_columns(schema: &TableSchema, shape: &RecordShape, infos: &[(String, InfoType)]) -> bool {
    let columns = FormatColumns::of(schema);
    let infos = infos.iter().map(|(key, kind)| (key.as_str(), *kind));
    shape.formats.iter().all(|format| columns.name(&format.id).is_some())
        && schema.missing_info_columns(infos).is_empty()
}

/// Tells of INFO keys whose columns hold values of another type than the file declares; the first of them by name.
fn conflicts(schema: &TableSchema, infos: &[(String, InfoType)]) -> Option<String> {
    let columns: BTreeMap<&str, (&str, InfoType)> =
        schema.columns.iter().filter_map(|c| info_key(c).map(|(key, kind)| (key, (c.name.as_str(), kind)))).collect();
    let conflict = |(key, own): &(String, InfoType)| {
        let (name, kind) = columns.get(key.as_str()).filter(|(_, kind)| kind != own)?;
        Some(format!("INFO {key} is {} here; the column {name} is for {}", own.name(), kind.name()))
    };
    let mut all = infos.iter().filter_map(conflict);
    let first = all.next()?;
    let others = match all.count() {
        0 => String::new(),
        n => format!(" (and {n} other keys)"),
    };
    Some(format!("{first}{others}: values that do not fit are in the text of INFO alone"))
}

fn tag(lease: &Lease) -> String {
    format!("{}-{}", lease.job, lease.epoch)
}

/// An error of the catalog or the warehouse: the job is taken up again.
fn again(error: &(dyn std::error::Error + 'static)) -> Interrupt {
    tracing::warn!(error, "the table could not be made ready for an import");
    Interrupt::LeaseLost
}

/// Makes the table wide, with columns for the FORMAT and INFO keys of a file and a table of samples beside. Returns its columns.
async fn ready(
    app: &App,
    running: &Running,
    shape: &RecordShape,
    infos: &[(String, InfoType)],
) -> Result<TableSchema, Interrupt> {
    let (destination, lease) = (&running.destination, &running.claim.lease);
    let formats: Vec<String> = shape.formats.iter().map(|format| format.id.clone()).collect();
    for attempt in 1..=MAX_ATTEMPTS {
        running.control.check()?;
        let pointer = |name: String| async move { app.catalog.pointer(&destination.namespace, &name).await };
        let Some(old) = pointer(destination.table.clone()).await.map_err(|e| again(&e))? else {
            return Err(Interrupt::Cancelled);
        };
        let evolved = app.lake.evolve_wide(&old, &formats, infos, &tag(lease)).await.map_err(|e| again(&e))?;
        let samples = match pointer(destination.samples_table()).await.map_err(|e| again(&e))? {
            Some(_) => None,
            None => Some(samples_table(app, running).await?),
        };
        if evolved.metadata_location.is_none() && samples.is_none() {
            return Ok(evolved.schema);
        }
        let swap = evolved.metadata_location.map(|new| TableSwap {
            namespace: destination.namespace.clone(),
            name: destination.table.clone(),
            old,
            new,
        });
        match app.catalog.prepare_table(lease, swap.as_ref(), samples.as_ref()).await.map_err(|e| again(&e))? {
            Finish::Committed => return Ok(evolved.schema),
            Finish::PointerMoved => tokio::time::sleep(Duration::from_millis(u64::from(attempt))).await,
            Finish::LeaseLost => return Err(Interrupt::LeaseLost),
            Finish::Cancelled | Finish::StoreGone => return Err(Interrupt::Cancelled),
        }
    }
    tracing::warn!("other imports kept changing the table");
    Err(Interrupt::LeaseLost)
}

/// Writes the first metadata of the table of samples.
async fn samples_table(app: &App, running: &Running) -> Result<NewTable, Interrupt> {
    let destination = &running.destination;
    let tag = format!("{}-", tag(&running.claim.lease));
    let created = app.lake.create_table_of(&destination.samples_path(), &TableSchema::samples(), &tag).await;
    Ok(NewTable {
        namespace: destination.namespace.clone(),
        name: destination.samples_table(),
        directory: destination.directory.clone(),
        metadata_location: created.map_err(|e| again(&e))?,
    })
}

async fn known_headersets(app: &App, running: &Running) -> Result<HeaderSets, Interrupt> {
    let destination = &running.destination;
    let pointer = app.catalog.pointer(&destination.namespace, &destination.samples_table()).await;
    match pointer.map_err(|e| again(&e))? {
        Some(location) => app.lake.headersets(&location).await.map_err(|e| again(&e)),
        None => Err(Interrupt::Cancelled),
    }
}

/// Writes the rows of a headerset.
async fn write(
    app: &App,
    running: &Running,
    id: i64,
    shape: &std::sync::Arc<RecordShape>,
) -> Result<DataFile, TableError> {
    let lease = &running.claim.lease;
    let table_path = running.destination.samples_path();
    let target = WriteTarget { table_path, job: lease.job.to_string(), epoch: lease.epoch };
    let (lake, shape) = (app.lake.clone(), std::sync::Arc::clone(shape));
    let written = app.cpu.run("varberg-samples", move || lake.write_headerset(target, id, &shape)).await;
    let written = match written {
        Ok(written) => written.map_err(|e| again(&e))?,
        Err(panicked) => return Err(TableError::Item(panicked.to_string())),
    };
    let files = written.done().await.map_err(|e| again(&e))?;
    let missing = || TableError::Item("internal error: the names of samples were not written".to_owned());
    files.into_iter().next().ok_or_else(missing)
}
