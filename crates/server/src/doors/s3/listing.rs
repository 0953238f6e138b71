//! Pages of a listing: keys below a prefix, those that share more up to a delimiter as one.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use s3s::{S3Result, s3_error};
use varberg_lake::StoredFile;

/// Most entries of a page.
const MOST: i32 = 1000;

/// What a listing asks for.
pub(super) struct Wanted<'a> {
    pub(super) prefix: &'a str,
    /// Empty: none.
    pub(super) delimiter: &'a str,
    /// The last entry already given; empty: none.
    pub(super) after: &'a str,
    pub(super) most: Option<i32>,
}

/// A page.
pub(super) struct Found {
    pub(super) files: Vec<StoredFile>,
    pub(super) prefixes: Vec<String>,
    pub(super) most: i32,
    /// The last entry of this page, if there is another page.
    pub(super) next: Option<String>,
}

/// The page of `files`, which are sorted by key and lie below the prefix.
pub(super) fn page(files: Vec<StoredFile>, wanted: &Wanted<'_>) -> Found {
    let most = wanted.most.unwrap_or(MOST).clamp(0, MOST);
    let mut found = Found { files: Vec::new(), prefixes: Vec::new(), most, next: None };
    let mut last = String::new();
    for file in files {
        let common = common_prefix(&file.path, wanted).map(str::to_owned);
        let entry = common.as_deref().unwrap_or(&file.path);
        if entry <= wanted.after || found.prefixes.last().is_some_and(|known| known == entry) {
            continue;
        }
        if found.files.len() + found.prefixes.len() >= usize::try_from(most).unwrap_or(0) {
            found.next = (most > 0).then_some(last);
            break;
        }
        entry.clone_into(&mut last);
        match common {
            Some(prefix) => found.prefixes.push(prefix),
            None => found.files.push(file),
        }
    }
    found
}

/// Up to and with the first delimiter behind the prefix.
fn common_prefix<'a>(key: &'a str, wanted: &Wanted<'_>) -> Option<&'a str> {
    if wanted.delimiter.is_empty() {
        return None;
    }
    let rest = key.get(wanted.prefix.len()..)?;
    let at = rest.find(wanted.delimiter)?;
    key.get(..wanted.prefix.len() + at + wanted.delimiter.len())
}

/// Where the next page begins, as clients carry it.
pub(super) fn token(last: &str) -> String {
    URL_SAFE_NO_PAD.encode(last)
}

/// The place that a token names.
pub(super) fn place(token: &str) -> S3Result<String> {
    let place = URL_SAFE_NO_PAD.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    place.ok_or_else(|| s3_error!(InvalidArgument, "the continuation token is none of this server's"))
}
