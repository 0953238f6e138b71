//! The entries of annotation fields as Arrow columns. In: entries as written, and their layout. Out: the members of the
//! struct. Members that the layout lacks cost nothing until the end.

use super::layout::{COMPOUND_POSITION, Layout, Target};
use crate::vcf::percent;
use arrow_array::builder::{ListBuilder, MapBuilder, MapFieldNames, StringBuilder};
use arrow_array::{ArrayRef, StructArray, new_null_array};
use arrow_schema::{ArrowError, DataType, FieldRef, Fields};
use std::borrow::Cow;
use std::sync::Arc;

/// Entries under construction.
#[derive(Debug)]
pub(super) struct Entries {
    fields: Fields,
    /// By position in the struct; none where the layout lacks the member.
    members: Vec<Option<Member>>,
    extras: Option<MapBuilder<StringBuilder, StringBuilder>>,
    count: usize,
    /// Whether values are percent-encoded (VCF 4.3 on). They are decoded when nothing is left to split.
    decode: bool,
}

#[derive(Debug)]
enum Member {
    Text(StringBuilder),
    /// Split at `&`.
    List(ListBuilder<StringBuilder>),
    /// Split at `/`.
    Pair {
        fields: Fields,
        first: StringBuilder,
        second: StringBuilder,
        valid: Vec<bool>,
    },
}

impl Entries {
    /// `fields`: the members of the struct.
    pub(super) fn new(layout: &Layout, fields: &Fields, decode: bool) -> Self {
        let used = |position: usize| layout.targets.contains(&Target::Member(position));
        let members = fields.iter().enumerate().map(|(position, f)| used(position).then(|| Member::new(f.data_type())));
        let extras = fields.last().filter(|_| !layout.extras.is_empty()).map(|f| map_builder(f.data_type()));
        Self { fields: fields.clone(), members: members.collect(), extras, count: 0, decode }
    }

    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// Adds an entry that fits the layout.
    pub(super) fn push(&mut self, layout: &Layout, entry: &str) {
        let compound = entry.strip_prefix('@').filter(|_| layout.may_be_short);
        if let (Some(position), Some(extras)) = (compound, &mut self.extras) {
            extras.keys().append_value(COMPOUND_POSITION);
            extras.values().append_value(position);
        }
        let mut values = entry.split('|').filter(|_| compound.is_none());
        for target in &layout.targets {
            let value = values.next();
            match *target {
                Target::Member(position) => {
                    if let Some(Some(member)) = self.members.get_mut(position) {
                        member.push(value, self.decode);
                    }
                }
                Target::Extra(position) => {
                    if let (Some(extras), Some(key), Some(value)) =
                        (&mut self.extras, layout.extras.get(position), value)
                    {
                        extras.keys().append_value(key);
                        extras.values().append_value(decoded(value, self.decode));
                    }
                }
            }
        }
        if let Some(extras) = &mut self.extras {
            // Fails only if keys and values differ in number: one of each was added.
            let _ = extras.append(true);
        }
        self.count += 1;
    }

    /// The structs of the entries so far; the builder starts anew.
    pub(super) fn finish(&mut self) -> Result<StructArray, ArrowError> {
        let count = std::mem::take(&mut self.count);
        let last = self.fields.len().saturating_sub(1);
        let mut columns: Vec<ArrayRef> = Vec::with_capacity(self.fields.len());
        for (position, (field, member)) in self.fields.iter().zip(&mut self.members).enumerate() {
            columns.push(match (member, &mut self.extras) {
                (Some(member), _) => member.finish()?,
                (None, Some(extras)) if position == last => Arc::new(extras.finish()),
                _ => new_null_array(field.data_type(), count),
            });
        }
        StructArray::try_new(self.fields.clone(), columns, None)
    }
}

impl Member {
    fn new(kind: &DataType) -> Self {
        match kind {
            DataType::List(element) => {
                Self::List(ListBuilder::new(StringBuilder::new()).with_field(FieldRef::clone(element)))
            }
            DataType::Struct(fields) => Self::Pair {
                fields: fields.clone(),
                first: StringBuilder::new(),
                second: StringBuilder::new(),
                valid: Vec::new(),
            },
            _ => Self::Text(StringBuilder::new()),
        }
    }

    /// Adds a value; none where the entry ends before it. A blank list or pair is null, a blank text is itself.
    fn push(&mut self, value: Option<&str>, decode: bool) {
        let filled = value.filter(|v| !v.trim().is_empty());
        match self {
            Self::Text(texts) => match value {
                Some(value) => texts.append_value(decoded(value, decode)),
                None => texts.append_null(),
            },
            Self::List(lists) => {
                let members = filled.into_iter().flat_map(|v| v.split('&'));
                members.for_each(|member| lists.values().append_value(decoded(member, decode)));
                lists.append(filled.is_some());
            }
            Self::Pair { first, second, valid, .. } => {
                let (one, other) = match filled.map(|v| v.split_once('/').unzip()) {
                    Some((None, None)) => (filled, None),
                    Some(pair) => pair,
                    None => (None, None),
                };
                first.append_option(one.map(|v| decoded(v, decode)));
                second.append_option(other.map(|v| decoded(v, decode)));
                valid.push(filled.is_some());
            }
        }
    }

    fn finish(&mut self) -> Result<ArrayRef, ArrowError> {
        Ok(match self {
            Self::Text(texts) => Arc::new(texts.finish()),
            Self::List(lists) => Arc::new(lists.finish()),
            Self::Pair { fields, first, second, valid } => {
                let members: Vec<ArrayRef> = vec![Arc::new(first.finish()), Arc::new(second.finish())];
                let nulls = std::mem::take(valid).into();
                Arc::new(StructArray::try_new(fields.clone(), members, Some(nulls))?)
            }
        })
    }
}

fn decoded(text: &str, decode: bool) -> Cow<'_, str> {
    let decoded = if decode { percent::decoded(text) } else { None };
    decoded.map_or(Cow::Borrowed(text), Cow::Owned)
}

fn map_builder(kind: &DataType) -> MapBuilder<StringBuilder, StringBuilder> {
    let names = MapFieldNames { entry: "key_value".to_owned(), key: "key".to_owned(), value: "value".to_owned() };
    let builder = MapBuilder::new(Some(names), StringBuilder::new(), StringBuilder::new());
    let DataType::Map(entries, _) = kind else { return builder };
    match entries.data_type() {
        DataType::Struct(fields) => match &fields[..] {
            [key, value] => builder.with_keys_field(FieldRef::clone(key)).with_values_field(FieldRef::clone(value)),
            _ => builder,
        },
        _ => builder,
    }
}
