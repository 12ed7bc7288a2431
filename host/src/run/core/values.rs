//! Tasks that give values: `debug.Return`, `debug.Echo`, `output.OutputValues`, `storage.Write`.

use std::sync::Arc;

use super::{Effect, outputs, text};
use crate::model::{Json, JsonMap, LogLevel, RunEventKind, WrittenFile};
use crate::run::job::{Done, Job};

pub(super) fn give(properties: &JsonMap) -> Done {
    let value = text(properties, "format").unwrap_or_default();
    Done::with(outputs([("value", value.into())]))
}

pub(super) fn echo(job: &Job, properties: &JsonMap) -> Done {
    let level = text(properties, "level").and_then(|name| LogLevel::from_name(&name));
    let line = text(properties, "format").unwrap_or_default().into_owned();
    job.lines.say(level.unwrap_or(LogLevel::Info), line);
    Done::default()
}

pub(super) fn output(properties: &JsonMap) -> Done {
    let values = properties.get("values").cloned().unwrap_or_default();
    Done::with(outputs([("values", values)]))
}

/// The name is that of the task run, so that each has a file of its own.
pub(super) fn write(job: &Job, properties: &JsonMap) -> Done {
    let content = text(properties, "content").unwrap_or_default();
    let extension = text(properties, "extension").unwrap_or_default();
    let dot = if extension.is_empty() || extension.starts_with('.') {
        ""
    } else {
        "."
    };
    let name = format!("{}{dot}{extension}", job.id);
    let (uri, effect) = stored(job, name, content.as_bytes());
    Done {
        effects: vec![effect],
        ..Done::with(outputs([("uri", uri)]))
    }
}

/// The address of a file of the execution, and the effect that keeps it.
pub(super) fn stored(job: &Job, name: String, content: &[u8]) -> (Json, Effect) {
    let address = job.shared.surroundings.address(&name);
    let file = WrittenFile {
        name,
        content: Arc::from(content),
    };
    (address.into(), Effect::Record(RunEventKind::FileWritten(file)))
}
