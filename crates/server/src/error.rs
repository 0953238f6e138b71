//! What a request can end with, and the only place that knows HTTP statuses and AWS error names.
//!
//! In: an [`ApiError`]. Out: status, `x-amzn-errortype` (bare name), `{"message": ...}` (facts: error contract).
//! The text of an internal failure goes to the log, never to the client.

use crate::auth::service::Service;
use crate::auth::signature::Refusal;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, StatusCode};
use varberg_model::ValidationError;

/// Carries the name of the error.
pub(crate) const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");

/// Why a request is refused. Texts are for the client: what is wrong, where, what to do.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    #[error(transparent)]
    Validation(#[from] ValidationError),
    /// The credentials are missing or wrong.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Not valid for a reason that no single member has.
    #[error("{0}")]
    Invalid(String),
    #[error("{0}")]
    AccessDenied(String),
    #[error("{0}")]
    NotFound(String),
    #[error("{0}")]
    UnknownOperation(String),
    #[error("{0}")]
    NotSupported(String),
    #[error("{0}")]
    RequestTimeout(String),
    #[error("{0}")]
    Conflict(String),
    /// A quota is reached.
    #[error("{0}")]
    QuotaExceeded(String),
    #[error("{0}")]
    RangeNotSatisfiable(String),
    #[error("{0}")]
    TooLarge(String),
    /// Too much at once; the same request may be sent again.
    #[error("{0}")]
    Throttled(String),
    /// Starting or stopping.
    #[error("{0}")]
    Unavailable(String),
    /// Our own failure. The text is logged, not sent.
    #[error("{0}")]
    Internal(String),
}

impl ApiError {
    fn status_and_name(&self) -> (StatusCode, &'static str) {
        match self {
            Self::Refused(refusal) => status_and_name_of(refusal),
            Self::Validation(_) | Self::Invalid(_) => (StatusCode::BAD_REQUEST, "ValidationException"),
            Self::AccessDenied(_) => (StatusCode::FORBIDDEN, "AccessDeniedException"),
            Self::NotFound(_) => (StatusCode::NOT_FOUND, "ResourceNotFoundException"),
            Self::UnknownOperation(_) => (StatusCode::NOT_FOUND, "UnknownOperationException"),
            Self::NotSupported(_) => (StatusCode::METHOD_NOT_ALLOWED, "NotSupportedOperationException"),
            Self::RequestTimeout(_) => (StatusCode::REQUEST_TIMEOUT, "RequestTimeoutException"),
            Self::Conflict(_) => (StatusCode::CONFLICT, "ConflictException"),
            Self::QuotaExceeded(_) => (StatusCode::PAYMENT_REQUIRED, "ServiceQuotaExceededException"),
            Self::RangeNotSatisfiable(_) => (StatusCode::RANGE_NOT_SATISFIABLE, "RangeNotSatisfiableException"),
            Self::TooLarge(_) => (StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLargeException"),
            Self::Throttled(_) => (StatusCode::TOO_MANY_REQUESTS, "ThrottlingException"),
            Self::Unavailable(_) => (StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable"),
            Self::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, "InternalServerException"),
        }
    }

    fn message(&self) -> String {
        match self {
            Self::Internal(_) => "the server failed; its log says why, under the request id of this answer".to_owned(),
            other => other.to_string(),
        }
    }
}

/// AWS's own names; no operation declares them (facts: error contract, 5.2).
fn status_and_name_of(refusal: &Refusal) -> (StatusCode, &'static str) {
    match refusal {
        Refusal::Malformed(_) => (StatusCode::BAD_REQUEST, "ValidationException"),
        Refusal::Missing => (StatusCode::FORBIDDEN, "MissingAuthenticationTokenException"),
        Refusal::Incomplete(_) => (StatusCode::FORBIDDEN, "IncompleteSignatureException"),
        Refusal::Unrecognized => (StatusCode::FORBIDDEN, "UnrecognizedClientException"),
        Refusal::Invalid(_) => (StatusCode::FORBIDDEN, "InvalidSignatureException"),
    }
}

impl From<varberg_catalog::Error> for ApiError {
    fn from(error: varberg_catalog::Error) -> Self {
        use varberg_catalog::Error;
        match error {
            Error::NotFound(entity) => Self::NotFound(format!("{entity} does not exist")),
            Error::AlreadyExists(entity) => Self::Conflict(format!("{entity} already exists")),
            Error::Conflict(text) => Self::Conflict(text),
            // No operation that starts or ends imports knows a conflict (spec 3.10).
            Error::NotActive(..) | Error::AlreadyEnded(_) => Self::Invalid(error.to_string()),
            Error::TooManyTags | Error::TooMany { .. } => Self::QuotaExceeded(error.to_string()),
            Error::NotTheSubscriber => Self::AccessDenied(error.to_string()),
            Error::Buried => Self::Throttled(error.to_string()),
            Error::Busy => Self::Throttled("the server is busy; send the request again".to_owned()),
            other => Self::Internal(chain(&other)),
        }
    }
}

impl From<varberg_lake::Error> for ApiError {
    fn from(error: varberg_lake::Error) -> Self {
        Self::Internal(chain(&error))
    }
}

impl From<varberg_lake::SourceError> for ApiError {
    /// Sources are checked from configuration alone: the address names no file, or its place is not allowed.
    fn from(error: varberg_lake::SourceError) -> Self {
        use varberg_lake::SourceError;
        match error {
            SourceError::NotAFile { .. } | SourceError::EmptySegment { .. } => Self::Invalid(error.to_string()),
            other => Self::AccessDenied(other.to_string()),
        }
    }
}

/// An error with all its causes, for the log.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

impl ApiError {
    /// The same error by the name and in the form that clients of a service know.
    pub(crate) fn in_the_words_of(self, service: Service) -> Response {
        let name = match service {
            Service::Omics => return self.into_response(),
            Service::Iceberg => return self.in_icebergs_form(),
            Service::Athena => self.name_in([
                "InvalidRequestException",
                "MetadataException",
                "InvalidRequestException",
                "TooManyRequestsException",
                "InternalServerException",
            ]),
            Service::Glue | Service::LakeFormation => self.name_in([
                "InvalidInputException",
                "EntityNotFoundException",
                "AlreadyExistsException",
                "ThrottlingException",
                "InternalServiceException",
            ]),
            Service::Ram => self.name_in([
                "InvalidParameterException",
                "UnknownResourceException",
                "InvalidParameterException",
                "ThrottlingException",
                "ServerInternalException",
            ]),
            Service::Sts => {
                self.name_in(["ValidationError", "ValidationError", "ValidationError", "Throttling", "InternalFailure"])
            }
            Service::S3 => self.name_in(["InvalidRequest", "NoSuchKey", "InvalidRequest", "SlowDown", "InternalError"]),
        };
        if let Self::Internal(text) = &self {
            tracing::error!(error = %text, "a request failed");
        }
        // All but S3's clients go by the name alone; theirs by the status too.
        let status = match self.status_and_name().0 {
            status if status.is_server_error() => StatusCode::INTERNAL_SERVER_ERROR,
            StatusCode::FORBIDDEN => StatusCode::FORBIDDEN,
            StatusCode::NOT_FOUND if service == Service::S3 => StatusCode::NOT_FOUND,
            _ => StatusCode::BAD_REQUEST,
        };
        let mut text = self.message();
        if name == "MetadataException" {
            // Clients look in the text for what the catalog behind Athena said.
            text.push_str(
                " (Service: AmazonDataCatalog; Status Code: 400; Error Code: EntityNotFoundException; Proxy: null)",
            );
        }
        match service {
            Service::S3 | Service::Sts => {
                let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
                let error = format!("<Code>{name}</Code><Message>{text}</Message>");
                let body = match service {
                    Service::S3 => format!("<Error>{error}</Error>"),
                    _ => format!("<ErrorResponse><Error><Type>Sender</Type>{error}</Error></ErrorResponse>"),
                };
                (status, [(CONTENT_TYPE, "text/xml")], body).into_response()
            }
            _ => {
                let body = serde_json::json!({ "__type": name, "message": text, "Message": text }).to_string();
                let headers = [(CONTENT_TYPE, "application/x-amz-json-1.1"), (ERROR_TYPE, name)];
                (status, headers, body).into_response()
            }
        }
    }

    /// In the form of the Iceberg REST specification, `ErrorModel`.
    fn in_icebergs_form(self) -> Response {
        let (status, name) = match &self {
            Self::NotFound(text) if text.starts_with("Namespace") => {
                (StatusCode::NOT_FOUND, "NoSuchNamespaceException")
            }
            Self::NotFound(_) => (StatusCode::NOT_FOUND, "NoSuchTableException"),
            Self::Refused(_) => (StatusCode::UNAUTHORIZED, "NotAuthorizedException"),
            Self::AccessDenied(_) => (StatusCode::FORBIDDEN, "ForbiddenException"),
            Self::NotSupported(_) | Self::UnknownOperation(_) => {
                (StatusCode::NOT_ACCEPTABLE, "UnsupportedOperationException")
            }
            Self::Throttled(_) | Self::Unavailable(_) => {
                (StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailableException")
            }
            Self::Internal(text) => {
                tracing::error!(error = %text, "a request failed");
                (StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError")
            }
            _ => (StatusCode::BAD_REQUEST, "BadRequestException"),
        };
        let error = serde_json::json!({ "message": self.message(), "type": name, "code": status.as_u16() });
        let body = serde_json::json!({ "error": error }).to_string();
        (status, [(CONTENT_TYPE, "application/json")], body).into_response()
    }

    /// Its name among those of a service for: what is not valid, what there is not, what there is already, too much at once, and
    /// the server's own failure.
    fn name_in(&self, [invalid, missing, exists, throttled, internal]: [&'static str; 5]) -> &'static str {
        match self {
            Self::Refused(refusal) => status_and_name_of(refusal).1,
            Self::AccessDenied(_) => "AccessDeniedException",
            Self::NotFound(_) => missing,
            Self::Conflict(_) => exists,
            Self::Throttled(_) | Self::QuotaExceeded(_) => throttled,
            Self::Internal(_) | Self::Unavailable(_) => internal,
            _ => invalid,
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        if let Self::Internal(text) = &self {
            tracing::error!(error = %text, "a request failed");
        }
        let (status, name) = self.status_and_name();
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(ERROR_TYPE, HeaderValue::from_static(name));
        if matches!(self, Self::Throttled(_) | Self::Unavailable(_)) {
            headers.insert(http::header::RETRY_AFTER, HeaderValue::from_static("1"));
            headers.insert(HeaderName::from_static("x-amz-retry-after"), HeaderValue::from_static("1000"));
        }
        let body = serde_json::json!({ "message": self.message() }).to_string();
        (status, headers, body).into_response()
    }
}
