//! From the Arrow stream of a query process to the body of an answer, batch by batch.
//!
//! Conversion is done where the body is read: a batch has some thousand rows, the work between two of them is a few
//! milliseconds, and a slow client slows the query process down instead of filling memory here.

use super::form::{Form, WriteError, Writer};
use crate::query_pool::{Answer, QueryFailure};
use arrow_buffer::Buffer;
use arrow_ipc::reader::StreamDecoder;
use bytes::Bytes;
use futures::{Stream, StreamExt as _, stream};
use std::io;
use tracing::{Instrument as _, Span};

/// An answer on its way.
pub(super) struct Conversion {
    answer: Answer,
    form: Form,
    decoder: StreamDecoder,
    /// Made when the schema is known; stays `None` for Arrow.
    writer: Option<Writer>,
    ended: bool,
}

/// Reads until the first bytes of the body are there: faults until then can still be answered with an error.
pub(super) async fn begin(answer: Answer, form: Form) -> Result<(Option<Bytes>, Conversion), QueryFailure> {
    let mut conversion = Conversion { answer, form, decoder: StreamDecoder::new(), writer: None, ended: false };
    let first = conversion.next().await?;
    Ok((first, conversion))
}

/// The whole body. An error of the stream makes the server break the connection; the log has the reason under the id of
/// the request, in whose span the rest of the answer is made.
pub(super) fn chained(first: Option<Bytes>, rest: Conversion) -> impl Stream<Item = io::Result<Bytes>> + Send {
    let span = Span::current();
    let rest = stream::try_unfold(rest, move |mut conversion| {
        let next = async move {
            match conversion.next().await {
                Ok(bytes) => Ok(bytes.map(|bytes| (bytes, conversion))),
                Err(failure) => {
                    log(&failure);
                    Err(io::Error::other("the answer broke off"))
                }
            }
        };
        next.instrument(span.clone())
    });
    stream::iter(first.map(Ok)).chain(rest)
}

fn log(failure: &QueryFailure) {
    match failure {
        // The engine's own text may quote data.
        QueryFailure::Invalid(_) => {
            tracing::warn!(error = "the engine refused a value or an expression", "an answer broke off");
        }
        other => tracing::warn!(error = %other, "an answer broke off"),
    }
}

impl Conversion {
    /// The next bytes of the body, never empty; `None` at its end.
    async fn next(&mut self) -> Result<Option<Bytes>, QueryFailure> {
        while !self.ended {
            let piece = self.answer.next().await?;
            if self.form == Form::Arrow {
                self.ended = piece.is_none();
                return Ok(piece);
            }
            let converted = match piece {
                Some(piece) => self.convert(piece),
                None => self.finish(),
            };
            let bytes = converted.map_err(|e| QueryFailure::Crashed(format!("cannot convert an answer: {e}")))?;
            if !bytes.is_empty() {
                return Ok(Some(bytes));
            }
        }
        Ok(None)
    }

    fn convert(&mut self, piece: Bytes) -> Result<Bytes, WriteError> {
        let mut buffer = Buffer::from(piece);
        while let Some(batch) = self.decoder.decode(&mut buffer)? {
            if let Some(writer) = self.writer()? {
                writer.write(&batch)?;
            }
        }
        self.take()
    }

    fn finish(&mut self) -> Result<Bytes, WriteError> {
        self.ended = true;
        self.decoder.finish()?;
        if let Some(writer) = self.writer()? {
            writer.finish()?;
        }
        self.take()
    }

    fn writer(&mut self) -> Result<Option<&mut Writer>, WriteError> {
        if self.writer.is_none()
            && let Some(schema) = self.decoder.schema()
        {
            self.writer = Some(Writer::new(self.form, &schema)?);
        }
        Ok(self.writer.as_mut())
    }

    fn take(&mut self) -> Result<Bytes, WriteError> {
        Ok(self.writer()?.map(Writer::take).unwrap_or_default())
    }
}
