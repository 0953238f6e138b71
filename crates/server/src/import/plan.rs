//! From an item to its parts: opens the source, pins its version, reads the header once, and cuts the file into byte
//! ranges that can be read independently, on any thread or machine.

use super::control::{Control, Interrupt};
use super::format::{Format, Opened};
use crate::app::App;
use crate::cpu::Panicked;
use bytes::Bytes;
use varberg_formats::{BGZF_EOF, BLOCK_WINDOW, Cause, Compression, Fault, Part, find_block, plain_or_block_parts};
use varberg_lake::{Pinned, SourceError, Sources};
use varberg_model::ImportItem;

/// No part is smaller, so that small files are not cut to shreds: compressed and plain bytes.
const MIN_PART_BGZF: u64 = 1 << 20;
const MIN_PART_PLAIN: u64 = 4 << 20;

/// What to do for one item: where its bytes are, how they are compressed, how they are read, which parts it has.
#[derive(Debug, Clone)]
pub(super) struct ItemPlan {
    pub position: u32,
    /// Where it is read from.
    pub sources: Sources,
    pub pinned: Pinned,
    pub compression: Compression,
    pub format: Opened,
    pub parts: Vec<Part>,
}

/// Why an item cannot be planned. All but `Interrupted` fail the item and nothing else.
#[derive(Debug, thiserror::Error)]
pub(super) enum PlanError {
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error(transparent)]
    Malformed(#[from] Fault),
    #[error("the file has {bytes} bytes, and the quota is {most}")]
    TooLarge { bytes: u64, most: u64 },
    #[error("{0}")]
    Unsupported(&'static str),
    #[error(transparent)]
    Panicked(#[from] Panicked),
    #[error(transparent)]
    Interrupted(#[from] Interrupt),
}

/// Plans one item. Reads the beginning and a few windows of the source, nothing more.
pub(super) async fn plan(
    app: &App,
    sources: &Sources,
    item: &ImportItem,
    format: Format,
    control: &Control,
) -> Result<ItemPlan, PlanError> {
    let Open { pinned, compression, format } = open(app, sources, item, format, control).await?;
    let parts = parts(app, sources, &pinned, compression, &format, control).await?;
    Ok(ItemPlan { position: item.position, sources: sources.clone(), pinned, compression, format, parts })
}

/// A source whose beginning has been read.
pub(super) struct Open {
    pinned: Pinned,
    compression: Compression,
    pub(super) format: Opened,
}

/// Pins a source and reads its beginning.
pub(super) async fn open(
    app: &App,
    sources: &Sources,
    item: &ImportItem,
    format: Format,
    control: &Control,
) -> Result<Open, PlanError> {
    control.check()?;
    let pinned = sources.pin(&item.source).await?;
    check_size(app, pinned.size)?;
    let head = sources.read_range(&pinned, 0..pinned.size.min(Compression::PREFIX)).await?;
    refuse_foreign(&head)?;
    let compression = Compression::detect(&head);
    if compression == Compression::Bgzf {
        check_end_marker(sources, &pinned).await?;
    }
    let source = sources.open(&pinned, 0, 0);
    let format = app.cpu.run("varberg-header", move || format.open(source, compression)).await??;
    control.check()?;
    Ok(Open { pinned, compression, format })
}

fn check_size(app: &App, bytes: u64) -> Result<(), PlanError> {
    match app.config.quotas.source_bytes() {
        Some(most) if bytes > most => Err(PlanError::TooLarge { bytes, most }),
        _ => Ok(()),
    }
}

async fn parts(
    app: &App,
    sources: &Sources,
    pinned: &Pinned,
    compression: Compression,
    format: &Opened,
    control: &Control,
) -> Result<Vec<Part>, PlanError> {
    if format.is_one_part() {
        return Ok(vec![Part::WHOLE]);
    }
    let wanted = part_size(pinned.size, compression, app.config.import.part_bytes, app.cpu.threads());
    let wanted = plain_or_block_parts(compression, pinned.size, wanted);
    let mut cuts = match compression {
        Compression::Plain | Compression::Gzip | Compression::Zstd | Compression::Bzip2 => wanted,
        Compression::Bgzf => block_starts(sources, pinned, &wanted, control).await?,
    };
    cuts.retain(|cut| format.may_cut(*cut));
    Ok(Part::between(&cuts))
}

/// Formats that users try and that are told apart from "not a VCF" by their first bytes.
fn refuse_foreign(head: &Bytes) -> Result<(), PlanError> {
    let foreign = match head.get(..4).unwrap_or(head) {
        [0xfd, b'7', b'z', b'X'] => {
            "the file is compressed with xz; supported are plain, gzip, BGZF, zstd and bzip2 files"
        }
        [b'P', b'K', 3, 4] => "the file is a zip archive; supported are plain, gzip, BGZF, zstd and bzip2 files",
        _ => return Ok(()),
    };
    Err(PlanError::Unsupported(foreign))
}

/// Bytes at the end of a BGZF file in which its end marker is looked for: those of one block.
const TAIL: u64 = 1 << 16;

/// A BGZF file ends with an empty block (SAM specification, 4.1.2); without it the file was cut off.
async fn check_end_marker(sources: &Sources, pinned: &Pinned) -> Result<(), PlanError> {
    let start = pinned.size.saturating_sub(TAIL);
    let tail = sources.read_range(pinned, start..pinned.size).await?;
    if tail.ends_with(&BGZF_EOF) {
        return Ok(());
    }
    let marker = tail.windows(BGZF_EOF.len()).rposition(|bytes| bytes == BGZF_EOF);
    let after = marker.and_then(|at| tail.get(at + BGZF_EOF.len()..));
    // Files may be joined: what follows a marker may be the next one, cut off.
    if after.is_some_and(|after| !after.starts_with(&BGZF_EOF[..4])) {
        let fault = Fault::new(Cause::TrailingBytes).with_detail("after the empty block that ends a BGZF file");
        return Err(PlanError::Malformed(fault));
    }
    Err(PlanError::Malformed(Fault::new(Cause::Truncated).with_detail("the BGZF end marker is missing")))
}

/// Bytes of the stored file a part should have: about the configured size, and such that every thread has the same number
/// of parts, because the last ones would else run while other threads wait.
fn part_size(file: u64, compression: Compression, configured: u64, threads: usize) -> u64 {
    let least = match compression {
        Compression::Plain => MIN_PART_PLAIN,
        Compression::Bgzf | Compression::Gzip | Compression::Zstd | Compression::Bzip2 => MIN_PART_BGZF,
    };
    let threads = u64::try_from(threads).unwrap_or(1).max(1);
    let rounds = (file / configured.max(1)).div_ceil(threads).max(1);
    (file / rounds.saturating_mul(threads)).max(least) // rounded down, so that there are no fewer parts
}

/// The first block at or after each wanted offset, ascending, without repeats.
async fn block_starts(
    sources: &Sources,
    pinned: &Pinned,
    wanted: &[u64],
    control: &Control,
) -> Result<Vec<u64>, PlanError> {
    let mut starts: Vec<u64> = Vec::new();
    let reach = u64::try_from(BLOCK_WINDOW).unwrap_or(u64::MAX);
    for from in wanted.iter().copied() {
        control.check()?;
        let window = sources.read_range(pinned, from..pinned.size.min(from.saturating_add(reach))).await?;
        let found = find_block(&window).and_then(|offset| u64::try_from(offset).ok()).map(|offset| from + offset);
        if let Some(start) = found.filter(|start| starts.last().is_none_or(|last| last < start)) {
            starts.push(start);
        }
    }
    Ok(starts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_thread_has_a_part_of_a_big_file_and_a_small_file_is_one_part() {
        for (file, threads) in [(17_108_601, 2), (100 << 20, 3), ((64 << 20) + 1, 4)] {
            let wanted = part_size(file, Compression::Bgzf, 64 << 20, threads);
            assert!(plain_or_block_parts(Compression::Bgzf, file, wanted).len() + 1 >= threads, "{file} for {threads}");
        }
        assert_eq!(part_size(100 << 20, Compression::Bgzf, 64 << 20, 4), 25 << 20);
        assert_eq!(part_size(1000 << 20, Compression::Bgzf, 64 << 20, 4), (1000 << 20) / 16);
        assert_eq!(
            part_size(200 << 20, Compression::Plain, 64 << 20, 2),
            50 << 20,
            "two for each thread, not two and one"
        );
        assert_eq!(part_size(1000, Compression::Plain, 64 << 20, 4), MIN_PART_PLAIN);
    }
}
