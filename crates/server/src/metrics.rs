//! Numbers about the running server, in the text form of Prometheus.
//!
//! Counted where things happen, put into words when asked. Labels hold operations, states and kinds, never names of stores,
//! samples, files or users.

use crate::query_pool::StatementCounts;
use prometheus::{
    HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry, TextEncoder,
};
use std::time::Duration;
use varberg_catalog::JobCount;
use varberg_model::{JobStatus, ReferenceJobStatus};

/// Media type of the text.
pub(crate) const CONTENT_TYPE: &str = prometheus::TEXT_FORMAT;

/// Upper bounds of durations, in seconds.
const BOUNDS_S: [f64; 10] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0, 300.0];

/// All counters; clones share them.
#[derive(Debug, Clone)]
pub(crate) struct Metrics {
    registry: Registry,
    requests: IntCounterVec,
    durations: HistogramVec,
    import_parts: IntCounter,
    import_bytes: IntCounter,
    jobs: IntGaugeVec,
    webhook: IntCounterVec,
    waiting_events: IntGauge,
}

/// What is looked up when somebody asks.
#[derive(Debug)]
pub(crate) struct Moment {
    pub(crate) jobs: Vec<JobCount>,
    pub(crate) waiting_events: i64,
}

impl Metrics {
    pub(crate) fn new(statements: &StatementCounts) -> prometheus::Result<Self> {
        let registry = Registry::new();
        let counter = |name: &str, help: &str, labels: &[&str]| {
            let counter = IntCounterVec::new(Opts::new(name, help), labels)?;
            registry.register(Box::new(counter.clone()))?;
            Ok::<_, prometheus::Error>(counter)
        };
        let seconds = HistogramOpts::new("varberg_request_duration_seconds", "Time until the answer begins.");
        let durations = HistogramVec::new(seconds.buckets(BOUNDS_S.to_vec()), &["operation"])?;
        let jobs = IntGaugeVec::new(Opts::new("varberg_jobs", "Import jobs by kind and state."), &["kind", "status"])?;
        let waiting = "Events that the webhook has not got.";
        let waiting_events = IntGauge::new("varberg_webhook_waiting_events", waiting)?;
        let import_parts = IntCounter::new("varberg_import_parts_total", "Parts of files that were imported.")?;
        let bytes = "Bytes of these parts, as the files store them.";
        let import_bytes = IntCounter::new("varberg_import_bytes_total", bytes)?;
        let metrics = Self {
            requests: counter("varberg_requests_total", "Requests answered.", &["operation", "status"])?,
            webhook: counter("varberg_webhook_events_total", "Attempts to deliver events, by result.", &["result"])?,
            durations,
            import_parts,
            import_bytes,
            jobs,
            waiting_events,
            registry: registry.clone(),
        };
        registry.register(Box::new(metrics.durations.clone()))?;
        registry.register(Box::new(metrics.jobs.clone()))?;
        registry.register(Box::new(metrics.import_parts.clone()))?;
        registry.register(Box::new(metrics.import_bytes.clone()))?;
        registry.register(Box::new(metrics.waiting_events.clone()))?;
        registry.register(Box::new(statements.running.clone()))?;
        registry.register(Box::new(statements.ended.clone()))?;
        let build = IntGaugeVec::new(Opts::new("varberg_build_info", "1, with the version as a label."), &["version"])?;
        build.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
        registry.register(Box::new(build))?;
        Ok(metrics)
    }

    /// A request ended. `operation`: none if it named none; `status`: none if the client had gone.
    pub(crate) fn request(&self, operation: Option<&str>, status: Option<u16>, duration: Duration) {
        let operation = operation.unwrap_or("none");
        let status = status.map_or_else(|| "none".to_owned(), |status| status.to_string());
        self.requests.with_label_values(&[operation, status.as_str()]).inc();
        self.durations.with_label_values(&[operation]).observe(duration.as_secs_f64());
    }

    /// A part of a file is imported.
    pub(crate) fn part(&self, bytes: u64) {
        self.import_parts.inc();
        self.import_bytes.inc_by(bytes);
    }

    /// The webhook was tried: `delivered`, `failed`; or an event `given_up`.
    pub(crate) fn webhook(&self, result: &str) {
        self.webhook.with_label_values(&[result]).inc();
    }

    /// All numbers.
    pub(crate) fn text(&self, moment: &Moment) -> prometheus::Result<String> {
        // States without jobs are zero, not absent.
        for kind in ["variant", "annotation"] {
            JobStatus::ALL.iter().for_each(|status| self.jobs.with_label_values(&[kind, status.as_str()]).set(0));
        }
        for status in ReferenceJobStatus::ALL {
            self.jobs.with_label_values(&["reference", status.as_str()]).set(0);
        }
        for JobCount { kind, status, jobs } in &moment.jobs {
            self.jobs.with_label_values(&[kind.as_str(), status.as_str()]).set(*jobs);
        }
        self.waiting_events.set(moment.waiting_events);
        TextEncoder::new().encode_to_string(&self.registry.gather())
    }
}
