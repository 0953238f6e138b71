//! Events: each change of state is recorded in the transaction that makes it, so exactly once; read by account, and by those
//! who deliver them (`event_deliveries.rs`).
//!
//! [`record`] is called where states change. A call that is repeated changes nothing and records nothing.

use crate::Catalog;
use crate::dialect::{Connection, Row};
use crate::error::{Error, Result};
use crate::rows::{self, import_job, micros};
use crate::stored;
use chrono::{DateTime, Utc};
use sqlx::{QueryBuilder, Row as _};
use varberg_model::{AccountId, Change, Event, ImportJob, JobId, Share, ShareStatus, StoreId};

/// Where reading begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventsFrom {
    /// After the event of that number; 0 for the oldest that is kept.
    After(i64),
    /// With the first event of that time or later.
    Since(DateTime<Utc>),
    /// With the newest so many.
    Newest(u32),
}

/// Events, oldest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventPage {
    pub events: Vec<Event>,
    /// Up to which number these are all.
    pub last: i64,
}

impl Catalog {
    /// The account's events from there on, at most so many.
    pub async fn events(&self, account: &AccountId, from: EventsFrom, most: u32) -> Result<EventPage> {
        let mut tx = self.read().await?;
        let mut query = QueryBuilder::new("SELECT * FROM events WHERE account = ");
        query.push_bind(account.to_string());
        let most = match from {
            EventsFrom::After(number) => {
                query.push(" AND number > ").push_bind(number).push(" ORDER BY number");
                most
            }
            EventsFrom::Since(time) => {
                query.push(" AND time_us >= ").push_bind(micros(time)).push(" ORDER BY number");
                most
            }
            EventsFrom::Newest(newest) => {
                query.push(" ORDER BY number DESC");
                most.min(newest)
            }
        };
        query.push(" LIMIT ").push_bind(i64::from(most));
        let mut events: Vec<Event> =
            query.build().fetch_all(&mut *tx).await?.iter().map(event).collect::<Result<_>>()?;
        if let EventsFrom::Newest(_) = from {
            events.reverse();
            return Ok(EventPage { events, last: last(&mut tx).await? });
        }
        let last = match events.last() {
            Some(event) if events.len() >= usize::try_from(most).unwrap_or(usize::MAX) => event.number,
            _ => last(&mut tx).await?,
        };
        Ok(EventPage { events, last })
    }

    /// Forgets the events before `time`; how many there were.
    pub async fn drop_events(&self, time: DateTime<Utc>) -> Result<u64> {
        let mut tx = self.write().await?;
        let done = sqlx::query("DELETE FROM events WHERE time_us < $1").bind(micros(time)).execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(done.rows_affected())
    }
}

/// Records a change for an account, in the transaction that makes the change. `now` is the database's time.
pub(crate) async fn record(connection: &mut Connection, account: &AccountId, change: &Change, now: i64) -> Result<()> {
    let id = uuid::Uuid::new_v4().to_string();
    sqlx::query("UPDATE event_counter SET last = last + 1").execute(&mut *connection).await?;
    sqlx::query("INSERT INTO events (number, account, time_us, event) SELECT last, $1, $2, $3 FROM event_counter")
        .bind(account.as_str())
        .bind(now)
        .bind(stored::event_to_json(&id, change)?)
        .execute(connection)
        .await?;
    Ok(())
}

/// Records changes of the owner's own, in this order.
pub(crate) async fn record_all(connection: &mut Connection, changes: Vec<Change>, now: i64) -> Result<()> {
    for change in changes {
        record(connection, &change.owner, &change, now).await?;
    }
    Ok(())
}

/// Records the state that a job is in now.
pub(crate) async fn record_job(connection: &mut Connection, id: JobId, now: i64) -> Result<()> {
    let row = sqlx::query(
        "SELECT j.*, d.store_id AS store_id FROM import_jobs j LEFT JOIN destinations d ON d.id = j.destination_id
         WHERE j.id = $1",
    )
    .bind(id.to_string())
    .fetch_optional(&mut *connection)
    .await?
    .ok_or(Error::LeaseLost)?;
    let job: ImportJob = import_job(&row)?;
    let store: Option<String> = row.try_get("store_id")?;
    let store = store.map_or_else(|| job.destination_id.clone(), StoreId::from_stored);
    record(connection, &job.account, &Change::import_job(&job, &store), now).await
}

/// Records states that a share passes through, for its owner and its subscriber: both are told (spec 15).
pub(crate) async fn record_share(
    connection: &mut Connection,
    share: &Share,
    states: &[ShareStatus],
    now: i64,
) -> Result<()> {
    for status in states {
        let change = Change::share(&Share { status: *status, ..share.clone() });
        for account in [&share.owner, &share.subscriber] {
            record(connection, account, &change, now).await?;
        }
    }
    Ok(())
}

/// The number of the newest event of all accounts.
pub(crate) async fn last(connection: &mut Connection) -> Result<i64> {
    Ok(sqlx::query_scalar("SELECT last FROM event_counter").fetch_one(connection).await?)
}

/// A row of `events`.
pub(crate) fn event(row: &Row) -> Result<Event> {
    let (id, change) = stored::event_from_json(row.try_get("event")?)?;
    let (account, time) = (rows::account(row)?, rows::time(row, "time_us")?);
    Ok(Event { number: row.try_get("number")?, id, account, time, change })
}

#[cfg(test)]
mod tests;
