//! Metadata of tables for those who see the warehouse under another address: every location in it is written anew.
//!
//! Metadata files, manifest lists and manifests hold absolute locations (Iceberg table specification, "Manifests" and "Manifest
//! Lists"). Data files hold none. What is made here is the same each time it is made, so that parts of it may be read one by one.

use crate::{Error, Lake, Result};
use apache_avro::types::Value;
use apache_avro::{Codec, Reader, Schema, to_avro_datum};
use bytes::Bytes;
use futures::stream::{self, StreamExt, TryStreamExt};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

/// Members of manifest lists and manifests that are locations.
const LOCATIONS: [&str; 3] = ["manifest_path", "file_path", "referenced_data_file"];
/// Manifests read at a time.
const AT_ONCE: usize = 8;
/// Bytes of relocated files that are kept.
const KEPT_BYTES: usize = 64 << 20;
/// What a file of Avro begins with.
const MAGIC: &[u8; 4] = b"Obj\x01";

/// Relocated files by path and address. Files of a table never change.
#[derive(Debug, Default)]
pub(crate) struct Relocated(Mutex<HashMap<(String, String), Bytes>>);

impl Relocated {
    fn get(&self, path: &str, address: &str) -> Option<Bytes> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(&(path.to_owned(), address.to_owned())).cloned()
    }

    fn keep(&self, path: &str, address: &str, bytes: &Bytes) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.values().map(Bytes::len).sum::<usize>() + bytes.len() > KEPT_BYTES {
            kept.clear();
        }
        kept.insert((path.to_owned(), address.to_owned()), bytes.clone());
    }
}

impl Lake {
    /// Whether a file holds locations.
    pub fn holds_locations(path: &str) -> bool {
        path.ends_with(".avro") || path.ends_with(".metadata.json")
    }

    /// The file at `path`, which holds locations, for a reader to whom the warehouse is at `address` (a URI without a slash at
    /// its end).
    ///
    /// Errors: [`Error::Storage`](crate::Error) if it is not there, an error of metadata if it is none.
    pub async fn relocated(&self, path: &str, address: &str) -> Result<Bytes> {
        if let Some(bytes) = self.inner.relocated.get(path, address) {
            return Ok(bytes);
        }
        let bytes = self.get(path).await?;
        let places = Places { from: &self.inner.root, to: address };
        let relocated = match path.ends_with(".json") {
            true => places.json(&bytes).map_err(|_| Error::Internal("a metadata file is not JSON"))?,
            false => self.relocated_avro(&bytes, &places).await?,
        };
        let relocated = Bytes::from(relocated);
        self.inner.relocated.keep(path, address, &relocated);
        Ok(relocated)
    }

    async fn relocated_avro(&self, bytes: &[u8], places: &Places<'_>) -> Result<Vec<u8>> {
        let damaged = |_| Error::Internal("a manifest or a list of manifests is not a file of Avro");
        let mut rows = Rows::read(bytes).map_err(damaged)?;
        // A list says how long each manifest is: as it is read from the other address.
        let paths = rows.manifests();
        let lengths = stream::iter(paths).map(|location| async move {
            match location {
                Some(location) => {
                    Box::pin(self.relocated(self.path_of(&location)?, places.to)).await.map(|m| Some(m.len()))
                }
                None => Ok(None),
            }
        });
        let lengths: Vec<Option<usize>> = lengths.buffered(AT_ONCE).try_collect().await?;
        for (row, length) in rows.values.iter_mut().zip(lengths) {
            places.relocate(row);
            if let (Some(length), Some(Value::Long(told))) = (length, member(row, "manifest_length")) {
                *told = i64::try_from(length).unwrap_or(i64::MAX);
            }
        }
        rows.write().map_err(damaged)
    }
}

/// Where locations begin, and where they shall.
struct Places<'a> {
    from: &'a str,
    to: &'a str,
}

impl Places<'_> {
    fn location(&self, location: &str) -> Option<String> {
        let rest = location.strip_prefix(self.from).filter(|rest| rest.is_empty() || rest.starts_with('/'))?;
        Some(format!("{}{rest}", self.to))
    }

    fn relocate(&self, value: &mut Value) {
        match value {
            Value::Record(members) => {
                for (name, value) in members {
                    match innermost(value) {
                        Value::String(text) if LOCATIONS.contains(&name.as_str()) => {
                            if let Some(location) = self.location(text) {
                                *text = location;
                            }
                        }
                        other => self.relocate(other),
                    }
                }
            }
            Value::Union(_, inner) => self.relocate(inner),
            _ => {}
        }
    }

    /// In metadata files every text that begins with the warehouse is a location.
    fn json(&self, bytes: &[u8]) -> serde_json::Result<Vec<u8>> {
        let mut metadata: serde_json::Value = serde_json::from_slice(bytes)?;
        let mut values = vec![&mut metadata];
        while let Some(value) = values.pop() {
            match value {
                serde_json::Value::String(text) => {
                    if let Some(location) = self.location(text) {
                        *text = location;
                    }
                }
                serde_json::Value::Array(inner) => values.extend(inner),
                serde_json::Value::Object(inner) => values.extend(inner.values_mut()),
                _ => {}
            }
        }
        serde_json::to_vec(&metadata)
    }
}

fn innermost(value: &mut Value) -> &mut Value {
    match value {
        Value::Union(_, inner) => innermost(inner),
        other => other,
    }
}

fn member<'a>(row: &'a mut Value, name: &str) -> Option<&'a mut Value> {
    let Value::Record(members) = innermost(row) else { return None };
    members.iter_mut().find(|(own, _)| own == name).map(|(_, value)| innermost(value))
}

/// The rows of an Avro file with what its header says.
struct Rows {
    schema: Schema,
    metadata: BTreeMap<String, Vec<u8>>,
    marker: [u8; 16],
    values: Vec<Value>,
}

impl Rows {
    fn read(bytes: &[u8]) -> apache_avro::AvroResult<Self> {
        let reader = Reader::new(bytes)?;
        let schema = reader.writer_schema().clone();
        let metadata = reader.user_metadata().iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        let marker = apache_avro::read_marker(bytes);
        Ok(Self { schema, metadata, marker, values: reader.collect::<Result<_, _>>()? })
    }

    /// Where the manifests lie that the rows speak of.
    fn manifests(&mut self) -> Vec<Option<String>> {
        let path = |row| match member(row, "manifest_path") {
            Some(Value::String(path)) => Some(path.clone()),
            _ => None,
        };
        self.values.iter_mut().map(path).collect()
    }

    /// The file, in one block (Avro specification, "Object Container Files"). The library's own writer puts the header in
    /// another order each time.
    fn write(self) -> apache_avro::AvroResult<Vec<u8>> {
        let mut metadata = self.metadata;
        let schema = serde_json::to_vec(&self.schema).unwrap_or_default(); // it came from JSON
        metadata.insert("avro.schema".to_owned(), schema);
        metadata.insert("avro.codec".to_owned(), <&str>::from(Codec::Null).as_bytes().to_vec());
        let mut file = MAGIC.to_vec();
        write_long(&mut file, metadata.len());
        for (name, value) in &metadata {
            for part in [name.as_bytes(), value] {
                write_long(&mut file, part.len());
                file.extend_from_slice(part);
            }
        }
        write_long(&mut file, 0);
        file.extend_from_slice(&self.marker);
        if self.values.is_empty() {
            return Ok(file);
        }
        let number = self.values.len();
        let mut block = Vec::new();
        for value in self.values {
            block.extend(to_avro_datum(&self.schema, value)?);
        }
        write_long(&mut file, number);
        write_long(&mut file, block.len());
        file.extend(block);
        file.extend_from_slice(&self.marker);
        Ok(file)
    }
}

/// A number that is not negative (Avro specification, "Binary Encoding": zig-zag, seven bits a byte).
fn write_long(to: &mut Vec<u8>, number: usize) {
    let mut rest = (number as u64) << 1;
    while rest >= 0x80 {
        to.push((rest as u8 & 0x7f) | 0x80);
        rest >>= 7;
    }
    to.push(rest as u8);
}
