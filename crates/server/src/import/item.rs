//! One item of a job: planned, its parts run side by side, their results joined.

use super::control::{Interrupt, ItemCounters};
use super::outcome::{ImportedItem, Outcome, shorten};
use super::part::{PartContext, PartError, PartResult, PartTask, import_part};
use super::plan::{self, ItemPlan, PlanError};
use super::stage::Stage;
use super::{ImportError, Running, table_path};
use crate::app::App;
use futures::stream::{self, StreamExt};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use varberg_catalog::{ItemOutcome, ItemResult};
use varberg_formats::vcf::{Header, ReadOptions};
use varberg_formats::{Part, Tally};
use varberg_lake::WriteTarget;
use varberg_model::{ImportItem, TableSchema};

/// What became of an item: rows ready to be published, or the text that says why not.
pub(super) type ItemEnd = Result<ImportedItem, String>;

/// Imports one item. `Err` only when the whole job must stop; everything else is the item's own end.
pub(super) async fn import_item(app: &App, running: &Running, item: &ImportItem) -> (u32, Result<ItemEnd, Interrupt>) {
    let counters = running.counters.get(&item.position).cloned().unwrap_or_default();
    let planned = plan::plan(app, item, &running.control).await;
    let end = match planned {
        Ok(plan) => {
            running.hold.reached(Stage::HeaderRead).await;
            run_parts(app, running, &plan, counters).await
        }
        Err(PlanError::Interrupted(why)) => Err(why),
        Err(error) => Ok(Err(error.to_string())),
    };
    (item.position, end)
}

/// Keeps the item's end in the catalog, under a check of the lease, and in `outcome`.
pub(super) async fn record(
    app: &App,
    running: &Running,
    outcome: &mut Outcome,
    position: u32,
    end: Result<ItemEnd, Interrupt>,
) -> Result<(), ImportError> {
    let end = end?;
    if let (Ok(item), Some(counters)) = (&end, running.counters.get(&position)) {
        counters.bytes_read.store(counters.bytes_total.load(Ordering::Relaxed), Ordering::Relaxed);
        counters.records.store(item.records, Ordering::Relaxed);
        app.catalog.report_progress(&running.claim.lease, position, counters.snapshot()).await?;
    }
    let recorded = match &end {
        Ok(item) => ItemOutcome::Imported { payload: serde_json::to_string(item)? },
        Err(message) => ItemOutcome::Failed { message: shorten(message) },
    };
    app.catalog.record_item(&running.claim.lease, &ItemResult { position, outcome: recorded }).await?;
    match end {
        Ok(item) => outcome.add_imported(position, item),
        Err(message) => outcome.add_failed(position, shorten(&message)),
    }
    running.hold.reached(Stage::ItemRecorded).await;
    Ok(())
}

async fn run_parts(
    app: &App,
    running: &Running,
    plan: &ItemPlan,
    counters: Arc<ItemCounters>,
) -> Result<ItemEnd, Interrupt> {
    counters.bytes_total.store(plan.pinned.size, Ordering::Relaxed);
    let context = PartContext {
        control: running.control.clone(),
        counters,
        first_fault: Arc::new(AtomicU32::new(u32::MAX)),
        hold: running.hold.clone(),
    };
    let options = ReadOptions {
        limits: app.config.import.limits(),
        annotations: running.claim.job.annotation_fields.vep().map(str::to_owned),
        ..ReadOptions::default()
    };
    let part = |(index, part): (u32, &Part)| {
        let task = PartTask {
            job: running.claim.job.id.to_string(),
            item: plan.position,
            index,
            part: *part,
            compression: plan.compression,
            header: plan.header.clone(),
            options: options.clone(),
        };
        run_part(app, running, plan, task, context.clone())
    };
    let parts: Vec<_> = (0..).zip(&plan.parts).map(part).collect();
    // Not all at once: other items and jobs get their turn on the threads between two parts.
    let results = stream::iter(parts).buffered(2 * app.cpu.threads()).collect().await;
    join(results, &plan.header)
}

async fn run_part(
    app: &App,
    running: &Running,
    plan: &ItemPlan,
    task: PartTask,
    context: PartContext,
) -> Result<PartResult, PartEnd> {
    let lease = &running.claim.lease;
    let target = WriteTarget { table_path: table_path(&running.store), job: lease.job.to_string(), epoch: lease.epoch };
    let (lake, sources, pinned) = (app.lake.clone(), app.sources.clone(), plan.pinned.clone());
    let options = app.config.import.writer();
    let faults = context.first_fault.clone();
    let index = task.index;
    let work = move || {
        let source = sources.open(&pinned, task.part.start, task.part.end.unwrap_or(pinned.size));
        let writer = lake.writer(target, &TableSchema::variants_long(), options);
        import_part(&task, source, writer, &context)
    };
    let result = app.cpu.run("varberg-part", work).await;
    if !matches!(result, Ok(Ok(_))) {
        faults.fetch_min(index, Ordering::AcqRel);
    }
    match result {
        Ok(Ok(part)) => Ok(part),
        Ok(Err(error)) => Err(PartEnd::Failed(error)),
        Err(panicked) => Err(PartEnd::Panicked(panicked.to_string())),
    }
}

/// How a part can end badly.
#[derive(Debug)]
enum PartEnd {
    Failed(PartError),
    Panicked(String),
}

/// Joins the parts in order. The earliest fault is the item's; its line counts the lines of the parts before it.
fn join(parts: Vec<Result<PartResult, PartEnd>>, header: &Header) -> Result<ItemEnd, Interrupt> {
    let mut good = Vec::with_capacity(parts.len());
    let mut tally = Tally { lines: 0, ..header.tally().clone() };
    for part in parts {
        match part {
            Ok(result) => {
                tally.append(&result.tally);
                good.push(result);
            }
            Err(PartEnd::Failed(PartError::Interrupted(why))) => return Err(why),
            Err(PartEnd::Failed(PartError::Malformed(fault))) => {
                return Ok(Err(fault.after_lines(tally.lines).to_string()));
            }
            Err(PartEnd::Failed(error)) => return Ok(Err(told(&error))),
            Err(PartEnd::Panicked(text)) => return Ok(Err(text)),
        }
    }
    Ok(ImportedItem::join(good, &tally, header.samples().len()))
}

/// The text of an error that is not the file's fault; its causes go to the log, where someone can act on them.
fn told(error: &PartError) -> String {
    tracing::error!(?error, "a part of an item could not be imported");
    error.to_string()
}
