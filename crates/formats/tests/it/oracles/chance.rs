//! Choices that an oracle makes on its own: where to cut, which limit. They follow from the input, so that a finding can
//! be repeated and the seeds stay plain files.

use std::io::{self, ErrorKind, Read};

/// A random sequence (splitmix64).
#[derive(Debug, Clone)]
pub struct Chance(u64);

impl Chance {
    pub fn of(input: &[u8]) -> Self {
        let fnv = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        Self(input.iter().fold(0xcbf2_9ce4_8422_2325, fnv))
    }

    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 to `bound` - 1; 0 if that is empty.
    pub fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound.max(1)).unwrap_or(u64::MAX);
        usize::try_from(self.number() % bound).unwrap_or(0)
    }

    pub fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    /// Up to `most` different places inside `length` bytes, ascending, none at 0.
    pub fn cuts(&mut self, most: usize, length: usize) -> Vec<usize> {
        let count = self.below(most + 1);
        let mut cuts: Vec<usize> = (0..count).map(|_| 1 + self.below(length.saturating_sub(1))).collect();
        cuts.retain(|cut| *cut < length);
        cuts.sort_unstable();
        cuts.dedup();
        cuts
    }
}

/// A reader that hands its bytes out in pieces of any size, and is interrupted now and then.
#[derive(Debug)]
pub struct Pieces {
    bytes: io::Cursor<Vec<u8>>,
    chance: Chance,
}

impl Pieces {
    pub fn new(bytes: &[u8], chance: &mut Chance) -> Self {
        Self { bytes: io::Cursor::new(bytes.to_vec()), chance: Chance(chance.number()) }
    }
}

impl Read for Pieces {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.chance.one_in(16) {
            return Err(ErrorKind::Interrupted.into());
        }
        let most = [1, 20, 700, usize::MAX][self.chance.below(4)];
        let length = out.len().min(1 + self.chance.below(most));
        self.bytes.read(out.get_mut(..length).unwrap_or_default())
    }
}
