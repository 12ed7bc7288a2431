//! What the tasks of this plugin give back.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::api::Snapshot;

/// What a `gcp.snapshot` task gives back.
#[derive(Debug, Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Outputs {
    /// The snapshot's name.
    pub name: String,
    /// The project it belongs to.
    pub project: String,
    /// The zone of its source disk.
    pub zone: String,
    /// The disk it was taken of: its link, or its name where it is simulated.
    pub source_disk: String,
    /// How far it is; `READY` once taken.
    pub status: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// What it is for.
    pub description: Option<String>,
    /// Where it is stored, or was asked to be; empty means near its disk.
    pub storage_locations: Vec<String>,
    /// How many days it is to be kept; none means until it is deleted.
    pub retention_days: Option<u32>,
    /// The schedule it belongs to, as its label says it.
    pub schedule: String,
    /// Whether a simulated provider took it.
    pub simulated: bool,
    /// What only the cloud knows.
    #[serde(flatten)]
    pub facts: Facts,
    /// The id under which the API knows the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// Older snapshots of the schedule that were deleted, by name.
    pub deleted: Vec<String>,
    /// Older snapshots of the schedule that could not be deleted, each with the reason.
    pub not_deleted: BTreeMap<String, String>,
}

/// What a `gcp.snapshot.get`, `gcp.snapshot.label` or `gcp.snapshot.delete` task gives back.
#[derive(Debug, Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OneOutputs {
    /// The snapshot's name.
    pub name: String,
    /// The project it belongs to.
    pub project: String,
    /// How far it is, such as `READY`, or `DELETED`.
    pub status: String,
    /// The disk it was taken of.
    pub source_disk: Option<String>,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// What it is for.
    pub description: Option<String>,
    /// Where it is stored.
    pub storage_locations: Vec<String>,
    /// Whether it is simulated.
    pub simulated: bool,
    /// What only the cloud knows.
    #[serde(flatten)]
    pub facts: Facts,
}

/// What only the cloud knows of a snapshot; nothing of it where it is simulated.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Facts {
    /// Its number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Its address in the API.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub self_link: Option<String>,
    /// When it was made, as the cloud's clock says (RFC 3339).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub creation_timestamp: Option<String>,
    /// The size of its disk, in GB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disk_size_gb: Option<u64>,
    /// How much it stores itself, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub storage_bytes: Option<u64>,
}

impl From<&Snapshot> for Facts {
    fn from(snapshot: &Snapshot) -> Self {
        let number = |text: &Option<String>| text.as_deref().and_then(|text| text.parse().ok());
        Self {
            id: snapshot.id.clone(),
            self_link: snapshot.self_link.clone(),
            creation_timestamp: snapshot.creation_timestamp.clone(),
            disk_size_gb: number(&snapshot.disk_size_gb),
            storage_bytes: number(&snapshot.storage_bytes),
        }
    }
}

impl OneOutputs {
    /// What the cloud says of a snapshot.
    pub(crate) fn of(project: &str, snapshot: &Snapshot) -> Self {
        Self {
            name: snapshot.name.clone(),
            project: project.to_owned(),
            status: snapshot.status.clone(),
            source_disk: snapshot.source_disk.clone(),
            labels: snapshot.labels.clone(),
            description: snapshot.description.clone(),
            storage_locations: snapshot.storage_locations.clone(),
            simulated: false,
            facts: Facts::from(snapshot),
        }
    }
}
