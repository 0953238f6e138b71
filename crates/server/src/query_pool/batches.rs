//! An answer as record batches.

use super::{Answer, QueryFailure};
use arrow_array::RecordBatch;
use arrow_buffer::Buffer;
use arrow_ipc::reader::StreamDecoder;
use arrow_schema::SchemaRef;

/// The batches of an answer. Dropping them kills the child.
pub(crate) struct Batches {
    answer: Answer,
    decoder: StreamDecoder,
    /// What was read and holds more than the batch that was given.
    left: Buffer,
}

impl Batches {
    pub(crate) fn new(answer: Answer) -> Self {
        Self { answer, decoder: StreamDecoder::new(), left: Buffer::from(Vec::<u8>::new()) }
    }

    /// The next batch; none when the answer is whole.
    pub(crate) async fn next(&mut self) -> Result<Option<RecordBatch>, QueryFailure> {
        let broken = |error: arrow_schema::ArrowError| QueryFailure::Crashed(format!("cannot read an answer: {error}"));
        loop {
            if let Some(batch) = self.decoder.decode(&mut self.left).map_err(broken)? {
                return Ok(Some(batch));
            }
            match self.answer.next().await? {
                Some(piece) => self.left = Buffer::from(piece),
                None => {
                    self.decoder.finish().map_err(broken)?;
                    return Ok(None);
                }
            }
        }
    }

    /// Known when the first batch is, and at the end of an answer without one.
    pub(crate) fn schema(&self) -> Option<SchemaRef> {
        self.decoder.schema()
    }

    /// Bytes that the statement read from data files; known at the end.
    pub(crate) fn scanned_bytes(&self) -> u64 {
        self.answer.scanned_bytes()
    }
}
