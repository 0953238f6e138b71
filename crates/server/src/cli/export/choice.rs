//! Which files of a store are exported, and with which sample columns. In: the arguments and the server's list of files.
//! Out: files whose columns are the same, each with its header; or a word on how to choose.

use super::super::Context;
use super::super::exit::UsageError;
use super::super::output::{self, text};
use super::{ExportArgs, region};
use crate::export::Region;
use anyhow::{Context as _, bail};
use serde_json::Value;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use varberg_formats::vcf::{Header, read_header};
use varberg_formats::{Limits, Policy};

/// Regions that fit in one statement.
const MAX_REGIONS: usize = 40;
/// Files an error lists.
const LISTED: usize = 10;
/// Samples an error names.
const NAMED_SAMPLES: usize = 5;

/// What is exported.
pub(super) struct Choice {
    pub(super) store: String,
    pub(super) files: Vec<File>,
    /// Sample columns, in their order.
    pub(super) samples: Vec<String>,
    /// Whether `samples` are fewer than the files have, or in another order.
    pub(super) selected: bool,
    pub(super) regions: Vec<Region>,
}

/// An imported file.
pub(super) struct File {
    pub(super) job: String,
    pub(super) item: u32,
    source: String,
    pub(super) header: Arc<Header>,
    /// Records of each of its parts.
    pub(super) parts: Vec<u64>,
}

impl File {
    pub(super) fn records(&self) -> u64 {
        self.parts.iter().sum()
    }
}

impl Choice {
    pub(super) async fn make(context: &Context, args: &ExportArgs) -> anyhow::Result<Self> {
        let files = files(context, args).await?;
        let files = with_samples(files, &args.samples)?;
        let samples = columns(&args.store, &files, &args.samples)?;
        if args.regions.len() > MAX_REGIONS {
            return Err(UsageError(format!("at most {MAX_REGIONS} regions can be given at once")).into());
        }
        let declared = |name: &str| files.iter().any(|file| declares_contig(file.header.text(), name));
        let regions = args.regions.iter().map(|text| region::parse(text, &declared));
        let regions = regions.collect::<Result<Vec<_>, _>>().map_err(UsageError)?;
        Ok(Self { store: args.store.clone(), files, samples, selected: !args.samples.is_empty(), regions })
    }
}

/// The published files that `--job` and `--item` leave, with their headers.
async fn files(context: &Context, args: &ExportArgs) -> anyhow::Result<Vec<File>> {
    let query: Vec<(&str, &str)> = args.job.iter().map(|job| ("jobId", job.as_str())).collect();
    let all = context.client.list_get(&["varberg", "stores", &args.store, "items"], &query, "items").await?;
    let position = |item: &Value| item.get("position").and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok());
    let wanted: Vec<&Value> = all.iter().filter(|item| args.item.is_none_or(|n| position(item) == Some(n))).collect();
    let published: Vec<&Value> = wanted.iter().copied().filter(|item| text(item, "status") == "COMPLETED").collect();
    let meant = if published.is_empty() { &wanted } else { &published };
    let jobs: BTreeSet<String> = meant.iter().map(|item| text(item, "jobId")).collect();
    if args.item.is_some() && args.job.is_none() && jobs.len() > 1 {
        let text = format!(
            "--item is the place of a file in its job, and {} jobs of the store have a file there; add --job ID \
             (`varberg job list --store {}` shows them)",
            jobs.len(),
            args.store
        );
        return Err(UsageError(text).into());
    }
    if published.is_empty() {
        match wanted.last().filter(|_| args.item.is_some()) {
            Some(item) => bail!("item {} is {}: {}", text_of(item), text(item, "status"), text(item, "statusMessage")),
            None if args.job.is_some() || args.item.is_some() => {
                bail!(
                    "no imported file of the store is the one that --job and --item name; `varberg job list` shows the jobs"
                )
            }
            None => bail!("the store {} has no imported files", args.store),
        }
    }
    let mut headers: HashMap<String, Arc<Header>> = HashMap::new();
    let mut files = Vec::with_capacity(published.len());
    for item in published {
        let digest = text(item, "headerDigest");
        if digest.is_empty() {
            bail!("{} was imported before headers were kept; import it again to export it", text_of(item));
        }
        let (job, place) = (text(item, "jobId"), position(item).unwrap_or_default());
        let header = match headers.get(&digest) {
            Some(header) => Arc::clone(header),
            None => {
                let at = place.to_string();
                let bytes = context.client.get_bytes(&["varberg", "jobs", &job, "items", &at, "header"]).await?;
                let header = Arc::new(parse(&bytes)?);
                headers.insert(digest, Arc::clone(&header));
                header
            }
        };
        let parts = item.get("partRecords").and_then(Value::as_array).cloned().unwrap_or_default();
        let parts = parts.iter().map(|n| n.as_u64().unwrap_or(0)).collect();
        files.push(File { job, item: place, source: text(item, "source"), header, parts });
    }
    Ok(files)
}

/// The verdicts on a kept header were given when its file was imported.
fn parse(bytes: &[u8]) -> anyhow::Result<Header> {
    let limits = Limits { max_header_bytes: usize::MAX, ..Limits::default() };
    read_header(&mut &*bytes, &limits, &Policy::judged()).context("a header that the server kept cannot be read")
}

fn text_of(item: &Value) -> String {
    let position = item.get("position").and_then(Value::as_u64).unwrap_or_default();
    format!("{} (--job {} --item {position})", text(item, "source"), text(item, "jobId"))
}

/// The files that have any of the wanted samples.
fn with_samples(files: Vec<File>, wanted: &[String]) -> anyhow::Result<Vec<File>> {
    if let Some(place) = wanted.iter().position(|name| files.iter().all(|file| !file.header.samples().contains(name))) {
        let known = known_samples(&files);
        let text = format!("the sample of the {}. --sample is in none of the files, which have {known}", place + 1);
        return Err(UsageError(text).into());
    }
    let has = |file: &File| wanted.is_empty() || wanted.iter().any(|name| file.header.samples().contains(name));
    Ok(files.into_iter().filter(has).collect())
}

/// How many samples the files have. Their names are personal data, which stay out of what may be logged: some of them
/// are told on a terminal only.
fn known_samples(files: &[File]) -> String {
    let names: BTreeSet<&str> = files.iter().flat_map(|file| file.header.samples()).map(String::as_str).collect();
    let count = match names.len() {
        1 => "1 sample".to_owned(),
        count => format!("{} samples", output::count(u64::try_from(count).unwrap_or(u64::MAX))),
    };
    if names.is_empty() || !output::stderr_is_terminal() {
        return count;
    }
    let named: Vec<&str> = names.iter().copied().take(NAMED_SAMPLES).collect();
    let more = if names.len() > NAMED_SAMPLES { ", …" } else { "" };
    format!("{count}: {}{more}", named.join(", "))
}

/// The sample columns that all files have in common; an error that says how to choose where they differ.
fn columns(store: &str, files: &[File], wanted: &[String]) -> anyhow::Result<Vec<String>> {
    let own = |file: &File| -> Vec<String> {
        if wanted.is_empty() {
            return file.header.samples().to_vec();
        }
        let mut own: Vec<String> = Vec::new();
        for name in wanted.iter().filter(|name| file.header.samples().contains(name)) {
            if !own.contains(name) {
                own.push(name.clone());
            }
        }
        own
    };
    let first = files.first().map(own).unwrap_or_default();
    if files.iter().all(|file| own(file) == first) {
        return Ok(first);
    }
    let mut text = format!(
        "the {} files do not have the same sample columns, so that they cannot be one output; choose with --job, \
         --item or --sample, for instance:",
        files.len()
    );
    for file in files.iter().take(LISTED) {
        let count = own(file).len();
        let (job, item, source) = (&file.job, file.item, &file.source);
        text.push_str(&format!("\n  varberg export {store} --job {job} --item {item}  # {count} samples, {source}"));
    }
    if files.len() > LISTED {
        text.push_str(&format!("\n  … and {} more", files.len() - LISTED));
    }
    Err(UsageError(text).into())
}

fn declares_contig(header: &str, name: &str) -> bool {
    header
        .lines()
        .filter_map(|line| line.strip_prefix("##contig=<ID="))
        .any(|rest| rest.strip_prefix(name).is_some_and(|after| after.starts_with([',', '>'])))
}
