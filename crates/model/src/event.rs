//! Events: what is told to the world when a resource changes its state (spec 15).

use crate::{
    AccountId, AnnotationStore, ImportJob, Reference, ReferenceImportJob, ReferenceStatus, ReferenceStore, Share,
    ShareKind, StoreId, Task, VariantStore, Work,
};
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;

/// What kind of resource changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventSubject {
    VariantImportJob,
    AnnotationImportJob,
    VariantStore,
    AnnotationStore,
    VariantStoreShare,
    AnnotationStoreShare,
    ReferenceImportJob,
    Reference,
    ReferenceStore,
    /// Work on a table; ours, HealthOmics has none.
    TableTask,
}

impl EventSubject {
    pub const ALL: [Self; 10] = [
        Self::VariantImportJob,
        Self::AnnotationImportJob,
        Self::VariantStore,
        Self::AnnotationStore,
        Self::VariantStoreShare,
        Self::AnnotationStoreShare,
        Self::ReferenceImportJob,
        Self::Reference,
        Self::ReferenceStore,
        Self::TableTask,
    ];

    /// As an event's `detail-type` begins: `Variant Import Job`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::VariantImportJob => "Variant Import Job",
            Self::AnnotationImportJob => "Annotation Import Job",
            Self::VariantStore => "Variant Store",
            Self::AnnotationStore => "Annotation Store",
            Self::VariantStoreShare => "Variant Store Share",
            Self::AnnotationStoreShare => "Annotation Store Share",
            Self::ReferenceImportJob => "Reference Import Job",
            Self::Reference => "Reference",
            Self::ReferenceStore => "Reference Store",
            Self::TableTask => "Table Task",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|subject| subject.as_str() == text)
    }
}

/// The states of stores that events tell. Creation, update and deletion each have two; a creation that failed leaves no
/// store, so it is its caller's alone to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreEvent {
    Creating,
    Created,
    Updating,
    Updated,
    /// Of reference stores, once they are created.
    Active,
    Deleting,
    Deleted,
}

impl StoreEvent {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Creating => "CREATING",
            Self::Created => "CREATED",
            Self::Updating => "UPDATING",
            Self::Updated => "UPDATED",
            Self::Active => "ACTIVE",
            Self::Deleting => "DELETING",
            Self::Deleted => "DELETED",
        }
    }
}

/// One change of state. Holds ids and names of stores, never names of files or samples, and no messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub subject: EventSubject,
    pub status: String,
    /// Whose resource it is; his account is that of the ARN.
    pub owner: AccountId,
    /// Of the store, or the reference store, that the resource is or belongs to.
    pub store_id: String,
    pub store_name: String,
    /// Of the job, the share or the reference; none for stores.
    pub id: Option<String>,
    /// The import job that a reference came from.
    pub creation_job: Option<String>,
    /// Of tasks: what they did, as further members of the event.
    pub details: BTreeMap<String, String>,
}

/// A change as it was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Grows from event to event, over all accounts.
    pub number: i64,
    /// A UUID, the same whenever the event is given out.
    pub id: String,
    /// Who is told.
    pub account: AccountId,
    pub time: DateTime<Utc>,
    pub change: Change,
}

impl Change {
    pub fn variant_store(store: &VariantStore, status: StoreEvent) -> Self {
        let (id, name) = (store.id.to_string(), store.name.to_string());
        Self::store(EventSubject::VariantStore, &store.account, (id, name), status)
    }

    pub fn annotation_store(store: &AnnotationStore, status: StoreEvent) -> Self {
        let (id, name) = (store.id.to_string(), store.name.to_string());
        Self::store(EventSubject::AnnotationStore, &store.account, (id, name), status)
    }

    pub fn reference_store(store: &ReferenceStore, status: StoreEvent) -> Self {
        let (id, name) = (store.id.to_string(), store.name.as_str().to_owned());
        Self::store(EventSubject::ReferenceStore, &store.account, (id, name), status)
    }

    fn store(subject: EventSubject, owner: &AccountId, (id, name): (String, String), status: StoreEvent) -> Self {
        Self {
            subject,
            status: status.as_str().to_owned(),
            owner: owner.clone(),
            store_id: id,
            store_name: name,
            id: None,
            creation_job: None,
            details: BTreeMap::new(),
        }
    }

    /// The job is in its new state; `store` is the store, not the version, that it writes to.
    pub fn import_job(job: &ImportJob, store: &StoreId) -> Self {
        Self {
            subject: match job.annotation {
                None => EventSubject::VariantImportJob,
                Some(_) => EventSubject::AnnotationImportJob,
            },
            status: job.status.as_str().to_owned(),
            owner: job.account.clone(),
            store_id: store.to_string(),
            store_name: job.destination_name.to_string(),
            id: Some(job.id.to_string()),
            creation_job: None,
            details: BTreeMap::new(),
        }
    }

    /// The share is in its new state.
    pub fn share(share: &Share) -> Self {
        let name = share.resource_arn.rsplit('/').next().unwrap_or_default();
        Self {
            subject: match share.kind {
                ShareKind::AnnotationStore => EventSubject::AnnotationStoreShare,
                ShareKind::VariantStore | ShareKind::Workflow => EventSubject::VariantStoreShare,
            },
            status: share.status.as_str().to_owned(),
            owner: share.owner.clone(),
            store_id: share.resource_id.to_string(),
            store_name: name.to_owned(),
            id: Some(share.id.clone()),
            creation_job: None,
            details: BTreeMap::new(),
        }
    }

    /// The job is in its new state.
    pub fn reference_import_job(job: &ReferenceImportJob, store: &ReferenceStore) -> Self {
        Self {
            subject: EventSubject::ReferenceImportJob,
            status: job.status.as_str().to_owned(),
            id: Some(job.id.to_string()),
            ..Self::reference_store(store, StoreEvent::Active)
        }
    }

    pub fn reference(reference: &Reference, store: &ReferenceStore, status: ReferenceStatus) -> Self {
        Self {
            subject: EventSubject::Reference,
            status: status.as_str().to_owned(),
            id: Some(reference.id.to_string()),
            creation_job: Some(reference.job.to_string()),
            ..Self::reference_store(store, StoreEvent::Active)
        }
    }

    /// The task is in its new state; `store` is the store, not the version, that its table belongs to.
    pub fn task(task: &Task, store: &StoreId) -> Self {
        let mut details = BTreeMap::from([
            ("work".to_owned(), task.work.name().to_owned()),
            ("automatic".to_owned(), task.automatic.to_string()),
        ]);
        if let Work::Undo { job } = task.work {
            details.insert("jobId".to_owned(), job.to_string());
        }
        let done = task.report.numbers().into_iter().filter(|_| task.status.is_terminal());
        details.extend(done.map(|(name, number)| (name.to_owned(), number.to_string())));
        Self {
            subject: EventSubject::TableTask,
            status: task.status.as_str().to_owned(),
            owner: task.account.clone(),
            store_id: store.to_string(),
            store_name: task.table.clone(),
            id: Some(task.id.to_string()),
            creation_job: None,
            details,
        }
    }

    /// What its ARN ends with. Stores and their jobs have the forms of AWS's examples of events, which differ from those of
    /// the API; for the others no form is documented: they have their normal ARNs, a share that of its store, a reference
    /// import job, which has none, that of its reference store.
    pub fn resource(&self) -> String {
        let (store, name) = (&self.store_id, &self.store_name);
        let id = self.id.as_deref().unwrap_or_default();
        match self.subject {
            EventSubject::VariantStore | EventSubject::AnnotationStore => name.clone(),
            EventSubject::VariantImportJob | EventSubject::AnnotationImportJob | EventSubject::TableTask => {
                format!("{name}/{id}")
            }
            EventSubject::VariantStoreShare => format!("variantStore/{name}"),
            EventSubject::AnnotationStoreShare => format!("annotationStore/{name}"),
            EventSubject::ReferenceStore | EventSubject::ReferenceImportJob => format!("referenceStore/{store}"),
            EventSubject::Reference => format!("referenceStore/{store}/reference/{id}"),
        }
    }
}
