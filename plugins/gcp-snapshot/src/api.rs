//! What the Compute Engine API says, as far as this plugin reads it (`compute/v1`). All of it may be missing.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A snapshot as it is asked for (`disks.createSnapshot`).
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewSnapshot<'a> {
    pub name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<&'a str>,
    pub labels: &'a BTreeMap<String, String>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub storage_locations: &'a [String],
}

/// Other labels of a snapshot (`snapshots.setLabels`). The fingerprint is that of the labels it has.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewLabels<'a> {
    pub labels: &'a BTreeMap<String, String>,
    pub label_fingerprint: &'a str,
}

/// A snapshot. Numbers of 64 bits are text in JSON.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Snapshot {
    pub id: Option<String>,
    pub name: String,
    pub self_link: Option<String>,
    pub status: String,
    pub creation_timestamp: Option<String>,
    pub description: Option<String>,
    pub source_disk: Option<String>,
    pub disk_size_gb: Option<String>,
    pub storage_bytes: Option<String>,
    pub storage_locations: Vec<String>,
    pub labels: BTreeMap<String, String>,
    pub label_fingerprint: String,
}

/// A page of snapshots (`snapshots.list`).
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct SnapshotList {
    pub items: Vec<Snapshot>,
    pub next_page_token: Option<String>,
}

/// Work that goes on behind the API.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Operation {
    pub name: String,
    pub status: String,
    pub error: Option<OperationErrors>,
    pub http_error_status_code: Option<u16>,
}

/// Why an operation failed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct OperationErrors {
    pub errors: Vec<Reason>,
}

/// One error of an operation, by its code, or of an answer, by its reason.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(crate) struct Reason {
    pub code: String,
    pub reason: String,
    pub message: String,
}

/// The body of an answer that is an error.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ErrorBody {
    pub error: ErrorWords,
}

/// What an error says.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ErrorWords {
    pub message: String,
    pub errors: Vec<Reason>,
    pub details: Vec<Detail>,
}

/// One of the details of newer errors (`google.rpc.ErrorInfo`).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Detail {
    pub reason: String,
}
