//! Where the current metadata of each table is recorded. The pointers live in the SQL database; this crate only
//! asks for them and for their swap, which is one transaction with whatever else the caller commits.

use crate::{Error, Result};
use async_trait::async_trait;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// One table's pointer moves from `old` to `new` (metadata locations).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableSwap {
    pub namespace: String,
    pub name: String,
    pub old: String,
    pub new: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SwapResult {
    /// All pointers moved.
    Swapped,
    /// A pointer was no longer `old`; nothing changed.
    PointerMoved,
    /// The store refuses for a reason of its own (lease lost, job cancelled, store gone); nothing changed.
    Refused(String),
}

/// Loads pointers, and swaps several of them at once together with an outcome that only the store understands.
#[async_trait]
pub trait PointerStore: Send + Sync {
    type Outcome: Sync;

    /// The current metadata location. Errors: [`Error::pointers`] when the table is unknown.
    async fn load(&self, namespace: &str, name: &str) -> Result<String>;

    /// All or nothing. An error means that the outcome is not known.
    async fn swap(&self, swaps: &[TableSwap], outcome: &Self::Outcome) -> Result<SwapResult>;
}

/// Pointers in memory: for tests, and for tables that live as long as the process.
#[derive(Debug, Default)]
pub struct MemoryPointers {
    pointers: Mutex<BTreeMap<(String, String), String>>,
}

impl MemoryPointers {
    /// Registers a table, or moves its pointer.
    pub fn set(&self, namespace: &str, name: &str, metadata_location: &str) {
        let mut pointers = self.pointers.lock().unwrap_or_else(PoisonError::into_inner);
        pointers.insert((namespace.to_owned(), name.to_owned()), metadata_location.to_owned());
    }
}

#[async_trait]
impl PointerStore for MemoryPointers {
    type Outcome = ();

    async fn load(&self, namespace: &str, name: &str) -> Result<String> {
        let pointers = self.pointers.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (namespace.to_owned(), name.to_owned());
        pointers.get(&key).cloned().ok_or_else(|| Error::pointers("no such table"))
    }

    async fn swap(&self, swaps: &[TableSwap], _outcome: &()) -> Result<SwapResult> {
        let mut pointers = self.pointers.lock().unwrap_or_else(PoisonError::into_inner);
        let key = |s: &TableSwap| (s.namespace.clone(), s.name.clone());
        if swaps.iter().any(|s| pointers.get(&key(s)) != Some(&s.old)) {
            return Ok(SwapResult::PointerMoved);
        }
        for swap in swaps {
            pointers.insert(key(swap), swap.new.clone());
        }
        Ok(SwapResult::Swapped)
    }
}
