//! Waits for the signals that end the server.

use tokio::signal::unix::{SignalKind, signal as listen};

/// Returns at the first SIGTERM or SIGINT. Where signals cannot be listened to, never.
pub(crate) async fn signal() {
    let (Ok(mut term), Ok(mut int)) = (listen(SignalKind::terminate()), listen(SignalKind::interrupt())) else {
        tracing::warn!("cannot listen to signals; stop the server with SIGKILL");
        return std::future::pending().await;
    };
    tokio::select! {
        _ = term.recv() => {}
        _ = int.recv() => {}
    }
}
