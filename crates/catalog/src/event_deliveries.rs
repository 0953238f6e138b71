//! Who has got which events: a receiver's place in the row of all events, and which server delivers to it.
//!
//! A receiver gets the events of all accounts in the order of their numbers. Servers that share a catalog take turns by a
//! lease, so that order holds; a place moves on only when its event has been taken.

use crate::Catalog;
use crate::dialect::now_us;
use crate::error::{Error, Result};
use crate::events::{event, last};
use crate::leases::lease_end;
use varberg_model::Event;

impl Catalog {
    /// Makes a receiver known: it gets what happens from now on. One that is known keeps its place.
    pub async fn open_delivery(&self, receiver: &str) -> Result<()> {
        let mut tx = self.write().await?;
        let number = last(&mut tx).await?;
        sqlx::query(
            "INSERT INTO event_deliveries (receiver, number, lease_until_us) VALUES ($1, $2, 0)
             ON CONFLICT (receiver) DO NOTHING",
        )
        .bind(receiver)
        .bind(number)
        .execute(&mut *tx)
        .await?;
        Ok(tx.commit().await?)
    }

    /// Forgets a receiver and its place.
    pub async fn close_delivery(&self, receiver: &str) -> Result<()> {
        let mut tx = self.write().await?;
        sqlx::query("DELETE FROM event_deliveries WHERE receiver = $1").bind(receiver).execute(&mut *tx).await?;
        Ok(tx.commit().await?)
    }

    /// The next events that a receiver has not got, at most so many.
    pub async fn undelivered_events(&self, receiver: &str, most: u32) -> Result<Vec<Event>> {
        let rows = sqlx::query(
            "SELECT e.* FROM events e JOIN event_deliveries d ON e.number > d.number
             WHERE d.receiver = $1 ORDER BY e.number LIMIT $2",
        )
        .bind(receiver)
        .bind(i64::from(most))
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(event).collect()
    }

    /// How many events a receiver has not got.
    pub async fn undelivered_count(&self, receiver: &str) -> Result<i64> {
        let count =
            "SELECT COUNT(*) FROM events e JOIN event_deliveries d ON e.number > d.number WHERE d.receiver = $1";
        Ok(sqlx::query_scalar(count).bind(receiver).fetch_one(&self.readers).await?)
    }

    /// Takes the delivery, or goes on with it, for `lease_s` seconds; whether `owner` has it now.
    pub async fn claim_delivery(&self, receiver: &str, owner: &str, lease_s: u32) -> Result<bool> {
        let mut tx = self.write().await?;
        let now = now_us(&mut tx).await?;
        let done = sqlx::query(
            "UPDATE event_deliveries SET owner = $1, lease_until_us = $2
             WHERE receiver = $3 AND (owner IS NULL OR owner = $1 OR lease_until_us <= $4)",
        )
        .bind(owner)
        .bind(lease_end(now, lease_s))
        .bind(receiver)
        .bind(now)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(done.rows_affected() == 1)
    }

    /// Gives the delivery back: what a server does when it stops.
    pub async fn release_delivery(&self, receiver: &str, owner: &str) -> Result<()> {
        let mut tx = self.write().await?;
        sqlx::query("UPDATE event_deliveries SET owner = NULL WHERE receiver = $1 AND owner = $2")
            .bind(receiver)
            .bind(owner)
            .execute(&mut *tx)
            .await?;
        Ok(tx.commit().await?)
    }

    /// Moves the receiver's place to an event that it has got, or will never get.
    ///
    /// Errors: [`Error::LeaseLost`] when another server delivers by now.
    pub async fn event_delivered(&self, receiver: &str, owner: &str, number: i64) -> Result<()> {
        let mut tx = self.write().await?;
        let done = sqlx::query("UPDATE event_deliveries SET number = $1 WHERE receiver = $2 AND owner = $3")
            .bind(number)
            .bind(receiver)
            .bind(owner)
            .execute(&mut *tx)
            .await?;
        if done.rows_affected() != 1 {
            return Err(Error::LeaseLost);
        }
        Ok(tx.commit().await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{store, table};

    async fn numbers(catalog: &Catalog) -> Vec<i64> {
        catalog.undelivered_events("hook", 10).await.unwrap().into_iter().map(|event| event.number).collect()
    }

    #[tokio::test]
    async fn a_receiver_gets_what_happens_after_it_is_known_and_goes_on_where_it_was() {
        let catalog = Catalog::open_in_memory().await.unwrap();
        let early = store("early", 0);
        catalog.create_store(&early, &table(&early), None).await.unwrap();
        assert_eq!(numbers(&catalog).await, [0_i64; 0], "nobody knows it");
        catalog.open_delivery("hook").await.unwrap();
        assert_eq!(numbers(&catalog).await, [0_i64; 0]);
        let late = store("late", 0);
        catalog.create_store(&late, &table(&late), None).await.unwrap();
        assert_eq!(numbers(&catalog).await, [3, 4]);
        assert!(catalog.claim_delivery("hook", "one", 60).await.unwrap());
        catalog.event_delivered("hook", "one", 3).await.unwrap();
        catalog.open_delivery("hook").await.unwrap();
        assert_eq!((numbers(&catalog).await, catalog.undelivered_count("hook").await.unwrap()), (vec![4], 1));
        catalog.close_delivery("hook").await.unwrap();
        catalog.open_delivery("hook").await.unwrap();
        assert_eq!(numbers(&catalog).await, [0_i64; 0], "what happened while nobody was to be told is not told later");
    }

    #[tokio::test]
    async fn one_server_at_a_time_delivers() {
        let catalog = Catalog::open_in_memory().await.unwrap();
        catalog.open_delivery("hook").await.unwrap();
        let claim = async |owner: &str, lease_s| catalog.claim_delivery("hook", owner, lease_s).await.unwrap();
        assert!(claim("one", 60).await && claim("one", 60).await);
        assert!(!claim("two", 60).await);
        assert!(matches!(catalog.event_delivered("hook", "two", 1).await, Err(Error::LeaseLost)));
        catalog.release_delivery("hook", "one").await.unwrap();
        assert!(claim("two", 0).await);
        assert!(claim("one", 60).await, "the other's lease has ended");
        assert!(matches!(catalog.event_delivered("hook", "two", 1).await, Err(Error::LeaseLost)));
    }
}
