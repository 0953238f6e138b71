//! The tables that jobs write to, whatever kind of store they belong to: their names, their states, and how they go.
//!
//! Deletion: a `begin_delete_…` blocks commits, `deletable_destinations` waits for leases to end, `drop_destination`
//! forgets the row and the table. Files are the janitor's.

use crate::dialect::{Connection, Db, now_us};
use crate::error::{Entity, Error, Result};
use crate::{
    Catalog, annotation_stores, import_jobs, item_headers, leases, rows, shares, stores, table_pointers, table_tasks,
};
use sqlx::{QueryBuilder, Row as _};
use varberg_model::{AccountId, AnnotationVersion, Description, Destination, ImportJob, Layout, StoreId, StoreStatus};

/// The table a new store, or a new version of one, begins with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTable {
    pub namespace: String,
    pub name: String,
    /// The folder of the warehouse in which its files lie.
    pub directory: String,
    pub metadata_location: String,
}

/// A table that can be read, and where its current metadata lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedTable {
    /// Of the variant store, or of the version of the annotation store.
    pub id: StoreId,
    pub owner: AccountId,
    pub namespace: String,
    pub name: String,
    pub directory: String,
    pub layout: Layout,
    pub metadata_location: String,
    /// Of the table of samples, if the table is wide.
    pub samples_location: Option<String>,
}

/// A table that is being deleted and that nothing writes to any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeletedTable {
    pub id: StoreId,
    pub directory: String,
}

impl Catalog {
    /// What the job writes to; none if it is gone, or another store has taken its name.
    pub async fn destination(&self, job: &ImportJob) -> Result<Option<Destination>> {
        let (account, name) = (&job.account, job.destination_name.as_str());
        let Some(annotation) = &job.annotation else {
            let store = self.store(account, name).await?.filter(|store| store.id == job.destination_id);
            return Ok(store.map(|store| store.destination()));
        };
        let Some(store) = self.annotation_store(account, name).await? else { return Ok(None) };
        let version = self.annotation_version(&store.id, annotation.version_name.as_str()).await?;
        let version: Option<AnnotationVersion> = version.filter(|version| version.id == job.destination_id);
        Ok(version.map(|version| store.destination(&version)))
    }

    /// The tables that queries of the account may see, its own and those shared with it: ACTIVE or UPDATING, by name.
    pub async fn tables_of(&self, account: &AccountId) -> Result<Vec<PublishedTable>> {
        self.published(Some(account)).await
    }

    /// The same of all accounts.
    pub async fn every_table(&self) -> Result<Vec<PublishedTable>> {
        self.published(None).await
    }

    async fn published(&self, account: Option<&AccountId>) -> Result<Vec<PublishedTable>> {
        let mut query = QueryBuilder::new(
            "SELECT d.id, d.account, d.layout, d.table_namespace, d.table_name, d.directory, t.metadata_location,
                    s.metadata_location AS samples_location
             FROM destinations d
             JOIN iceberg_tables t ON t.table_namespace = d.table_namespace AND t.table_name = d.table_name
             LEFT JOIN iceberg_tables s ON s.catalog_name = t.catalog_name
                  AND s.table_namespace = d.table_namespace AND s.table_name = d.table_name || '__samples'
             WHERE d.status IN ('ACTIVE', 'UPDATING') AND t.catalog_name = ",
        );
        query.push_bind(table_pointers::CATALOG_NAME);
        if let Some(account) = account {
            query.push(" AND (d.account = ").push_bind(account.to_string());
            query.push(" OR d.store_id IN (SELECT resource_id FROM shares WHERE status = 'ACTIVE' AND subscriber = ");
            query.push_bind(account.to_string()).push("))");
        }
        query.push(" ORDER BY d.table_name, d.id");
        let rows = query.build().fetch_all(&self.readers).await?;
        let table = |row: &crate::dialect::Row| {
            Ok(PublishedTable {
                id: StoreId::from_stored(row.try_get("id")?),
                owner: rows::account(row)?,
                namespace: row.try_get("table_namespace")?,
                name: row.try_get("table_name")?,
                directory: row.try_get("directory")?,
                layout: rows::layout(row)?,
                metadata_location: row.try_get("metadata_location")?,
                samples_location: row.try_get("samples_location")?,
            })
        };
        rows.iter().map(table).collect()
    }

    /// The tables being deleted that no worker can write to any more, of all accounts.
    ///
    /// Jobs of such tables whose lease has ended are cancelled first, their epoch raised, so that a worker that slept
    /// finds its lease lost.
    pub async fn deletable_destinations(&self) -> Result<Vec<DeletedTable>> {
        let mut tx = self.write().await?;
        let now = now_us(&mut tx).await?;
        let rows = sqlx::query("SELECT id, directory FROM destinations WHERE status = $1 ORDER BY created_us, id")
            .bind(StoreStatus::Deleting.as_str())
            .fetch_all(&mut *tx)
            .await?;
        let mut deletable = Vec::new();
        for row in &rows {
            let table =
                DeletedTable { id: StoreId::from_stored(row.try_get("id")?), directory: row.try_get("directory")? };
            leases::cancel_unleased(&mut tx, &table.id, now).await?;
            let tasks = table_tasks::are_open(&mut tx, &table.id, now).await?;
            if !tasks && import_jobs::open_jobs(&mut tx, &table.id).await?.is_empty() {
                deletable.push(table);
            }
        }
        tx.commit().await?;
        Ok(deletable)
    }

    /// Forgets what is being deleted, with its tags, its table pointer and the headers of its files, and an annotation store
    /// that is being deleted with its last version, and the shares of a store that is gone; jobs stay. The table's name is free again. What is already gone is fine.
    ///
    /// Errors: [`Error::Conflict`] when it is not DELETING or a job of it has not ended.
    pub async fn drop_destination(&self, id: &StoreId) -> Result<()> {
        let mut tx = self.write().await?;
        let now = now_us(&mut tx).await?;
        let row = sqlx::query("SELECT store_id, status, table_namespace, table_name FROM destinations WHERE id = $1")
            .bind(id.as_str())
            .fetch_optional(&mut *tx)
            .await?;
        let Some(row) = row else { return Ok(()) };
        let (namespace, name): (String, String) = (row.try_get("table_namespace")?, row.try_get("table_name")?);
        let deleting = rows::store_status(&row)? == StoreStatus::Deleting;
        let tasks = deleting && table_tasks::are_open(&mut tx, id, now).await?;
        if !deleting || tasks || !import_jobs::open_jobs(&mut tx, id).await?.is_empty() {
            return Err(Error::Conflict(format!("table {name} is still in use")));
        }
        item_headers::drop_of_destination(&mut tx, id).await?;
        table_pointers::remove(&mut tx, &namespace, &name).await?;
        table_pointers::remove(&mut tx, &namespace, &varberg_model::samples_table(&name)).await?;
        for statement in
            ["DELETE FROM table_names WHERE destination_id = $1", "DELETE FROM annotation_versions WHERE id = $1"]
        {
            sqlx::query(statement).bind(id.as_str()).execute(&mut *tx).await?;
        }
        let store = StoreId::from_stored(row.try_get("store_id")?);
        stores::drop_deleted(&mut tx, &store, now).await?;
        annotation_stores::drop_deleted(&mut tx, &store, now).await?;
        if !stores::exists(&mut tx, &store).await? {
            shares::drop_of_store(&mut tx, &store, now).await?;
        }
        Ok(tx.commit().await?)
    }
}

/// The state of the table of that id.
pub(crate) async fn status(connection: &mut Connection, id: &StoreId) -> Result<Option<StoreStatus>> {
    let row = sqlx::query("SELECT status FROM destinations WHERE id = $1")
        .bind(id.as_str())
        .fetch_optional(connection)
        .await?;
    row.as_ref().map(rows::store_status).transpose()
}

/// Gives a new table its name and its pointer.
///
/// Errors: [`Error::AlreadyExists`] when the account has a table of that name, also one being deleted.
pub(crate) async fn take_name(
    connection: &mut Connection,
    account: &AccountId,
    table: &NewTable,
    id: &StoreId,
) -> Result<()> {
    if let Some(owner) = owner(connection, account, &table.name).await? {
        return Err(Error::AlreadyExists(owner));
    }
    sqlx::query("INSERT INTO table_names (account, name, destination_id) VALUES ($1, $2, $3)")
        .bind(account.as_str())
        .bind(&table.name)
        .bind(id.as_str())
        .execute(&mut *connection)
        .await?;
    table_pointers::insert(connection, table).await
}

/// Who has a table of that name: a store, or a version whose table is called so.
async fn owner(connection: &mut Connection, account: &AccountId, name: &str) -> Result<Option<Entity>> {
    let taken: Option<i64> = sqlx::query_scalar("SELECT 1 FROM table_names WHERE account = $1 AND name = $2")
        .bind(account.as_str())
        .bind(name)
        .fetch_optional(&mut *connection)
        .await?;
    if taken.is_none() {
        return Ok(None);
    }
    if stores::find(connection, account, name).await?.is_some() {
        return Ok(Some(Entity::VariantStore(name.to_owned())));
    }
    if annotation_stores::find(connection, account, name).await?.is_some() {
        return Ok(Some(Entity::AnnotationStore(name.to_owned())));
    }
    Ok(Some(Entity::Table(name.to_owned())))
}

/// Ends the tasks and imports of a table that is about to be deleted: those that wait at once, those that run when they look.
///
/// Errors: [`Error::Conflict`] when there are any and `force` is not set (spec 5.3).
pub(crate) async fn end_imports(
    connection: &mut Connection,
    id: &StoreId,
    what: &Entity,
    force: bool,
    now: i64,
) -> Result<()> {
    let open = import_jobs::open_jobs(connection, id).await?;
    if !open.is_empty() && !force {
        return Err(Error::Conflict(format!(
            "{what} has {} import jobs that wait or run; let them end, cancel them, or delete with force",
            open.len()
        )));
    }
    for (job, status) in open {
        import_jobs::cancel(connection, job, status, now).await?;
    }
    table_tasks::end_tasks(connection, id, now).await
}

/// A table of the catalog whose rows have a state and a description.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Rows {
    VariantStores,
    AnnotationStores,
    AnnotationVersions,
}

impl Rows {
    fn update(self) -> QueryBuilder<'static, Db> {
        let table = match self {
            Self::VariantStores => "variant_stores",
            Self::AnnotationStores => "annotation_stores",
            Self::AnnotationVersions => "annotation_versions",
        };
        let mut query = QueryBuilder::new("UPDATE ");
        query.push(table);
        query
    }
}

/// Blocks commits to a store or version.
///
/// Errors: [`Error::Conflict`] when its state does not allow that.
pub(crate) async fn set_deleting(
    connection: &mut Connection,
    rows: Rows,
    (id, what): (&StoreId, &Entity),
    from: StoreStatus,
    now: i64,
) -> Result<()> {
    if !from.can_become(StoreStatus::Deleting) {
        return Err(Error::Conflict(format!("{what} is {}", from.as_str())));
    }
    let mut query = rows.update();
    query.push(" SET status = ").push_bind(StoreStatus::Deleting.as_str()).push(", updated_us = ").push_bind(now);
    query.push(" WHERE id = ").push_bind(id.to_string());
    query.build().execute(connection).await?;
    Ok(())
}

/// Gives a store or version another description, if one is given; whether it was.
///
/// Errors: [`Error::NotActive`].
pub(crate) async fn describe(
    connection: &mut Connection,
    rows: Rows,
    (id, what): (&StoreId, Entity),
    status: StoreStatus,
    description: Option<&Description>,
    now: i64,
) -> Result<bool> {
    if status != StoreStatus::Active {
        return Err(Error::NotActive(what, status));
    }
    let Some(description) = description else { return Ok(false) };
    let mut query = rows.update();
    query.push(" SET description = ").push_bind(description.as_str().to_owned());
    query.push(", updated_us = ").push_bind(now).push(" WHERE id = ").push_bind(id.to_string());
    query.build().execute(connection).await?;
    Ok(true)
}
