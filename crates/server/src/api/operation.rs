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
    Operation { name, method: Method::Get, path, access: Access::Read }
}

/// A question that is asked with a POST.
pub(crate) const fn ask(name: &'static str, path: &'static str) -> Operation {
    Operation { name, method: Method::Post, path, access: Access::Read }
}

pub(crate) const fn write(name: &'static str, path: &'static str) -> Operation {
    Operation { name, method: Method::Post, path, access: Access::Write }
}

/// Takes back what a write did.
pub(crate) const fn retract(name: &'static str, path: &'static str) -> Operation {
    Operation { name, method: Method::Delete, path, access: Access::Write }
}

pub(crate) const fn manage(name: &'static str, path: &'static str) -> Operation {
    Operation { name, method: Method::Post, path, access: Access::Manage }
}

pub(crate) const fn delete(name: &'static str, path: &'static str) -> Operation {
    Operation { name, method: Method::Delete, path, access: Access::Manage }
}
