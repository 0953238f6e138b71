//! Where the values of sample columns end. In: their text. Out: one after the other, the places of tabs, colons and commas,
//! and last the end of the text. Looks at 64 bytes at a time and branches on none of them.

/// A bit for each byte of a text, set where a value ends; kept from record to record for its memory.
#[derive(Debug, Default)]
pub(super) struct Marks(Vec<u64>);

impl Marks {
    pub(super) fn of(&mut self, text: &[u8]) -> Ends<'_> {
        self.0.clear();
        let (blocks, tail) = text.as_chunks::<64>();
        self.0.extend(blocks.iter().map(marks));
        let mut last = [0; 64];
        last.iter_mut().zip(tail.iter().chain([&b'\t'])).for_each(|(own, byte)| *own = *byte);
        self.0.push(marks(&last));
        Ends { words: self.0.iter(), word: 0, base: 0_usize.wrapping_sub(64) }
    }
}

/// The places, in their order.
pub(super) struct Ends<'a> {
    words: std::slice::Iter<'a, u64>,
    word: u64,
    /// Place of the word's first byte.
    base: usize,
}

impl Iterator for Ends<'_> {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        while self.word == 0 {
            self.word = *self.words.next()?;
            self.base = self.base.wrapping_add(64);
        }
        let place = self.base.wrapping_add(self.word.trailing_zeros() as usize);
        self.word &= self.word.wrapping_sub(1);
        Some(place)
    }
}

fn marks(block: &[u8; 64]) -> u64 {
    // Bit 0 of each of eight bytes to the highest byte: the factor moves bit 8i to 56 + i, and no two bits to one place.
    const GATHER: u64 = 0x0102_0408_1020_4080;
    let ends = block.map(|byte| u8::from(byte == b'\t') | u8::from(byte == b':') | u8::from(byte == b','));
    let (eights, _) = ends.as_chunks::<8>();
    eights.iter().rev().fold(0, |word, eight| word << 8 | u64::from_le_bytes(*eight).wrapping_mul(GATHER) >> 56)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_end_is_found_once() {
        let text: Vec<u8> = b"0/1:3,4:\t./.|-,".iter().copied().cycle().take(200).collect();
        let mut marks = Marks::default();
        for length in 0..=text.len() {
            let text = &text[..length];
            let expected = text.iter().enumerate().filter(|(_, b)| b"\t:,".contains(b)).map(|(place, _)| place);
            assert!(marks.of(text).eq(expected.chain([length])), "{length}");
        }
    }
}
