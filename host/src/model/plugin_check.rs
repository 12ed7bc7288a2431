//! What a look at a component finds, without running a task of it.

use serde::Serialize;

use super::{PluginView, Severity};

/// What a component is, and what is to be said of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PluginCheckView {
    #[serde(flatten)]
    pub plugin: PluginView,
    /// The contract it is built against, such as `begat:task@0.1.0`.
    pub track: Option<String>,
    /// The interfaces it wants from the host, in the order of their names.
    pub imports: Vec<String>,
    pub findings: Vec<PluginFinding>,
}

/// Something to be said of a plugin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PluginFinding {
    pub severity: Severity,
    pub message: String,
}

impl PluginFinding {
    /// Something that keeps the plugin from being used.
    pub fn error(message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            message: message.into(),
        }
    }

    /// Something that makes the plugin worse than it could be.
    pub fn warning(message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            message: message.into(),
        }
    }
}
