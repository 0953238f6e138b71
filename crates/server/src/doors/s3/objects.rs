//! Objects: files of the place of answers and of the warehouse, under their paths.

use super::access::Reach;
use super::listing::{self, Wanted};
use super::{RESULTS, WAREHOUSE, WAREHOUSE_ADDRESS};
use crate::app::App;
use axum::body::Body;
use bytes::Bytes;
use futures::stream;
use s3s::dto::{
    Bucket, BucketLocationConstraint, CommonPrefix, DeleteObjectInput, DeleteObjectOutput, DeleteObjectsInput,
    DeleteObjectsOutput, DeletedObject, ETag, ETagCondition, GetBucketLocationInput, GetBucketLocationOutput,
    GetObjectInput, GetObjectOutput, HeadBucketInput, HeadBucketOutput, HeadObjectInput, HeadObjectOutput,
    ListBucketsInput, ListBucketsOutput, ListObjectsInput, ListObjectsOutput, ListObjectsV2Input, ListObjectsV2Output,
    Object, StreamingBlob, Timestamp,
};
use s3s::{S3, S3Request, S3Response, S3Result, s3_error};
use std::io;
use std::ops::Range;
use std::time::SystemTime;
use varberg_lake::{Lake, StoredFile};

/// Bytes of a file that are in memory at a time.
const CHUNK_BYTES: u64 = 4 << 20;

/// Answers S3's operations.
pub(super) struct Objects(pub(super) App);

impl Objects {
    fn lake(&self, bucket: &str) -> S3Result<&Lake> {
        match bucket {
            RESULTS => Ok(&self.0.results),
            WAREHOUSE => Ok(&self.0.lake),
            _ => Err(s3_error!(NoSuchBucket)),
        }
    }

    /// The file, and its content if it is made here.
    async fn head(&self, bucket: &str, key: &str) -> S3Result<(StoredFile, Option<Bytes>)> {
        let file = self.lake(bucket)?.head(key).await.map_err(|_| s3_error!(NoSuchKey))?;
        let mut file = file.ok_or_else(|| s3_error!(NoSuchKey))?;
        let content = self.relocated(bucket, key).await?;
        file.bytes = content.as_ref().map_or(file.bytes, |content| content.len() as u64);
        Ok((file, content))
    }

    /// The content of a file that holds locations, with those of this door.
    async fn relocated(&self, bucket: &str, key: &str) -> S3Result<Option<Bytes>> {
        if bucket != WAREHOUSE || !Lake::holds_locations(key) {
            return Ok(None);
        }
        let content = self.0.lake.relocated(key, WAREHOUSE_ADDRESS).await;
        content.map(Some).map_err(|_| s3_error!(InternalError, "the metadata cannot be read"))
    }

    /// Files as [`Self::head`] gives them.
    async fn listed(&self, bucket: &str, mut files: Vec<StoredFile>) -> S3Result<Vec<Object>> {
        for file in &mut files {
            if let Some(content) = self.relocated(bucket, &file.path).await? {
                file.bytes = content.len() as u64;
            }
        }
        Ok(files.iter().map(object).collect())
    }

    /// The files that a caller may see below a prefix, sorted by key.
    async fn files(&self, reach: Option<&Reach>, bucket: &str, prefix: &str) -> S3Result<Vec<StoredFile>> {
        let reach = reach.ok_or_else(|| s3_error!(AccessDenied))?;
        let directory = prefix.rsplit_once('/').map_or("", |(directory, _)| directory);
        let files = self.lake(bucket)?.list(directory).await.map_err(|_| s3_error!(InternalError))?;
        let seen = |file: &StoredFile| file.path.starts_with(prefix) && reach.holds(bucket, &file.path);
        Ok(files.into_iter().filter(seen).filter(|file| !is_unfinished(&file.path)).collect())
    }
}

/// Files under way end in `#` and a number.
fn is_unfinished(path: &str) -> bool {
    path.rsplit_once('#').is_some_and(|(_, number)| number.bytes().all(|b| b.is_ascii_digit()))
}

#[async_trait::async_trait]
impl S3 for Objects {
    async fn get_object(&self, request: S3Request<GetObjectInput>) -> S3Result<S3Response<GetObjectOutput>> {
        let input = request.input;
        let (file, content) = self.head(&input.bucket, &input.key).await?;
        check_conditions(&file, input.if_match.as_ref(), input.if_none_match.as_ref())?;
        let range = input.range.map(|range| range.check(file.bytes)).transpose()?;
        let whole = 0..file.bytes;
        let part = range.clone().unwrap_or_else(|| whole.clone());
        let lake = self.lake(&input.bucket)?.clone();
        Ok(S3Response::new(GetObjectOutput {
            content_length: i64::try_from(part.end - part.start).ok(),
            content_range: range.map(|range| format!("bytes {}-{}/{}", range.start, range.end - 1, file.bytes)),
            body: Some(match content {
                Some(content) => whole_body(&content, &part)?,
                None => chunks(lake, file.path.clone(), part),
            }),
            accept_ranges: Some("bytes".to_owned()),
            e_tag: Some(etag(&file)),
            last_modified: Some(modified(&file)),
            ..GetObjectOutput::default()
        }))
    }

    async fn head_object(&self, request: S3Request<HeadObjectInput>) -> S3Result<S3Response<HeadObjectOutput>> {
        let input = request.input;
        let (file, _) = self.head(&input.bucket, &input.key).await?;
        check_conditions(&file, input.if_match.as_ref(), input.if_none_match.as_ref())?;
        Ok(S3Response::new(HeadObjectOutput {
            content_length: i64::try_from(file.bytes).ok(),
            accept_ranges: Some("bytes".to_owned()),
            e_tag: Some(etag(&file)),
            last_modified: Some(modified(&file)),
            ..HeadObjectOutput::default()
        }))
    }

    async fn list_objects_v2(
        &self,
        request: S3Request<ListObjectsV2Input>,
    ) -> S3Result<S3Response<ListObjectsV2Output>> {
        let input = request.input;
        let prefix = input.prefix.clone().unwrap_or_default();
        let files = self.files(request.extensions.get::<Reach>(), &input.bucket, &prefix).await?;
        let token = input.continuation_token.as_deref().map(listing::place).transpose()?;
        let wanted = Wanted {
            prefix: &prefix,
            delimiter: input.delimiter.as_deref().unwrap_or_default(),
            after: token.as_deref().or(input.start_after.as_deref()).unwrap_or_default(),
            most: input.max_keys,
        };
        let found = listing::page(files, &wanted);
        Ok(S3Response::new(ListObjectsV2Output {
            key_count: i32::try_from(found.files.len() + found.prefixes.len()).ok(),
            is_truncated: Some(found.next.is_some()),
            next_continuation_token: found.next.as_deref().map(listing::token),
            contents: Some(self.listed(&input.bucket, found.files).await?),
            common_prefixes: Some(found.prefixes.into_iter().map(common).collect()),
            name: Some(input.bucket),
            max_keys: Some(found.most),
            prefix: input.prefix,
            delimiter: input.delimiter,
            continuation_token: input.continuation_token,
            start_after: input.start_after,
            ..ListObjectsV2Output::default()
        }))
    }

    async fn list_objects(&self, request: S3Request<ListObjectsInput>) -> S3Result<S3Response<ListObjectsOutput>> {
        let input = request.input;
        let prefix = input.prefix.clone().unwrap_or_default();
        let files = self.files(request.extensions.get::<Reach>(), &input.bucket, &prefix).await?;
        let wanted = Wanted {
            prefix: &prefix,
            delimiter: input.delimiter.as_deref().unwrap_or_default(),
            after: input.marker.as_deref().unwrap_or_default(),
            most: input.max_keys,
        };
        let found = listing::page(files, &wanted);
        Ok(S3Response::new(ListObjectsOutput {
            is_truncated: Some(found.next.is_some()),
            next_marker: found.next,
            contents: Some(self.listed(&input.bucket, found.files).await?),
            common_prefixes: Some(found.prefixes.into_iter().map(common).collect()),
            name: Some(input.bucket),
            max_keys: Some(found.most),
            prefix: input.prefix,
            delimiter: input.delimiter,
            marker: input.marker,
            ..ListObjectsOutput::default()
        }))
    }

    async fn delete_object(&self, request: S3Request<DeleteObjectInput>) -> S3Result<S3Response<DeleteObjectOutput>> {
        self.0.results.delete(&request.input.key).await.map_err(|_| s3_error!(InternalError))?;
        Ok(S3Response::new(DeleteObjectOutput::default()))
    }

    async fn delete_objects(
        &self,
        request: S3Request<DeleteObjectsInput>,
    ) -> S3Result<S3Response<DeleteObjectsOutput>> {
        let reach = request.extensions.get::<Reach>().ok_or_else(|| s3_error!(AccessDenied))?;
        let keys = request.input.delete.objects.into_iter().map(|object| object.key);
        let mut deleted = Vec::new();
        let mut errors = Vec::new();
        for key in keys {
            if reach.holds(RESULTS, &key) && self.0.results.delete(&key).await.is_ok() {
                deleted.push(DeletedObject { key: Some(key), ..DeletedObject::default() });
            } else {
                let code = Some("AccessDenied".to_owned());
                errors.push(s3s::dto::Error { key: Some(key), code, ..s3s::dto::Error::default() });
            }
        }
        let is_quiet = request.input.delete.quiet == Some(true);
        Ok(S3Response::new(DeleteObjectsOutput {
            deleted: (!is_quiet).then_some(deleted),
            errors: Some(errors),
            ..DeleteObjectsOutput::default()
        }))
    }

    async fn head_bucket(&self, _: S3Request<HeadBucketInput>) -> S3Result<S3Response<HeadBucketOutput>> {
        Ok(S3Response::new(HeadBucketOutput::default()))
    }

    async fn get_bucket_location(
        &self,
        _: S3Request<GetBucketLocationInput>,
    ) -> S3Result<S3Response<GetBucketLocationOutput>> {
        let region = &self.0.scope.region;
        // The first region has no name there.
        let constraint = (region != "us-east-1").then(|| BucketLocationConstraint::from(region.clone()));
        Ok(S3Response::new(GetBucketLocationOutput { location_constraint: constraint }))
    }

    async fn list_buckets(&self, _: S3Request<ListBucketsInput>) -> S3Result<S3Response<ListBucketsOutput>> {
        let bucket = |name: &str| Bucket { name: Some(name.to_owned()), ..Bucket::default() };
        let buckets = Some(vec![bucket(RESULTS), bucket(WAREHOUSE)]);
        Ok(S3Response::new(ListBucketsOutput { buckets, ..ListBucketsOutput::default() }))
    }
}

/// The bytes `part` of a file, piece by piece.
fn chunks(lake: Lake, path: String, part: Range<u64>) -> StreamingBlob {
    let chunks = stream::unfold(part, move |left| {
        let (lake, path) = (lake.clone(), path.clone());
        async move {
            if left.is_empty() {
                return None;
            }
            let end = left.end.min(left.start + CHUNK_BYTES);
            match lake.get_range(&path, left.start..end).await {
                Ok(bytes) => Some((Ok(bytes), end..left.end)),
                Err(_) => Some((Err(io::Error::other("the file cannot be read")), left.end..left.end)),
            }
        }
    });
    s3s::Body::http_body_unsync(Body::from_stream(chunks)).into()
}

/// The bytes `part` of a content that is here.
fn whole_body(content: &Bytes, part: &Range<u64>) -> S3Result<StreamingBlob> {
    let place = |at: u64| usize::try_from(at).map_err(|_| s3_error!(InvalidRange));
    let part = content.slice(place(part.start)?..place(part.end)?);
    Ok(s3s::Body::http_body_unsync(Body::from(part)).into())
}

fn check_conditions(file: &StoredFile, same: Option<&ETagCondition>, other: Option<&ETagCondition>) -> S3Result<()> {
    let own = etag(file);
    let is_own =
        |condition: &ETagCondition| condition.is_any() || condition.as_etag().is_some_and(|tag| tag.strong_cmp(&own));
    if same.is_some_and(|condition| !is_own(condition)) {
        return Err(s3_error!(PreconditionFailed));
    }
    if other.is_some_and(is_own) {
        return Err(s3_error!(NotModified));
    }
    Ok(())
}

/// Files are written once; a file that was written anew under its name has another time.
fn etag(file: &StoredFile) -> ETag {
    ETag::Strong(format!("{:x}-{:x}", file.modified.timestamp_micros(), file.bytes))
}

fn modified(file: &StoredFile) -> Timestamp {
    Timestamp::from(SystemTime::from(file.modified))
}

fn object(file: &StoredFile) -> Object {
    Object {
        key: Some(file.path.clone()),
        size: i64::try_from(file.bytes).ok(),
        e_tag: Some(etag(file)),
        last_modified: Some(modified(file)),
        ..Object::default()
    }
}

fn common(prefix: String) -> CommonPrefix {
    CommonPrefix { prefix: Some(prefix) }
}
