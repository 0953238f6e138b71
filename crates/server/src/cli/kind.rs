//! Which of the two kinds of store a name or a job belongs to: no two stores of an account have the same name.

use super::Context;
use super::client;
use serde_json::Value;

/// A kind of store, by where its operations are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Variant,
    Annotation,
}

impl Kind {
    const ALL: [Self; 2] = [Self::Variant, Self::Annotation];

    /// First part of the path of a store.
    pub(super) fn store(self) -> &'static str {
        match self {
            Self::Variant => "variantStore",
            Self::Annotation => "annotationStore",
        }
    }

    /// Path of the listing of stores, and the member that has its entries.
    pub(super) fn stores(self) -> &'static str {
        match self {
            Self::Variant => "variantStores",
            Self::Annotation => "annotationStores",
        }
    }

    /// Second part of the path of an import job.
    pub(super) fn import(self) -> &'static str {
        match self {
            Self::Variant => "variant",
            Self::Annotation => "annotation",
        }
    }

    /// Second part of the path of the listing of import jobs, and the member that has its entries.
    pub(super) fn imports(self) -> (&'static str, &'static str) {
        match self {
            Self::Variant => ("variants", "variantImportJobs"),
            Self::Annotation => ("annotations", "annotationImportJobs"),
        }
    }
}

/// The store of that name, of either kind.
pub(super) async fn store(context: &Context, name: &str) -> anyhow::Result<(Kind, Value)> {
    for kind in Kind::ALL {
        match context.client.get(&[kind.store(), name]).await {
            Ok(store) => return Ok((kind, store)),
            Err(error) if client::is_not_found(&error) => {}
            Err(error) => return Err(error),
        }
    }
    anyhow::bail!("store {name} does not exist; `varberg store list` shows what there is")
}

/// The import job of that id, of either kind.
pub(super) async fn job(context: &Context, id: &str) -> anyhow::Result<(Kind, Value)> {
    for kind in Kind::ALL {
        match context.client.get(&["import", kind.import(), id]).await {
            Ok(job) => return Ok((kind, job)),
            Err(error) if client::is_not_found(&error) => {}
            Err(error) => return Err(error),
        }
    }
    anyhow::bail!("import job {id} does not exist; `varberg job list` shows what there is")
}

/// The entries of a listing of both kinds, newest first, each with its kind.
pub(super) async fn list(
    context: &Context,
    path: impl Fn(Kind) -> Vec<&'static str>,
    member: impl Fn(Kind) -> &'static str,
    body: &Value,
) -> anyhow::Result<Vec<(Kind, Value)>> {
    let mut all = Vec::new();
    for kind in Kind::ALL {
        let entries = context.client.list(&path(kind), body, member(kind)).await?;
        all.extend(entries.into_iter().map(|entry| (kind, entry)));
    }
    let created = |entry: &Value| entry.get("creationTime").and_then(Value::as_str).unwrap_or_default().to_owned();
    all.sort_by_key(|(_, entry)| std::cmp::Reverse(created(entry)));
    Ok(all)
}

/// The entries of one kind as an answer of its listing.
pub(super) fn of(kind: Kind, all: &[(Kind, Value)]) -> Vec<&Value> {
    all.iter().filter(|(k, _)| *k == kind).map(|(_, entry)| entry).collect()
}
