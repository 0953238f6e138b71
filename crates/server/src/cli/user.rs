//! `varberg user`: the users who may call, and their access keys.
//!
//! Works on the catalog itself, so that it needs no server and no first password; a server that runs on the same data
//! directory follows within a second. A secret is shown once, when it is made.

use super::exit::{Exit, UsageError};
use super::output::{OutputFormat, Stdout, say};
use crate::auth::key_pair::KeyPair;
use crate::auth::sealing::Sealing;
use crate::config::{Config, Flags};
use crate::wire;
use anyhow::{Context as _, Result, bail};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::PathBuf;
use varberg_catalog::{Catalog, FormerKeys, SealedKey, UserKeys};
use varberg_model::{AccessKey, AccessKeyId, AccountId, Role, User, UserName};

/// What to do with users.
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "\
As soon as there is a user, every request must carry credentials: signed as AWS clients sign, or Basic. A running server
follows within a second.")]
pub enum UserCommand {
    /// Create a user and show his access key; the secret is shown only now
    #[command(after_help = "\
Roles:
  reader   lists, shows, queries, exports
  writer   also creates and updates stores, imports, cancels
  admin    also deletes and shares

Examples:
  varberg user create ada --role admin --data-dir /srv/varberg
  varberg user create pipeline --role writer --account 123456789012
  varberg user create ben --output json > ben.json")]
    Create {
        /// 1 to 64 letters, digits and _+=,.@-
        #[arg(value_parser = user_name)]
        name: UserName,
        /// What he may do
        #[arg(long, value_parser = role, default_value = "reader", value_name = "reader|writer|admin")]
        role: Role,
        /// Account whose resources he sees: 12 digits [default: the configured one]
        #[arg(long, value_parser = account)]
        account: Option<AccountId>,
        #[command(flatten)]
        place: Place,
    },
    /// List users and their access keys; secrets are not shown
    List {
        #[command(flatten)]
        place: Place,
    },
    /// Give a user a new access key; the one he had goes on working until the next time
    #[command(after_help = "\
A user has at most two keys. When he already has two, the older one ends. Change over to the new key, then end the former
one with `varberg user delete NAME --key ID`, or leave that to the next rotation.")]
    Rotate {
        #[arg(value_parser = user_name)]
        name: UserName,
        /// End his former keys at once, as after a leak
        #[arg(long)]
        revoke: bool,
        #[command(flatten)]
        place: Place,
    },
    /// Delete a user with his access keys, or one of his keys
    Delete {
        #[arg(value_parser = user_name)]
        name: UserName,
        /// Delete only this access key
        #[arg(long, value_name = "ID")]
        key: Option<String>,
        #[command(flatten)]
        place: Place,
    },
}

/// Where the catalog is: as `varberg serve` is told.
#[derive(Debug, clap::Args)]
pub struct Place {
    /// Data directory of the server [default: ./varberg-data]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Configuration file of the server (TOML)
    #[arg(long, value_name = "FILE", env = "VARBERG_CONFIG")]
    config: Option<PathBuf>,
}

impl Place {
    fn config(self) -> Result<Config> {
        let flags = Flags { config: self.config, data_dir: self.data_dir, ..Flags::default() };
        Config::load(&flags).map_err(|error| UsageError(format!("{error:#}")).into())
    }
}

pub(super) async fn run(command: UserCommand, output: OutputFormat) -> Result<Exit> {
    match command {
        UserCommand::Create { name, role, account, place } => {
            create(name, role, account, &place.config()?, output).await
        }
        UserCommand::List { place } => list(&place.config()?, output).await,
        UserCommand::Rotate { name, revoke, place } => {
            let former = if revoke { FormerKeys::Revoke } else { FormerKeys::KeepNewest };
            rotate(&name, former, &place.config()?, output).await
        }
        UserCommand::Delete { name, key, place } => delete(&name, key, &place.config()?).await,
    }
}

async fn create(
    name: UserName,
    role: Role,
    account: Option<AccountId>,
    config: &Config,
    output: OutputFormat,
) -> Result<Exit> {
    let account = match account {
        Some(account) => account,
        None => config.scope()?.account,
    };
    // A first user is made before the server has ever run.
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&config.data_dir)
        .with_context(|| format!("cannot create {}", config.data_dir.display()))?;
    let catalog = Catalog::open(&config.catalog_path()).await?;
    let sealing = sealing_of(&catalog, config).await?;
    let user = User { name, account, role, created: wire::now() };
    let (pair, sealed) = new_key(&sealing)?;
    let created = catalog.create_user(&user, &sealed).await;
    catalog.close().await;
    created?;
    show_key(&user, &pair, output)
}

/// What seals the secrets of this catalog: made with its first user, and the same ever after.
async fn sealing_of(catalog: &Catalog, config: &Config) -> Result<Sealing> {
    let known = catalog.known_users(None).await?.map(|known| known.keys).unwrap_or_default();
    if known.is_empty() {
        return Sealing::open_or_make(config);
    }
    let sealing = Sealing::open(config)?;
    anyhow::ensure!(
        known.iter().any(|(_, key)| sealing.unseal(&key.id, &key.secret).is_some()),
        "the key in use (secrets.key of the data directory, or VARBERG_SECRETS_KEY) is not the one that the secrets of the \
         other users were sealed with, which the server uses; give that one"
    );
    Ok(sealing)
}

async fn list(config: &Config, output: OutputFormat) -> Result<Exit> {
    let catalog = open(config).await?;
    let users = catalog.users().await;
    catalog.close().await;
    let users = users?;
    if output == OutputFormat::Json {
        Stdout.json(&json!({ "users": users.iter().map(user_json).collect::<Vec<_>>() }))?;
        return Ok(Exit::Done);
    }
    let rows: Vec<_> = users.iter().flat_map(rows).collect();
    let nothing = "there are no users: whoever reaches the server's loopback address may do everything";
    Stdout.table(&["USER", "ACCOUNT", "ROLE", "ACCESS KEY", "CREATED", "LAST USED"], &rows, nothing)?;
    Ok(Exit::Done)
}

async fn rotate(name: &UserName, former: FormerKeys, config: &Config, output: OutputFormat) -> Result<Exit> {
    let catalog = open(config).await?;
    let sealing = Sealing::open_or_make(config)?;
    let (pair, sealed) = new_key(&sealing)?;
    let rotated = catalog.rotate_key(name, &sealed, former).await;
    let users = catalog.users().await;
    catalog.close().await;
    let (user, ended) = rotated?;
    for id in ended {
        say(&format!("access key {id} no longer works"));
    }
    let keys = users?.into_iter().filter(|known| known.user.name == *name).flat_map(|known| known.keys);
    for key in keys.filter(|key| key.id != pair.id) {
        say(&format!("access key {} still works; end it with `varberg user delete {name} --key {0}`", key.id));
    }
    show_key(&user, &pair, output)
}

async fn delete(name: &UserName, key: Option<String>, config: &Config) -> Result<Exit> {
    let catalog = open(config).await?;
    let deleted = match key {
        Some(id) => catalog.delete_access_key(name, &AccessKeyId::from_stored(id)).await,
        None => catalog.delete_user(name).await,
    };
    let left = catalog.users().await;
    catalog.close().await;
    deleted?;
    if left?.is_empty() {
        say("no user is left: a server on loopback now takes requests of every program of this machine; one that \
             listens beyond it refuses all");
    }
    Ok(Exit::Done)
}

/// The catalog that is there; none is made.
async fn open(config: &Config) -> Result<Catalog> {
    let path = config.catalog_path();
    if !path.exists() {
        bail!("there is no catalog in {}; name the server's data directory with --data-dir", config.data_dir.display());
    }
    Ok(Catalog::open(&path).await?)
}

fn new_key(sealing: &Sealing) -> Result<(KeyPair, SealedKey)> {
    let pair = KeyPair::random()?;
    let sealed = SealedKey { id: pair.id.clone(), secret: sealing.seal(&pair.id, &pair.secret)?, created: wire::now() };
    Ok((pair, sealed))
}

/// The one time that a secret is shown.
fn show_key(user: &User, pair: &KeyPair, output: OutputFormat) -> Result<Exit> {
    let (id, secret) = (pair.id.as_str(), pair.secret.expose());
    if output == OutputFormat::Json {
        let mut shown = described(user);
        wire::show(&mut shown, "accessKeyId", Some(json!(id)));
        wire::show(&mut shown, "secretAccessKey", Some(json!(secret)));
        Stdout.json(&shown)?;
        return Ok(Exit::Done);
    }
    Stdout.pairs(&[
        ("user", user.name.to_string()),
        ("account", user.account.to_string()),
        ("role", user.role.as_str().to_owned()),
        ("access key", id.to_owned()),
        ("secret", secret.to_owned()),
    ])?;
    say("the secret is not shown again; keep it now");
    Ok(Exit::Done)
}

fn described(user: &User) -> Value {
    json!({
        "userName": user.name.as_str(),
        "arn": user.arn(),
        "account": user.account.as_str(),
        "role": user.role.as_str(),
        "creationTime": wire::micros(user.created),
    })
}

fn user_json(known: &UserKeys) -> Value {
    let key = |key: &AccessKey| {
        json!({
            "accessKeyId": key.id.as_str(),
            "creationTime": wire::micros(key.created),
            "lastUsedTime": key.last_used.map(wire::micros),
        })
    };
    let mut shown = described(&known.user);
    wire::show(&mut shown, "accessKeys", Some(known.keys.iter().map(key).collect()));
    shown
}

/// A line for each key; one without a key for a user who has none.
fn rows(known: &UserKeys) -> Vec<Vec<String>> {
    let user = &known.user;
    let line = |id: &str, created: String, used: String| {
        vec![
            user.name.to_string(),
            user.account.to_string(),
            user.role.as_str().to_owned(),
            id.to_owned(),
            created,
            used,
        ]
    };
    let second = |time: DateTime<Utc>| time.format("%Y-%m-%d %H:%M:%SZ").to_string();
    let used = |key: &AccessKey| key.last_used.map_or_else(|| "never".to_owned(), second);
    if known.keys.is_empty() {
        return vec![line("none", second(user.created), String::new())];
    }
    known.keys.iter().map(|key| line(key.id.as_str(), second(key.created), used(key))).collect()
}

fn user_name(text: &str) -> Result<UserName, String> {
    UserName::parse("name", text).map_err(|error| error.reason)
}

fn role(text: &str) -> Result<Role, String> {
    Role::parse("role", text).map_err(|error| error.reason)
}

fn account(text: &str) -> Result<AccountId, String> {
    AccountId::parse(text).map_err(|_| "an account is 12 digits".to_owned())
}
