//! Task types and the plugins that provide them, as they describe themselves.

use serde::{Deserialize, Serialize};

use super::Json;

/// Something a plugin wants and is not given unless it is granted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capability {
    /// The kind of grant: `net`, `read`, `write`, `env`, `secret`, `run` or `assets`.
    pub kind: String,
    /// What of that kind, such as a host name; a pattern or empty where it depends on the properties.
    pub target: String,
    /// Why, in words for the operator.
    pub reason: String,
    /// Whether the plugin is of no use without it.
    pub required: bool,
}

/// A kind of task a flow can name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskType {
    /// The short name, such as `log`.
    pub name: String,
    /// Other names it answers to, such as `io.kestra.plugin.core.log.Log`.
    pub aliases: Vec<String>,
    /// One line of documentation.
    pub summary: String,
    /// JSON Schema of the properties a flow gives.
    pub properties: Json,
    /// JSON Schema of the outputs.
    pub outputs: Json,
}

impl TaskType {
    /// Whether a flow that writes `name` means this type.
    pub fn answers_to(&self, name: &str) -> bool {
        self.name == name || self.aliases.iter().any(|alias| alias == name)
    }

    /// Every name it answers to, the short one first.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.name.as_str()).chain(self.aliases.iter().map(String::as_str))
    }
}

/// What a plugin says of itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PluginDescription {
    pub name: String,
    pub version: String,
    /// One line of documentation.
    pub summary: String,
    pub task_types: Vec<TaskType>,
    pub capabilities: Vec<Capability>,
}
