//! What a plugin says of itself.

use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};

use crate::Plugin;
use crate::bindings::task;

/// A plugin, its task types and what it wants.
#[derive(Debug, Clone)]
pub struct Description {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) summary: String,
    pub(crate) task_types: Vec<TaskType>,
    pub(crate) capabilities: Vec<Capability>,
}

impl Description {
    /// Names a plugin, its version (usually `env!("CARGO_PKG_VERSION")`) and what it is for.
    pub fn new(name: &str, version: &str, summary: &str) -> Self {
        Self {
            name: name.to_owned(),
            version: version.to_owned(),
            summary: summary.to_owned(),
            task_types: Vec::new(),
            capabilities: Vec::new(),
        }
    }

    /// Adds a task type.
    pub fn task_type(mut self, task_type: TaskType) -> Self {
        self.task_types.push(task_type);
        self
    }

    /// Adds something the plugin wants from the operator.
    pub fn capability(mut self, capability: Capability) -> Self {
        self.capabilities.push(capability);
        self
    }

    /// The description as the JSON text the host keeps, indented, with a newline at its end.
    pub fn to_json(&self) -> String {
        let task_types: Vec<_> = self.task_types.iter().map(TaskType::to_json).collect();
        let capabilities: Vec<_> = self.capabilities.iter().map(Capability::to_json).collect();
        let value = serde_json::json!({
            "name": self.name,
            "version": self.version,
            "summary": self.summary,
            "task_types": task_types,
            "capabilities": capabilities,
        });
        format!("{value:#}\n")
    }
}

/// A kind of task that flows can name.
#[derive(Debug, Clone)]
pub struct TaskType {
    name: String,
    aliases: Vec<String>,
    summary: String,
    properties: serde_json::Value,
    outputs: serde_json::Value,
}

impl TaskType {
    /// Names a task type whose properties and outputs are those of a plugin.
    pub fn of<P: Plugin>(name: &str, summary: &str) -> Self {
        Self::with::<P::Properties, P::Outputs>(name, summary)
    }

    /// Names a task type with properties and outputs of its own, for a plugin with several. Its `run` looks at
    /// [`Context::task_type`](crate::Context::task_type) and reads what belongs to it with
    /// [`Context::read_properties`](crate::Context::read_properties).
    pub fn with<Properties: JsonSchema, Outputs: JsonSchema>(name: &str, summary: &str) -> Self {
        Self {
            name: name.to_owned(),
            aliases: Vec::new(),
            summary: summary.to_owned(),
            properties: schema::<Properties>(|settings| settings),
            outputs: schema::<Outputs>(SchemaSettings::for_serialize),
        }
    }

    /// Adds another name it answers to.
    pub fn alias(mut self, alias: &str) -> Self {
        self.aliases.push(alias.to_owned());
        self
    }

    fn to_json(&self) -> serde_json::Value {
        serde_json::json!({
            "name": self.name,
            "aliases": self.aliases,
            "summary": self.summary,
            "properties": self.properties,
            "outputs": self.outputs,
        })
    }
}

fn schema<T: JsonSchema>(direction: fn(SchemaSettings) -> SchemaSettings) -> serde_json::Value {
    let settings = direction(SchemaSettings::draft2020_12());
    SchemaGenerator::new(settings).into_root_schema_for::<T>().to_value()
}

/// Something a plugin wants and is not given unless the operator grants it.
#[derive(Debug, Clone)]
pub struct Capability {
    kind: String,
    target: String,
    reason: String,
    required: bool,
}

impl Capability {
    /// Wants a grant of a kind (`net`, `read`, `write`, `env`, `secret`, `run`, `assets`), and says why. Without it
    /// the plugin still does something useful.
    pub fn optional(kind: &str, target: &str, reason: &str) -> Self {
        Self {
            kind: kind.to_owned(),
            target: target.to_owned(),
            reason: reason.to_owned(),
            required: false,
        }
    }

    /// Wants a grant that the plugin is of no use without.
    pub fn required(kind: &str, target: &str, reason: &str) -> Self {
        Self {
            required: true,
            ..Self::optional(kind, target, reason)
        }
    }

    fn to_json(&self) -> serde_json::Value {
        serde_json::json!({
            "kind": self.kind, "target": self.target, "reason": self.reason, "required": self.required,
        })
    }
}

impl From<Description> for task::Description {
    fn from(description: Description) -> Self {
        Self {
            name: description.name,
            version: description.version,
            summary: description.summary,
            task_types: description.task_types.into_iter().map(task::TaskType::from).collect(),
            capabilities: description
                .capabilities
                .into_iter()
                .map(task::Capability::from)
                .collect(),
        }
    }
}

impl From<TaskType> for task::TaskType {
    fn from(task_type: TaskType) -> Self {
        Self {
            name: task_type.name,
            aliases: task_type.aliases,
            summary: task_type.summary,
            properties: task_type.properties.to_string(),
            outputs: task_type.outputs.to_string(),
        }
    }
}

impl From<Capability> for task::Capability {
    fn from(capability: Capability) -> Self {
        Self {
            kind: capability.kind,
            target: capability.target,
            reason: capability.reason,
            required: capability.required,
        }
    }
}
