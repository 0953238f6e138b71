//! JSON columns. Each carries the version of its form (`v`); a golden test freezes every form ever written.

mod annotations;
mod events;
mod maintenance;

pub(crate) use annotations::{
    format_options_from_json, format_options_to_json, tsv_options_from_json, tsv_options_to_json,
};
pub(crate) use events::{event_from_json, event_to_json};
pub(crate) use maintenance::{task_report_from_json, task_report_to_json, work_from_json, work_to_json};

use crate::error::{Error, Result};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use varberg_model::{AnnotationFields, ItemReport, ItemWarning, SseConfig, Tags};

/// The newest form of all columns here.
const VERSION: u32 = 1;

/// `tags` of stores and references.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredTags {
    v: u32,
    tags: BTreeMap<String, String>,
}

/// `sse` of stores.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredSse {
    v: u32,
    key_arn: Option<String>,
}

/// `annotation_fields` of import jobs.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredAnnotationFields {
    v: u32,
    fields: BTreeMap<String, String>,
}

/// `contig_aliases` of references.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredContigAliases {
    v: u32,
    aliases: BTreeMap<String, String>,
}

/// `report` of import items.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredReport {
    v: u32,
    rejected: u64,
    warnings: Vec<StoredWarning>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredWarning {
    cause: String,
    code: String,
    message: String,
    verdict: String,
    count: u64,
    first_line: u64,
}

/// A form newer than this program.
#[derive(Debug, thiserror::Error)]
#[error("form {0} is unknown to this program, which reads form {VERSION}")]
struct UnknownForm(u32);

pub(crate) fn tags_to_json(tags: &Tags) -> Result<String> {
    to_json("tags", &StoredTags { v: VERSION, tags: tags.as_map().clone() })
}

pub(crate) fn tags_from_json(text: &str) -> Result<Tags> {
    let stored: StoredTags = from_json("tags", text)?;
    check_version("tags", stored.v)?;
    Ok(Tags::from_stored(stored.tags))
}

pub(crate) fn sse_to_json(sse: &SseConfig) -> Result<String> {
    to_json("sse", &StoredSse { v: VERSION, key_arn: sse.key_arn.clone() })
}

pub(crate) fn sse_from_json(text: &str) -> Result<SseConfig> {
    let stored: StoredSse = from_json("sse", text)?;
    check_version("sse", stored.v)?;
    Ok(SseConfig { key_arn: stored.key_arn })
}

pub(crate) fn annotation_fields_to_json(fields: &AnnotationFields) -> Result<String> {
    to_json("annotation_fields", &StoredAnnotationFields { v: VERSION, fields: fields.as_map().clone() })
}

pub(crate) fn annotation_fields_from_json(text: &str) -> Result<AnnotationFields> {
    let stored: StoredAnnotationFields = from_json("annotation_fields", text)?;
    check_version("annotation_fields", stored.v)?;
    Ok(AnnotationFields::from_stored(stored.fields))
}

/// None where there are none.
pub(crate) fn contig_aliases_to_json(aliases: &BTreeMap<String, String>) -> Result<Option<String>> {
    if aliases.is_empty() {
        return Ok(None);
    }
    to_json("contig_aliases", &StoredContigAliases { v: VERSION, aliases: aliases.clone() }).map(Some)
}

pub(crate) fn contig_aliases_from_json(text: &str) -> Result<BTreeMap<String, String>> {
    let stored: StoredContigAliases = from_json("contig_aliases", text)?;
    check_version("contig_aliases", stored.v)?;
    Ok(stored.aliases)
}

pub(crate) fn report_to_json(report: &ItemReport) -> Result<String> {
    let warning = |w: &ItemWarning| StoredWarning {
        cause: w.cause.clone(),
        code: w.code.clone(),
        message: w.message.clone(),
        verdict: w.verdict.clone(),
        count: w.count,
        first_line: w.first_line,
    };
    let warnings = report.warnings.iter().map(warning).collect();
    to_json("report", &StoredReport { v: VERSION, rejected: report.rejected, warnings })
}

pub(crate) fn report_from_json(text: &str) -> Result<ItemReport> {
    let stored: StoredReport = from_json("report", text)?;
    check_version("report", stored.v)?;
    let warning = |w: StoredWarning| ItemWarning {
        cause: w.cause,
        code: w.code,
        message: w.message,
        verdict: w.verdict,
        count: w.count,
        first_line: w.first_line,
    };
    Ok(ItemReport { rejected: stored.rejected, warnings: stored.warnings.into_iter().map(warning).collect() })
}

fn to_json(column: &'static str, value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|source| Error::Stored { column, source: Box::new(source) })
}

fn from_json<T: DeserializeOwned>(column: &'static str, text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|source| Error::Stored { column, source: Box::new(source) })
}

fn check_version(column: &'static str, version: u32) -> Result<()> {
    if version == VERSION {
        return Ok(());
    }
    Err(Error::Stored { column, source: Box::new(UnknownForm(version)) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    fn pairs(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    #[test]
    fn form_1_of_tags() {
        let tags = Tags::from_stored(pairs(&[("project", "a \"b\""), ("empty", "")]));
        let json = tags_to_json(&tags).unwrap();
        expect![[r#"{"v":1,"tags":{"empty":"","project":"a \"b\""}}"#]].assert_eq(&json);
        assert_eq!(tags_from_json(&json).unwrap(), tags);
    }

    #[test]
    fn form_1_of_encryption() {
        let arn = "arn:aws:kms:us-east-1:123456789012:key/x".to_owned();
        for (sse, expected) in [
            (SseConfig { key_arn: None }, expect![[r#"{"v":1,"key_arn":null}"#]]),
            (
                SseConfig { key_arn: Some(arn) },
                expect![[r#"{"v":1,"key_arn":"arn:aws:kms:us-east-1:123456789012:key/x"}"#]],
            ),
        ] {
            let json = sse_to_json(&sse).unwrap();
            expected.assert_eq(&json);
            assert_eq!(sse_from_json(&json).unwrap(), sse);
        }
    }

    #[test]
    fn form_1_of_annotation_fields() {
        let fields = AnnotationFields::from_stored(pairs(&[("VEP", "CSQ")]));
        let json = annotation_fields_to_json(&fields).unwrap();
        expect![[r#"{"v":1,"fields":{"VEP":"CSQ"}}"#]].assert_eq(&json);
        assert_eq!(annotation_fields_from_json(&json).unwrap(), fields);
    }

    #[test]
    fn form_1_of_contig_aliases() {
        let aliases = pairs(&[("CM000663.2", "chr1")]);
        let json = contig_aliases_to_json(&aliases).unwrap().unwrap();
        expect![[r#"{"v":1,"aliases":{"CM000663.2":"chr1"}}"#]].assert_eq(&json);
        assert_eq!(contig_aliases_from_json(&json).unwrap(), aliases);
        assert_eq!(contig_aliases_to_json(&BTreeMap::new()).unwrap(), None);
    }

    #[test]
    fn form_1_of_reports() {
        let warning = ItemWarning {
            cause: "UndeclaredInfo".to_owned(),
            code: "E17".to_owned(),
            message: "an INFO key is not declared".to_owned(),
            verdict: "warn".to_owned(),
            count: 12,
            first_line: 40,
        };
        let report = ItemReport { rejected: 3, warnings: vec![warning] };
        let json = report_to_json(&report).unwrap();
        expect![[r#"{"v":1,"rejected":3,"warnings":[{"cause":"UndeclaredInfo","code":"E17","message":"an INFO key is not declared","verdict":"warn","count":12,"first_line":40}]}"#]]
        .assert_eq(&json);
        assert_eq!(report_from_json(&json).unwrap(), report);
    }

    #[test]
    fn refuses_a_newer_form() {
        assert!(matches!(tags_from_json(r#"{"v":2,"tags":{}}"#), Err(Error::Stored { column: "tags", .. })));
    }
}
