//! Values of single rows to the columns under construction. In: cells of vectors. Out: values, and text beside them where
//! they do not tell it.

use super::input::Input;
use super::sink::Sink;
use super::{ExplodeError, Field, Role, Source, not_text, values};
use crate::builders;
use crate::genotypes::GenotypeCell;
use crate::vector::Cell;
use arrow_array::{Array, StringArray};

/// Starts the `information` of `count` rows: the same keys in each.
pub(super) fn put_information_keys(keys: &StringArray, count: usize, sink: &mut Sink) {
    if keys.is_empty() {
        sink.information.push_nulls(count);
    } else {
        sink.information.close_rows(keys.len(), count);
        sink.information.keys.repeat(keys, 0..keys.len(), count);
    }
}

/// Adds the text of an undeclared field to `information`, null where it is missing, and to `_raw`.
pub(super) fn put_undeclared(raw_key: &str, cell: Cell<'_>, sink: &mut Sink) {
    match cell {
        Cell::Absent | Cell::Text(b".") => sink.information.values.push_nulls(1),
        cell => {
            cell.put_text(&mut sink.information.values.bytes);
            sink.information.values.close();
            put_raw(raw_key, cell, sink);
        }
    }
}

/// Starts a row of `_raw` with what the record has.
pub(super) fn row_raw(input: &Input<'_>, record: usize, sink: &mut Sink) -> Result<(), ExplodeError> {
    if input.raw.is_null(record) {
        return Ok(());
    }
    let keys = input.raw.keys().as_any().downcast_ref::<StringArray>().ok_or_else(not_text)?;
    let values = input.raw.values().as_any().downcast_ref::<StringArray>().ok_or_else(not_text)?;
    let range = builders::row_range(input.raw.value_offsets(), record).ok_or_else(not_text)?;
    sink.raw.keys.repeat(keys, range.clone(), 1);
    sink.raw.values.repeat(values, range, 1);
    Ok(())
}

/// Adds nulls for a FORMAT field that a record lacks.
pub(super) fn put_nulls(role: Role, count: usize, sink: &mut Sink) {
    match role {
        Role::Calls => sink.calls.push_nulls(count),
        Role::Int { column, .. } => sink.ints[column].push_nulls(count),
        Role::List(column) => sink.lists[column].push_nulls(count),
        Role::Doubles => sink.doubles.push_nulls(count),
        Role::Information => sink.information.values.push_nulls(count),
    }
}

/// Adds the next sample's value, and its text to `_raw` where the value does not tell it; whether the sample has one.
pub(super) fn put_value(field: &Field, source: &mut Source<'_>, sink: &mut Sink, scratch: &mut Vec<u8>) -> bool {
    let cell = match source {
        Source::None => {
            put_nulls(field.role, 1, sink);
            return false;
        }
        Source::Genotypes(cursor) => return put_genotype(field, cursor.next_cell(), sink),
        Source::Values(cursor) => cursor.next_cell(),
    };
    let exact = match field.role {
        Role::Calls => true, // not reached: GT has a genotype source
        Role::Int { column, rounds } => {
            let (value, exact) = values::integer(cell, rounds, scratch);
            sink.ints[column].push(value);
            exact
        }
        Role::List(column) => {
            let list = &mut sink.lists[column];
            let start = list.elements.len();
            let (valid, exact) = values::integers(cell, &mut list.elements, scratch);
            list.close_if(valid, start);
            exact
        }
        Role::Doubles => {
            let list = &mut sink.doubles;
            let start = list.elements.len();
            let (valid, exact) = values::doubles(cell, &mut list.elements, scratch);
            list.close_if(valid, start);
            exact
        }
        Role::Information => {
            let column = &mut sink.information.values;
            let start = column.bytes.len();
            let (valid, exact) = values::information(cell, &field.format, &mut column.bytes, scratch);
            column.close_if(valid, start);
            exact
        }
    };
    if !exact && sink.has_raw {
        put_raw(&field.raw_key, cell, sink);
    }
    !matches!(cell, Cell::Absent)
}

fn put_genotype(field: &Field, cell: GenotypeCell<'_>, sink: &mut Sink) -> bool {
    let start = sink.calls.elements.len();
    let seen = cell.put_alleles(&mut sink.calls.elements);
    sink.calls.close_if(seen.is_some(), start);
    sink.phased.append(seen.is_some_and(|s| s.phased));
    if sink.has_raw && seen.is_some_and(|s| !s.exact) {
        sink.raw.keys.push(field.raw_key.as_bytes());
        cell.put_text(&mut sink.raw.values.bytes);
        sink.raw.values.close();
    }
    seen.is_some()
}

fn put_raw(key: &str, cell: Cell<'_>, sink: &mut Sink) {
    sink.raw.keys.push(key.as_bytes());
    cell.put_text(&mut sink.raw.values.bytes);
    sink.raw.values.close();
}
