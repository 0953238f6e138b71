//! What a user writes for an input file, and the address the server gets: `s3://…` as it is, a local path as `file:///…`.
//!
//! Nothing is uploaded: the server reads the file itself. Whether it may is for the server to say.

use super::exit::UsageError;
use anyhow::Context as _;
use std::path::{Component, Path, PathBuf};

/// The addresses of `inputs`: patterns (`*`, `?`, `[…]`) are expanded in name order, local paths become absolute.
///
/// - `check`: the server shares our files, so that a path that does not exist is an error here.
/// - Errors: [`UsageError`] for a pattern without a match, or a path that is not there.
pub(super) fn resolve_all(inputs: &[String], check: bool) -> anyhow::Result<Vec<String>> {
    let mut sources = Vec::with_capacity(inputs.len());
    for input in inputs {
        if is_address(input) || Path::new(input).exists() || !input.contains(['*', '?', '[']) {
            sources.push(resolve(input, check)?);
            continue;
        }
        let before = sources.len();
        let matches = glob::glob(input).map_err(|e| UsageError(format!("{input:?} is not a file pattern: {e}")))?;
        for path in matches {
            sources.push(file_address(&path.context("cannot read a directory of the pattern")?)?);
        }
        if sources.len() == before {
            return Err(UsageError(format!("no file matches {input:?}")).into());
        }
    }
    Ok(sources)
}

/// The address of one input; see [`resolve_all`].
pub(super) fn resolve(input: &str, check: bool) -> anyhow::Result<String> {
    if is_address(input) {
        return Ok(input.to_owned());
    }
    if let Some((scheme, _)) = input.split_once("://") {
        let text =
            format!("{input:?}: the server does not fetch {scheme}:// addresses; give files, file:///… or s3://…");
        return Err(UsageError(text).into());
    }
    let path = Path::new(input);
    if check && !path.exists() {
        return Err(UsageError(format!("there is no file {input:?} on this machine")).into());
    }
    file_address(path)
}

fn is_address(input: &str) -> bool {
    input.starts_with("s3://") || input.starts_with("file://")
}

fn file_address(path: &Path) -> anyhow::Result<String> {
    let absolute = std::path::absolute(path).with_context(|| format!("cannot make {} absolute", path.display()))?;
    let plain = without_dots(&absolute);
    let text = plain.to_str().with_context(|| {
        format!("the name of {} is not UTF-8; the API can only carry names that are", path.display())
    })?;
    Ok(format!("file://{text}"))
}

/// Takes `.` and `..` out as a shell shows a path (`a/../b` is `b`), without asking the file system.
fn without_dots(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => {
                plain.pop();
            }
            Component::CurDir => {}
            other => plain.push(other),
        }
    }
    plain
}

/// The name of a file without directories and the endings `.gz`, `.bgz`, `.fa`, `.fasta`, `.fna`.
pub(super) fn stem(input: &str) -> String {
    let mut name = input.rsplit('/').next().unwrap_or(input);
    for endings in [&[".gz", ".bgz"][..], &[".fa", ".fasta", ".fna"][..]] {
        name = endings.iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(name);
    }
    name.to_owned()
}
