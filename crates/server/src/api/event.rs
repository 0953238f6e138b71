//! `GET /varberg/events`: what was told to the caller's account. Ours; `varberg events tail` is the client.

use crate::api::{Answer, Call, Reply};
use crate::app::App;
use crate::error::ApiError;
use crate::events::Envelope;
use axum::extract::State;
use chrono::DateTime;
use serde_json::{Value, json};
use std::str::FromStr;
use std::time::Duration;
use tokio::time::Instant;
use varberg_catalog::{EventPage, EventsFrom};
use varberg_model::ValidationError;

/// Most events of one answer.
const MOST: u32 = 1000;

/// Longest time for which an answer is held back, in seconds.
const MOST_WAIT_S: u32 = 20;

/// How often a waiting request looks.
const LOOK: Duration = Duration::from_millis(250);

/// The account's events, oldest first, and `after`, with which the next request goes on.
///
/// - `after`: the number that the last answer gave; or `since`: a time; or `newest`: that many; else all that are kept.
/// - `maxResults`: up to 1000, which is also the default.
/// - `wait`: seconds, up to 20, for which an answer without events is held back.
pub(crate) async fn list(State(app): State<App>, call: Call) -> Answer {
    let from = from(&call)?;
    let most = number(&call, "maxResults", 1, MOST)?.unwrap_or(MOST);
    let wait = number(&call, "wait", 0, MOST_WAIT_S)?.unwrap_or(0);
    let page = awaited(&app, &call, from, most, Duration::from_secs(u64::from(wait))).await?;
    let envelope = Envelope { region: &call.scope().region, detail_type_prefix: &app.config.events.detail_type_prefix };
    let events: Vec<Value> = page.events.iter().map(|event| envelope.of(event)).collect();
    Ok(Reply::Json(json!({ "events": events, "after": page.last })))
}

/// The page, once it has an event, the time is over or the server stops.
async fn awaited(
    app: &App,
    call: &Call,
    from: EventsFrom,
    most: u32,
    wait: Duration,
) -> Result<EventPage, varberg_catalog::Error> {
    let end = Instant::now() + wait;
    loop {
        let page = app.catalog.events(call.account(), from, most).await?;
        if !page.events.is_empty() || Instant::now() >= end || app.stop.is_cancelled() {
            return Ok(page);
        }
        tokio::time::sleep(LOOK).await;
    }
}

fn from(call: &Call) -> Result<EventsFrom, ApiError> {
    let given: Vec<&str> = ["after", "since", "newest"].into_iter().filter(|name| call.query(name).is_some()).collect();
    if given.len() > 1 {
        return Err(ApiError::Invalid(format!("only one of {} can be given", given.join(" and "))));
    }
    if let Some(text) = call.query("since") {
        let time = DateTime::parse_from_rfc3339(text)
            .map_err(|_| ValidationError::new("since", "Member must be a timestamp such as 2026-01-31T12:00:00Z"))?;
        return Ok(EventsFrom::Since(time.to_utc()));
    }
    if let Some(newest) = number(call, "newest", 0, MOST)? {
        return Ok(EventsFrom::Newest(newest));
    }
    Ok(EventsFrom::After(number(call, "after", 0, i64::MAX)?.unwrap_or(0)))
}

/// A number of the query.
fn number<T>(call: &Call, name: &str, least: T, most: T) -> Result<Option<T>, ValidationError>
where
    T: FromStr + PartialOrd + Copy + std::fmt::Display,
{
    let Some(text) = call.query(name) else { return Ok(None) };
    let number = text.parse().ok().filter(|number| *number >= least && *number <= most);
    let refused = || ValidationError::new(name, format!("Member must be a number from {least} to {most}"));
    number.ok_or_else(refused).map(Some)
}
