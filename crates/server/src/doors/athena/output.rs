//! Where answers lie: below the account's number in the place of results, which clients know as a bucket.

use crate::app::App;
use crate::doors::s3::RESULTS;
use crate::error::ApiError;
use varberg_model::{AccountId, JobId, StatementKind};

/// Address of the place in which an account's answers lie, with a slash at its end.
pub(super) fn place(app: &App, account: &AccountId) -> String {
    location(app, &format!("{account}/"))
}

/// Address of a path in the place of results.
pub(super) fn location(app: &App, path: &str) -> String {
    match app.results.is_directory() {
        true => format!("s3://{RESULTS}/{path}"),
        false => app.results.location(path),
    }
}

/// The path of the answer of an execution: a file, or what its files and their list are named by.
pub(super) fn path(account: &AccountId, id: JobId, kind: StatementKind) -> String {
    match kind {
        StatementKind::Select => format!("{account}/{id}.csv"),
        StatementKind::Show | StatementKind::Explain => format!("{account}/{id}.txt"),
        StatementKind::Unload => format!("{account}/{id}"),
        StatementKind::CreateTableAsSelect => format!("{account}/tables/{id}"),
    }
}

/// The list of an answer's files.
pub(super) fn manifest(path: &str) -> String {
    format!("{path}-manifest.csv")
}

/// The directory that a statement names for its files, as a path without a slash at its end.
pub(super) fn directory(app: &App, account: &AccountId, address: &str) -> Result<String, ApiError> {
    let place = place(app, account);
    let below = address.strip_prefix(&place).map(|rest| rest.trim_end_matches('/')).filter(|rest| !rest.is_empty());
    let legal = |rest: &&str| rest.split('/').all(|part| !matches!(part, "" | "." | "..") && !part.contains('#'));
    match below.filter(legal) {
        Some(rest) => Ok(format!("{account}/{rest}")),
        None => Err(ApiError::Invalid(format!(
            "files can be written below {place} only; name a place there, such as {place}my-answer/"
        ))),
    }
}
