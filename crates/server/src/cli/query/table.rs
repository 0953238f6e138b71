//! Answers laid out for people: a table as wide as the terminal, or one line for each value.
//!
//! Control characters in values are written as escapes: a file from elsewhere must not steer the terminal.

use arrow_array::RecordBatch;
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use arrow_schema::SchemaRef;

/// Columns of text that a column is not cut below.
const LEAST_WIDTH: usize = 8;

/// How an answer is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) enum Shape {
    /// A line for each row; in at most so many columns of text, if any number is given.
    Table { width: Option<usize> },
    /// A line for each value.
    Expanded,
}

/// An answer as text, without a line end.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::cli) struct Table {
    pub(in crate::cli) text: String,
    /// Columns that had no room.
    pub(in crate::cli) hidden: usize,
}

/// Lays out rows.
///
/// Errors: a value that cannot be shown at all.
pub(in crate::cli) fn render(schema: &SchemaRef, batches: &[RecordBatch], shape: Shape) -> anyhow::Result<Table> {
    let heading: Vec<String> = schema.fields().iter().map(|field| printable(field.name())).collect();
    let rows = cells(batches)?;
    Ok(match shape {
        Shape::Table { width } => lines(&heading, &rows, width),
        Shape::Expanded => Table { text: expanded(&heading, &rows), hidden: 0 },
    })
}

fn cells(batches: &[RecordBatch]) -> anyhow::Result<Vec<Vec<String>>> {
    // A value that cannot be shown is shown as its fault.
    let options = FormatOptions::new().with_display_error(true);
    let mut rows = Vec::new();
    for batch in batches {
        let columns = batch.columns().iter().map(|column| ArrayFormatter::try_new(column, &options));
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        let row = |row| columns.iter().map(|column| printable(&column.value(row).to_string())).collect();
        rows.extend((0..batch.num_rows()).map(row));
    }
    Ok(rows)
}

/// A line end is shown as one.
fn printable(text: &str) -> String {
    let is_shown = |c: char| !c.is_control() || c == '\n';
    if text.chars().all(is_shown) {
        return text.to_owned();
    }
    let escaped = |c: char| if is_shown(c) { c.to_string() } else { c.escape_default().to_string() };
    text.chars().map(escaped).collect()
}

fn width_of(text: &str) -> usize {
    text.lines().map(console::measure_text_width).max().unwrap_or_default()
}

fn lines(heading: &[String], rows: &[Vec<String>], width: Option<usize>) -> Table {
    let mut widths: Vec<usize> = heading.iter().map(|cell| width_of(cell)).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(width_of(cell));
        }
    }
    let shown = width.map_or(widths.len(), |width| fit(&mut widths, width));
    let hidden = heading.len().saturating_sub(shown);
    widths.truncate(shown);
    if hidden > 0 {
        widths.push(1);
    }
    let rule: String = widths.iter().map(|width| format!("+{}", "-".repeat(width.saturating_add(2)))).collect();
    let rule = format!("{rule}+");
    let line = |row: &Vec<String>| {
        let height = row.iter().take(shown).map(|cell| cell.lines().count()).max().unwrap_or_default().max(1);
        let of_cell = |at: usize| row.iter().take(shown).map(move |cell| cell.lines().nth(at).unwrap_or_default());
        let line = |at: usize| {
            let cells = of_cell(at).chain((hidden > 0).then_some("…")).zip(&widths);
            let cells: String = cells.map(|(cell, width)| format!("| {} ", padded(cell, *width))).collect();
            format!("{cells}|")
        };
        (0..height).map(line).collect::<Vec<_>>().join("\n")
    };
    let mut text = vec![rule.clone(), line(&heading.to_vec()), rule.clone()];
    text.extend(rows.iter().map(line));
    if !rows.is_empty() {
        text.push(rule);
    }
    Table { text: text.join("\n"), hidden }
}

/// Narrows the widest columns until all fit into `total`; how many of the first ones do, else.
fn fit(widths: &mut [usize], total: usize) -> usize {
    // Each column has a bar and two spaces; after the last one comes a bar.
    let needed = |widths: &[usize], cap: usize| -> usize {
        widths.iter().map(|width| (*width).min(cap).saturating_add(3)).sum::<usize>().saturating_add(1)
    };
    let mut shown = widths.len();
    let mut room = total;
    while shown > 1 && needed(widths.get(..shown).unwrap_or_default(), LEAST_WIDTH) > room {
        shown -= 1;
        room = total.saturating_sub(4); // a last column says that there are more
    }
    let first = widths.get(..shown).unwrap_or_default();
    let cap = (LEAST_WIDTH..=total).rev().find(|cap| needed(first, *cap) <= room).unwrap_or(LEAST_WIDTH);
    widths.iter_mut().for_each(|width| *width = (*width).min(cap));
    shown
}

/// `cell` in exactly `width` columns of text.
fn padded(cell: &str, width: usize) -> String {
    console::pad_str(cell, width, console::Alignment::Left, Some("…")).into_owned()
}

fn expanded(heading: &[String], rows: &[Vec<String>]) -> String {
    let width = heading.iter().map(|name| width_of(name)).max().unwrap_or_default();
    let row = |(number, row): (usize, &Vec<String>)| {
        let title = format!("-[ row {} ]-", number.saturating_add(1));
        let further = format!("\n{} | ", " ".repeat(width));
        let value = |value: &String| value.trim_end_matches('\n').replace('\n', &further);
        let values = heading.iter().zip(row).map(|(name, cell)| format!("{} | {}", padded(name, width), value(cell)));
        std::iter::once(title).chain(values).collect::<Vec<_>>()
    };
    rows.iter().enumerate().flat_map(row).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    fn table(rows: &[&[&str]], width: Option<usize>) -> Table {
        let mut rows: Vec<Vec<String>> =
            rows.iter().map(|row| row.iter().map(|cell| printable(cell)).collect()).collect();
        let heading = rows.remove(0);
        lines(&heading, &rows, width)
    }

    #[test]
    fn the_widest_columns_are_cut_first() {
        let rows: [&[&str]; 3] =
            [&["contig", "names", "calls"], &["chr1", "rs1", "[0, 1, 0, 1, 0, 1]"], &["chr2", "rs2", "[0]"]];
        let table = table(&rows, Some(36));
        expect![[r#"
            +--------+-------+-----------------+
            | contig | names | calls           |
            +--------+-------+-----------------+
            | chr1   | rs1   | [0, 1, 0, 1, 0… |
            | chr2   | rs2   | [0]             |
            +--------+-------+-----------------+"#]]
        .assert_eq(&table.text);
        assert_eq!(table.hidden, 0);
    }

    #[test]
    fn columns_without_room_are_counted() {
        let wide = "0123456789abcdef";
        let table = table(&[&["a", "b", "c"], &[wide, wide, wide]], Some(32));
        expect![[r#"
            +------------+------------+---+
            | a          | b          | … |
            +------------+------------+---+
            | 012345678… | 012345678… | … |
            +------------+------------+---+"#]]
        .assert_eq(&table.text);
        assert_eq!(table.hidden, 1);
    }

    #[test]
    fn lines_of_a_value_are_lines() {
        let table = table(&[&["kind", "plan"], &["logical", "Projection\n  Scan\n"]], None);
        expect![[r#"
            +---------+------------+
            | kind    | plan       |
            +---------+------------+
            | logical | Projection |
            |         |   Scan     |
            +---------+------------+"#]]
        .assert_eq(&table.text);
    }

    #[test]
    fn escapes_of_a_file_do_not_reach_the_terminal() {
        let table = table(&[&["names"], &["\u{1b}[31mred\r"]], None);
        assert!(table.text.contains("\\u{1b}[31mred\\r"), "{}", table.text);
    }
}
