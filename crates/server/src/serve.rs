//! `varberg serve`: opens the app, listens, answers until told to stop.

use crate::app::App;
use crate::config::Config;
use crate::doors::athena::expiry;
use crate::events::webhook;
use crate::import::{janitor, worker};
use crate::listen::listen;
use crate::maintenance;
use crate::shutdown::Signals;
use crate::tls::Certificate;
use crate::{auth::exposure, router, telemetry};
use anyhow::{Context, Result};
use rustix::process::{Resource, Rlimit, setrlimit};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Time that requests and jobs get to end after SIGTERM or SIGINT.
const GRACE: Duration = Duration::from_secs(30);

/// Time that the catalog gets to close.
const CLOSE: Duration = Duration::from_secs(2);

/// Runs the server of `config` until SIGTERM or SIGINT.
///
/// Refuses to start on an address beyond loopback without users, or in clear text without a proxy. One log line names the
/// address with its real port.
pub async fn serve(config: Config) -> Result<()> {
    exposure::check(&config)?;
    let address = exposure::address(&config.listen)?;
    telemetry::start(&config)?;
    // The memory of this process holds the secrets of users.
    let _as_it_is = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    let mut signals = Signals::listen()?;
    // First of all, so that a taken port leaves no data directory behind.
    let listener = TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))?;
    let app = App::open(config).await?;
    if app.is_exposed && app.users.roster().await?.is_empty() {
        return Err(exposure::no_users(&app.config));
    }
    let catalog = app.catalog.clone();
    let stop = app.stop.clone();
    let stopped_by_signal = async {
        signals.next().await;
        tracing::info!("stopping");
        stop.cancel();
        // What is left is to wait for `run`; a second signal ends that too.
        signals.next().await;
        tracing::warn!("stopped at once; jobs go on at the next start");
    };
    let outcome = tokio::select! {
        outcome = run(app, listener) => outcome,
        () = stopped_by_signal => Ok(()),
    };
    // Writes what the database still holds in its log; a call that hangs must not keep the process.
    if tokio::time::timeout(CLOSE, catalog.close()).await.is_err() {
        tracing::warn!("the catalog was still in use at the end");
    }
    tracing::info!("stopped");
    outcome
}

/// Answers on `listener` until `app.stop` is cancelled; then ends within 30 seconds, sooner when nothing is left.
pub async fn run(app: App, listener: TcpListener) -> Result<()> {
    let address = listener.local_addr().context("the listening socket has no address")?;
    let certificate = Certificate::of_config(&app.config)?;
    let scheme = if certificate.is_some() { "https" } else { "http" };
    tracing::info!("listening on {scheme}://{address}");
    let lost =
        app.catalog.fail_open_queries("the server was started again meanwhile; start the statement again").await?;
    if lost > 0 {
        tracing::warn!(statements = lost, "statements had not ended when the server did");
    }
    let stop = app.stop.clone();
    let tasks = app.tasks.clone();
    tasks.spawn(watched("import worker", worker::run(app.clone(), stop.clone()), stop.clone()));
    tasks.spawn(watched("task worker", maintenance::run(app.clone(), stop.clone()), stop.clone()));
    let automatic = maintenance::automatic::run(app.clone(), stop.clone());
    tasks.spawn(watched("automatic compaction", automatic, stop.clone()));
    tasks.spawn(watched("janitor", janitor::run(app.clone(), stop.clone()), stop.clone()));
    tasks.spawn(watched("expiry of answers", expiry::run(app.clone(), stop.clone()), stop.clone()));
    tasks.spawn(watched("webhook", webhook::run(app.clone(), stop.clone()), stop.clone()));
    let server = listen(listener, certificate, router(app), stop.clone());
    let deadline = async {
        stop.cancelled().await;
        tokio::time::sleep(GRACE).await;
    };
    let everything = async {
        server.await;
        tasks.close();
        tasks.wait().await;
    };
    tokio::select! {
        () = everything => {}
        () = deadline => tracing::warn!("stopped with requests or jobs unfinished; jobs go on at the next start"),
    }
    Ok(())
}

/// Runs a task that must not end before the server does; if it panics, the server stops and its supervisor starts it
/// again, instead of answering requests that nobody works on.
async fn watched(name: &str, task: impl Future<Output = ()> + Send + 'static, stop: CancellationToken) {
    if tokio::spawn(task).await.is_err() {
        tracing::error!("the {name} ended unexpectedly; the server stops");
        stop.cancel();
    }
}
