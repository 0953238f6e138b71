//! The same call twice gives the same answer: what each call created, kept for 24 hours.
//!
//! The record is written in the transaction that creates the thing, so there is never one without the other.

use crate::Catalog;
use crate::dialect::{Connection, now_us};
use crate::error::Result;
use crate::rows::{micros, time};
use chrono::{DateTime, Utc};
use sqlx::Row as _;

/// How long a repetition is recognized.
const KEPT_US: i64 = 24 * 3600 * 1_000_000;

/// What makes two requests one call: an SDK repeats the invocation id when it retries.
///
/// A call with another body is another call, whatever its id, and so is one of another principal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallKey {
    pub principal: String,
    pub operation: &'static str,
    pub invocation_id: String,
    /// Lower-case hexadecimal.
    pub body_sha256: String,
}

/// What a call created. The rest of its answer follows from its body, which the key covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Created {
    pub(crate) id: String,
    pub(crate) created: DateTime<Utc>,
}

/// What an earlier request of the same call created. Forgets records that are too old first.
pub(crate) async fn recall(
    connection: &mut Connection,
    call: Option<&CallKey>,
    now_us: i64,
) -> Result<Option<Created>> {
    let Some(call) = call else { return Ok(None) };
    sqlx::query("DELETE FROM calls WHERE recorded_us < $1").bind(now_us - KEPT_US).execute(&mut *connection).await?;
    find(connection, Some(call)).await
}

async fn find(connection: &mut Connection, call: Option<&CallKey>) -> Result<Option<Created>> {
    let Some(call) = call else { return Ok(None) };
    let row = sqlx::query(
        "SELECT resource_id, resource_created_us FROM calls
         WHERE principal = $1 AND operation = $2 AND invocation_id = $3 AND body_sha256 = $4",
    )
    .bind(&call.principal)
    .bind(call.operation)
    .bind(&call.invocation_id)
    .bind(&call.body_sha256)
    .fetch_optional(connection)
    .await?;
    row.map(|r| Ok(Created { id: r.try_get("resource_id")?, created: time(&r, "resource_created_us")? })).transpose()
}

/// Records what the call created.
pub(crate) async fn remember(
    connection: &mut Connection,
    call: Option<&CallKey>,
    created: &Created,
    now_us: i64,
) -> Result<()> {
    let Some(call) = call else { return Ok(()) };
    sqlx::query(
        "INSERT INTO calls (principal, operation, invocation_id, body_sha256, resource_id, resource_created_us,
                            recorded_us)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(&call.principal)
    .bind(call.operation)
    .bind(&call.invocation_id)
    .bind(&call.body_sha256)
    .bind(&created.id)
    .bind(micros(created.created))
    .bind(now_us)
    .execute(connection)
    .await?;
    Ok(())
}

impl Catalog {
    /// Whether an earlier request of the same call created something. A hint: what creates things looks again.
    pub async fn knows_call(&self, call: Option<&CallKey>) -> Result<bool> {
        let mut connection = self.readers.acquire().await?;
        Ok(find(&mut connection, call).await?.is_some())
    }

    /// Records a call that created nothing: it took something away, or changed a state.
    pub async fn note_call(&self, call: Option<&CallKey>) -> Result<()> {
        if call.is_none() {
            return Ok(());
        }
        let mut tx = self.write().await?;
        let now = now_us(&mut tx).await?;
        if recall(&mut tx, call, now).await?.is_none() {
            let nothing = Created { id: String::new(), created: DateTime::UNIX_EPOCH };
            remember(&mut tx, call, &nothing, now).await?;
        }
        Ok(tx.commit().await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{at, call};

    #[tokio::test]
    async fn a_record_is_forgotten_after_24_hours() {
        let catalog = Catalog::open_in_memory().await.unwrap();
        let mut tx = catalog.write().await.unwrap();
        let (key, created) = (call("a"), Created { id: "x".into(), created: at(1) });
        remember(&mut tx, Some(&key), &created, 1_000).await.unwrap();
        assert_eq!(recall(&mut tx, Some(&key), 1_000 + KEPT_US).await.unwrap(), Some(created));
        assert_eq!(recall(&mut tx, Some(&key), 1_001 + KEPT_US).await.unwrap(), None);
    }

    #[tokio::test]
    async fn another_principal_or_body_is_another_call() {
        let catalog = Catalog::open_in_memory().await.unwrap();
        let mut tx = catalog.write().await.unwrap();
        let key = call("a");
        remember(&mut tx, Some(&key), &Created { id: "x".into(), created: at(1) }, 1).await.unwrap();
        for other in [
            CallKey { principal: "other".into(), ..key.clone() },
            CallKey { body_sha256: "11".into(), ..key.clone() },
            CallKey { operation: "Other", ..key.clone() },
        ] {
            assert_eq!(recall(&mut tx, Some(&other), 1).await.unwrap(), None);
        }
    }
}
