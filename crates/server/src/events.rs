//! Events as EventBridge would send them (spec 15): the envelope around what the catalog recorded.
//!
//! Delivery to the webhook is `events/webhook.rs`; the operation that lists events is `api/event.rs`.

mod signature;
pub(crate) mod webhook;

use chrono::SecondsFormat;
use serde_json::{Value, json};
use varberg_model::{Event, EventSubject};

/// How the server signs its events: region of the ARNs, and what stands before each `detail-type`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Envelope<'a> {
    pub(crate) region: &'a str,
    pub(crate) detail_type_prefix: &'a str,
}

impl Envelope<'_> {
    /// The event as it is given out, the same each time. Which members `detail` has follows AWS's examples and the typed
    /// patterns of its CDK; names and ids of stores are in all of them.
    pub(crate) fn of(self, event: &Event) -> Value {
        let change = &event.change;
        let arn = format!("arn:aws:omics:{}:{}:{}", self.region, change.owner, change.resource());
        let mut detail = json!({
            "omicsVersion": "1.0.0",
            "arn": arn,
            "status": change.status,
            "storeId": change.store_id,
            "storeName": change.store_name,
        });
        let details = change.details.iter().map(|(member, value)| (member.as_str(), Some(value.as_str())));
        for (member, value) in members(event).into_iter().chain(details) {
            if let (Some(detail), Some(value)) = (detail.as_object_mut(), value) {
                detail.insert(member.to_owned(), value.into());
            }
        }
        json!({
            "version": "0",
            "id": event.id,
            "detail-type": format!("{}{} Status Change", self.detail_type_prefix, change.subject.as_str()),
            "source": "aws.omics",
            "account": event.account.as_str(),
            "time": event.time.to_rfc3339_opts(SecondsFormat::Secs, true),
            "region": self.region,
            "resources": [arn],
            "detail": detail,
        })
    }
}

/// What `detail` has beyond the members that all kinds share.
fn members(event: &Event) -> Vec<(&'static str, Option<&str>)> {
    let change = &event.change;
    let (id, store) = (change.id.as_deref(), Some(change.store_id.as_str()));
    match change.subject {
        EventSubject::VariantStore | EventSubject::AnnotationStore => Vec::new(),
        EventSubject::VariantImportJob | EventSubject::AnnotationImportJob => vec![("jobId", id)],
        EventSubject::VariantStoreShare | EventSubject::AnnotationStoreShare => vec![("shareId", id)],
        EventSubject::ReferenceStore => vec![("id", store)],
        EventSubject::TableTask => vec![("taskId", id)],
        EventSubject::ReferenceImportJob => vec![("id", id), ("jobId", id), ("referenceStoreId", store)],
        EventSubject::Reference => {
            vec![("id", id), ("referenceStoreId", store), ("creationJobId", change.creation_job.as_deref())]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;
    use expect_test::{Expect, expect};
    use varberg_model::{AccountId, Change};

    #[track_caller]
    fn check(subject: EventSubject, expected: &Expect) {
        let account = AccountId::parse("123456789012").unwrap();
        let event = Event {
            number: 1,
            id: "c0e540f4-df38-4986-86c1-3e3730f971fe".to_owned(),
            account: account.clone(),
            time: DateTime::from_timestamp(1_450_810_128, 999_000_000).unwrap(),
            change: Change {
                subject,
                status: "ACTIVE".to_owned(),
                owner: account,
                store_id: "1234567890".to_owned(),
                store_name: "my_store".to_owned(),
                id: Some("2345678901".to_owned()),
                creation_job: Some("3456789012".to_owned()),
                details: std::collections::BTreeMap::new(),
            },
        };
        let envelope = Envelope { region: "us-east-1", detail_type_prefix: "" }.of(&event);
        expected.assert_eq(&serde_json::to_string_pretty(&envelope["detail"]).unwrap());
        assert_eq!(envelope["resources"], json!([envelope["detail"]["arn"]]));
        let prefixed = Envelope { region: "us-east-1", detail_type_prefix: "HealthOmics " }.of(&event);
        assert_eq!(prefixed["detail-type"], format!("HealthOmics {}", envelope["detail-type"].as_str().unwrap()));
        assert_eq!(envelope["time"], "2015-12-22T18:48:48Z");
    }

    #[test]
    fn a_job_is_told_as_in_the_examples_of_aws() {
        check(
            EventSubject::VariantImportJob,
            &expect![[r#"
                {
                  "arn": "arn:aws:omics:us-east-1:123456789012:my_store/2345678901",
                  "jobId": "2345678901",
                  "omicsVersion": "1.0.0",
                  "status": "ACTIVE",
                  "storeId": "1234567890",
                  "storeName": "my_store"
                }"#]],
        );
    }

    #[test]
    fn a_reference_has_the_members_of_the_typed_patterns() {
        check(
            EventSubject::Reference,
            &expect![[r#"
                {
                  "arn": "arn:aws:omics:us-east-1:123456789012:referenceStore/1234567890/reference/2345678901",
                  "creationJobId": "3456789012",
                  "id": "2345678901",
                  "omicsVersion": "1.0.0",
                  "referenceStoreId": "1234567890",
                  "status": "ACTIVE",
                  "storeId": "1234567890",
                  "storeName": "my_store"
                }"#]],
        );
    }
}
