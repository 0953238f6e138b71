//! The exactly-once join: the table's new pointer and the job's final state move in one transaction of the catalog,
//! which also checks the lease's epoch, the cancel flag and the store's state.

use super::stage::{Hold, Stage};
use async_trait::async_trait;
use varberg_catalog::{Catalog, Finish, JobOutcome, Lease};
use varberg_lake::{PointerStore, SwapResult, TableSwap};

/// The catalog's table pointers as seen by the holder of one lease.
#[derive(Debug)]
pub(super) struct LeasePointers<'a> {
    pub catalog: &'a Catalog,
    pub lease: &'a Lease,
    pub hold: &'a Hold,
}

#[async_trait]
impl PointerStore for LeasePointers<'_> {
    type Outcome = JobOutcome;

    async fn load(&self, namespace: &str, name: &str) -> varberg_lake::Result<String> {
        let pointer = self.catalog.pointer(namespace, name).await.map_err(varberg_lake::Error::pointers)?;
        pointer.ok_or_else(|| varberg_lake::Error::pointers(format!("table {namespace}.{name} does not exist")))
    }

    async fn swap(&self, swaps: &[TableSwap], outcome: &JobOutcome) -> varberg_lake::Result<SwapResult> {
        self.hold.reached(Stage::MetadataWritten).await;
        let swaps: Vec<varberg_catalog::TableSwap> = swaps.iter().map(to_catalog).collect();
        self.hold.reached(Stage::CommitBefore).await;
        let finish = self.catalog.finish(self.lease, &swaps, outcome).await.map_err(varberg_lake::Error::pointers)?;
        self.hold.reached(Stage::CommitAfter).await;
        Ok(match finish {
            Finish::Committed => SwapResult::Swapped,
            Finish::PointerMoved => SwapResult::PointerMoved,
            Finish::LeaseLost => SwapResult::Refused("the job's lease was lost".to_owned()),
            Finish::Cancelled => SwapResult::Refused("the job was cancelled".to_owned()),
            Finish::StoreGone => SwapResult::Refused("the store is being deleted".to_owned()),
        })
    }
}

pub(crate) fn to_catalog(swap: &TableSwap) -> varberg_catalog::TableSwap {
    varberg_catalog::TableSwap {
        namespace: swap.namespace.clone(),
        name: swap.name.clone(),
        old: swap.old.clone(),
        new: swap.new.clone(),
    }
}
