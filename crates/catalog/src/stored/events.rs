//! `event` of events.

use super::{VERSION, check_version, from_json, to_json};
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use varberg_model::{AccountId, Change, EventSubject};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredEvent {
    v: u32,
    uuid: String,
    subject: String,
    status: String,
    owner: String,
    store_id: String,
    store_name: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    creation_job: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    details: BTreeMap<String, String>,
}

#[derive(Debug, thiserror::Error)]
#[error("'{0}' is not what events are about")]
struct UnknownSubject(String);

pub(crate) fn event_to_json(uuid: &str, change: &Change) -> Result<String> {
    let stored = StoredEvent {
        v: VERSION,
        uuid: uuid.to_owned(),
        subject: change.subject.as_str().to_owned(),
        status: change.status.clone(),
        owner: change.owner.to_string(),
        store_id: change.store_id.clone(),
        store_name: change.store_name.clone(),
        id: change.id.clone(),
        creation_job: change.creation_job.clone(),
        details: change.details.clone(),
    };
    to_json("event", &stored)
}

/// The UUID and the change.
pub(crate) fn event_from_json(text: &str) -> Result<(String, Change)> {
    let stored: StoredEvent = from_json("event", text)?;
    check_version("event", stored.v)?;
    let unreadable = |source| Error::Stored { column: "event", source };
    let subject = EventSubject::parse(&stored.subject);
    let change = Change {
        subject: subject.ok_or_else(|| unreadable(Box::new(UnknownSubject(stored.subject))))?,
        status: stored.status,
        owner: AccountId::parse(&stored.owner).map_err(|source| unreadable(Box::new(source)))?,
        store_id: stored.store_id,
        store_name: stored.store_name,
        id: stored.id,
        creation_job: stored.creation_job,
        details: stored.details,
    };
    Ok((stored.uuid, change))
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    #[track_caller]
    fn check(change: &Change, expected: &Expect) {
        let json = event_to_json("c0e540f4-df38-4986-86c1-3e3730f971fe", change).unwrap();
        expected.assert_eq(&json);
        assert_eq!(event_from_json(&json).unwrap().1, *change);
    }

    #[test]
    fn form_1_of_events() {
        let store = Change {
            subject: EventSubject::VariantStore,
            status: "CREATED".to_owned(),
            owner: AccountId::parse("000000000000").unwrap(),
            store_id: "6710c5f02610".to_owned(),
            store_name: "cohort".to_owned(),
            id: None,
            creation_job: None,
            details: BTreeMap::new(),
        };
        check(
            &store,
            &expect![[
                r#"{"v":1,"uuid":"c0e540f4-df38-4986-86c1-3e3730f971fe","subject":"Variant Store","status":"CREATED","owner":"000000000000","store_id":"6710c5f02610","store_name":"cohort"}"#
            ]],
        );
        let reference = Change {
            subject: EventSubject::Reference,
            id: Some("1234567890".to_owned()),
            creation_job: Some("2345678901".to_owned()),
            ..store
        };
        check(
            &reference,
            &expect![[
                r#"{"v":1,"uuid":"c0e540f4-df38-4986-86c1-3e3730f971fe","subject":"Reference","status":"CREATED","owner":"000000000000","store_id":"6710c5f02610","store_name":"cohort","id":"1234567890","creation_job":"2345678901"}"#
            ]],
        );
    }
}
