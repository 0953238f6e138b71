//! What a TSV annotation store holds: its columns, and which of them are coordinates and alleles (spec 3.9, 12.3).

use crate::error::{ValidationError, check_length};
use crate::tsv_schema::{TsvSchema, ValueType};
use std::collections::BTreeMap;

/// How the rows of a store are placed on a genome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AnnotationType {
    Generic,
    ChrPos,
    ChrPosRefAlt,
    ChrStartEndOneBase,
    ChrStartEndRefAltOneBase,
    ChrStartEndZeroBase,
    ChrStartEndRefAltZeroBase,
}

impl AnnotationType {
    pub const ALL: [Self; 7] = [
        Self::Generic,
        Self::ChrPos,
        Self::ChrPosRefAlt,
        Self::ChrStartEndOneBase,
        Self::ChrStartEndRefAltOneBase,
        Self::ChrStartEndZeroBase,
        Self::ChrStartEndRefAltZeroBase,
    ];

    /// As the API spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Generic => "GENERIC",
            Self::ChrPos => "CHR_POS",
            Self::ChrPosRefAlt => "CHR_POS_REF_ALT",
            Self::ChrStartEndOneBase => "CHR_START_END_ONE_BASE",
            Self::ChrStartEndRefAltOneBase => "CHR_START_END_REF_ALT_ONE_BASE",
            Self::ChrStartEndZeroBase => "CHR_START_END_ZERO_BASE",
            Self::ChrStartEndRefAltZeroBase => "CHR_START_END_REF_ALT_ZERO_BASE",
        }
    }

    pub fn parse(field: &str, text: &str) -> Result<Self, ValidationError> {
        let values = Self::ALL.map(Self::as_str);
        Self::ALL.into_iter().find(|v| v.as_str() == text).ok_or_else(|| ValidationError::one_of(field, &values))
    }

    /// The keys that `formatToHeader` must have.
    pub fn keys(self) -> &'static [FormatKey] {
        use FormatKey::{Alt, Chr, End, Pos, Ref, Start};
        match self {
            Self::Generic => &[],
            Self::ChrPos => &[Chr, Pos],
            Self::ChrPosRefAlt => &[Chr, Pos, Ref, Alt],
            Self::ChrStartEndOneBase | Self::ChrStartEndZeroBase => &[Chr, Start, End],
            Self::ChrStartEndRefAltOneBase | Self::ChrStartEndRefAltZeroBase => &[Chr, Start, End, Ref, Alt],
        }
    }

    /// Whether tables of the type have a column `end` that is computed.
    pub fn adds_end(self) -> bool {
        matches!(self, Self::ChrPos | Self::ChrPosRefAlt)
    }

    /// The key of the column that files count from 1 and tables from 0.
    pub fn one_based(self) -> Option<FormatKey> {
        match self {
            Self::ChrPos | Self::ChrPosRefAlt => Some(FormatKey::Pos),
            Self::ChrStartEndOneBase | Self::ChrStartEndRefAltOneBase => Some(FormatKey::Start),
            Self::Generic | Self::ChrStartEndZeroBase | Self::ChrStartEndRefAltZeroBase => None,
        }
    }
}

/// A part that a column can play.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FormatKey {
    Chr,
    Start,
    End,
    Ref,
    Alt,
    Pos,
}

impl FormatKey {
    pub const ALL: [Self; 6] = [Self::Chr, Self::Start, Self::End, Self::Ref, Self::Alt, Self::Pos];

    /// As the API spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Chr => "CHR",
            Self::Start => "START",
            Self::End => "END",
            Self::Ref => "REF",
            Self::Alt => "ALT",
            Self::Pos => "POS",
        }
    }

    pub fn parse(field: &str, text: &str) -> Result<Self, ValidationError> {
        let values = Self::ALL.map(Self::as_str);
        Self::ALL.into_iter().find(|v| v.as_str() == text).ok_or_else(|| ValidationError::one_of(field, &values))
    }

    fn fits(self, kind: ValueType) -> bool {
        match self {
            Self::Chr | Self::Ref | Self::Alt => kind == ValueType::String,
            Self::Start | Self::End | Self::Pos => kind.is_integer(),
        }
    }

    fn expected(self) -> &'static str {
        match self {
            Self::Chr | Self::Ref | Self::Alt => "STRING",
            Self::Start | Self::End | Self::Pos => "LONG or INT",
        }
    }
}

/// The name of the computed column.
pub(crate) const END: &str = "end";

/// The options of a store, or of a version of one, checked: every key of the type is there, and each key names a column
/// of its own, of a fitting type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TsvStoreOptions {
    annotation_type: AnnotationType,
    format_to_header: BTreeMap<FormatKey, String>,
    schema: TsvSchema,
}

impl TsvStoreOptions {
    /// `field` is the member that holds the options, as the API spells it (`storeOptions.tsvStoreOptions`).
    pub fn new(
        field: &str,
        annotation_type: AnnotationType,
        format_to_header: BTreeMap<FormatKey, String>,
        schema: TsvSchema,
    ) -> Result<Self, ValidationError> {
        let member = |key: &FormatKey| format!("{field}.formatToHeader.{}", key.as_str());
        for key in annotation_type.keys() {
            if !format_to_header.contains_key(key) {
                let reason = format!("Member must not be null for annotationType {}", annotation_type.as_str());
                return Err(ValidationError::new(member(key), reason));
            }
        }
        for (key, name) in &format_to_header {
            check_length(&member(key), name, 1, 1000)?;
            check_column(&member(key), *key, name, &schema)?;
            if let Some((other, _)) = format_to_header.iter().find(|(other, n)| *other < key && *n == name) {
                let reason = format!("Member must not name column {name}, which is that of {}", other.as_str());
                return Err(ValidationError::new(member(key), reason));
            }
            if annotation_type.adds_end() && annotation_type.keys().contains(key) && name == END {
                let reason = format!(
                    "Member must not name column {END}, which is computed for annotationType {}",
                    annotation_type.as_str()
                );
                return Err(ValidationError::new(member(key), reason));
            }
        }
        Ok(Self { annotation_type, format_to_header, schema })
    }

    pub fn annotation_type(&self) -> AnnotationType {
        self.annotation_type
    }

    pub fn format_to_header(&self) -> &BTreeMap<FormatKey, String> {
        &self.format_to_header
    }

    pub fn schema(&self) -> &TsvSchema {
        &self.schema
    }

    /// The place in the schema, from 0, of the column that plays a part in the type; none if the type has no such part.
    pub fn position(&self, key: FormatKey) -> Option<usize> {
        let name = self.format_to_header.get(&key).filter(|_| self.annotation_type.keys().contains(&key))?;
        self.schema.position(name)
    }
}

fn check_column(member: &str, key: FormatKey, name: &str, schema: &TsvSchema) -> Result<(), ValidationError> {
    let Some((_, kind)) = schema.columns().iter().find(|(n, _)| n == name) else {
        return Err(ValidationError::new(member, "Member must name a column of the schema"));
    };
    if !key.fits(*kind) {
        let reason = format!("Member must name a column of type {}; {name} is {}", key.expected(), kind.as_str());
        return Err(ValidationError::new(member, reason));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
