//! An answer in memory, to be laid out for people.

use super::table::{self, Shape, Table};
use super::{QueryFormat, Source};
use crate::cli::progress;
use anyhow::{Context as _, bail};
use arrow_array::RecordBatch;
use arrow_buffer::Buffer;
use arrow_ipc::reader::StreamDecoder;
use arrow_schema::SchemaRef;
use futures::StreamExt as _;

/// The rows of an answer, or its first ones.
pub(in crate::cli) struct Answer {
    pub(in crate::cli) schema: SchemaRef,
    pub(in crate::cli) batches: Vec<RecordBatch>,
    /// There were more rows than asked for.
    pub(in crate::cli) cut: bool,
}

impl Answer {
    pub(in crate::cli) fn rows(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }

    /// The answer as text; lists as `[a, b]`, maps as `{k: v}`, null as nothing.
    pub(in crate::cli) fn render(&self, shape: Shape) -> anyhow::Result<Table> {
        table::render(&self.schema, &self.batches, shape)
    }
}

/// Asks a statement and keeps at most `limit` rows of the answer; who answers stops when they are here.
pub(in crate::cli) async fn fetch(source: &Source, statement: &str, limit: usize) -> anyhow::Result<Answer> {
    let spinner = progress::spinner("asking");
    let mut pieces = source.ask(statement, QueryFormat::Arrow).await?;
    let mut decoder = StreamDecoder::new();
    let (mut batches, mut rows, mut cut) = (Vec::new(), 0_usize, false);
    'answer: while let Some(piece) = pieces.next().await {
        let mut buffer = Buffer::from(piece?);
        while let Some(batch) = decoder.decode(&mut buffer).context("the answer is not an Arrow stream")? {
            let room = limit.saturating_sub(rows);
            if batch.num_rows() > room {
                batches.push(batch.slice(0, room));
                cut = true;
                break 'answer;
            }
            rows = rows.saturating_add(batch.num_rows());
            batches.push(batch);
        }
    }
    spinner.finish_and_clear();
    let Some(schema) = decoder.schema() else { bail!("the answer is empty") };
    if !cut {
        decoder.finish().context("the answer broke off and is not complete")?;
    }
    Ok(Answer { schema, batches, cut })
}
