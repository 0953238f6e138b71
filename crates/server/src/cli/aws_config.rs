//! What the AWS profile in use says about endpoint, host prefix, region and credentials.
//!
//! Reads the two files of the AWS tools, lightly: unknown lines are skipped, a missing file is an empty one. Secrets are
//! kept only where they are asked for.

use crate::auth::secret::Secret;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The settings of the profile that matter here.
#[derive(Debug, Default)]
pub(super) struct Settings {
    /// The profile in force.
    pub(super) profile: String,
    pub(super) endpoint_url: Option<String>,
    pub(super) host_prefix_off: bool,
    pub(super) region: Option<String>,
    pub(super) has_credentials: bool,
}

/// Sections of a file by name; a nested block (`omics =` and indented lines) appears as `omics.endpoint_url`.
type Sections = BTreeMap<String, BTreeMap<String, String>>;

impl Settings {
    pub(super) fn read(variable: &dyn Fn(&str) -> Option<String>) -> Self {
        let [config, credentials] = files(variable).map(|path| sections(&path, Secrets::LeftOut));
        Self::of_profile(&config, &credentials, &profile(variable))
    }

    /// The access key and the secret that the profile in force holds as they are.
    pub(super) fn access_key(variable: &dyn Fn(&str) -> Option<String>) -> Option<(String, Secret)> {
        let [config, credentials] = files(variable).map(|path| sections(&path, Secrets::Kept));
        let name = profile(variable);
        let found = [credentials.get(&name), config.get(&format!("profile {name}")), config.get(&name)];
        found.into_iter().flatten().find_map(|section| {
            let secret = section.get("aws_secret_access_key")?;
            Some((section.get("aws_access_key_id")?.clone(), Secret::new(secret.clone())))
        })
    }

    fn of_profile(config: &Sections, credentials: &Sections, profile: &str) -> Self {
        let named = format!("profile {profile}");
        let empty = BTreeMap::new();
        let section = config.get(&named).or_else(|| config.get(profile)).unwrap_or(&empty);
        let secret = credentials.get(profile).unwrap_or(&empty);
        let of_service = section
            .get("services")
            .and_then(|name| config.get(&format!("services {name}")))
            .and_then(|services| services.get("omics.endpoint_url"));
        let sources = [
            "aws_access_key_id",
            "credential_process",
            "credential_source",
            "login_session",
            "role_arn",
            "sso_session",
            "sso_start_url",
        ];
        let gives_some = |keys: &BTreeMap<String, String>| sources.iter().any(|key| keys.contains_key(*key));
        Self {
            endpoint_url: of_service.or_else(|| section.get("endpoint_url")).cloned(),
            host_prefix_off: section
                .get("disable_host_prefix_injection")
                .is_some_and(|v| v.eq_ignore_ascii_case("true")),
            region: secret.get("region").or_else(|| section.get("region")).cloned(),
            has_credentials: gives_some(secret) || gives_some(section),
            profile: profile.to_owned(),
        }
    }
}

/// What becomes of secrets while a file is read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Secrets {
    Kept,
    /// That the key exists is all that is asked.
    LeftOut,
}

/// The configuration file and the credentials file.
fn files(variable: &dyn Fn(&str) -> Option<String>) -> [PathBuf; 2] {
    let home = variable("HOME").map(PathBuf::from).unwrap_or_default();
    [("AWS_CONFIG_FILE", ".aws/config"), ("AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials")]
        .map(|(name, default)| variable(name).map_or_else(|| home.join(default), PathBuf::from))
}

/// The profile in force.
fn profile(variable: &dyn Fn(&str) -> Option<String>) -> String {
    let named = variable("AWS_PROFILE").or_else(|| variable("AWS_DEFAULT_PROFILE"));
    named.unwrap_or_else(|| "default".to_owned())
}

fn sections(path: &Path, secrets: Secrets) -> Sections {
    // A file that cannot be read says nothing; the AWS tools treat it alike.
    parse(&std::fs::read_to_string(path).unwrap_or_default(), secrets)
}

fn parse(text: &str, secrets: Secrets) -> Sections {
    let mut all = Sections::new();
    let (mut section, mut block) = (String::new(), String::new());
    for line in text.lines() {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
            continue;
        }
        if let Some(name) = trimmed.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = name.split_whitespace().collect::<Vec<_>>().join(" ");
            block.clear();
            all.entry(section.clone()).or_default();
        } else if let Some((key, value)) = trimmed.split_once('=') {
            let (key, value) = (key.trim(), value.trim());
            let nested = line.starts_with(char::is_whitespace) && !block.is_empty();
            let name = if nested { format!("{block}.{key}") } else { key.to_owned() };
            if !nested {
                block = if value.is_empty() { key.to_owned() } else { String::new() };
            }
            let is_secret = key.contains("secret") || key.contains("token");
            let kept = if is_secret && secrets == Secrets::LeftOut { "" } else { value };
            all.entry(section.clone()).or_default().insert(name, kept.to_owned());
        }
    }
    all
}
