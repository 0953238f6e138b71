//! Parts of a file that are read independently. Plain files split anywhere, BGZF files at blocks, others not at all.
//! In: sizes and windows of stored bytes. Out: offsets. Reads nothing itself.

use crate::compression::{BGZF_EOF, Compression, block_size, is_sound_block};

/// A range of the file as stored; in BGZF both ends are offsets of block starts.
///
/// A part owns the lines whose first byte p (a position in the decompressed text) satisfies START < p <= END, where
/// START and END are the positions that `start` and `end` stand for; the part that starts at 0 also owns the line at 0.
/// So a reader skips through the first newline at or after its start, and reads on past its end until the line that
/// began at or before END is complete. Parts that follow one another own every line exactly once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Part {
    /// Offset of the first byte.
    pub start: u64,
    /// Offset after the last byte; none: to the end of the file.
    pub end: Option<u64>,
}

impl Part {
    /// The whole file.
    pub const WHOLE: Self = Self { start: 0, end: None };

    /// The parts between the given cuts (offsets above 0, ascending).
    pub fn between(cuts: &[u64]) -> Vec<Self> {
        let starts = std::iter::once(0).chain(cuts.iter().copied());
        let ends = cuts.iter().copied().map(Some).chain(std::iter::once(None));
        starts.zip(ends).map(|(start, end)| Self { start, end }).collect()
    }
}

/// Bytes of a window that surely hold the start of a BGZF block and enough of its successors to verify it.
pub const BLOCK_WINDOW: usize = 3 << 16;

/// Offsets where a file of `size` bytes should be cut to give parts of about `wanted` bytes; ascending, without 0 and
/// `size`. In plain files they are the cuts. In BGZF the cut is the first block at or after each: read
/// [`BLOCK_WINDOW`] bytes there and ask [`find_block`]; a window without a block, or a block found twice, gives no cut.
/// Files in another compression have none.
pub fn plain_or_block_parts(compression: Compression, size: u64, wanted: u64) -> Vec<u64> {
    let parts = match compression {
        Compression::Gzip | Compression::Zstd | Compression::Bzip2 => 1,
        Compression::Plain | Compression::Bgzf => size.checked_div(wanted).unwrap_or(1).max(1),
    };
    let step = size.div_ceil(parts).max(1);
    (1..parts).filter_map(|i| step.checked_mul(i)).filter(|offset| *offset < size).collect()
}

/// Offset of the first byte of a BGZF block in `window`, verified by following the chain of block sizes as far as the
/// window reaches (every successor must be a block, or the end of the window) and by the block's own checksum.
///
/// Compressed data can look like a block header by chance (once in 2^100), or because the text has one and was stored as
/// it is.
pub fn find_block(window: &[u8]) -> Option<usize> {
    memchr::memmem::find_iter(window, BGZF_EOF.first_chunk::<4>()?)
        .find(|offset| is_chain(window, *offset) && is_whole(window, *offset))
}

fn is_whole(window: &[u8], start: usize) -> bool {
    let block = window.get(start..).and_then(|rest| rest.get(..block_size(rest)?));
    block.is_some_and(is_sound_block)
}

fn is_chain(window: &[u8], start: usize) -> bool {
    let mut at = start;
    loop {
        let Some(size) = window.get(at..).and_then(block_size) else { return false };
        let Some(next) = at.checked_add(size) else { return false };
        let rest = window.get(next..).unwrap_or_default();
        if rest.len() < crate::compression::BGZF_HEADER {
            return true;
        }
        at = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_are_inside_the_file_and_ascend() {
        assert_eq!(plain_or_block_parts(Compression::Plain, 100, 30), [34, 68]);
        assert_eq!(plain_or_block_parts(Compression::Plain, 100, 1000), [0; 0]);
        assert_eq!(plain_or_block_parts(Compression::Plain, 0, 30), [0; 0]);
        assert_eq!(plain_or_block_parts(Compression::Bgzf, 3, 0), [0; 0]);
        assert_eq!(plain_or_block_parts(Compression::Gzip, 100, 30), [0; 0]);
    }

    #[test]
    fn a_block_is_found_behind_bytes_that_look_like_one() {
        let mut window = b"xx".to_vec();
        window.extend(BGZF_EOF.iter().take(18)); // a header whose successor is no block
        window.extend([7; 40]);
        let block = window.len();
        window.extend(BGZF_EOF);
        window.extend(BGZF_EOF);
        assert_eq!(find_block(&window), Some(block));
        assert_eq!(find_block(&window[..block]), None);
        assert_eq!(find_block(b""), None);
    }

    /// Found by fuzzing: a text with the header of a block that would reach to the end of the file.
    #[test]
    fn a_block_in_the_text_of_another_is_none() {
        let text = b"c\x1f\x8b\x08\x04\0\0\0\0\0\xff\x06\0BC\x02\0K\x001\xbbd\tc\xbf\xa9\r\x01\x11\0";
        let stored = crate::testing::bgzf(text, 60_000);
        let header = BGZF_EOF.first_chunk::<4>().unwrap();
        assert_eq!(memchr::memmem::find_iter(&stored, header).count(), 3, "the text is stored as it is");
        assert_eq!(find_block(&stored[1..]), Some(stored.len() - BGZF_EOF.len() - 1));
    }
}
