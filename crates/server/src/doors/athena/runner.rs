//! Runs executions, each in a task of its own, to their files.

use super::csv::{self, Style};
use super::files::Files;
use super::{column, output};
use crate::app::App;
use crate::error::ApiError;
use crate::grants;
use crate::query_pool::{Batches, QueryFailure};
use bytes::Bytes;
use futures::stream;
use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;
use varberg_lake::query::StatementWork;
use varberg_model::{ExecutionOutcome, ExecutionState, ExecutionStatistics, JobId, QueryExecution, StatementKind};

/// Why an execution has no answer. Texts are for the caller.
struct Failure {
    reason: String,
    by_user: bool,
}

impl Failure {
    fn ours(what: &str, error: &dyn std::fmt::Display) -> Self {
        tracing::error!(error = %error, "{what}");
        Self { reason: "the server failed; its log says why".to_owned(), by_user: false }
    }
}

impl From<QueryFailure> for Failure {
    fn from(failure: QueryFailure) -> Self {
        match failure {
            QueryFailure::Crashed(text) => Self::ours("a statement crashed", &text),
            busy @ QueryFailure::Busy(_) => Self { reason: busy.to_string(), by_user: false },
            other => Self { reason: other.to_string(), by_user: true },
        }
    }
}

impl From<ApiError> for Failure {
    fn from(error: ApiError) -> Self {
        match error {
            ApiError::Internal(text) => Self::ours("a statement could not begin", &text),
            other => Self { reason: other.to_string(), by_user: true },
        }
    }
}

/// The executions that this server runs, or will when it is their turn; clones share them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Running(Arc<Mutex<HashMap<JobId, CancellationToken>>>);

impl Running {
    /// Runs an execution that the catalog holds.
    pub(super) fn start(app: &App, execution: QueryExecution, work: StatementWork, files: Option<Files>) {
        let stop = app.stop.child_token();
        let open = || app.running.0.lock().unwrap_or_else(PoisonError::into_inner);
        open().insert(execution.id, stop.clone());
        let app = app.clone();
        app.tasks.clone().spawn(async move {
            run(&app, &execution, work.sql(), files.as_ref(), &stop).await;
            app.running.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&execution.id);
        });
    }

    /// Stops an execution, if it runs here.
    pub(super) fn stop(&self, id: JobId) {
        if let Some(stop) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&id) {
            stop.cancel();
        }
    }
}

async fn run(app: &App, execution: &QueryExecution, sql: &str, files: Option<&Files>, stop: &CancellationToken) {
    let submitted = Instant::now();
    let answer = tokio::select! {
        answer = answer(app, execution, sql, files, submitted) => answer,
        () = stop.cancelled() => Err(Failure { reason: "the server was stopped; start the statement again".to_owned(), by_user: false }),
    };
    let ended = match answer {
        Ok(Some(outcome)) => app.catalog.end_query(execution.id, ExecutionState::Succeeded, &outcome).await,
        Ok(None) => return, // stopped before its turn came
        Err(Failure { reason, by_user }) => {
            // One that was stopped by its client has ended already, and stays CANCELLED.
            let outcome = ExecutionOutcome { reason, by_user, ..ExecutionOutcome::default() };
            app.catalog.end_query(execution.id, ExecutionState::Failed, &outcome).await
        }
    };
    if let Err(error) = ended {
        tracing::error!(%error, query.id = %execution.id, "cannot note the end of a statement");
    }
}

/// Waits for its turn and writes the answer.
async fn answer(
    app: &App,
    execution: &QueryExecution,
    sql: &str,
    files: Option<&Files>,
    submitted: Instant,
) -> Result<Option<ExecutionOutcome>, Failure> {
    let place = app.queries.place_in_turn().await?;
    let queue_ms = millis(submitted.elapsed());
    let begun = app.catalog.run_query(execution.id, queue_ms).await;
    if !begun.map_err(|error| Failure::ours("cannot note that a statement runs", &error))? {
        return Ok(None);
    }
    let began = Instant::now();
    let mut request = grants::request(&app.catalog, &app.config, &execution.account, sql).await?;
    request.schema.clone_from(&execution.database);
    let batches = Batches::new(app.queries.ask(place, &request).await?);
    let mut rows = Rows::new(batches, app.config.query.result_bytes);
    let output_bytes = match files {
        None => write_text(app, execution, &mut rows).await?,
        Some(files) => write_files(app, execution, files, &mut rows).await?,
    };
    let columns = rows.batches.schema().map(|schema| column::kept(&schema)).unwrap_or_default();
    let statistics = ExecutionStatistics {
        queue_ms,
        engine_ms: millis(began.elapsed()),
        scanned_bytes: rows.batches.scanned_bytes(),
        rows: rows.count,
        output_bytes,
    };
    Ok(Some(ExecutionOutcome { reason: String::new(), by_user: false, columns, statistics }))
}

async fn write_text(app: &App, execution: &QueryExecution, rows: &mut Rows) -> Result<u64, Failure> {
    let style = if execution.kind == StatementKind::Select { Style::Quoted } else { Style::Tabs };
    let mut begun = false;
    let convert = move |batch: Option<&arrow_array::RecordBatch>, schema: Option<&arrow_schema::Schema>| {
        let mut text = String::new();
        if !begun && let Some(schema) = schema {
            text = csv::heading(style, schema);
            begun = true;
        }
        if let Some(batch) = batch {
            text.push_str(&csv::lines(style, batch).map_err(io::Error::other)?);
        }
        Ok(Bytes::from(text))
    };
    rows.write(app, &execution.output, convert).await
}

async fn write_files(app: &App, execution: &QueryExecution, files: &Files, rows: &mut Rows) -> Result<u64, Failure> {
    let failed = |error: varberg_lake::Error| Failure::ours("cannot write an answer", &error);
    if !app.results.list(&files.directory).await.map_err(failed)?.is_empty() {
        let place = output::location(app, &files.directory);
        return Err(Failure {
            reason: format!("{place} holds files already; name another place, or delete them"),
            by_user: true,
        });
    }
    let mut writer = None;
    let convert = |batch: Option<&arrow_array::RecordBatch>, schema: Option<&arrow_schema::Schema>| {
        if writer.is_none()
            && let Some(schema) = schema
        {
            writer = Some(files.writer(&Arc::new(schema.clone())).map_err(io::Error::other)?);
        }
        let Some(writer) = &mut writer else { return Ok(Bytes::new()) };
        match batch {
            Some(batch) => writer.write(batch).map_err(io::Error::other)?,
            None => writer.finish().map_err(io::Error::other)?,
        }
        Ok(writer.take())
    };
    let path = files.path(execution.id);
    let written = rows.write(app, &path, convert).await?;
    let manifest = format!("{}\n", output::location(app, &path));
    app.results.put(&output::manifest(&execution.output), manifest).await.map_err(failed)?;
    Ok(written)
}

/// The rows of an answer on their way to a file.
struct Rows {
    batches: Batches,
    count: u64,
    bytes: u64,
    most_bytes: u64,
    has_ended: bool,
    failure: Option<QueryFailure>,
}

impl Rows {
    fn new(batches: Batches, most_bytes: u64) -> Self {
        Self { batches, count: 0, bytes: 0, most_bytes, has_ended: false, failure: None }
    }

    /// Writes them to a file of the place of results, which is there only when all are. `convert` makes the bytes of a batch, and of
    /// the end. Out: the bytes of the file.
    async fn write<F>(&mut self, app: &App, path: &str, convert: F) -> Result<u64, Failure>
    where
        F: FnMut(Option<&arrow_array::RecordBatch>, Option<&arrow_schema::Schema>) -> io::Result<Bytes> + Send,
    {
        let pieces = stream::unfold((&mut *self, convert), |(rows, mut convert)| async move {
            let piece = rows.piece(&mut convert).await?;
            Some((piece, (rows, convert)))
        });
        let written = app.results.put_stream(path, pieces).await;
        match (written, self.failure.take()) {
            (_, Some(failure)) => Err(failure.into()),
            (Err(error), None) => Err(Failure::ours("cannot write an answer", &error)),
            (Ok(bytes), None) => Ok(bytes),
        }
    }

    async fn piece<F>(&mut self, convert: &mut F) -> Option<io::Result<Bytes>>
    where
        F: FnMut(Option<&arrow_array::RecordBatch>, Option<&arrow_schema::Schema>) -> io::Result<Bytes>,
    {
        if self.has_ended {
            return None;
        }
        let batch = match self.batches.next().await {
            Ok(batch) => batch,
            Err(failure) => {
                self.has_ended = true;
                self.failure = Some(failure);
                return Some(Err(io::Error::other("the statement failed")));
            }
        };
        self.has_ended = batch.is_none();
        self.count += batch.as_ref().map_or(0, |batch| batch.num_rows() as u64);
        let piece = convert(batch.as_ref(), self.batches.schema().as_deref());
        self.bytes += piece.as_ref().map_or(0, |bytes| bytes.len() as u64);
        if self.bytes > self.most_bytes {
            let text = format!(
                "the answer has more than {} bytes; ask for less, or raise query.result_bytes",
                self.most_bytes
            );
            self.has_ended = true;
            self.failure = Some(QueryFailure::Exhausted(text));
            return Some(Err(io::Error::other("the answer is too large")));
        }
        Some(piece)
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
