//! `varberg events`: what the server told about stores, jobs, shares and references.

use super::Context;
use super::client::is_away;
use super::exit::Exit;
use super::output::{self, OutputFormat, text, time};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::Value;
use std::time::{Duration, SystemTime};

/// How long the server holds an answer back when it has nothing new, in seconds.
const WAIT_S: &str = "20";

/// Pause before a server that is away is asked again.
const AWAY: Duration = Duration::from_secs(1);

/// What to do with events.
#[derive(Debug, clap::Subcommand)]
pub enum EventCommand {
    /// Show the last changes of state of stores, jobs, shares and references
    Tail(TailArgs),
}

/// What to show.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  varberg events tail --follow                      as they happen, until Ctrl-C
  varberg events tail --since 2h                    of the last two hours; also 30m, 7d or 2026-01-31T12:00:00Z
  varberg events tail --json | jq .detail.status    as EventBridge would send them, one a line")]
pub struct TailArgs {
    /// Go on with what happens from now on
    #[arg(long, short)]
    follow: bool,
    /// All events from that time on: an age (90s, 30m, 2h, 7d) or a time (2026-01-31T12:00:00Z)
    #[arg(long, value_name = "TIME", value_parser = since)]
    since: Option<DateTime<Utc>>,
    /// The last so many events
    #[arg(long, short = 'n', value_name = "NUMBER", default_value_t = 20, conflicts_with = "since",
          value_parser = clap::value_parser!(u32).range(..=1000))]
    lines: u32,
    /// One JSON object a line; the same as --output json
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(command: EventCommand, context: &Context) -> anyhow::Result<Exit> {
    let EventCommand::Tail(args) = command;
    let form = if args.json { OutputFormat::Json } else { context.output };
    let mut place = match args.since {
        Some(since) => ("since", since.to_rfc3339_opts(SecondsFormat::Micros, true)),
        None => ("newest", args.lines.to_string()),
    };
    let mut shown = 0;
    loop {
        let wait = if args.follow && place.0 == "after" { WAIT_S } else { "0" };
        let query = [(place.0, place.1.as_str()), ("wait", wait)];
        let page = match context.client.get_with(&["varberg", "events"], &query).await {
            Ok(page) => page,
            Err(error) if args.follow && place.0 == "after" && is_away(&error) => {
                tokio::time::sleep(AWAY).await;
                continue;
            }
            Err(error) => return Err(error),
        };
        let none = Vec::new();
        let events = page.get("events").and_then(Value::as_array).unwrap_or(&none);
        show(context, form, events, shown == 0)?;
        shown += events.len();
        let last = place.0 != "since" && place.0 != "after" || events.is_empty();
        place = ("after", page.get("after").and_then(Value::as_i64).unwrap_or(0).to_string());
        if last && !args.follow {
            break;
        }
    }
    if shown == 0 && form == OutputFormat::Text {
        output::say("no events; they come when stores, jobs, shares and references change their state");
    }
    Ok(Exit::Done)
}

fn show(context: &Context, form: OutputFormat, events: &[Value], first: bool) -> anyhow::Result<()> {
    if form == OutputFormat::Json {
        let lines: String = events.iter().map(|event| format!("{event}\n")).collect();
        return context.stdout.bytes(lines.as_bytes());
    }
    let rows = events.iter().map(|event| {
        let detail = event.get("detail").unwrap_or(&Value::Null);
        let kind = text(event, "detail-type");
        let kind = kind.strip_suffix(" Status Change").unwrap_or(&kind).to_owned();
        let id =
            ["taskId", "jobId", "shareId", "id"].iter().map(|member| text(detail, member)).find(|id| !id.is_empty());
        [time(event, "time"), kind, text(detail, "status"), text(detail, "storeName"), id.unwrap_or_default()]
    });
    let heading = ["TIME", "WHAT", "STATUS", "STORE", "ID"].map(str::to_owned);
    // Widths that fit what there is, so that lines which come later stand below the first ones.
    let line = |[time, kind, status, store, id]: [String; 5]| {
        let line = format!("{time:<20}  {kind:<22}  {status:<23}  {store:<20}  {id}");
        format!("{}\n", line.trim_end())
    };
    let heading = (first && !events.is_empty()).then_some(heading);
    let lines: String = heading.into_iter().chain(rows).map(line).collect();
    context.stdout.bytes(lines.as_bytes())
}

/// An age or a time.
pub(super) fn since(text: &str) -> Result<DateTime<Utc>, String> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Ok(time.to_utc());
    }
    let refused = || "write an age such as 90s, 30m, 2h or 7d, or a time such as 2026-01-31T12:00:00Z".to_owned();
    let unit = text.chars().last().ok_or_else(refused)?;
    let number: i64 = text.strip_suffix(unit).and_then(|number| number.parse().ok()).ok_or_else(refused)?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 24 * 3600,
        _ => return Err(refused()),
    };
    let age = number.checked_mul(seconds).and_then(TimeDelta::try_seconds).ok_or_else(refused)?;
    DateTime::<Utc>::from(SystemTime::now()).checked_sub_signed(age).ok_or_else(refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_and_times() {
        assert_eq!(since("2026-01-31T12:00:00+01:00").unwrap().to_rfc3339(), "2026-01-31T11:00:00+00:00");
        for (text, seconds) in [("90s", 90), ("30m", 1800), ("2h", 7200), ("7d", 604_800)] {
            let age = DateTime::<Utc>::from(SystemTime::now()) - since(text).unwrap();
            assert!((age.num_seconds() - seconds).abs() < 5, "{text}: {age}");
        }
        for text in ["", "h", "2", "2w", "-", "9999999999999999d", "ü"] {
            assert!(since(text).is_err(), "{text}");
        }
    }
}
