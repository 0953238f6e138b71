//! Answers that nobody deleted, and nobody may ask for any more: removed when they are as old as the configuration says.

use crate::app::App;
use crate::wire;
use chrono::TimeDelta;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Pause between two looks.
const PAUSE: Duration = Duration::from_secs(3600);

/// Looks until `stop`.
pub(crate) async fn run(app: App, stop: CancellationToken) {
    let days = app.config.query.result_days;
    if days == 0 {
        return;
    }
    loop {
        if let Err(error) = remove(&app, days).await {
            tracing::warn!(%error, "cannot remove old answers; tried again in an hour");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(PAUSE) => {}
        }
    }
}

async fn remove(app: &App, days: u32) -> Result<(), varberg_lake::Error> {
    let before = wire::now() - TimeDelta::days(i64::from(days));
    for file in app.results.list("").await?.iter().filter(|file| file.modified < before) {
        app.results.delete(&file.path).await?;
    }
    Ok(())
}
