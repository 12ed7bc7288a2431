//! What a flow gives to `gcp.snapshot`, and what it means.

use std::collections::BTreeMap;
use std::time::Duration;

use begat_task::{Failure, duration};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::marks;

/// What a flow gives to `gcp.snapshot`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Properties {
    /// The project the disk belongs to.
    project: String,
    /// The zone of the disk, such as `us-central1-a`.
    zone: String,
    /// The disk to take a snapshot of.
    disk: String,
    /// The snapshot's name: 1 to 63 lower-case letters, digits and hyphens, starting with a letter.
    name: String,
    /// Labels of the snapshot. Those that begin with `begat-` are written by begat.
    #[serde(default)]
    labels: BTreeMap<String, String>,
    /// What the snapshot is for, in words.
    description: Option<String>,
    /// Where it is stored: one region or multi-region, such as `us`.
    #[serde(default)]
    storage_locations: Vec<String>,
    /// How long to keep it, in days, such as `30` or `"30days"`. Once the new one is ready, snapshots of the same disk
    /// and schedule that are older are deleted.
    retention: Option<Retention>,
    /// The schedule it belongs to, for the retention; the flow and the task when nothing is said.
    schedule: Option<String>,
    /// Whether the system on the disk is asked to write out what it holds in memory first (VSS on Windows).
    #[serde(default)]
    guest_flush: bool,
    /// The name of the secret that is the access token; `GCP_ACCESS_TOKEN` when nothing is said.
    #[serde(default = "standard_secret")]
    token_secret: String,
    /// Whether the task may be simulated: AUTO where no token is granted, NEVER or ALWAYS.
    #[serde(default)]
    simulate: Simulate,
    /// How long to wait until it is done, as an ISO 8601 duration; PT4M when nothing is said.
    wait: Option<String>,
}

/// What a flow gives to `gcp.snapshot.get` and `gcp.snapshot.delete`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OneProperties {
    /// The project the snapshot belongs to.
    project: String,
    /// The snapshot's name.
    name: String,
    /// The name of the secret that is the access token; `GCP_ACCESS_TOKEN` when nothing is said.
    #[serde(default = "standard_secret")]
    token_secret: String,
    /// Whether the task may be simulated: AUTO where no token is granted, NEVER or ALWAYS.
    #[serde(default)]
    simulate: Simulate,
    /// How long to wait until it is done, as an ISO 8601 duration; PT4M when nothing is said.
    wait: Option<String>,
}

/// What a flow gives to `gcp.snapshot.label`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LabelProperties {
    /// The project the snapshot belongs to.
    project: String,
    /// The snapshot's name.
    name: String,
    /// Labels to set; those that are not named stay as they are.
    labels: BTreeMap<String, String>,
    /// The name of the secret that is the access token; `GCP_ACCESS_TOKEN` when nothing is said.
    #[serde(default = "standard_secret")]
    token_secret: String,
    /// Whether the task may be simulated: AUTO where no token is granted, NEVER or ALWAYS.
    #[serde(default)]
    simulate: Simulate,
    /// How long to wait until it is done, as an ISO 8601 duration; PT4M when nothing is said.
    wait: Option<String>,
}

/// How the cloud is reached, the same for all tasks of this plugin.
#[derive(Debug)]
pub(crate) struct Access {
    /// The name of the secret that is the access token.
    pub secret: String,
    pub simulate: Simulate,
    /// How long to wait until it is done.
    pub wait: Duration,
}

/// Whether a task may be simulated.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Simulate {
    /// Where no token is granted.
    #[default]
    Auto,
    /// A task without a token fails.
    Never,
    /// Also where a token is granted.
    Always,
}

fn standard_secret() -> String {
    "GCP_ACCESS_TOKEN".to_owned()
}

impl Access {
    fn new(secret: String, simulate: Simulate, wait: Option<&str>) -> Result<Self, Failure> {
        let wait = match wait {
            Some(text) => duration::parse("wait", text)?,
            None => Duration::from_secs(240),
        };
        Ok(Self { secret, simulate, wait })
    }
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
enum Retention {
    Days(u32),
    Text(String),
}

/// A request that makes sense.
#[derive(Debug)]
pub(crate) struct Wanted {
    pub project: String,
    pub zone: String,
    pub disk: String,
    pub name: String,
    pub labels: BTreeMap<String, String>,
    pub description: Option<String>,
    pub storage_locations: Vec<String>,
    pub retention_days: Option<u32>,
    pub schedule: Option<String>,
    pub guest_flush: bool,
    pub access: Access,
}

/// A snapshot that is there, and what is to be done to it.
#[derive(Debug)]
pub(crate) struct One {
    pub project: String,
    pub name: String,
    /// Labels to set.
    pub labels: BTreeMap<String, String>,
    pub access: Access,
}

impl Properties {
    /// Checks the names as Compute Engine does (RFC 1035 labels) and reads the retention.
    pub(crate) fn parse(self) -> Result<Wanted, Failure> {
        for (property, value) in [("zone", &self.zone), ("disk", &self.disk), ("name", &self.name)] {
            check_name(property, value)?;
        }
        check_project(&self.project)?;
        check_labels(&self.labels)?;
        check_places(&self.storage_locations)?;
        if self
            .schedule
            .as_deref()
            .is_some_and(|schedule| schedule.trim().is_empty())
        {
            return Err(Failure::invalid_properties("`schedule` is empty"));
        }
        Ok(Wanted {
            project: self.project,
            zone: self.zone,
            disk: self.disk,
            name: self.name,
            labels: self.labels,
            description: self.description,
            storage_locations: self.storage_locations,
            retention_days: self.retention.map(Retention::days).transpose()?,
            schedule: self.schedule,
            guest_flush: self.guest_flush,
            access: Access::new(self.token_secret, self.simulate, self.wait.as_deref())?,
        })
    }
}

impl OneProperties {
    /// Checks the names.
    pub(crate) fn parse(self) -> Result<One, Failure> {
        check_project(&self.project)?;
        check_name("name", &self.name)?;
        Ok(One {
            project: self.project,
            name: self.name,
            labels: BTreeMap::new(),
            access: Access::new(self.token_secret, self.simulate, self.wait.as_deref())?,
        })
    }
}

impl LabelProperties {
    /// Checks the names and the labels.
    pub(crate) fn parse(self) -> Result<One, Failure> {
        check_project(&self.project)?;
        check_name("name", &self.name)?;
        check_labels(&self.labels)?;
        Ok(One {
            project: self.project,
            name: self.name,
            labels: self.labels,
            access: Access::new(self.token_secret, self.simulate, self.wait.as_deref())?,
        })
    }
}

impl Retention {
    fn days(self) -> Result<u32, Failure> {
        let days = match &self {
            Retention::Days(days) => Some(*days),
            Retention::Text(text) => {
                let number = text
                    .trim()
                    .trim_end_matches("days")
                    .trim_end_matches("day")
                    .trim_end_matches('d')
                    .trim();
                number.parse().ok()
            }
        };
        match (days, self) {
            (Some(days @ 1..), _) => Ok(days),
            (_, Retention::Text(text)) => Err(Failure::invalid_properties(format!(
                "`retention` is `{text}`; give a number of days from 1, such as `30` or `30days`"
            ))),
            (_, Retention::Days(_)) => Err(Failure::invalid_properties("`retention` must be at least one day")),
        }
    }
}

/// Checks that a project can stand in a path. Older ids have a domain before a colon; numbers are taken too.
fn check_project(project: &str) -> Result<(), Failure> {
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.' | ':');
    match project.trim() {
        "" => Err(Failure::invalid_properties("`project` is empty")),
        trimmed if trimmed == project && project.chars().all(good) && !project.contains("..") => Ok(()),
        _ => Err(Failure::invalid_properties(format!(
            "`project` is `{project}`; a project's id has lower-case letters, digits and hyphens"
        ))),
    }
}

fn check_name(property: &str, name: &str) -> Result<(), Failure> {
    let good = name.len() <= 63
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && !name.ends_with('-')
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    match good {
        true => Ok(()),
        false => Err(Failure::invalid_properties(format!(
            "`{property}` is `{name}`; it must be 1 to 63 lower-case letters, digits and hyphens, start with a letter \
             and not end with a hyphen"
        ))),
    }
}

/// Checks labels as Compute Engine does: of small letters, digits, `_` and `-`, 63 characters at most. Of the 64 that a
/// snapshot may have, begat writes some itself.
fn check_labels(labels: &BTreeMap<String, String>) -> Result<(), Failure> {
    let most = 64 - marks::COUNT;
    if labels.len() > most {
        let message = format!("`labels` has {} entries; at most {most} are allowed", labels.len());
        return Err(Failure::invalid_properties(message));
    }
    if let Some(own) = labels.keys().find(|key| key.starts_with(marks::PREFIX)) {
        return Err(Failure::invalid_properties(format!(
            "the label `{own}` begins with `{}`; begat writes those itself",
            marks::PREFIX
        )));
    }
    let plain = |text: &str| {
        text.chars().count() <= 63
            && text
                .chars()
                .all(|c| (c.is_alphabetic() && !c.is_uppercase()) || c.is_numeric() || c == '_' || c == '-')
    };
    for (key, value) in labels {
        if !plain(key) || !key.starts_with(char::is_alphabetic) {
            return Err(Failure::invalid_properties(format!(
                "the label `{key}` must be 1 to 63 lower-case letters, digits, `_` and `-`, and start with a letter"
            )));
        }
        if !plain(value) {
            return Err(Failure::invalid_properties(format!(
                "the value `{value}` of the label `{key}` must be at most 63 lower-case letters, digits, `_` and `-`"
            )));
        }
    }
    Ok(())
}

/// Compute Engine stores a snapshot in one place.
fn check_places(places: &[String]) -> Result<(), Failure> {
    match places {
        [] => Ok(()),
        [place] => check_name("storageLocations", place),
        more => Err(Failure::invalid_properties(format!(
            "`storageLocations` has {} entries; a snapshot is stored in one",
            more.len()
        ))),
    }
}
