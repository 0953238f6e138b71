//! Which data files of a table are merged with which. Pure: sizes and bounds in, groups of files out.
//!
//! A table of many samples is read by region (all samples, some bases) and by sample (one sample, all bases). With one file for
//! each sample the first opens every file; with one file for all the second reads everything. So the files of about as many
//! samples are merged as there are groups then: the square root of their number, which bounds both.

use crate::FileInfo;
use std::collections::BTreeMap;

/// The folder, below that of a table's data files, of those that were written by merging others.
pub const MERGED: &str = "merged";

/// Longer contig names are cut in bounds.
const EXACT_BOUND: usize = 16;
/// With more merged files than this of a contig that are still small, they are merged again. No more groups are made at once,
/// so that what was merged just now is not.
const MANY_MERGED: usize = 64;
/// Part of the least size of a group below which a merged file counts as unmerged: the rest that a group ends with.
const REST: u64 = 8;

/// Sizes in bytes, as stored.
#[derive(Debug, Clone, Copy)]
pub struct CompactionOptions {
    /// Files below this are worth merging.
    pub small_bytes: u64,
    /// Groups have at least this, as far as there are files.
    pub min_group_bytes: u64,
    /// Groups have not much more than this.
    pub max_group_bytes: u64,
}

impl Default for CompactionOptions {
    fn default() -> Self {
        Self { small_bytes: 96 << 20, min_group_bytes: 8 << 20, max_group_bytes: 384 << 20 }
    }
}

/// Field ids of the columns that files are grouped by, where a table has them.
#[derive(Debug, Clone, Copy, Default)]
pub struct GroupedBy {
    pub contig: Option<i32>,
    pub start: Option<i32>,
    pub sample: Option<i32>,
}

impl CompactionOptions {
    /// Groups of at least two small files, each to be merged into larger ones. Files of one contig are merged with their
    /// like; others with each other. What was merged before is left alone, until there is much of it.
    pub fn groups(&self, files: &[FileInfo], by: GroupedBy) -> Vec<Vec<FileInfo>> {
        let mut contigs: BTreeMap<&str, Vec<&FileInfo>> = BTreeMap::new();
        for file in files.iter().filter(|file| file.bytes < self.small_bytes) {
            contigs.entry(only_contig(file, by)).or_default().push(file);
        }
        let mut groups = Vec::new();
        for mut files in contigs.into_values() {
            if files.iter().filter(|file| self.is_done(file)).count() <= MANY_MERGED {
                files.retain(|file| !self.is_done(file));
            }
            if files.len() > 1 {
                groups.extend(self.groups_of_contig(files, by).into_iter().filter(|group| group.len() > 1));
            }
        }
        groups
    }

    /// Whether a file was merged, and is not the rest that a group ended with.
    fn is_done(&self, file: &FileInfo) -> bool {
        file.location.contains(&format!("/data/{MERGED}/")) && file.bytes >= self.min_group_bytes / REST
    }

    fn groups_of_contig(&self, mut files: Vec<&FileInfo>, by: GroupedBy) -> Vec<Vec<FileInfo>> {
        let text = |file: &FileInfo, id: Option<i32>| id.and_then(|id| file.lower_bounds.get(&id)).cloned();
        let number = |file: &FileInfo, id| text(file, id).and_then(|text| text.parse::<i64>().ok());
        files.sort_by_cached_key(|file| {
            (text(file, by.sample), text(file, by.contig), number(file, by.start), file.location.clone())
        });
        let bytes: u64 = files.iter().map(|file| file.bytes).sum();
        let wanted = bytes / files.len().isqrt().clamp(1, MANY_MERGED) as u64;
        let wanted = wanted.clamp(self.min_group_bytes, self.max_group_bytes.max(self.min_group_bytes));
        let mut groups: Vec<(u64, Vec<FileInfo>)> = Vec::new();
        for file in files {
            match groups.last_mut().filter(|(bytes, _)| *bytes < wanted) {
                Some((bytes, group)) => {
                    *bytes += file.bytes;
                    group.push(file.clone());
                }
                None => groups.push((file.bytes, vec![file.clone()])),
            }
        }
        if groups.len() > 1
            && let Some((rest, _)) = groups.last()
            && *rest < wanted / 2
            && let Some((_, rest)) = groups.pop()
            && let Some((_, last)) = groups.last_mut()
        {
            last.extend(rest);
        }
        groups.into_iter().map(|(_, group)| group).collect()
    }
}

/// The contig that all rows of a file are on; empty where they are on several, or that is not known.
fn only_contig(file: &FileInfo, by: GroupedBy) -> &str {
    let Some(id) = by.contig else { return "" };
    match (file.lower_bounds.get(&id), file.upper_bounds.get(&id)) {
        (Some(lower), Some(upper)) if lower == upper && lower.len() < EXACT_BOUND => lower,
        _ => "",
    }
}
