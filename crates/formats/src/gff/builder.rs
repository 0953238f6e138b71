//! The columns of a batch of features, written in place. In: features and their attributes, judged before. Out: arrays in
//! the order of `varberg_rows::feature_columns`.

use super::attributes::{Attributes, Line, join};
use super::feature::Feature;
use super::percent::{self, Escapes};
use super::tag::Tag;
use arrow_array::builder::BooleanBuilder;
use arrow_array::types::{Float64Type, Int32Type, Int64Type};
use arrow_array::{Array, ArrayRef, Int64Array, RecordBatch, new_null_array};
use arrow_schema::{ArrowError, SchemaRef};
use std::ops::Range;
use std::sync::Arc;
use varberg_rows::{Maps, Numbers, StringLists, Strings, feature_columns, feature_schema};

pub(super) struct FeatureBuilder {
    schema: SchemaRef,
    seqid: Strings,
    source: Strings,
    kind: Strings,
    start: Numbers<Int64Type>,
    end: Numbers<Int64Type>,
    score: Numbers<Float64Type>,
    strand: Strings,
    phase: Numbers<Int32Type>,
    id: Strings,
    name: Strings,
    alias: Strings,
    parent: StringLists,
    target: Strings,
    gap: Strings,
    derives_from: Strings,
    note: StringLists,
    dbxref: StringLists,
    ontology_term: StringLists,
    is_circular: BooleanBuilder,
    information: Maps,
}

impl FeatureBuilder {
    pub(super) fn new() -> Self {
        Self {
            schema: feature_schema(),
            seqid: Strings::default(),
            source: Strings::default(),
            kind: Strings::default(),
            start: Numbers::default(),
            end: Numbers::default(),
            score: Numbers::default(),
            strand: Strings::default(),
            phase: Numbers::default(),
            id: Strings::default(),
            name: Strings::default(),
            alias: Strings::default(),
            parent: StringLists::default(),
            target: Strings::default(),
            gap: Strings::default(),
            derives_from: Strings::default(),
            note: StringLists::default(),
            dbxref: StringLists::default(),
            ontology_term: StringLists::default(),
            is_circular: BooleanBuilder::new(),
            information: Maps::default(),
        }
    }

    pub(super) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Appends a feature; `line` is the one whose attributes were read.
    pub(super) fn push(&mut self, feature: &Feature<'_>, line: &Line<'_>, attributes: &Attributes) {
        let escapes = line.escapes;
        put_text(&mut self.seqid, feature.seqid, escapes);
        put_text(&mut self.source, feature.source, escapes);
        put_text(&mut self.kind, feature.kind, escapes);
        self.start.push(feature.start);
        self.end.push(feature.end);
        self.score.push(feature.score);
        put_text(&mut self.strand, feature.strand, escapes);
        self.phase.push(feature.phase);
        let texts = [
            (Tag::Id, &mut self.id),
            (Tag::Name, &mut self.name),
            (Tag::Alias, &mut self.alias),
            (Tag::Target, &mut self.target),
            (Tag::Gap, &mut self.gap),
            (Tag::DerivesFrom, &mut self.derives_from),
        ];
        for (tag, column) in texts {
            if join(attributes.column(tag, line.text), escapes, &mut column.bytes) {
                column.close();
            } else {
                column.push_nulls(1);
            }
        }
        let lists = [
            (Tag::Parent, &mut self.parent),
            (Tag::Note, &mut self.note),
            (Tag::Dbxref, &mut self.dbxref),
            (Tag::OntologyTerm, &mut self.ontology_term),
        ];
        for (tag, column) in lists {
            let mut any = false;
            for element in attributes.column(tag, line.text).flat_map(|value| value.split(',')) {
                put_text(&mut column.elements, Some(element), escapes);
                any = true;
            }
            column.close_row(any);
        }
        self.is_circular.append_option(attributes.is_circular());
        self.put_information(line, attributes);
    }

    fn put_information(&mut self, line: &Line<'_>, attributes: &Attributes) {
        for (key, tag, first) in attributes.others() {
            self.information.keys.push(key);
            let values = attributes.values(first, line.text);
            let column = &mut self.information.values;
            let has_value = if tag.is_some_and(|tag| line.shows_brackets(tag)) {
                put_brackets(values, line.escapes, &mut column.bytes)
            } else {
                join(values, line.escapes, &mut column.bytes)
            };
            if has_value { column.close() } else { column.push_nulls(1) }
        }
        self.information.close_row();
    }

    /// The batch of the features so far, whose ordinals are given.
    pub(super) fn finish(&mut self, ordinals: Range<u64>) -> Result<RecordBatch, ArrowError> {
        let schema = Arc::clone(&self.schema);
        let kind = |column: usize| schema.field(column).data_type();
        let rows = usize::try_from(ordinals.end - ordinals.start).unwrap_or(0);
        let ordinals: Int64Array = ordinals.map(|r| i64::try_from(r).unwrap_or(i64::MAX)).collect();
        let information = self.information.take().finish(kind(feature_columns::INFORMATION))?;
        let text = |column: &mut Strings| column.take().finish().map(|array| Arc::new(array) as ArrayRef);
        let list = |column: &mut StringLists, at: usize| column.take().finish(kind(at));
        let columns: Vec<ArrayRef> = vec![
            text(&mut self.seqid)?,
            text(&mut self.source)?,
            text(&mut self.kind)?,
            self.start.take().finish(),
            self.end.take().finish(),
            self.score.take().finish(),
            text(&mut self.strand)?,
            self.phase.take().finish(),
            text(&mut self.id)?,
            text(&mut self.name)?,
            text(&mut self.alias)?,
            list(&mut self.parent, feature_columns::PARENT)?,
            text(&mut self.target)?,
            text(&mut self.gap)?,
            text(&mut self.derives_from)?,
            list(&mut self.note, feature_columns::NOTE)?,
            list(&mut self.dbxref, feature_columns::DBXREF)?,
            list(&mut self.ontology_term, feature_columns::ONTOLOGY_TERM)?,
            Arc::new(self.is_circular.finish()),
            information.unwrap_or_else(|| new_null_array(kind(feature_columns::INFORMATION), rows)),
            Arc::new(ordinals),
        ];
        debug_assert!(columns.iter().all(|column| column.len() == rows));
        RecordBatch::try_new(Arc::clone(&schema), columns)
    }
}

fn put_text(column: &mut Strings, text: Option<&str>, escapes: Escapes) {
    match text {
        Some(text) => {
            percent::put(text, escapes, &mut column.bytes);
            column.close();
        }
        None => column.push_nulls(1),
    }
}

/// Appends the elements of lists as Spark casts an array to text: `[a, b]`; false if there are none.
fn put_brackets<'a>(values: impl Iterator<Item = &'a str>, escapes: Escapes, out: &mut Vec<u8>) -> bool {
    let mut any = false;
    for element in values.flat_map(|value| value.split(',')) {
        out.extend_from_slice(if std::mem::replace(&mut any, true) { b", " } else { b"[" });
        percent::put(element, escapes, out);
    }
    if any {
        out.push(b']');
    }
    any
}
