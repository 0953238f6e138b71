//! How far a job is, on standard error: a live bar on a terminal, lines elsewhere, JSON on request.
//!
//! In: `GET /varberg/jobs/{jobId}/progress`, asked for again and again. Out: the job as GetVariantImportJob or
//! GetAnnotationImportJob shows it at its end. Must not print on standard output, and must not stop the job.

use super::kind::Kind;
use super::output::{self, text};
use super::{Context, client};
use indicatif::{ProgressBar, ProgressState, ProgressStyle};
use serde_json::Value;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

/// How often progress is asked for while a bar is drawn; lines and JSON come at [`SLOW`].
const FAST: Duration = Duration::from_millis(200);
const SLOW: Duration = Duration::from_secs(1);

/// How long a server may be away, to be started again, before its job is watched no more.
const AWAY: Duration = Duration::from_secs(120);

/// How progress is shown.
#[derive(Debug, clap::Args)]
pub struct ProgressArgs {
    /// How progress is shown on standard error: a bar on a terminal and lines elsewhere, unless said otherwise
    #[arg(long, value_enum, default_value_t, value_name = "FORM")]
    pub(super) progress: ProgressForm,
}

/// Forms of progress.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum ProgressForm {
    /// A bar on a terminal, lines elsewhere
    #[default]
    Auto,
    /// A line at each step
    Plain,
    /// One JSON document a second, one on each line
    Json,
    /// Nothing
    None,
}

/// Follows a job until it has ended, through restarts of the server; as the API shows it.
pub(super) async fn watch(context: &Context, job: &str, form: ProgressForm) -> anyhow::Result<Value> {
    context.on_interrupt(Some(format!(
        "the job goes on; watch it with `varberg job watch {job}`, stop it with `varberg job cancel {job}`"
    )));
    let mut display = Display::new(form);
    loop {
        let progress = patiently(context, &["varberg", "jobs", job, "progress"], job, &display).await?;
        let seen = Seen::read(&progress);
        display.show(&progress, &seen);
        if seen.ended() {
            display.close();
            let kind = if progress.get("versionName").is_some() { Kind::Annotation } else { Kind::Variant };
            let ended = patiently(context, &["import", kind.import(), job], job, &display).await?;
            context.on_interrupt(None);
            return Ok(ended);
        }
        tokio::time::sleep(display.pause()).await;
    }
}

/// A GET that is repeated while the server is away; says so once.
async fn patiently(context: &Context, path: &[&str], job: &str, display: &Display) -> anyhow::Result<Value> {
    let mut since = None;
    loop {
        let error = match context.client.get(path).await {
            Ok(answer) => return Ok(answer),
            Err(error) if client::is_away(&error) => error,
            Err(error) => return Err(error.context(format!("cannot follow the job {job}"))),
        };
        let since = *since.get_or_insert_with(|| {
            display.say(&format!("{error:#}; trying for {} s (job {job})", AWAY.as_secs()));
            Instant::now()
        });
        if since.elapsed() >= AWAY {
            let text = format!(
                "gave up after {} s; the job {job} goes on when the server is back: watch it with `varberg job watch {job}`",
                AWAY.as_secs()
            );
            return Err(error.context(text));
        }
        tokio::time::sleep(SLOW).await;
    }
}

/// What a progress document says.
#[derive(Debug, Default, PartialEq)]
struct Seen {
    status: String,
    bytes_read: u64,
    bytes_total: u64,
    records: u64,
    files: usize,
    files_ended: usize,
    failed: usize,
}

impl Seen {
    fn read(progress: &Value) -> Self {
        let none = Vec::new();
        let items = progress.get("items").and_then(Value::as_array).unwrap_or(&none);
        let sum = |member: &str| items.iter().filter_map(|i| i.get(member).and_then(Value::as_u64)).sum();
        let count = |states: &[&str]| items.iter().filter(|i| states.contains(&text(i, "status").as_str())).count();
        Self {
            status: text(progress, "status"),
            bytes_read: sum("bytesRead"),
            bytes_total: sum("bytesTotal"),
            records: sum("records"),
            files: items.len(),
            files_ended: items.iter().filter(|i| item_ended(i)).count(),
            failed: count(&["FAILED"]),
        }
    }

    fn ended(&self) -> bool {
        !matches!(self.status.as_str(), "SUBMITTED" | "IN_PROGRESS")
    }

    fn percent(&self) -> u64 {
        self.bytes_read.saturating_mul(100).checked_div(self.bytes_total).unwrap_or(0).min(100)
    }

    /// `2 of 3 files, 12,345 records`
    fn summary(&self) -> String {
        let mut line = String::new();
        if self.files > 1 {
            let _ = write!(line, "{} of {} files, ", self.files_ended, self.files);
        }
        if self.failed > 0 {
            let _ = write!(line, "{} failed, ", self.failed);
        }
        line + &output::count(self.records) + " records"
    }
}

/// Whether an item has ended or only waits for the commit of its job: all its bytes are read.
fn item_ended(item: &Value) -> bool {
    let number = |member: &str| item.get(member).and_then(Value::as_u64).unwrap_or(0);
    let read_whole = number("bytesTotal") > 0 && number("bytesRead") >= number("bytesTotal");
    read_whole || !matches!(text(item, "status").as_str(), "SUBMITTED" | "IN_PROGRESS")
}

enum Display {
    Bar { bar: ProgressBar, first: Option<(Instant, u64)> },
    Lines { last: Option<(String, u64)> },
    Json,
    Nothing,
}

impl Display {
    fn new(form: ProgressForm) -> Self {
        match form {
            ProgressForm::None => Self::Nothing,
            ProgressForm::Json => Self::Json,
            ProgressForm::Auto if output::stderr_is_terminal() => {
                Self::Bar { bar: ProgressBar::new(0).with_style(bar_style()), first: None }
            }
            ProgressForm::Auto | ProgressForm::Plain => Self::Lines { last: None },
        }
    }

    fn pause(&self) -> Duration {
        match self {
            Self::Bar { .. } => FAST,
            Self::Lines { .. } | Self::Json => SLOW,
            Self::Nothing => FAST,
        }
    }

    fn show(&mut self, progress: &Value, seen: &Seen) {
        match self {
            Self::Bar { bar, first } => {
                // The time in the queue must not count into the rate: it starts with the first byte.
                if first.is_none() && seen.bytes_read > 0 {
                    *first = Some((Instant::now(), seen.bytes_read));
                    bar.reset_elapsed();
                    bar.reset_eta();
                }
                bar.set_length(seen.bytes_total);
                bar.set_position(seen.bytes_read);
                bar.set_prefix(seen.status.to_lowercase().replace('_', " "));
                bar.set_message(seen.summary());
                bar.tick();
            }
            Self::Lines { last } => {
                // A line when the state or the tenth of the way changes.
                let now = (seen.status.clone(), seen.percent() / 10);
                if last.as_ref() != Some(&now) {
                    let (status, percent, total) = (&seen.status, seen.percent(), output::bytes(seen.bytes_total));
                    output::say(&format!("{status}: {percent}% of {total}, {}", seen.summary()));
                    *last = Some(now);
                }
            }
            Self::Json => output::say(&progress.to_string()),
            Self::Nothing => {}
        }
    }

    /// Says something without tearing the bar.
    fn say(&self, text: &str) {
        match self {
            Self::Bar { bar, .. } => bar.suspend(|| output::say(text)),
            Self::Lines { .. } | Self::Json | Self::Nothing => output::say(text),
        }
    }

    fn close(&self) {
        if let Self::Bar { bar, .. } = self {
            bar.finish();
        }
    }
}

/// `in progress [=====>    ] 12 MiB of 30 MiB  45 MiB/s  0:12 left  2 of 3 files, 12,345 records`
fn bar_style() -> ProgressStyle {
    let template =
        "{prefix:.bold} [{bar:30.cyan}] {binary_bytes} of {binary_total_bytes}  {binary_bytes_per_sec}  {left}  {msg}";
    ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .with_key("left", |state: &ProgressState, out: &mut dyn std::fmt::Write| {
            let seconds = state.eta().as_secs();
            // A closed terminal is noticed by whoever writes the line.
            let _ = if state.pos() == 0 || state.pos() >= state.len().unwrap_or(0) {
                write!(out, "{}s", state.elapsed().as_secs())
            } else {
                write!(out, "{}:{:02} left", seconds / 60, seconds % 60)
            };
        })
        .progress_chars("=> ")
}

/// A sign of life for waits without a measure; invisible where standard error is not a terminal.
pub(super) fn spinner(text: &'static str) -> ProgressBar {
    let spinner = ProgressBar::new_spinner().with_message(text);
    spinner.enable_steady_tick(Duration::from_millis(120));
    spinner
}
