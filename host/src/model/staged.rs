//! What a task meets of the world in a golden case: answers that no server gives, and secrets that nobody keeps.

use serde::Serialize;

use super::JsonMap;

/// One request that a case expects, and the answer to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StagedAnswer {
    pub method: String,
    pub url: String,
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

/// A request that a task sent, with every secret in it masked.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StagedRequest {
    pub method: String,
    pub url: String,
    /// By their names in lower case.
    #[serde(skip_serializing_if = "JsonMap::is_empty")]
    pub headers: JsonMap,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub body: String,
}
