//! Iceberg's storage trait over the warehouse, so that metadata goes through the same object store, credentials and
//! retries as data. Takes locations (absolute URIs); refuses those outside the warehouse.

use crate::{Error, Lake};
use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use futures::stream::BoxStream;
use iceberg::io::{
    FileIO, FileIOBuilder, FileMetadata, FileRead, FileWrite, InputFile, OutputFile, Storage, StorageConfig,
    StorageFactory,
};
use iceberg::{ErrorKind, Result};
use object_store::ObjectStoreExt;
use serde::{Deserialize, Serialize};
use std::ops::Range;
use std::sync::Arc;

impl Lake {
    /// Iceberg's handle on the files of this warehouse.
    pub(crate) fn file_io(&self) -> FileIO {
        FileIOBuilder::new(Arc::new(WarehouseStorage { lake: Some(self.clone()) })).build()
    }
}

/// Serializable because the trait asks for it; what comes back from that has no warehouse and fails.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct WarehouseStorage {
    #[serde(skip)]
    lake: Option<Lake>,
}

impl WarehouseStorage {
    fn place<'a>(&self, location: &'a str) -> Result<(&Lake, &'a str)> {
        let lake = self.lake.as_ref();
        let lake = lake.ok_or_else(|| iceberg::Error::new(ErrorKind::Unexpected, "storage without a warehouse"))?;
        Ok((lake, lake.path_of(location).map_err(failed)?))
    }
}

fn failed(error: Error) -> iceberg::Error {
    iceberg::Error::new(ErrorKind::Unexpected, "warehouse").with_source(error)
}

#[typetag::serde]
impl StorageFactory for WarehouseStorage {
    fn build(&self, _config: &StorageConfig) -> Result<Arc<dyn Storage>> {
        Ok(Arc::new(self.clone()))
    }
}

#[async_trait]
#[typetag::serde]
impl Storage for WarehouseStorage {
    async fn exists(&self, path: &str) -> Result<bool> {
        let (lake, path) = self.place(path)?;
        let target = Lake::object_path(path).map_err(failed)?;
        match lake.inner.store.head(&target).await {
            Ok(_) => Ok(true),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(failed(Error::storage("reading", path)(error))),
        }
    }

    async fn metadata(&self, path: &str) -> Result<FileMetadata> {
        let (lake, path) = self.place(path)?;
        let target = Lake::object_path(path).map_err(failed)?;
        let head = lake.inner.store.head(&target).await;
        let meta = head.map_err(|error| failed(Error::storage("reading", path)(error)))?;
        Ok(FileMetadata { size: meta.size })
    }

    async fn read(&self, path: &str) -> Result<Bytes> {
        let (lake, path) = self.place(path)?;
        lake.get(path).await.map_err(failed)
    }

    async fn reader(&self, path: &str) -> Result<Box<dyn FileRead>> {
        let (lake, path) = self.place(path)?;
        Ok(Box::new(RangeReader { lake: lake.clone(), path: path.to_owned() }))
    }

    async fn write(&self, path: &str, bytes: Bytes) -> Result<()> {
        let (lake, path) = self.place(path)?;
        lake.put(path, bytes).await.map_err(failed)
    }

    async fn writer(&self, path: &str) -> Result<Box<dyn FileWrite>> {
        let (lake, path) = self.place(path)?;
        Ok(Box::new(WholeFileWriter { lake: lake.clone(), path: path.to_owned(), content: BytesMut::new() }))
    }

    async fn delete(&self, path: &str) -> Result<()> {
        let (lake, path) = self.place(path)?;
        lake.delete(path).await.map_err(failed)
    }

    async fn delete_prefix(&self, _path: &str) -> Result<()> {
        Err(iceberg::Error::new(ErrorKind::FeatureUnsupported, "files are deleted one by one, never by prefix"))
    }

    async fn delete_stream(&self, mut paths: BoxStream<'static, String>) -> Result<()> {
        while let Some(path) = paths.next().await {
            self.delete(&path).await?;
        }
        Ok(())
    }

    fn new_input(&self, path: &str) -> Result<InputFile> {
        Ok(InputFile::new(Arc::new(self.clone()), path.to_owned()))
    }

    fn new_output(&self, path: &str) -> Result<OutputFile> {
        Ok(OutputFile::new(Arc::new(self.clone()), path.to_owned()))
    }
}

struct RangeReader {
    lake: Lake,
    path: String,
}

#[async_trait]
impl FileRead for RangeReader {
    async fn read(&self, range: Range<u64>) -> Result<Bytes> {
        self.lake.get_range(&self.path, range).await.map_err(failed)
    }
}

/// Manifests and metadata are small: they are kept whole and written on close.
struct WholeFileWriter {
    lake: Lake,
    path: String,
    content: BytesMut,
}

#[async_trait]
impl FileWrite for WholeFileWriter {
    async fn write(&mut self, bytes: Bytes) -> Result<()> {
        self.content.extend_from_slice(&bytes);
        Ok(())
    }

    async fn close(&mut self) -> Result<()> {
        let content = std::mem::take(&mut self.content).freeze();
        self.lake.put(&self.path, content).await.map_err(failed)
    }
}
