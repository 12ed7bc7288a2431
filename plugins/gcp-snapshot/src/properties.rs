//! What a flow gives to `gcp.snapshot`, and what it means.

use std::collections::BTreeMap;

use begat_task::Failure;
use schemars::JsonSchema;
use serde::Deserialize;

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
    /// Labels of the snapshot.
    #[serde(default)]
    labels: BTreeMap<String, String>,
    /// What the snapshot is for, in words.
    description: Option<String>,
    /// Where it is stored: one region or multi-region, such as `us`.
    #[serde(default)]
    storage_locations: Vec<String>,
    /// How long to keep it, in days, such as `30` or `"30days"`.
    retention: Option<Retention>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
enum Retention {
    Days(u32),
    Text(String),
}

/// A request that makes sense.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub project: String,
    pub zone: String,
    pub disk: String,
    pub name: String,
    pub labels: BTreeMap<String, String>,
    pub description: Option<String>,
    pub storage_locations: Vec<String>,
    pub retention_days: Option<u32>,
}

impl Properties {
    /// Checks the names as Compute Engine does (RFC 1035 labels) and reads the retention.
    pub(crate) fn parse(self) -> Result<Wanted, Failure> {
        for (property, value) in [("zone", &self.zone), ("disk", &self.disk), ("name", &self.name)] {
            check_name(property, value)?;
        }
        if self.project.trim().is_empty() {
            return Err(Failure::invalid_properties("`project` is empty"));
        }
        check_labels(&self.labels)?;
        check_places(&self.storage_locations)?;
        let retention_days = self.retention.map(Retention::days).transpose()?;
        let Self {
            project,
            zone,
            disk,
            name,
            labels,
            description,
            storage_locations,
            ..
        } = self;
        Ok(Wanted {
            project,
            zone,
            disk,
            name,
            labels,
            description,
            storage_locations,
            retention_days,
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

/// Checks labels as Compute Engine does: 64 at most, of small letters, digits, `_` and `-`, 63 characters at most.
fn check_labels(labels: &BTreeMap<String, String>) -> Result<(), Failure> {
    if labels.len() > 64 {
        let message = format!("`labels` has {} entries; at most 64 are allowed", labels.len());
        return Err(Failure::invalid_properties(message));
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
