//! Posts every event to the webhook, in order, each at least once.
//!
//! One task. Where it is stands in the catalog and moves on only when an event was taken, so that a stop, a crash or an
//! absent receiver loses nothing; servers that share a catalog take turns by a lease. Nobody waits for it: a receiver that
//! is slow or away costs nothing but the rows that wait.

use super::{Envelope, signature};
use crate::app::App;
use crate::outbound;
use reqwest::redirect::Policy;
use reqwest::{Client, Url};
use std::pin::pin;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};
use varberg_model::Event;

/// The receiver's name in the catalog.
pub(crate) const RECEIVER: &str = "webhook";

/// Pause before it is looked whether there is something to deliver.
const IDLE: Duration = Duration::from_millis(500);

/// Pause when the catalog does not answer.
const REST: Duration = Duration::from_secs(5);

/// Pause after the first failure of an event; each further one doubles it.
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// Longest pause between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Events read at a time.
const BATCH: u32 = 50;

/// Delivers until `stop`, if there is a webhook.
pub(crate) async fn run(app: App, stop: CancellationToken) {
    let delivery = match Delivery::new(&app) {
        Ok(Some(delivery)) => delivery,
        Ok(None) => {
            // Whoever comes later is told what happens from then on.
            if let Err(error) = app.catalog.close_delivery(RECEIVER).await {
                warn!(%error, "cannot forget the place of the webhook");
            }
            return;
        }
        Err(error) => {
            error!(%error, "events are not delivered to the webhook");
            return;
        }
    };
    stop.run_until_cancelled(delivery.rounds()).await;
    if let Err(error) = app.catalog.release_delivery(RECEIVER, &delivery.owner).await {
        warn!(%error, "the delivery of events could not be given back; it goes on when its lease has ended");
    }
}

/// Why an attempt failed: the status of the answer, or what kept it from coming. Never the URL.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error("it answered {0}")]
    Status(u16),
    #[error("{0}")]
    NoAnswer(#[from] reqwest::Error),
}

/// The delivery of this server.
struct Delivery {
    app: App,
    http: Client,
    url: Url,
    /// This server among those that share the catalog.
    owner: String,
}

impl Delivery {
    fn new(app: &App) -> anyhow::Result<Option<Self>> {
        let Some(url) = app.config.events.webhook()? else { return Ok(None) };
        let timeout = Duration::from_secs(u64::from(app.config.events.timeout_s));
        let http = outbound::client(&url).redirect(Policy::none()).timeout(timeout).build()?;
        Ok(Some(Self { app: app.clone(), http, url, owner: uuid::Uuid::new_v4().to_string() }))
    }

    async fn rounds(&self) {
        let mut opened = false;
        loop {
            let round = match opened {
                true => self.round().await,
                false => self.app.catalog.open_delivery(RECEIVER).await.map(|()| true),
            };
            opened |= round.is_ok();
            match round {
                Ok(true) => {}
                Ok(false) => tokio::time::sleep(IDLE).await,
                Err(error) => {
                    warn!(%error, "the delivery of events stopped; it goes on soon");
                    tokio::time::sleep(REST).await;
                }
            }
        }
    }

    /// Delivers some events; false if there are none, or another server delivers.
    async fn round(&self) -> varberg_catalog::Result<bool> {
        let catalog = &self.app.catalog;
        if catalog.undelivered_events(RECEIVER, 1).await?.is_empty() || !self.claim().await? {
            return Ok(false);
        }
        let mut keep = pin!(self.keep());
        for event in catalog.undelivered_events(RECEIVER, BATCH).await? {
            tokio::select! {
                () = self.deliver(&event) => {}
                lost = keep.as_mut() => return lost.map(|()| false),
            }
            catalog.event_delivered(RECEIVER, &self.owner, event.number).await?;
        }
        Ok(true)
    }

    async fn claim(&self) -> varberg_catalog::Result<bool> {
        self.app.catalog.claim_delivery(RECEIVER, &self.owner, self.app.config.import.lease_s).await
    }

    /// Keeps the lease; returns when another server has it.
    async fn keep(&self) -> varberg_catalog::Result<()> {
        let pace = Duration::from_secs(u64::from(self.app.config.import.lease_s)) / 3;
        loop {
            tokio::time::sleep(pace).await;
            if !self.claim().await? {
                return Ok(());
            }
        }
    }

    /// Tries until the event is taken or given up.
    async fn deliver(&self, event: &Event) {
        let until = SystemTime::from(event.time) + Duration::from_secs(u64::from(self.app.config.events.retry_s));
        let mut pause = FIRST_PAUSE;
        loop {
            let refusal = match self.send(event).await {
                Ok(()) => {
                    self.app.metrics.webhook("delivered");
                    if pause > FIRST_PAUSE {
                        info!(event.id = %event.id, "the webhook takes events again");
                    }
                    return;
                }
                Err(refusal) => refusal,
            };
            self.app.metrics.webhook("failed");
            let left = until.duration_since(SystemTime::now()).unwrap_or_default();
            if left.is_zero() {
                self.app.metrics.webhook("given_up");
                error!(event.id = %event.id, error = %refusal, "an event was given up: the webhook did not take it in time");
                return;
            }
            if pause == FIRST_PAUSE {
                warn!(event.id = %event.id, error = %refusal, "the webhook does not take an event; it is tried again");
            }
            tokio::time::sleep(pause.min(left)).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    async fn send(&self, event: &Event) -> Result<(), Refusal> {
        let config = &self.app.config;
        let envelope = Envelope { region: &config.region, detail_type_prefix: &config.events.detail_type_prefix };
        let body = envelope.of(event).to_string();
        let mut request = self.http.post(self.url.clone()).header("content-type", "application/json");
        if let Some(secret) = &config.events.secret {
            let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
            request = request.header(signature::HEADER, signature::sign(secret.expose(), time, body.as_bytes()));
        }
        let answer = request.body(body).send().await.map_err(reqwest::Error::without_url)?;
        if answer.status().is_success() { Ok(()) } else { Err(Refusal::Status(answer.status().as_u16())) }
    }
}
