//! How many lines become one batch: the loop that all readers of lines share. In: a reader's step, one line at a time.
//! Out: how many rows are ready.

use crate::fault::Fault;

/// Largest number of bytes: with the longest line on top, Arrow's 32-bit offsets still reach.
const MAX_BYTES: usize = 256 << 20;
/// Bytes of lines without a row after which the caller gets its turn.
pub(crate) const MAX_IDLE_BYTES: usize = 1 << 20;

/// Bounds of a batch.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    rows: usize,
    bytes: usize,
}

/// What a line gave, with the bytes that count towards a bound.
pub(crate) enum Step {
    Row(usize),
    NoRow(usize),
    /// There are no more rows.
    End,
}

/// What a batch was filled with.
pub(crate) struct Filled {
    pub(crate) rows: usize,
    /// No batch follows.
    pub(crate) is_last: bool,
}

impl Bounds {
    /// A batch is closed once it has this many rows, or its lines this many bytes.
    pub(crate) fn new(rows: usize, bytes: usize) -> Self {
        Self { rows: rows.max(1), bytes: bytes.clamp(1, MAX_BYTES) }
    }

    /// Takes steps until a bound is reached, 1 MiB of lines had no row, or there are no more.
    #[inline]
    pub(crate) fn fill(self, mut step: impl FnMut() -> Result<Step, Fault>) -> Result<Filled, Fault> {
        let (mut rows, mut bytes, mut idle) = (0, 0_usize, 0_usize);
        while rows < self.rows && bytes < self.bytes && idle < MAX_IDLE_BYTES {
            match step()? {
                Step::Row(length) => {
                    rows += 1;
                    bytes = bytes.saturating_add(length);
                }
                Step::NoRow(length) => idle = idle.saturating_add(length),
                Step::End => return Ok(Filled { rows, is_last: true }),
            }
        }
        Ok(Filled { rows, is_last: false })
    }
}
