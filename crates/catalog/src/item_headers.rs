//! Headers of imported files, kept for export; and the files of a store with what is known of each.
//!
//! A header is kept while its item is worked on and stays if the item is published; it goes with its store. Texts hold
//! sample names: they are never logged. What a text says is no matter of this crate.

use crate::Catalog;
use crate::dialect::{Connection, Row};
use crate::error::{Error, Result};
use crate::leases::{Lease, held};
use crate::rows::{count, import_item, job_id, micros, optional_time, unsigned};
use chrono::{DateTime, Utc};
use sqlx::{QueryBuilder, Row as _};
use varberg_model::{AccountId, ImportItem, JobId, Page, PageSize, PageToken, StoreId};

/// A file's header as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemHeader {
    /// SHA-256 of the uncompressed text, lower-case hexadecimal.
    pub digest: String,
    /// Compressed.
    pub text: Vec<u8>,
    /// Number of sample columns.
    pub samples: u64,
    /// Records of each part of the file, in order.
    pub part_records: Vec<u64>,
}

/// A file of a store, published or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreItem {
    pub job: JobId,
    /// When its job was enqueued.
    pub created: DateTime<Utc>,
    /// When its job ended.
    pub completed: Option<DateTime<Utc>>,
    pub item: ImportItem,
    /// Without its text. None where the item is not published, or was before headers were kept.
    pub header: Option<ItemHeader>,
}

impl Catalog {
    /// Keeps the header of an item that is being worked on; a header kept before is replaced.
    ///
    /// Errors: [`Error::LeaseLost`].
    pub async fn keep_header(&self, lease: &Lease, position: u32, header: &ItemHeader) -> Result<()> {
        let mut tx = self.write().await?;
        held(&mut tx, lease).await?;
        sqlx::query("INSERT INTO header_texts (digest, text) VALUES ($1, $2) ON CONFLICT (digest) DO NOTHING")
            .bind(&header.digest)
            .bind(&header.text)
            .execute(&mut *tx)
            .await?;
        let parts: Vec<String> = header.part_records.iter().map(u64::to_string).collect();
        sqlx::query(
            "INSERT INTO item_headers (job_id, position, digest, samples, part_records) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (job_id, position) DO UPDATE
             SET digest = excluded.digest, samples = excluded.samples, part_records = excluded.part_records",
        )
        .bind(lease.job.to_string())
        .bind(i64::from(position))
        .bind(&header.digest)
        .bind(count(header.samples))
        .bind(parts.join(","))
        .execute(&mut *tx)
        .await?;
        Ok(tx.commit().await?)
    }

    /// The header of a published item.
    pub async fn header(&self, account: &AccountId, job: JobId, position: u32) -> Result<Option<ItemHeader>> {
        let row = sqlx::query(
            "SELECT h.digest, t.text, h.samples, h.part_records FROM item_headers h
             JOIN header_texts t ON t.digest = h.digest
             JOIN import_items i ON i.job_id = h.job_id AND i.position = h.position
             JOIN import_jobs j ON j.id = h.job_id
             WHERE h.job_id = $1 AND h.position = $2 AND j.account = $3 AND i.status = 'COMPLETED'",
        )
        .bind(job.to_string())
        .bind(i64::from(position))
        .bind(account.as_str())
        .fetch_optional(&self.readers)
        .await?;
        row.map(|row| Ok(ItemHeader { text: row.try_get("text")?, ..kept(&row)? })).transpose()
    }

    /// A page of the files of a store, oldest job first, in the order of their jobs; without those of jobs that were undone.
    pub async fn store_items(
        &self,
        store: &StoreId,
        job: Option<JobId>,
        size: PageSize,
        after: Option<&PageToken>,
    ) -> Result<Page<StoreItem>> {
        let mut query = QueryBuilder::new(
            "SELECT i.*, j.id, j.created_us, j.completed_us, h.digest, h.samples, h.part_records FROM import_items i
             JOIN import_jobs j ON j.id = i.job_id
             LEFT JOIN item_headers h ON h.job_id = i.job_id AND h.position = i.position AND i.status = 'COMPLETED'
             WHERE j.id NOT IN (SELECT job_id FROM undone_jobs) AND j.destination_id = ",
        );
        query.push_bind(store.as_str().to_owned());
        if let Some(job) = job {
            query.push(" AND j.id = ").push_bind(job.to_string());
        }
        if let Some((created, job, position)) = after.and_then(place) {
            query.push(" AND (j.created_us, j.id, i.position) > (").push_bind(created).push(", ");
            query.push_bind(job).push(", ").push_bind(position).push(")");
        }
        // One more than the page tells whether there is another page.
        query.push(" ORDER BY j.created_us, j.id, i.position LIMIT ").push_bind(i64::from(size.get()) + 1);
        let rows = query.build().fetch_all(&self.readers).await?;
        let size = usize::try_from(size.get()).unwrap_or(usize::MAX);
        let entries = rows.iter().take(size).map(store_item).collect::<Result<Vec<_>>>()?;
        let next = entries.last().filter(|_| rows.len() > size).map(token);
        Ok(Page { entries, next })
    }
}

fn token(last: &StoreItem) -> PageToken {
    PageToken { created_us: micros(last.created), id: format!("{}:{}", last.job, last.item.position) }
}

/// The place a token stands for; none for one that is not ours.
fn place(token: &PageToken) -> Option<(i64, String, i64)> {
    let (job, position) = token.id.split_once(':')?;
    Some((token.created_us, job.to_owned(), position.parse().ok()?))
}

fn store_item(row: &Row) -> Result<StoreItem> {
    let created = optional_time(row, "created_us")?;
    let digest: Option<String> = row.try_get("digest")?;
    Ok(StoreItem {
        job: job_id(row)?,
        created: created.unwrap_or_default(),
        completed: optional_time(row, "completed_us")?,
        item: import_item(row)?,
        header: digest.is_some().then(|| kept(row)).transpose()?,
    })
}

/// A row of `item_headers`, without the text.
fn kept(row: &Row) -> Result<ItemHeader> {
    let parts: String = row.try_get("part_records")?;
    let parts = parts.split(',').filter(|part| !part.is_empty()).map(str::parse).collect::<Result<_, _>>();
    let part_records = parts.map_err(|source: std::num::ParseIntError| Error::Stored {
        column: "part_records",
        source: Box::new(source),
    })?;
    Ok(ItemHeader {
        digest: row.try_get("digest")?,
        text: Vec::new(),
        samples: unsigned(row, "samples")?,
        part_records,
    })
}

/// Removes the headers of the items of a job that were not published.
pub(crate) async fn drop_unpublished(connection: &mut Connection, job: JobId) -> Result<()> {
    let dropped = sqlx::query(
        "DELETE FROM item_headers WHERE job_id = $1 AND position NOT IN
         (SELECT position FROM import_items WHERE job_id = $1 AND status = 'COMPLETED')",
    )
    .bind(job.to_string())
    .execute(&mut *connection)
    .await?;
    if dropped.rows_affected() > 0 { drop_unused(connection).await } else { Ok(()) }
}

/// Removes the headers of all items of a table.
pub(crate) async fn drop_of_destination(connection: &mut Connection, id: &StoreId) -> Result<()> {
    sqlx::query("DELETE FROM item_headers WHERE job_id IN (SELECT id FROM import_jobs WHERE destination_id = $1)")
        .bind(id.as_str())
        .execute(&mut *connection)
        .await?;
    drop_unused(connection).await
}

/// Removes the texts that no item has.
async fn drop_unused(connection: &mut Connection) -> Result<()> {
    sqlx::query(
        "DELETE FROM header_texts WHERE NOT EXISTS (SELECT 1 FROM item_headers h WHERE h.digest = header_texts.digest)",
    )
    .execute(connection)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests;
