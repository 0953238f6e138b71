//! The warehouse: one directory or one bucket prefix that holds every table, reference and index.
//!
//! Two kinds of address: *paths* are relative to the warehouse (`references/x/1.fa`), *locations* are absolute URIs
//! (`file:///data/warehouse/references/x/1.fa`), which is what Iceberg metadata records.

use crate::relocate::Relocated;
use crate::{Error, Result, s3};
use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use url::Url;

/// Where the warehouse is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct WarehouseConfig {
    /// `file:///absolute/directory` or `s3://bucket/prefix`.
    pub uri: String,
    #[serde(default)]
    pub s3: S3Options,
}

/// How S3 is reached.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct S3Options {
    /// Another endpoint than Amazon's, e.g. `http://127.0.0.1:9000`.
    pub endpoint: Option<String>,
    pub region: Option<String>,
    /// Bucket in the path instead of the host name.
    #[serde(default)]
    pub path_style: bool,
    /// Profile of `~/.aws/config`.
    pub profile: Option<String>,
    #[serde(default)]
    pub credentials: S3Credentials,
}

/// Whose credentials are sent.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
pub enum S3Credentials {
    /// `AWS_*` variables, then the profile, then those of the machine.
    #[default]
    Environment,
    /// Those of the profile, and no others.
    Profile,
    Keys {
        access_key_id: String,
        secret_access_key: String,
    },
    /// Requests are not signed.
    None,
}

impl fmt::Debug for S3Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Environment => "Environment",
            Self::Profile => "Profile",
            Self::Keys { .. } => "Keys",
            Self::None => "None",
        })
    }
}

/// A handle on the warehouse; cheap to clone. Opened inside a Tokio runtime, which its uploads use.
#[derive(Debug, Clone)]
pub struct Lake {
    pub(crate) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    /// Paths in it are relative to the warehouse.
    pub(crate) store: Arc<dyn ObjectStore>,
    /// The warehouse's location, without a trailing slash.
    pub(crate) root: String,
    /// The warehouse's directory, when it is one.
    pub(crate) directory: Option<PathBuf>,
    pub(crate) runtime: tokio::runtime::Handle,
    pub(crate) relocated: Relocated,
}

impl Lake {
    /// Opens the warehouse; a directory is created when absent.
    ///
    /// Errors: [`Error::Warehouse`] when the address or its credentials cannot be used.
    pub async fn open(config: WarehouseConfig) -> Result<Self> {
        let bad = |reason: &str| Error::Warehouse { uri: config.uri.clone(), reason: reason.to_owned() };
        let url = Url::parse(&config.uri).map_err(|e| bad(&e.to_string()))?;
        let root = config.uri.trim_end_matches('/').to_owned();
        let runtime = tokio::runtime::Handle::current();
        let (store, directory): (Arc<dyn ObjectStore>, _) = match url.scheme() {
            "file" => {
                let directory = PathBuf::from(root.strip_prefix("file://").unwrap_or_default());
                (open_directory(&directory).map_err(|reason| bad(&reason))?, Some(directory))
            }
            "s3" => {
                let bucket = url.host_str().ok_or_else(|| bad("a bucket is missing: write s3://bucket/prefix"))?;
                let store = s3::open(&config.s3, bucket).await.map_err(|reason| bad(&reason))?;
                let prefix = Path::parse(url.path()).map_err(|e| bad(&e.to_string()))?;
                (Arc::new(PrefixStore::new(store, prefix)), None)
            }
            _ => return Err(bad("write file:///absolute/directory or s3://bucket/prefix")),
        };
        Ok(Self { inner: Arc::new(Inner { store, root, directory, runtime, relocated: Relocated::default() }) })
    }

    /// Whether it is a directory of this machine.
    pub fn is_directory(&self) -> bool {
        self.inner.directory.is_some()
    }

    /// The location (absolute URI) of a path of the warehouse.
    pub fn location(&self, path: &str) -> String {
        format!("{}/{}", self.inner.root, path)
    }

    /// The path of a location, when it lies in the warehouse.
    pub fn path_of<'a>(&self, location: &'a str) -> Result<&'a str> {
        let path = location.strip_prefix(&self.inner.root).and_then(|rest| rest.strip_prefix('/'));
        path.ok_or_else(|| Error::Path { path: location.to_owned() })
    }

    /// Checks a path: relative, and without `.` or `..`.
    pub(crate) fn object_path(path: &str) -> Result<Path> {
        Path::parse(path).map_err(|_| Error::Path { path: path.to_owned() })
    }
}

fn open_directory(directory: &std::path::Path) -> Result<Arc<dyn ObjectStore>, String> {
    if !directory.is_absolute() {
        return Err("the directory is not absolute: write file:///absolute/directory".to_owned());
    }
    std::fs::create_dir_all(directory).map_err(|e| format!("the directory cannot be created: {e}"))?;
    let store = LocalFileSystem::new_with_prefix(directory).map_err(|e| e.to_string())?;
    Ok(Arc::new(store))
}
