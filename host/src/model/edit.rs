//! Changes to the catalog that no task run declared: by a person at the command line, or by a task made for it.

use serde::{Deserialize, Serialize};

use super::{AssetId, Declaration, JsonMap};

/// Someone at the command line, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Person {
    /// The name the operating system knows them by.
    pub user: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A change to assets.
#[derive(Debug, Clone, PartialEq)]
pub enum AssetEdit {
    /// Creates an asset or changes it as a declaration of a flow would.
    Set {
        declaration: Declaration,
        /// What it was made from; they need not exist.
        inputs: Vec<AssetId>,
    },
    /// Deletes assets: their edges are closed, their history stays. Refused for protected ones.
    Delete(Vec<AssetId>),
    /// Brings a deleted asset back with the edges whose other ends still exist.
    Restore(AssetId),
    /// Keeps an asset from being deleted, or stops to.
    Protect { id: AssetId, protected: bool },
    /// Marks an asset with keys and values; a null takes the key off.
    Label { id: AssetId, labels: JsonMap },
}
