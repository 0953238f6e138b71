//! Files of reference imports that ended without a reference.

use super::JanitorError;
use crate::app::App;
use crate::import::genome::{Beside, beside};
use std::collections::BTreeSet;

/// Deletes the files of ended jobs and dead epochs that no reference names. Jobs this catalog does not know are left
/// alone.
pub(super) async fn sweep(app: &App) -> Result<(), JanitorError> {
    let files = app.lake.list("references/").await?;
    if files.is_empty() {
        return Ok(());
    }
    let jobs = app.catalog.reference_job_epochs().await?;
    let named = app.catalog.all_reference_paths().await?;
    let kept: BTreeSet<String> = named.into_iter().flat_map(with_those_beside).collect();
    for file in files.iter().filter(|file| !kept.contains(&file.path)) {
        let Some((job, epoch)) = writer_of(&file.path) else { continue };
        let left = jobs.get(job).is_some_and(|known| known.terminal || epoch < known.epoch);
        if left {
            app.lake.delete(&file.path).await?;
        }
    }
    Ok(())
}

fn with_those_beside(path: String) -> [String; 3] {
    [beside(&path, Beside::Bgzf), beside(&path, Beside::Blocks), path]
}

/// Job and epoch of `references/<store>/<job>-<epoch>-<reference>/<file>`.
fn writer_of(path: &str) -> Option<(&str, i64)> {
    let folder = path.split('/').nth(2)?;
    let mut parts = folder.split('-');
    let (job, epoch) = (parts.next()?, parts.next()?);
    Some((job, epoch.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_job_and_epoch_from_the_folder() {
        assert_eq!(writer_of("references/1234567890/9876543210-3-5555555555/source"), Some(("9876543210", 3)));
        assert_eq!(writer_of("references/1234567890/other/source"), None);
    }
}
