//! What the server can be asked to do: the table of operations, from which routes, rights and documentation follow.

use crate::app::App;
use axum::extract::Extension;
use axum::handler::Handler;
use axum::middleware::map_response;
use axum::response::Response;
use axum::routing::{MethodFilter, MethodRouter, on};
use varberg_model::Access;

/// One operation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Operation {
    /// As the service model calls it; our own ones have names of the same form.
    pub(crate) name: &'static str,
    pub(crate) method: Method,
    /// With parameters in braces.
    pub(crate) path: &'static str,
    pub(crate) access: Access,
    /// What is to be known of it here, for the documentation.
    pub(crate) note: &'static str,
}

/// The methods that operations have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    Get,
    Post,
    Delete,
}

/// An operation and what answers it.
pub(crate) struct Route {
    pub(crate) operation: Operation,
    pub(crate) answer: MethodRouter<App>,
}

impl Operation {
    pub(crate) const fn note(self, note: &'static str) -> Self {
        Self { note, ..self }
    }

    /// Whether HealthOmics has it.
    pub(crate) fn is_of_healthomics(&self) -> bool {
        !(self.path == "/sql" || self.path == "/openapi.json" || self.path.starts_with("/varberg/"))
    }

    /// The errors that the service model declares for it (spec 3.10), with their statuses; of ours: what it may answer.
    pub(crate) fn errors(&self) -> Vec<(u16, &'static str)> {
        let first = self.path.split('/').nth(1).unwrap_or_default();
        let has = |words: &[&str]| words.iter().any(|word| self.name.starts_with(word));
        let is_tag = first == "tags";
        let is_share = first == "share" || first == "shares";
        let is_reference = first.starts_with("reference");
        let quota = is_tag || is_share || has(&["Create", "Start"]);
        let conflict = is_tag || is_share || has(&["Delete", "Undo"]) || (has(&["Create"]) && !is_reference);
        let missing = !matches!(self.name, "CreateReferenceStore" | "ListReferenceStores");
        let timeout = is_tag || is_reference;
        [
            (true, 400, "ValidationException"),
            (quota && self.is_of_healthomics(), 402, "ServiceQuotaExceededException"),
            (true, 403, "AccessDeniedException"),
            (missing, 404, "ResourceNotFoundException"),
            (timeout, 408, "RequestTimeoutException"),
            (conflict, 409, "ConflictException"),
            (self.name == "GetReference", 416, "RangeNotSatisfiableException"),
            (true, 429, "ThrottlingException"),
            (true, 500, "InternalServerException"),
        ]
        .into_iter()
        .filter_map(|(may, status, name)| may.then_some((status, name)))
        .collect()
    }

    /// Its route. Requests and answers carry the operation along.
    pub(crate) fn by<H: Handler<T, App>, T: 'static>(self, handler: H) -> Route {
        let filter = match self.method {
            Method::Get => MethodFilter::GET,
            Method::Post => MethodFilter::POST,
            Method::Delete => MethodFilter::DELETE,
        };
        let mark = move |mut response: Response| async move {
            response.extensions_mut().insert(self);
            response
        };
        Route {
            operation: self,
            answer: on(filter, handler).route_layer(Extension(self)).route_layer(map_response(mark)),
        }
    }
}

pub(crate) const fn get(name: &'static str, path: &'static str) -> Operation {
    Operation { name, method: Method::Get, path, access: Access::Read, note: "" }
}

/// A question that is asked with a POST.
pub(crate) const fn ask(name: &'static str, path: &'static str) -> Operation {
    Operation { name, method: Method::Post, path, access: Access::Read, note: "" }
}

pub(crate) const fn write(name: &'static str, path: &'static str) -> Operation {
    Operation { name, method: Method::Post, path, access: Access::Write, note: "" }
}

/// Takes back what a write did.
pub(crate) const fn retract(name: &'static str, path: &'static str) -> Operation {
    Operation { name, method: Method::Delete, path, access: Access::Write, note: "" }
}

pub(crate) const fn manage(name: &'static str, path: &'static str) -> Operation {
    Operation { name, method: Method::Post, path, access: Access::Manage, note: "" }
}

pub(crate) const fn delete(name: &'static str, path: &'static str) -> Operation {
    Operation { name, method: Method::Delete, path, access: Access::Manage, note: "" }
}
