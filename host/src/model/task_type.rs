//! Task types and the plugins that provide them, as they describe themselves.

use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

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
    pub properties: Schema,
    /// JSON Schema of the outputs.
    pub outputs: Schema,
}

/// A JSON Schema. The text of one is read when it is first looked at, since a run looks at few of those that there are.
#[derive(Debug, Clone)]
pub struct Schema(Arc<SchemaText>);

#[derive(Debug)]
struct SchemaText {
    /// As it was written; nothing where it never was text.
    text: Option<Box<RawValue>>,
    read: OnceLock<Json>,
}

impl Deref for Schema {
    type Target = Json;

    /// The schema; null where it nests deeper than JSON may here.
    fn deref(&self) -> &Json {
        let SchemaText { text, read } = &*self.0;
        read.get_or_init(|| {
            let json = text.as_ref().map(|text| serde_json::from_str(text.get()));
            json.and_then(Result::ok).unwrap_or_default()
        })
    }
}

impl From<Json> for Schema {
    fn from(schema: Json) -> Self {
        Self(Arc::new(SchemaText {
            text: None,
            read: schema.into(),
        }))
    }
}

impl PartialEq for Schema {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Serialize for Schema {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (**self).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Schema {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Box::<RawValue>::deserialize(deserializer)?;
        Ok(Self(Arc::new(SchemaText {
            text: Some(text),
            read: OnceLock::new(),
        })))
    }
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
