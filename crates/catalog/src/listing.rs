//! Pages of a listing: newest first, continued after the last entry given, so that new entries shift nothing.

use crate::dialect::{Db, Row};
use crate::error::Result;
use sqlx::{QueryBuilder, Row as _};
use varberg_model::{Page, PageSize, PageToken};

/// Ends a query whose table has `created_us` and `id` and whose WHERE clause stands: the place, the order, the size.
pub(crate) fn push_page(query: &mut QueryBuilder<'_, Db>, size: PageSize, after: Option<&PageToken>) {
    if let Some(token) = after {
        query.push(" AND (created_us < ").push_bind(token.created_us);
        query.push(" OR (created_us = ").push_bind(token.created_us);
        query.push(" AND id < ").push_bind(token.id.clone()).push("))");
    }
    // One more than the page tells whether there is another page.
    query.push(" ORDER BY created_us DESC, id DESC LIMIT ").push_bind(i64::from(size.get()) + 1);
}

/// Adds ` AND column = value` when there is a value.
pub(crate) fn push_equal(query: &mut QueryBuilder<'_, Db>, column: &'static str, value: Option<&str>) {
    if let Some(value) = value {
        query.push(" AND ").push(column).push(" = ").push_bind(value.to_owned());
    }
}

/// Adds ` AND created_us` within the bounds given, both exclusive.
pub(crate) fn push_created(query: &mut QueryBuilder<'_, Db>, after_us: Option<i64>, before_us: Option<i64>) {
    if let Some(us) = after_us {
        query.push(" AND created_us > ").push_bind(us);
    }
    if let Some(us) = before_us {
        query.push(" AND created_us < ").push_bind(us);
    }
}

/// Adds `column IN (values)`.
pub(crate) fn push_in(query: &mut QueryBuilder<'_, Db>, column: &'static str, values: &[String]) {
    query.push(column).push(" IN (");
    let mut list = query.separated(", ");
    for value in values {
        list.push_bind(value.clone());
    }
    query.push(")");
}

/// Makes a page of the rows of a query that [`push_page`] ended.
pub(crate) fn page<T>(rows: &[Row], size: PageSize, read: impl Fn(&Row) -> Result<T>) -> Result<Page<T>> {
    let size = usize::try_from(size.get()).unwrap_or(usize::MAX);
    let given = rows.get(..size.min(rows.len())).unwrap_or_default();
    let next = match given.last() {
        Some(last) if rows.len() > size => {
            Some(PageToken { created_us: last.try_get("created_us")?, id: last.try_get("id")? })
        }
        _ => None,
    };
    Ok(Page { entries: given.iter().map(read).collect::<Result<_>>()?, next })
}
