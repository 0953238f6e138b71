//! One item of a job: planned, its parts run side by side, their results joined.

use super::control::{Interrupt, ItemCounters};
use super::format::Format;
use super::layout::{ItemTable, TableError};
use super::message::{MAX_MESSAGE, shorten};
use super::outcome::{ImportedItem, Outcome};
use super::part::{PartContext, PartError, PartResult, PartTask, import_part};
use super::plan::{self, ItemPlan, PlanError};
use super::report::{self, check_share};
use super::stage::Stage;
use super::{ImportError, Running};
use crate::app::App;
use crate::header_text;
use futures::stream::{self, StreamExt};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use varberg_catalog::{ItemOutcome, ItemResult};
use varberg_formats::Part;
use varberg_formats::vcf::Header;
use varberg_lake::{DataFile, Sources, WriteTarget, WriterOptions};
use varberg_model::{ImportItem, ItemReport};

/// What became of an item: rows ready to be published, or the text that says why not; and what was found in it.
pub(super) struct ItemEnd {
    pub result: Result<ImportedItem, String>,
    pub report: ItemReport,
}

impl ItemEnd {
    fn failed(message: String) -> Self {
        Self { result: Err(message), report: ItemReport::default() }
    }
}

/// Parts that were joined: the item with the number of records of each, or why there is none; and what was found.
struct Joined {
    result: Result<(ImportedItem, Vec<u64>), String>,
    report: ItemReport,
}

/// Imports one item. `Err` only when the whole job must stop; everything else is the item's own end.
pub(super) async fn import_item(app: &App, running: &Running, item: &ImportItem) -> (u32, Result<ItemEnd, Interrupt>) {
    let genome = match &running.genome {
        Ok(genome) => genome.clone(),
        Err(text) => return (item.position, Ok(ItemEnd::failed(text.clone()))),
    };
    let counters = running.counters.get(&item.position).cloned().unwrap_or_default();
    let format = match Format::of(&running.destination.content, &running.claim.job, &app.config.import, genome) {
        Ok(format) => format,
        Err(error) => return (item.position, Ok(ItemEnd::failed(error.to_string()))),
    };
    let sources = match allowed_sources(app, running, item).await {
        Ok(Ok(sources)) => sources,
        Ok(Err(text)) => return (item.position, Ok(ItemEnd::failed(text))),
        Err(why) => return (item.position, Err(why)),
    };
    let planned = plan::plan(app, sources, item, format, &running.control).await;
    let end = match planned {
        Ok(plan) => {
            running.hold.reached(Stage::HeaderRead).await;
            import_planned(app, running, plan, counters).await
        }
        Err(PlanError::Interrupted(why)) => Err(why),
        Err(error) => Ok(ItemEnd::failed(error.to_string())),
    };
    (item.position, end)
}

/// Where an item is read from, if its job's role may.
pub(super) async fn sources<'a>(
    app: &'a App,
    running: &Running,
    item: &ImportItem,
) -> Result<Option<&'a Sources>, Interrupt> {
    allowed_sources(app, running, item).await.map(Result::ok)
}

/// The same, or why not.
async fn allowed_sources<'a>(
    app: &'a App,
    running: &Running,
    item: &ImportItem,
) -> Result<Result<&'a Sources, String>, Interrupt> {
    let job = &running.claim.job;
    // Who may call cannot be told: the job is taken up again.
    let Ok(is_open) = app.is_open().await else { return Err(Interrupt::LeaseLost) };
    let sources = app.roles.sources(is_open, &job.account, &job.role, &item.source);
    Ok(sources.map_err(|error| error.to_string()))
}

/// Imports an item whose parts are known.
async fn import_planned(
    app: &App,
    running: &Running,
    mut plan: ItemPlan,
    counters: Arc<ItemCounters>,
) -> Result<ItemEnd, Interrupt> {
    let table = match running.layout.table(app, running, plan.format.header().map(Arc::as_ref)).await {
        Ok(table) => table,
        Err(TableError::Item(text)) => return Ok(ItemEnd::failed(text)),
        Err(TableError::Interrupted(why)) => return Err(why),
    };
    if table.headerset.is_some() {
        plan.format.keep_info_text();
    }
    run_parts(app, running, &plan, &table, counters).await
}

/// Keeps the item's end in the catalog, under a check of the lease, and in `outcome`.
pub(super) async fn record(
    app: &App,
    running: &Running,
    outcome: &mut Outcome,
    position: u32,
    end: Result<ItemEnd, Interrupt>,
) -> Result<(), ImportError> {
    let ItemEnd { result: mut end, report } = end?;
    if let Some(header) = end.as_mut().ok().and_then(|item| item.header.take()) {
        app.catalog.keep_header(&running.claim.lease, position, &header).await?;
    }
    if let (Ok(item), Some(counters)) = (&end, running.counters.get(&position)) {
        counters.bytes_read.store(counters.bytes_total.load(Ordering::Relaxed), Ordering::Relaxed);
        counters.records.store(item.records, Ordering::Relaxed);
        app.catalog.report_progress(&running.claim.lease, position, counters.snapshot()).await?;
    }
    app.catalog.record_report(&running.claim.lease, position, &report).await?;
    let recorded = match &end {
        Ok(item) => ItemOutcome::Imported { payload: serde_json::to_string(item)? },
        Err(message) => ItemOutcome::Failed { message: shorten(message, MAX_MESSAGE) },
    };
    app.catalog.record_item(&running.claim.lease, &ItemResult { position, outcome: recorded }).await?;
    match end {
        Ok(item) => outcome.add_imported(position, item),
        Err(message) => outcome.add_failed(position, shorten(&message, MAX_MESSAGE)),
    }
    running.hold.reached(Stage::ItemRecorded).await;
    Ok(())
}

async fn run_parts(
    app: &App,
    running: &Running,
    plan: &ItemPlan,
    table: &ItemTable,
    counters: Arc<ItemCounters>,
) -> Result<ItemEnd, Interrupt> {
    counters.bytes_total.store(plan.pinned.size, Ordering::Relaxed);
    let context = PartContext {
        control: running.control.clone(),
        counters,
        first_fault: Arc::new(AtomicU32::new(u32::MAX)),
        hold: running.hold.clone(),
    };
    let part = |(index, part): (u32, &Part)| {
        let task = PartTask {
            job: running.claim.job.id.to_string(),
            item: plan.position,
            index,
            part: *part,
            compression: plan.compression,
            format: plan.format.clone(),
            headerset: table.headerset.as_ref().map(|own| own.id),
        };
        run_part(app, running, plan, table, task, context.clone())
    };
    let parts: Vec<_> = (0..).zip(&plan.parts).map(part).collect();
    // Not all at once: other items and jobs get their turn on the threads between two parts.
    let results = stream::iter(parts).buffered(2 * app.cpu.threads()).collect().await;
    let Joined { result, report } = join(results, plan, table, app.config.import.max_rejected_share)?;
    let result = match result {
        Ok((item, part_records)) => match plan.format.header() {
            Some(header) => with_header(app, header.clone(), item, part_records).await,
            None => Ok(item),
        },
        Err(message) => Err(message),
    };
    Ok(ItemEnd { result, report })
}

/// The item with its header as it will be kept.
async fn with_header(
    app: &App,
    header: Arc<Header>,
    item: ImportedItem,
    part_records: Vec<u64>,
) -> Result<ImportedItem, String> {
    let pack = move || header_text::pack(header.text(), header.samples().len(), part_records);
    match app.cpu.run("varberg-header", pack).await {
        Ok(Ok(header)) => Ok(ImportedItem { header: Some(header), ..item }),
        Ok(Err(error)) => Err(format!("internal error: the header cannot be compressed: {error}")),
        Err(panicked) => Err(panicked.to_string()),
    }
}

async fn run_part(
    app: &App,
    running: &Running,
    plan: &ItemPlan,
    table: &ItemTable,
    task: PartTask,
    context: PartContext,
) -> Result<StoredPart, PartEnd> {
    let lease = &running.claim.lease;
    let table_path = running.destination.table_path();
    let target = WriteTarget { table_path, job: lease.job.to_string(), epoch: lease.epoch };
    let is_wide = table.headerset.is_some();
    let table = table.schema.clone();
    let (lake, sources, pinned) = (app.lake.clone(), plan.sources.clone(), plan.pinned.clone());
    let samples = plan.format.samples();
    let (rows_of_a_record, vector_samples) = if is_wide { (1, samples) } else { (samples.max(1), 0) };
    let options = WriterOptions { rows_of_a_record, vector_samples, ..app.config.import.writer() };
    let (faults, hold) = (context.first_fault.clone(), context.hold.clone());
    let index = task.index;
    let bytes = task.part.end.unwrap_or(plan.pinned.size).saturating_sub(task.part.start);
    let work = move || {
        let source = sources.open(&pinned, task.part.start, task.part.end.unwrap_or(pinned.size));
        let writer = lake.writer(target, &table, options);
        import_part(&task, source, writer, &table, &context)
    };
    // The store makes the files durable while the thread is at the next part, but not of any number of parts.
    let _under_way = app.parts.acquire().await;
    let result = match app.cpu.run("varberg-part", work).await {
        Ok(Ok(part)) => Ok(part.stored().await),
        Ok(Err(error)) => Ok(Err(error)),
        Err(panicked) => Err(panicked),
    };
    if let Ok(Ok(_)) = &result {
        app.metrics.part(bytes);
    }
    match &result {
        Ok(Ok(part)) if part.ends_the_file => {
            faults.fetch_min(index, Ordering::AcqRel); // later parts read for nothing
            hold.reached(Stage::FileClosed).await;
        }
        Ok(Ok(_)) => hold.reached(Stage::FileClosed).await,
        Ok(Err(_)) | Err(_) => {
            faults.fetch_min(index, Ordering::AcqRel);
        }
    }
    match result {
        Ok(Ok(part)) => Ok(part),
        Ok(Err(error)) => Err(PartEnd::Failed(error)),
        Err(panicked) => Err(PartEnd::Panicked(panicked.to_string())),
    }
}

/// A part whose data files are in the store.
pub(super) type StoredPart = PartResult<Vec<DataFile>>;

/// How a part can end badly.
#[derive(Debug)]
enum PartEnd {
    Failed(PartError),
    Panicked(String),
}

/// Joins the parts in order, with the number of records of each. The earliest fault is the item's; its line counts the
/// lines of the parts before it.
fn join(
    parts: Vec<Result<StoredPart, PartEnd>>,
    plan: &ItemPlan,
    table: &ItemTable,
    max_rejected_share: f64,
) -> Result<Joined, Interrupt> {
    let rows_of_a_record = if table.headerset.is_some() { 1 } else { plan.format.samples().max(1) };
    let headerset = table.headerset.as_ref().and_then(|own| own.file.clone());
    let mut good = Vec::with_capacity(parts.len());
    let policy = plan.format.policy();
    let mut tally = plan.format.tally();
    let mut failure = None;
    for part in parts {
        match part {
            Ok(result) => {
                tally.append(&result.tally);
                let is_last = result.ends_the_file;
                good.push(result);
                if is_last {
                    break;
                }
            }
            Err(PartEnd::Failed(PartError::Interrupted(why))) => return Err(why),
            Err(PartEnd::Failed(PartError::Malformed { fault, tally: before })) => {
                failure = Some(fault.after_lines(tally.lines).to_string());
                tally.append(&before);
            }
            Err(PartEnd::Failed(error)) => failure = Some(told(&error)),
            Err(PartEnd::Panicked(text)) => failure = Some(text),
        }
        if failure.is_some() {
            break;
        }
    }
    let part_records = good.iter().map(|part| part.tally.records).collect();
    let result = match failure {
        Some(message) => Err(message),
        None => check_share(&tally, policy, max_rejected_share)
            .and_then(|()| ImportedItem::join(good, &tally, policy, rows_of_a_record))
            .map(|item| (ImportedItem { headerset, ..item }.noting(table.note.as_deref()), part_records)),
    };
    Ok(Joined { result, report: report::of(&tally, policy) })
}

/// The text of an error that is not the file's fault; its causes go to the log, where someone can act on them.
fn told(error: &PartError) -> String {
    tracing::error!(?error, "a part of an item could not be imported");
    error.to_string()
}
