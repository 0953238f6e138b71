//! The rows of one file, some records at a time, to lines. In: a file and what is wanted of it. Out: lines in a sink.

use super::super::Context;
use super::choice::{Choice, File};
use super::sink::Sink;
use crate::export::Selection;
use anyhow::Context as _;
use arrow_buffer::Buffer;
use arrow_ipc::reader::StreamDecoder;
use futures::StreamExt as _;
use indicatif::ProgressBar;
use std::time::Duration;
use varberg_formats::vcf;
use varberg_rows::{Implode, RECORDS_PER_PART, RecordText};

/// Rows of one step: enough that its start does not count, few enough that their sort stays in memory.
const STEP_ROWS: u64 = 500_000;
/// How often a step is asked for again when the server is busy, and after which time.
const ATTEMPTS: u32 = 10;
const REST: Duration = Duration::from_secs(2);

/// Writes the records of `file` that are wanted; their number.
pub(super) async fn copy(
    context: &Context,
    choice: &Choice,
    file: &File,
    sink: &mut Sink,
    bar: &ProgressBar,
) -> anyhow::Result<u64> {
    let mut implode = Implode::new(&file.header.shape(), &choice.samples);
    let rows_of_a_record = u64::try_from(choice.samples.len()).unwrap_or(u64::MAX).max(1);
    let step = (STEP_ROWS / rows_of_a_record).max(1);
    let mut written = 0;
    for (part, &records) in (0_i64..).zip(&file.parts) {
        let mut from = 0;
        while from < records {
            let to = records.min(from.saturating_add(step));
            let place = |record: u64| Ok::<i64, anyhow::Error>(part * RECORDS_PER_PART + i64::try_from(record)?);
            let selection = Selection {
                store_name: choice.store.clone(),
                job_id: file.job.clone(),
                item: file.item,
                from_record: place(from)?,
                to_record: place(to)?,
                samples: if choice.selected { choice.samples.clone() } else { Vec::new() },
                site_sample: choice.samples.first().filter(|_| choice.samples.len() > 1).cloned(),
                regions: choice.regions.clone(),
            };
            let found = fetch(context, &selection, &mut implode, sink).await?;
            anyhow::ensure!(
                !choice.regions.is_empty() || found == to - from,
                "the server gave {found} records of {}; the output is not complete",
                to - from
            );
            written += found;
            bar.inc(to - from);
            from = to;
        }
    }
    Ok(written)
}

/// One step; the number of its records.
async fn fetch(
    context: &Context,
    selection: &Selection,
    implode: &mut Implode,
    sink: &mut Sink,
) -> anyhow::Result<u64> {
    let mut attempts = 0;
    let response = loop {
        match context.client.export(selection).await {
            Err(error) if super::super::client::is_away(&error) && attempts < ATTEMPTS => {
                attempts += 1;
                tokio::time::sleep(REST).await;
            }
            answer => break answer?,
        }
    };
    let broken = "the answer of the server broke off, the output is not complete; the server's log says why";
    let mut body = response.bytes_stream();
    let mut decoder = StreamDecoder::new();
    let (mut lines, mut records) = (Vec::new(), 0);
    let mut put = |done: &[RecordText], sink: &mut Sink| {
        lines.clear();
        done.iter().for_each(|record| vcf::put_record(record, &mut lines));
        records += u64::try_from(done.len()).unwrap_or(0);
        sink.write(&lines)
    };
    while let Some(chunk) = body.next().await {
        let mut buffer = Buffer::from(chunk.context(broken)?);
        while let Some(batch) = decoder.decode(&mut buffer).context("the answer is not an Arrow stream")? {
            put(&implode.push(&batch)?, sink)?;
        }
    }
    decoder.finish().context(broken)?;
    put(implode.finish()?.as_slice(), sink)?;
    Ok(records)
}
