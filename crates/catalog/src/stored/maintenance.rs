//! `work` and `report` of table tasks.

use super::{VERSION, check_version, from_json, to_json};
use crate::error::{Error, Result};
use chrono::DateTime;
use serde::{Deserialize, Serialize};
use varberg_model::{JobId, TaskReport, Work};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredWork {
    v: u32,
    kind: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    before_us: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    keep: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    job: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredTaskReport {
    v: u32,
    files_before: u64,
    files_after: u64,
    bytes_before: u64,
    bytes_after: u64,
    rows_rewritten: u64,
    rows_removed: u64,
    snapshots_dropped: u64,
}

#[derive(Debug, thiserror::Error)]
#[error("'{0}' is no work on a table")]
struct UnknownWork(String);

pub(crate) fn work_to_json(work: &Work) -> Result<String> {
    let mut stored = StoredWork { v: VERSION, kind: work.name().to_owned(), before_us: None, keep: None, job: None };
    match work {
        Work::Compact => {}
        Work::Expire { before, keep } => {
            stored.before_us = Some(before.timestamp_micros());
            stored.keep = Some(*keep);
        }
        Work::Undo { job } => stored.job = Some(job.to_string()),
    }
    to_json("work", &stored)
}

pub(crate) fn work_from_json(text: &str) -> Result<Work> {
    let stored: StoredWork = from_json("work", text)?;
    check_version("work", stored.v)?;
    let job = stored.job.as_deref().and_then(|job| JobId::parse("job", job).ok());
    let before = stored.before_us.and_then(DateTime::from_timestamp_micros);
    match (stored.kind.as_str(), before, stored.keep, job) {
        ("COMPACT", ..) => Ok(Work::Compact),
        ("EXPIRE", Some(before), Some(keep), _) => Ok(Work::Expire { before, keep }),
        ("UNDO", _, _, Some(job)) => Ok(Work::Undo { job }),
        _ => Err(Error::Stored { column: "work", source: Box::new(UnknownWork(stored.kind)) }),
    }
}

pub(crate) fn task_report_to_json(report: &TaskReport) -> Result<String> {
    let TaskReport {
        files_before,
        files_after,
        bytes_before,
        bytes_after,
        rows_rewritten,
        rows_removed,
        snapshots_dropped,
    } = *report;
    let stored = StoredTaskReport {
        v: VERSION,
        files_before,
        files_after,
        bytes_before,
        bytes_after,
        rows_rewritten,
        rows_removed,
        snapshots_dropped,
    };
    to_json("report", &stored)
}

pub(crate) fn task_report_from_json(text: &str) -> Result<TaskReport> {
    let stored: StoredTaskReport = from_json("report", text)?;
    check_version("report", stored.v)?;
    Ok(TaskReport {
        files_before: stored.files_before,
        files_after: stored.files_after,
        bytes_before: stored.bytes_before,
        bytes_after: stored.bytes_after,
        rows_rewritten: stored.rows_rewritten,
        rows_removed: stored.rows_removed,
        snapshots_dropped: stored.snapshots_dropped,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    #[test]
    fn form_1_of_work_and_reports() {
        let job = JobId::parse("job", "0f8fad5b-d9cb-469f-a165-70867728950e").unwrap();
        let before = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
        let works = [Work::Compact, Work::Expire { before, keep: 3 }, Work::Undo { job }];
        let texts: Vec<String> = works.iter().map(|work| work_to_json(work).unwrap()).collect();
        expect![[r#"
            {"v":1,"kind":"COMPACT"}
            {"v":1,"kind":"EXPIRE","before_us":1700000000000000,"keep":3}
            {"v":1,"kind":"UNDO","job":"0f8fad5b-d9cb-469f-a165-70867728950e"}"#]]
        .assert_eq(&texts.join("\n"));
        for (text, work) in texts.iter().zip(works) {
            assert_eq!(work_from_json(text).unwrap(), work);
        }
        let report = TaskReport { files_before: 9, rows_removed: 7, ..TaskReport::default() };
        let text = task_report_to_json(&report).unwrap();
        expect![[r#"{"v":1,"files_before":9,"files_after":0,"bytes_before":0,"bytes_after":0,"rows_rewritten":0,"rows_removed":7,"snapshots_dropped":0}"#]]
            .assert_eq(&text);
        assert_eq!(task_report_from_json(&text).unwrap(), report);
        assert!(work_from_json(r#"{"v":1,"kind":"EXPIRE"}"#).is_err());
    }
}
