//! Changes of tables, published together through a [`PointerStore`]: every change is staged on whatever metadata is
//! current, then all pointers move in one swap with the caller's outcome.
//!
//! Everything is written before the pointers move; whatever the swap decides, nothing written here is ever changed or
//! deleted by this module (the janitor removes what no metadata names, by the tag in its name).

mod new_snapshot;
mod stored_file;

pub(crate) use new_snapshot::{NewSnapshot, Removed, next_metadata};

use crate::{Error, Lake, PointerStore, Result, SwapResult, TableSwap};
use async_trait::async_trait;
use std::time::Duration;
use uuid::Uuid;

/// How often a commit is rebased before it gives up.
const MAX_ATTEMPTS: u32 = 30;

/// What one commit does to one table.
#[async_trait]
pub(crate) trait Change: Sync {
    /// Namespace and name.
    fn table(&self) -> (&str, &str);

    /// Writes metadata with the change on top of the metadata at `old` and returns its location; None when the table
    /// already has the change. Called again, on other metadata, when the pointer has moved.
    async fn stage(&self, lake: &Lake, old: &str) -> Result<Option<String>>;
}

/// Publishes all changes with `outcome` in one swap. `staged` is called when all metadata is written, before each swap.
///
/// - A moved pointer is rebased upon and tried again, [`MAX_ATTEMPTS`] times.
/// - When every change is already there, the swap that put it there also recorded the outcome, and nothing is swapped.
///   Without any change the outcome alone is swapped.
/// - Errors: [`Error::may_have_committed`] tells whether the swap may have taken place.
pub(crate) async fn commit<P: PointerStore>(
    lake: &Lake,
    pointers: &P,
    changes: &[&dyn Change],
    outcome: &P::Outcome,
    staged: impl Fn(),
) -> Result<SwapResult> {
    for attempt in 1..=MAX_ATTEMPTS {
        let mut swaps = Vec::new();
        for change in changes {
            let (namespace, name) = change.table();
            let old = pointers.load(namespace, name).await?;
            if let Some(new) = change.stage(lake, &old).await? {
                swaps.push(TableSwap { namespace: namespace.to_owned(), name: name.to_owned(), old, new });
            }
        }
        if swaps.is_empty() && !changes.is_empty() {
            return Ok(SwapResult::Swapped);
        }
        staged();
        match pointers.swap(&swaps, outcome).await.map_err(in_swap)? {
            SwapResult::PointerMoved => tokio::time::sleep(pause(attempt)).await,
            result => return Ok(result),
        }
    }
    let (namespace, name) = changes.first().map(|change| change.table()).unwrap_or_default();
    Err(Error::Contended { namespace: namespace.to_owned(), name: name.to_owned(), attempts: MAX_ATTEMPTS })
}

fn in_swap(error: Error) -> Error {
    match error {
        Error::Pointers { source, .. } => Error::Pointers { source, in_swap: true },
        other => Error::Pointers { source: Box::new(other), in_swap: true },
    }
}

/// Up to 20 ms times the attempt, at random, so that racing commits do not stay in step.
fn pause(attempt: u32) -> Duration {
    let (random, _) = Uuid::new_v4().as_u64_pair();
    Duration::from_micros(1_000 + random % (20_000 * u64::from(attempt)))
}
