//! The demo's server: the same program as a child process on a free port, stopped when the demo ends.

use anyhow::{Context as _, bail};
use std::fs::File;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::process::{Child, Command};
use tokio::time::Instant;

/// How long a start and a stop may take.
const PATIENCE: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(50);

/// A running server. Dropping it kills it.
pub(super) struct Server {
    child: Child,
    endpoint: String,
    log: PathBuf,
}

impl Server {
    /// Starts `serve` and returns when it is ready for requests.
    pub(super) async fn start(root: &Path, files: &Path, data: &Path) -> anyhow::Result<Self> {
        let log = root.join("server.log");
        let out = File::create(&log).with_context(|| format!("cannot create {}", log.display()))?;
        // Between this and the start of the server another program may take the port; then the start fails with a clear text.
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let program = std::env::current_exe().context("cannot find the program's own file")?;
        let child = Command::new(program)
            .args(["serve", "--listen", &format!("127.0.0.1:{port}")])
            .arg("--data-dir")
            .arg(data)
            .arg("--allow-files")
            .arg(files)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(out)
            .kill_on_drop(true)
            .spawn()
            .context("cannot start the server")?;
        let mut server = Self { child, endpoint: format!("http://127.0.0.1:{port}"), log };
        server.wait_until_ready().await?;
        Ok(server)
    }

    pub(super) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Asks the server to stop and waits until it has; after [`PATIENCE`] it is killed.
    pub(super) async fn stop(&mut self) -> anyhow::Result<()> {
        let pid = self.child.id().and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw);
        if let Some(pid) = pid {
            rustix::process::kill_process(pid, rustix::process::Signal::TERM).context("cannot stop the server")?;
        }
        match tokio::time::timeout(PATIENCE, self.child.wait()).await {
            Ok(status) => status.map(drop).context("cannot stop the server"),
            Err(_) => self.child.kill().await.context("cannot kill the server"),
        }
    }

    /// The last lines of the log, for a demo that failed.
    pub(super) fn log_tail(&self) -> String {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        let from = lines.len().saturating_sub(20);
        format!("The server's log ends with:\n{}", lines.get(from..).unwrap_or_default().join("\n"))
    }

    async fn wait_until_ready(&mut self) -> anyhow::Result<()> {
        let client = crate::cli::client::Client::new(&self.endpoint)?;
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait()? {
                bail!("the server ended at once ({status}). {}", self.log_tail());
            }
            if client.probe(&["health", "ready"]).await.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
            tokio::time::sleep(POLL).await;
        }
        bail!("the server was not ready within {} s. {}", PATIENCE.as_secs(), self.log_tail());
    }
}
