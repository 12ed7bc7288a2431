//! Tasks that steer the execution: `Fail`, `Assert`, `Exit`, `Labels`, `SetVariables`, `UnsetVariables`.

use super::{Effect, flag, text};
use crate::expr::Value;
use crate::model::{Json, JsonMap, State};
use crate::plan::is_truthy;
use crate::run::job::{Done, Job, failure};
use crate::sandbox::TaskFailure;

pub(super) fn fail(properties: &JsonMap) -> Result<Done, TaskFailure> {
    let holds = properties.get("condition").is_none_or(is_truthy);
    match holds {
        false => Ok(Done::default()),
        true => {
            let message = text(properties, "errorMessage");
            Err(failure(
                "failed",
                message.unwrap_or("the flow says that it fails here".into()),
            ))
        }
    }
}

pub(super) fn assert(properties: &JsonMap) -> Result<Done, TaskFailure> {
    let conditions = properties.get("conditions").and_then(Json::as_array);
    let broken = conditions
        .into_iter()
        .flatten()
        .enumerate()
        .find(|(_, condition)| !is_truthy(condition));
    match broken {
        None => Ok(Done::default()),
        Some((place, _)) => {
            let said = text(properties, "errorMessage").map_or_else(String::new, |message| format!(": {message}"));
            Err(failure(
                "failed",
                format!("the condition {} does not hold{said}", place + 1),
            ))
        }
    }
}

pub(super) fn exit(properties: &JsonMap) -> Done {
    let state = match text(properties, "state").as_deref() {
        Some("WARNING") => State::Warning,
        Some("FAILED") => State::Failed,
        Some("KILLED") => State::Killed,
        Some("CANCELED" | "CANCELLED") => State::Cancelled,
        _ => State::Success,
    };
    Done {
        effects: vec![Effect::Exit(state)],
        ..Done::default()
    }
}

pub(super) fn labels(properties: &JsonMap) -> Result<Done, TaskFailure> {
    let labels = read_labels(properties.get("labels"))?;
    Ok(Done {
        effects: vec![Effect::AddLabels(labels)],
        ..Done::default()
    })
}

fn pair_of(item: &Json) -> Option<(String, &Json)> {
    let map = item.as_object()?;
    Some((text(map, "key")?.into_owned(), map.get("value")?))
}

/// Labels as a map, or as a list of `key` and `value`.
pub(super) fn read_labels(given: Option<&Json>) -> Result<JsonMap, TaskFailure> {
    let invalid = |message: String| failure("invalid-properties", message);
    let pairs: Vec<(String, &Json)> = match given {
        None | Some(Json::Null) => Vec::new(),
        Some(Json::Object(map)) => map.iter().map(|(key, value)| (key.clone(), value)).collect(),
        Some(Json::Array(items)) => {
            let pairs: Option<Vec<_>> = items.iter().map(pair_of).collect();
            pairs.ok_or_else(|| invalid("each of `labels` must have `key` and `value`".to_owned()))?
        }
        Some(other) => return Err(invalid(format!("`labels` must be a map or a list, not `{other}`"))),
    };
    let mut labels = JsonMap::new();
    for (key, value) in pairs {
        if key.starts_with("system.") {
            return Err(invalid(format!(
                "the label `{key}` is reserved: labels that start with `system.` are begat's own"
            )));
        }
        let value = match value {
            Json::String(text) => text.clone(),
            other => other.to_string(),
        };
        labels.insert(key, Json::String(value));
    }
    Ok(labels)
}

fn knows(job: &Job, name: &str) -> bool {
    let vars = job.snapshot.variable("vars").and_then(Value::as_map);
    vars.is_some_and(|vars| vars.contains_key(name))
}

pub(super) fn set_variables(job: &Job, properties: &JsonMap) -> Result<Done, TaskFailure> {
    let variables = properties
        .get("variables")
        .and_then(Json::as_object)
        .cloned()
        .unwrap_or_default();
    let taken = variables.keys().find(|name| knows(job, name));
    if let Some(name) = taken.filter(|_| !flag(properties, "overwrite", true)) {
        let message = format!("the variable `{name}` exists, and `overwrite` is false");
        return Err(failure("failed", message));
    }
    Ok(Done {
        effects: vec![Effect::SetVariables(variables)],
        ..Done::default()
    })
}

pub(super) fn unset_variables(job: &Job, properties: &JsonMap) -> Result<Done, TaskFailure> {
    let names = properties
        .get("variables")
        .and_then(Json::as_array)
        .into_iter()
        .flatten();
    let names: Vec<String> = names.filter_map(|name| name.as_str().map(str::to_owned)).collect();
    let missing = names.iter().find(|name| !knows(job, name));
    if let Some(name) = missing.filter(|_| !flag(properties, "ignoreMissing", false)) {
        let message = format!("there is no variable `{name}`, and `ignoreMissing` is false");
        return Err(failure("failed", message));
    }
    Ok(Done {
        effects: vec![Effect::UnsetVariables(names)],
        ..Done::default()
    })
}
