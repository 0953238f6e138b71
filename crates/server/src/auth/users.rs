//! Users and keys in memory, as the server authenticates by them: at most a second behind the catalog.
//!
//! All of them are held, so that an unknown key is found out as fast as a known one, and a request costs no query.

use super::sealing::Sealing;
use super::secret::Secret;
use crate::caller::Caller;
use crate::config::Config;
use anyhow::{Context, Result};
use chrono::{DateTime, Utc};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use varberg_catalog::{Catalog, KnownUsers};
use varberg_model::{AccessKeyId, Scope};

/// How long a look at the catalog holds.
const FRESH: Duration = Duration::from_secs(1);

/// How exactly the last use of a key is noted.
const NOTED: Duration = Duration::from_secs(60);

/// Everybody who may call, as of one state of the catalog.
#[derive(Default, Clone)]
pub(crate) struct Roster {
    version: Option<i64>,
    users: usize,
    keys: HashMap<String, Key>,
}

#[derive(Clone)]
struct Key {
    secret: Secret,
    caller: Caller,
}

impl Roster {
    /// Whether nobody has credentials.
    pub(crate) fn is_empty(&self) -> bool {
        self.users == 0
    }

    pub(crate) fn secret(&self, access_key: &str) -> Option<Secret> {
        self.keys.get(access_key).map(|key| key.secret.clone())
    }

    pub(crate) fn caller(&self, access_key: &str) -> Option<Caller> {
        let access_key = access_key.to_owned();
        let known = self.keys.get(&access_key)?;
        Some(Caller { access_key: Some(access_key), ..known.caller.clone() })
    }
}

/// A handle on the users; clones share what they know.
#[derive(Clone)]
pub(crate) struct Users {
    config: Arc<Config>,
    region: String,
    catalog: Catalog,
    seen: Arc<Mutex<Seen>>,
}

struct Seen {
    roster: Arc<Roster>,
    looked: Instant,
    /// When the use of each key was noted last.
    uses: HashMap<String, Instant>,
}

impl Users {
    /// Reads all users.
    ///
    /// Errors: the key of their secrets is missing or wrong.
    pub(crate) async fn open(config: Arc<Config>, region: String, catalog: Catalog) -> Result<Self> {
        let seen = Seen { roster: Arc::default(), looked: Instant::now(), uses: HashMap::new() };
        let users = Self { config, region, catalog, seen: Arc::new(Mutex::new(seen)) };
        users.refresh(&Roster::default()).await?;
        Ok(users)
    }

    /// Everybody who may call now.
    pub(crate) async fn roster(&self) -> Result<Arc<Roster>> {
        let (roster, is_stale) = {
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            let is_stale = seen.looked.elapsed() >= FRESH;
            if is_stale {
                // The others go on with what is known while this one looks.
                seen.looked = Instant::now();
            }
            (seen.roster.clone(), is_stale)
        };
        if is_stale { self.refresh(&roster).await } else { Ok(roster) }
    }

    async fn refresh(&self, known: &Roster) -> Result<Arc<Roster>> {
        if let Some(news) = self.catalog.known_users(known.version).await? {
            let read = self.read(&news);
            // What cannot be read shuts the door: a key that was revoked must not go on working. It is looked at again.
            let shut = || Roster { version: None, users: news.users.len(), keys: HashMap::new() };
            let roster = Arc::new(read.as_ref().map_or_else(|_| shut(), Clone::clone));
            self.seen.lock().unwrap_or_else(PoisonError::into_inner).roster = roster;
            read?;
        }
        Ok(self.seen.lock().unwrap_or_else(PoisonError::into_inner).roster.clone())
    }

    /// Opens the secrets. One that does not open makes its key unknown, and the log says so.
    fn read(&self, news: &KnownUsers) -> Result<Roster> {
        let mut roster = Roster {
            version: Some(news.version),
            users: news.users.len(),
            keys: HashMap::with_capacity(news.keys.len()),
        };
        if news.keys.is_empty() {
            return Ok(roster);
        }
        let sealing = Sealing::open(&self.config).context("cannot read the secrets of the users")?;
        let callers: HashMap<&str, Caller> = news
            .users
            .iter()
            .map(|user| {
                let scope = Arc::new(Scope { region: self.region.clone(), account: user.account.clone() });
                (
                    user.name.as_str(),
                    Caller { scope, principal: user.arn(), role: user.role, access_key: None, verified: true },
                )
            })
            .collect();
        for (name, key) in &news.keys {
            let Some(caller) = callers.get(name.as_str()).cloned() else { continue };
            match sealing.unseal(&key.id, &key.secret) {
                Some(secret) => {
                    roster.keys.insert(key.id.to_string(), Key { secret, caller });
                }
                None => tracing::error!(
                    user.name = %name,
                    key.id = %key.id,
                    "an access key does not work: its secret was sealed with another key than the one in use; make \
                     another with `varberg user rotate`"
                ),
            }
        }
        Ok(roster)
    }

    /// Notes that a key was used, unless that was noted within the last minute.
    pub(crate) async fn note_use(&self, access_key: &str, now: DateTime<Utc>) {
        {
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            if seen.uses.get(access_key).is_some_and(|noted| noted.elapsed() < NOTED) {
                return;
            }
            // Keys that are gone leave with the minute in which they were used.
            seen.uses.retain(|_, noted| noted.elapsed() < NOTED);
            seen.uses.insert(access_key.to_owned(), Instant::now());
        }
        let id = AccessKeyId::from_stored(access_key.to_owned());
        if let Err(error) = self.catalog.note_key_use(&id, now).await {
            tracing::warn!(key.id = %id, %error, "cannot note when an access key was used");
        }
    }
}
