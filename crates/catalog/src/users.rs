//! Users and their access keys: made, listed, rotated, deleted, and read as a whole by a server that authenticates.
//!
//! Secrets are opaque bytes, sealed by the caller. Several processes may write: the commands of an operator beside the
//! server, which sees a change by a number that grows.

use crate::dialect::{Connection, Row};
use crate::error::{Entity, Error, Result};
use crate::rows::{access_key, micros, user};
use crate::{Catalog, dialect::Tx};
use chrono::{DateTime, Utc};
use sqlx::Row as _;
use varberg_model::{AccessKey, AccessKeyId, MAX_ACCESS_KEYS, User, UserName};

/// An access key to be stored, with its sealed secret.
#[derive(Clone)]
pub struct SealedKey {
    pub id: AccessKeyId,
    pub secret: Vec<u8>,
    pub created: DateTime<Utc>,
}

/// A user with his keys, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserKeys {
    pub user: User,
    pub keys: Vec<AccessKey>,
}

/// Everybody who may call, as of one state of the database.
pub struct KnownUsers {
    /// The number of that state.
    pub version: i64,
    pub users: Vec<User>,
    /// Keys with the names of their users.
    pub keys: Vec<(UserName, SealedKey)>,
}

/// What becomes of the keys a user has when he gets another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FormerKeys {
    /// The newest goes on working, an older one does not.
    KeepNewest,
    /// None works any more.
    Revoke,
}

impl Catalog {
    /// Creates a user with his first key.
    ///
    /// Errors: [`Error::AlreadyExists`] when there is one of that name, in whatever account.
    pub async fn create_user(&self, user: &User, key: &SealedKey) -> Result<()> {
        let mut tx = self.write().await?;
        if find(&mut tx, &user.name).await?.is_some() {
            return Err(Error::AlreadyExists(Entity::User(user.name.to_string())));
        }
        sqlx::query("INSERT INTO users (name, account, role, created_us) VALUES ($1, $2, $3, $4)")
            .bind(user.name.as_str())
            .bind(user.account.as_str())
            .bind(user.role.as_str())
            .bind(micros(user.created))
            .execute(&mut *tx)
            .await?;
        insert_key(&mut tx, &user.name, key).await?;
        changed(tx).await
    }

    /// All users by name, with their keys.
    pub async fn users(&self) -> Result<Vec<UserKeys>> {
        let mut tx = self.read().await?;
        let mut all = Vec::new();
        for user in all_users(&mut tx).await? {
            let keys = keys_of(&mut tx, &user.name).await?;
            all.push(UserKeys { user, keys });
        }
        Ok(all)
    }

    /// Gives a user another key; the ids of the keys that work no more.
    ///
    /// Errors: [`Error::NotFound`].
    pub async fn rotate_key(
        &self,
        name: &UserName,
        key: &SealedKey,
        former: FormerKeys,
    ) -> Result<(User, Vec<AccessKeyId>)> {
        let mut tx = self.write().await?;
        let user = known(&mut tx, name).await?;
        let kept = match former {
            FormerKeys::KeepNewest => MAX_ACCESS_KEYS - 1,
            FormerKeys::Revoke => 0,
        };
        let ended: Vec<AccessKeyId> = keys_of(&mut tx, name).await?.into_iter().skip(kept).map(|key| key.id).collect();
        for id in &ended {
            delete_key(&mut tx, name, id).await?;
        }
        insert_key(&mut tx, name, key).await?;
        changed(tx).await?;
        Ok((user, ended))
    }

    /// Deletes a user and his keys.
    ///
    /// Errors: [`Error::NotFound`].
    pub async fn delete_user(&self, name: &UserName) -> Result<()> {
        let mut tx = self.write().await?;
        known(&mut tx, name).await?;
        for statement in ["DELETE FROM access_keys WHERE user_name = $1", "DELETE FROM users WHERE name = $1"] {
            sqlx::query(statement).bind(name.as_str()).execute(&mut *tx).await?;
        }
        changed(tx).await
    }

    /// Deletes one key of a user.
    ///
    /// Errors: [`Error::NotFound`] for the user or the key.
    pub async fn delete_access_key(&self, name: &UserName, id: &AccessKeyId) -> Result<()> {
        let mut tx = self.write().await?;
        known(&mut tx, name).await?;
        if !delete_key(&mut tx, name, id).await? {
            return Err(Error::NotFound(Entity::AccessKey(id.to_string())));
        }
        changed(tx).await
    }

    /// Users and keys, unless the database still is in the state of that number.
    pub async fn known_users(&self, version: Option<i64>) -> Result<Option<KnownUsers>> {
        let mut tx = self.read().await?;
        let current: i64 = sqlx::query_scalar("SELECT version FROM users_version").fetch_one(&mut *tx).await?;
        if version == Some(current) {
            return Ok(None);
        }
        let users = all_users(&mut tx).await?;
        let rows = sqlx::query("SELECT * FROM access_keys").fetch_all(&mut *tx).await?;
        let keys = rows.iter().map(sealed_key).collect::<Result<_>>()?;
        Ok(Some(KnownUsers { version: current, users, keys }))
    }

    /// Notes when a key was used. A key that is gone is ignored.
    pub async fn note_key_use(&self, id: &AccessKeyId, at: DateTime<Utc>) -> Result<()> {
        let mut tx = self.write().await?;
        sqlx::query(
            "UPDATE access_keys SET last_used_us = $1
             WHERE id = $2 AND (last_used_us IS NULL OR last_used_us < $1)",
        )
        .bind(micros(at))
        .bind(id.as_str())
        .execute(&mut *tx)
        .await?;
        Ok(tx.commit().await?)
    }
}

/// Ends a transaction that changed users or keys.
async fn changed(mut tx: Tx) -> Result<()> {
    sqlx::query("UPDATE users_version SET version = version + 1").execute(&mut *tx).await?;
    Ok(tx.commit().await?)
}

async fn all_users(connection: &mut Connection) -> Result<Vec<User>> {
    let rows = sqlx::query("SELECT * FROM users ORDER BY name").fetch_all(connection).await?;
    rows.iter().map(user).collect()
}

async fn find(connection: &mut Connection, name: &UserName) -> Result<Option<User>> {
    let row = sqlx::query("SELECT * FROM users WHERE name = $1").bind(name.as_str()).fetch_optional(connection).await?;
    row.as_ref().map(user).transpose()
}

async fn known(connection: &mut Connection, name: &UserName) -> Result<User> {
    find(connection, name).await?.ok_or_else(|| Error::NotFound(Entity::User(name.to_string())))
}

/// The keys of a user, newest first.
async fn keys_of(connection: &mut Connection, name: &UserName) -> Result<Vec<AccessKey>> {
    let rows = sqlx::query("SELECT * FROM access_keys WHERE user_name = $1 ORDER BY created_us DESC, id")
        .bind(name.as_str())
        .fetch_all(connection)
        .await?;
    rows.iter().map(access_key).collect()
}

async fn insert_key(connection: &mut Connection, name: &UserName, key: &SealedKey) -> Result<()> {
    sqlx::query("INSERT INTO access_keys (id, user_name, sealed_secret, created_us) VALUES ($1, $2, $3, $4)")
        .bind(key.id.as_str())
        .bind(name.as_str())
        .bind(&key.secret)
        .bind(micros(key.created))
        .execute(connection)
        .await?;
    Ok(())
}

/// Whether there was such a key.
async fn delete_key(connection: &mut Connection, name: &UserName, id: &AccessKeyId) -> Result<bool> {
    let done = sqlx::query("DELETE FROM access_keys WHERE user_name = $1 AND id = $2")
        .bind(name.as_str())
        .bind(id.as_str())
        .execute(connection)
        .await?;
    Ok(done.rows_affected() > 0)
}

fn sealed_key(row: &Row) -> Result<(UserName, SealedKey)> {
    let AccessKey { id, created, .. } = access_key(row)?;
    let name = UserName::from_stored(row.try_get("user_name")?);
    Ok((name, SealedKey { id, secret: row.try_get("sealed_secret")?, created }))
}

#[cfg(test)]
mod tests;
