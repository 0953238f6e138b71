//! The doors of AWS's other services on the same port: those that clients of HealthOmics stores use beside it.
//!
//! In: a request that the gate has let in, with the service it is for. Out: that service's answer. What is for HealthOmics, and
//! for us, goes on to the routes.

pub(crate) mod athena;
mod glue;
mod lake_formation;
mod ram;
mod request;
pub(crate) mod s3;
mod sts;
mod tables;

use crate::app::App;
use crate::auth::service::Service;
use crate::error::ApiError;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use request::{DoorRequest, answered};

/// Answers what is for one of the doors.
pub(crate) async fn dispatch(State(app): State<App>, request: Request, next: Next) -> Response {
    let service = request.extensions().get::<Service>().copied().unwrap_or(Service::Omics);
    match service {
        Service::Omics | Service::Iceberg => next.run(request).await,
        Service::S3 => s3::answer(&app, request).await,
        Service::Sts => sts::answer(&app, request).await,
        Service::Athena | Service::Glue | Service::Ram | Service::LakeFormation => {
            match DoorRequest::receive(&app, service, request).await {
                Ok(request) => answered(service, request.operation, call(&app, service, &request).await),
                Err(error) => error.in_the_words_of(service),
            }
        }
    }
}

async fn call(app: &App, service: Service, request: &DoorRequest) -> Result<serde_json::Value, ApiError> {
    match service {
        Service::Athena => athena::answer(app, request).await,
        Service::Glue => glue::answer(app, request).await,
        Service::Ram => ram::answer(app, request).await,
        _ => lake_formation::answer(app, request).await,
    }
}
