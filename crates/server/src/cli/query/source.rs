//! Who answers statements: a server, or this program itself from a server's data directory.
//!
//! In: a statement and the form of its answer. Out: the bytes of the answer, piece by piece.

use super::QueryFormat;
use crate::api::sql::{Form, Writer};
use crate::cli::client::Client;
use crate::cli::exit::UsageError;
use crate::config::{Config, Flags};
use crate::grants;
use anyhow::{Context as _, Result, anyhow, bail};
use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use std::path::PathBuf;
use tempfile::TempDir;
use varberg_catalog::Catalog;
use varberg_lake::QueryError;
use varberg_lake::query::QueryAnswer;
use varberg_model::AccountId;

/// Where statements are answered.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct SourceArgs {
    /// Answer without a server, from its data directory
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// With --data-dir: the configuration file of that server (TOML)
    #[arg(long, value_name = "FILE", env = "VARBERG_CONFIG")]
    config: Option<PathBuf>,
}

impl SourceArgs {
    /// The source that was asked for: `server` unless a data directory is named.
    pub(in crate::cli) async fn open(self, server: &Client) -> Result<Source> {
        match self.data_dir {
            None => Ok(Source::Server(server.clone())),
            Some(data_dir) => {
                let flags = Flags { config: self.config, data_dir: Some(data_dir), ..Flags::default() };
                let config = Config::load(&flags).map_err(|error| UsageError(format!("{error:#}")))?;
                Ok(Source::Directory(Box::new(Directory::open(config).await?)))
            }
        }
    }
}

/// A source of answers.
#[derive(Debug)]
pub(in crate::cli) enum Source {
    Server(Client),
    Directory(Box<Directory>),
}

/// An answer on its way. An error means that what came so far is not the whole answer.
pub(in crate::cli) type Pieces = BoxStream<'static, Result<Bytes>>;

impl Source {
    /// Asks a statement; dropping the answer, or this future, ends the statement.
    pub(in crate::cli) async fn ask(&self, statement: &str, format: QueryFormat) -> Result<Pieces> {
        match self {
            Self::Server(client) => {
                let response = client.sql(statement, format.form().media_type()).await?;
                let broken = broken(&response);
                let pieces = response.bytes_stream();
                Ok(pieces.map(move |piece| piece.with_context(|| broken.clone())).boxed())
            }
            Self::Directory(directory) => directory.ask(statement, format.form()).await,
        }
    }

    /// As people call it.
    pub(in crate::cli) fn name(&self) -> String {
        match self {
            Self::Server(client) => client.endpoint().to_owned(),
            Self::Directory(directory) => directory.config.data_dir.display().to_string(),
        }
    }
}

/// What is said when `response` breaks off.
fn broken(response: &reqwest::Response) -> String {
    let id = response.headers().get("x-amzn-requestid").and_then(|id| id.to_str().ok()).unwrap_or("unknown");
    format!("the answer broke off and is not complete; request {id}; the server's log says why")
}

/// The data directory of a server, which may be running. Statements see what the configured account sees.
#[derive(Debug)]
pub(in crate::cli) struct Directory {
    catalog: Catalog,
    config: Config,
    account: AccountId,
    /// Where statements spill: a directory of our own, beside that of the server, which would clear it away.
    spill: TempDir,
}

impl Directory {
    async fn open(config: Config) -> Result<Self> {
        let place = config.data_dir.display().to_string();
        if !config.catalog_path().exists() {
            bail!("there is no catalog in {place}; name the data directory of a server with --data-dir");
        }
        let spill = tempfile::Builder::new().prefix("query-").tempdir_in(&config.data_dir);
        let spill = spill.with_context(|| format!("cannot write to {place}"))?;
        let catalog = Catalog::open(&config.catalog_path()).await?;
        let account = config.scope()?.account;
        Ok(Self { catalog, config, account, spill })
    }

    async fn ask(&self, statement: &str, form: Form) -> Result<Pieces> {
        let request = grants::request(&self.catalog, &self.config, &self.account, statement).await;
        let mut request = request.map_err(|error| anyhow!("{error}"))?;
        request.limits.spill_dir = self.spill.path().to_owned();
        let mut answer = varberg_lake::query::run(request).await?;
        // Most faults show until the first batch is made: then nothing has been written yet.
        let first = next(&mut answer).await?;
        let writer = Writer::new(form, &answer.schema()).map_err(anyhow::Error::from_boxed)?;
        let rest = stream::try_unfold(Some((answer, writer, first)), step);
        Ok(rest.try_filter(|bytes| std::future::ready(!bytes.is_empty())).boxed())
    }
}

/// What is left to write: the batches to come, the writer, the batch that is here.
type Rest = (QueryAnswer, Writer, Option<arrow_array::RecordBatch>);

/// Writes the batch that is here and fetches the next; after the last one, the end.
async fn step(rest: Option<Rest>) -> Result<Option<(Bytes, Option<Rest>)>> {
    let Some((mut answer, mut writer, batch)) = rest else { return Ok(None) };
    let Some(batch) = batch else {
        writer.finish().map_err(anyhow::Error::from_boxed)?;
        return Ok(Some((writer.take(), None)));
    };
    writer.write(&batch).map_err(anyhow::Error::from_boxed)?;
    let next = next(&mut answer).await?;
    Ok(Some((writer.take(), Some((answer, writer, next)))))
}

async fn next(answer: &mut QueryAnswer) -> Result<Option<arrow_array::RecordBatch>> {
    Ok(answer.next().await.transpose().map_err(|error| QueryError::from_engine(&error))?)
}
