//! Coordinates: 1-based as files write them, 0-based half-open as tables hold them.

/// A 1-based position on a contig, as VCF's POS. 0 is the telomere before the first base (VCF 4.5, 1.6.1.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position(pub i64);

/// A 0-based half-open interval `[start, end)`, as in every table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Interval {
    pub start: i64,
    pub end: i64,
}

impl Position {
    /// The interval of `length` bases that begins at this position.
    pub fn interval(self, length: i64) -> Interval {
        Interval { start: self.0 - 1, end: self.0 - 1 + length }
    }
}

impl Interval {
    /// The 1-based position of the first base.
    pub fn position(self) -> Position {
        Position(self.start + 1)
    }
}
