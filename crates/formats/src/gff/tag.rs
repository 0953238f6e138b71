//! The attributes that have columns of their own. In: a key. Out: which one it is, and how it is stored.
//! Source: Generic Feature Format Version 3, 1.26, "Column 9: attributes"; spec 12.2.

/// An attribute that GFF3 defines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tag {
    Id,
    Name,
    Alias,
    Parent,
    Target,
    Gap,
    DerivesFrom,
    Note,
    Dbxref,
    OntologyTerm,
    IsCircular,
}

impl Tag {
    pub(super) const COUNT: usize = 11;

    /// The tag that a key in lower case means; underscores mean nothing (spec 12.2).
    pub(super) fn of(key: &[u8]) -> Option<Self> {
        // Most keys are none of them, which their first byte tells.
        if !matches!(key.first()?, b'i' | b'n' | b'a' | b'p' | b't' | b'g' | b'd' | b'o' | b'_') {
            return None;
        }
        let mut plain = [0; 12];
        let mut length = 0;
        for byte in key {
            if *byte != b'_' {
                *plain.get_mut(length)? = *byte;
                length += 1;
            }
        }
        Some(match plain.get(..length)? {
            b"id" => Self::Id,
            b"name" => Self::Name,
            b"alias" => Self::Alias,
            b"parent" => Self::Parent,
            b"target" => Self::Target,
            b"gap" => Self::Gap,
            b"derivesfrom" => Self::DerivesFrom,
            b"note" => Self::Note,
            b"dbxref" => Self::Dbxref,
            b"ontologyterm" => Self::OntologyTerm,
            b"iscircular" => Self::IsCircular,
            _ => return None,
        })
    }

    /// Name of its column.
    pub(super) fn column(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Name => "name",
            Self::Alias => "alias",
            Self::Parent => "parent",
            Self::Target => "target",
            Self::Gap => "gap",
            Self::DerivesFrom => "derivesfrom",
            Self::Note => "note",
            Self::Dbxref => "dbxref",
            Self::OntologyTerm => "ontologyterm",
            Self::IsCircular => "is_circular",
        }
    }

    /// Whether it has several values, separated by commas.
    pub(super) fn is_list(self) -> bool {
        match self {
            Self::Alias | Self::Parent | Self::Note | Self::Dbxref | Self::OntologyTerm => true,
            Self::Id | Self::Name | Self::Target | Self::Gap | Self::DerivesFrom | Self::IsCircular => false,
        }
    }
}
