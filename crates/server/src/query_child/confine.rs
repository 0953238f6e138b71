//! What the process of a statement takes from itself before it plans: memory, CPU time, files, the network.
//!
//! The engine reaches none of it by SQL; this is for the day when it does. Files and network are shut by Landlock, where the
//! kernel has it (Linux 5.13, network from 6.7): of a warehouse in a directory only the granted tables can be read, only the
//! spill directory written, and nothing can be connected to. With a warehouse in S3 the network and files that credentials come
//! from stay open.

use crate::query_pool::ChildFault;
use landlock::{
    ABI, Access as _, AccessFs, AccessNet, CompatLevel, Compatible as _, Ruleset, RulesetAttr as _,
    RulesetCreatedAttr as _, RulesetError, path_beneath_rules,
};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::path::PathBuf;
use varberg_lake::QueryRequest;

/// Addresses that are not a statement's memory: the program, the stacks of its threads, what the allocator reserves without
/// using it, and buffers outside the engine's own count.
const OVERHEAD_BYTES: u64 = 3 << 30;

/// Seconds of CPU beyond those that all threads may use within the time limit.
const OVERHEAD_CPU_S: u64 = 5;

/// The newest rules that are asked for; older kernels keep those they know.
const RULES: ABI = ABI::V5;

/// Confines this process, before it has threads, to what `request` needs.
pub(super) fn confine(request: &QueryRequest) -> Result<(), ChildFault> {
    let limits = &request.limits;
    let memory = u64::try_from(limits.memory_bytes).unwrap_or(u64::MAX);
    // An allocation beyond aborts this process, and only it.
    limit(Resource::As, memory.saturating_add(OVERHEAD_BYTES))?;
    let threads = u64::try_from(limits.target_partitions.max(1)).unwrap_or(1);
    limit(Resource::Cpu, limits.time_s.saturating_mul(threads).saturating_add(OVERHEAD_CPU_S))?;
    limit(Resource::Core, 0)?;
    let outcome = shut_files(request);
    outcome.map_err(|error| super::internal("cannot shut the files of this machine", &error))
}

fn limit(resource: Resource, most: u64) -> Result<(), ChildFault> {
    let before = getrlimit(resource);
    let allowed = |limit: Option<u64>| Some(limit.map_or(most, |limit| limit.min(most)));
    let limit = Rlimit { current: allowed(before.current), maximum: allowed(before.maximum) };
    setrlimit(resource, limit).map_err(|error| super::internal("cannot limit the process", &error))
}

fn shut_files(request: &QueryRequest) -> Result<(), RulesetError> {
    let is_directory = request.warehouse.uri.starts_with("file://");
    let readable = if is_directory { tables(request) } else { vec![PathBuf::from("/")] };
    let ruleset = Ruleset::default().set_compatibility(CompatLevel::BestEffort);
    let ruleset = ruleset.handle_access(AccessFs::from_all(RULES))?;
    let ruleset = if is_directory { ruleset.handle_access(AccessNet::from_all(RULES))? } else { ruleset };
    ruleset
        .create()?
        .add_rules(path_beneath_rules(readable, AccessFs::from_read(RULES)))?
        .add_rules(path_beneath_rules([&request.limits.spill_dir], AccessFs::from_all(RULES)))?
        .restrict_self()
        .map(drop)
}

/// The directories of the granted tables: those above their `metadata`.
fn tables(request: &QueryRequest) -> Vec<PathBuf> {
    let locations =
        request.tables.iter().flat_map(|table| [Some(&table.metadata_location), table.samples_location.as_ref()]);
    let directory = |location: &String| {
        let path = location.strip_prefix("file://")?;
        path.rsplit_once("/metadata/").map(|(directory, _)| PathBuf::from(directory))
    };
    locations.flatten().filter_map(directory).collect()
}
