//! Tags of stores, versions and references: shown, merged, removed.

use crate::Catalog;
use crate::dialect::{Connection, Db};
use crate::error::{Entity, Error, Result};
use crate::stored;
use sqlx::{QueryBuilder, Row as _};
use varberg_model::{AccountId, Resource, Tags};

impl Catalog {
    /// The tags of a resource of the account; none if there is no such resource.
    pub async fn tags(&self, account: &AccountId, resource: &Resource) -> Result<Option<Tags>> {
        let mut connection = self.readers.acquire().await?;
        Ok(find(&mut connection, account, resource).await?.map(|(_, tags)| tags))
    }

    /// Adds tags to a resource; a key that it has gets the new value.
    ///
    /// Errors: [`Error::NotFound`]; [`Error::TooManyTags`].
    pub async fn tag(&self, account: &AccountId, resource: &Resource, tags: &Tags) -> Result<()> {
        self.change_tags(account, resource, |present| present.merged(tags).ok_or(Error::TooManyTags)).await
    }

    /// Removes the tags with these keys; those that it lacks are passed over.
    ///
    /// Errors: [`Error::NotFound`].
    pub async fn untag(&self, account: &AccountId, resource: &Resource, keys: &[&str]) -> Result<()> {
        self.change_tags(account, resource, |present| Ok(present.without(keys))).await
    }

    async fn change_tags(
        &self,
        account: &AccountId,
        resource: &Resource,
        change: impl FnOnce(&Tags) -> Result<Tags>,
    ) -> Result<()> {
        let mut tx = self.write().await?;
        let missing = || Error::NotFound(Entity::Resource(resource.to_string()));
        let (id, present) = find(&mut tx, account, resource).await?.ok_or_else(missing)?;
        let mut query = QueryBuilder::new("UPDATE ");
        query.push(table(resource)).push(" SET tags = ").push_bind(stored::tags_to_json(&change(&present)?)?);
        query.push(" WHERE id = ").push_bind(id);
        query.build().execute(&mut *tx).await?;
        Ok(tx.commit().await?)
    }
}

fn table(resource: &Resource) -> &'static str {
    match resource {
        Resource::VariantStore(_) => "variant_stores",
        Resource::AnnotationStore(_) => "annotation_stores",
        Resource::AnnotationVersion { .. } => "annotation_versions",
        Resource::ReferenceStore(_) => "reference_stores",
        Resource::Reference { .. } => "reference_genomes",
    }
}

/// The row's id and its tags.
async fn find(connection: &mut Connection, account: &AccountId, resource: &Resource) -> Result<Option<(String, Tags)>> {
    let row = select(account, resource).build().fetch_optional(connection).await?;
    let found = |row: &crate::dialect::Row| {
        Ok((row.try_get("id")?, stored::tags_from_json(&row.try_get::<String, _>("tags")?)?))
    };
    row.as_ref().map(found).transpose()
}

fn select(account: &AccountId, resource: &Resource) -> QueryBuilder<'static, Db> {
    let mut query = QueryBuilder::new("SELECT r.id, r.tags FROM ");
    query.push(table(resource)).push(" r");
    let of_account = |query: &mut QueryBuilder<'static, Db>, owner: &'static str| {
        query.push(" WHERE ").push(owner).push(".account = ").push_bind(account.to_string());
    };
    match resource {
        Resource::VariantStore(name) | Resource::AnnotationStore(name) => {
            of_account(&mut query, "r");
            query.push(" AND r.name = ").push_bind(name.clone());
        }
        Resource::AnnotationVersion { store, version } => {
            query.push(" JOIN annotation_stores s ON s.id = r.store_id");
            of_account(&mut query, "s");
            query.push(" AND s.name = ").push_bind(store.clone()).push(" AND r.name = ").push_bind(version.clone());
        }
        Resource::ReferenceStore(id) => {
            of_account(&mut query, "r");
            query.push(" AND r.deleted_us IS NULL AND r.id = ").push_bind(id.to_string());
        }
        Resource::Reference { store, id } => {
            query.push(" JOIN reference_stores s ON s.id = r.store_id");
            of_account(&mut query, "s");
            query.push(" AND s.id = ").push_bind(store.to_string()).push(" AND r.status <> 'DELETED'");
            query.push(" AND r.id = ").push_bind(id.to_string());
        }
    }
    query
}

#[cfg(test)]
mod tests;
