//! `varberg serve`: opens the app, listens, answers until told to stop.

use crate::app::App;
use crate::config::Config;
use crate::{auth, router, shutdown, telemetry};
use anyhow::{Context, Result};
use std::time::Duration;
use tokio::net::TcpListener;

/// Time that requests and jobs get to end after SIGTERM or SIGINT.
const GRACE: Duration = Duration::from_secs(30);

/// Runs the server of `config` until SIGTERM or SIGINT.
///
/// Refuses to start on an address that is not loopback. One log line names the address with its real port.
pub async fn serve(config: Config) -> Result<()> {
    telemetry::start(&config)?;
    let address = auth::loopback(&config.listen)?;
    let app = App::open(config).await?;
    let listener = TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))?;
    let stop = app.stop.clone();
    let signals = tokio::spawn(async move {
        shutdown::signal().await;
        tracing::info!("stopping");
        stop.cancel();
    });
    let outcome = run(app, listener).await;
    signals.abort();
    outcome
}

/// Answers on `listener` until `app.stop` is cancelled; then ends within 30 seconds, sooner when nothing is left.
pub async fn run(app: App, listener: TcpListener) -> Result<()> {
    let address = listener.local_addr().context("the listening socket has no address")?;
    tracing::info!("listening on http://{address}");
    let stop = app.stop.clone();
    let tasks = app.tasks.clone();
    let server = axum::serve(listener, router(app)).with_graceful_shutdown({
        let stop = stop.clone();
        async move { stop.cancelled().await }
    });
    let deadline = async {
        stop.cancelled().await;
        tokio::time::sleep(GRACE).await;
    };
    let everything = async {
        let answered = server.await.context("the listening socket failed");
        tasks.close();
        tasks.wait().await;
        answered
    };
    tokio::select! {
        outcome = everything => outcome,
        () = deadline => {
            tracing::warn!("stopped with requests or jobs unfinished; jobs go on at the next start");
            Ok(())
        }
    }
}
