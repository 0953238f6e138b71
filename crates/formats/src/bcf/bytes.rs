//! The bytes of a record, taken from the front: numbers, and typed values with their descriptors. In: bytes. Out: what
//! they say, or the fault that there are too few of them. Knows no fields.

use super::record::fault;
use crate::fault::Fault;

/// What a type descriptor says of the values after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Type 0, which has no values.
    Missing,
    Int8,
    Int16,
    Int32,
    Float,
    Character,
}

impl Kind {
    /// Bytes of one value.
    pub(super) fn width(self) -> usize {
        match self {
            Self::Missing => 0,
            Self::Int8 | Self::Character => 1,
            Self::Int16 => 2,
            Self::Int32 | Self::Float => 4,
        }
    }

    fn of(code: u8) -> Result<Self, Fault> {
        match code {
            0 => Ok(Self::Missing),
            1 => Ok(Self::Int8),
            2 => Ok(Self::Int16),
            3 => Ok(Self::Int32),
            5 => Ok(Self::Float),
            7 => Ok(Self::Character),
            code => Err(fault(&format!("a value has the unknown type {code}"))),
        }
    }
}

/// Values of one type.
#[derive(Debug, Clone, Copy)]
pub(super) struct Vector<'a> {
    pub(super) kind: Kind,
    /// Values, as the descriptor counts them.
    pub(super) length: usize,
    pub(super) bytes: &'a [u8],
}

/// What is left of a record's bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bytes<'a> {
    rest: &'a [u8],
}

impl<'a> Bytes<'a> {
    pub(super) fn new(rest: &'a [u8]) -> Self {
        Self { rest }
    }

    pub(super) fn len(&self) -> usize {
        self.rest.len()
    }

    #[inline]
    pub(super) fn take(&mut self, length: usize) -> Result<&'a [u8], Fault> {
        let Some((taken, rest)) = self.rest.split_at_checked(length) else { return Err(self.too_short(length)) };
        self.rest = rest;
        Ok(taken)
    }

    #[cold]
    fn too_short(&self, length: usize) -> Fault {
        let left = self.rest.len();
        fault(&format!("it ends too early: {length} bytes are announced where {left} are left"))
    }

    #[inline]
    fn array<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        let taken = self.take(N)?;
        taken.first_chunk().copied().ok_or_else(|| fault("it ends too early"))
    }

    pub(super) fn u16(&mut self) -> Result<u16, Fault> {
        self.array().map(u16::from_le_bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32, Fault> {
        self.array().map(u32::from_le_bytes)
    }

    pub(super) fn i32(&mut self) -> Result<i32, Fault> {
        self.array().map(i32::from_le_bytes)
    }

    /// A type and a number of values: in the byte itself up to 14, else as a typed integer after it.
    pub(super) fn descriptor(&mut self) -> Result<(Kind, usize), Fault> {
        let [byte] = self.array()?;
        let kind = Kind::of(byte & 0x0f)?;
        let length = match byte >> 4 {
            15 => self.integer()?,
            length => i32::from(length),
        };
        let length = usize::try_from(length).map_err(|_| fault("a vector has a negative length"))?;
        if kind == Kind::Missing && length > 0 {
            return Err(fault("a value without a type has a length"));
        }
        Ok((kind, length))
    }

    /// One typed integer that is not missing.
    #[inline]
    pub(super) fn integer(&mut self) -> Result<i32, Fault> {
        let [byte] = self.array()?;
        match byte {
            0x11 => self.array().map(|b| i32::from(i8::from_le_bytes(b))),
            0x12 => self.array().map(|b| i32::from(i16::from_le_bytes(b))),
            0x13 => self.i32(),
            _ => Err(fault("an integer is not where one must be")),
        }
    }

    /// A descriptor and its values.
    pub(super) fn vector(&mut self) -> Result<Vector<'a>, Fault> {
        let (kind, length) = self.descriptor()?;
        let bytes = self.take(length.saturating_mul(kind.width()))?;
        Ok(Vector { kind, length, bytes })
    }
}
