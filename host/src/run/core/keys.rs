//! The key-value store: `kv.Set`, `kv.Get`, `kv.Delete`.

use super::{Effect, flag, outputs, text};
use crate::model::{Json, JsonMap, Namespace, RunEventKind, SetKey, clock};
use crate::plan::parse_duration;
use crate::run::job::{Done, Job, failure};
use crate::sandbox::TaskFailure;

/// The namespace and key a task is about, and the value there.
struct Entry {
    namespace: Namespace,
    key: String,
    value: Option<Json>,
}

fn find(job: &Job, properties: &JsonMap) -> Result<Entry, TaskFailure> {
    let invalid = |message: String| failure("invalid-properties", message);
    let key = text(properties, "key").unwrap_or_default().into_owned();
    let is_key = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if key.is_empty() || !key.chars().all(is_key) {
        return Err(invalid(format!(
            "`{key}` is no key: it consists of letters, digits, `.`, `_` and `-`"
        )));
    }
    let namespace = match text(properties, "namespace") {
        None => job.shared.plan.flow.namespace.clone(),
        Some(name) => Namespace::parse(&name).map_err(|error| invalid(error.to_string()))?,
    };
    let value = job.shared.catalog.key_value(&namespace, &key);
    let value = value.map_err(|error| failure("unavailable", error.message))?;
    Ok(Entry { namespace, key, value })
}

fn missing(entry: &Entry) -> TaskFailure {
    failure(
        "failed",
        format!("there is no key `{}` in the namespace `{}`", entry.key, entry.namespace),
    )
}

pub(super) fn get(job: &Job, properties: &JsonMap) -> Result<Done, TaskFailure> {
    let entry = find(job, properties)?;
    if entry.value.is_none() && flag(properties, "errorOnMissing", false) {
        return Err(missing(&entry));
    }
    Ok(Done::with(outputs([("value", entry.value.unwrap_or_default())])))
}

pub(super) fn delete(job: &Job, properties: &JsonMap) -> Result<Done, TaskFailure> {
    let entry = find(job, properties)?;
    let exists = entry.value.is_some();
    if !exists && flag(properties, "errorOnMissing", false) {
        return Err(missing(&entry));
    }
    let deletion = Effect::Record(RunEventKind::KeyDeleted {
        namespace: entry.namespace,
        key: entry.key,
    });
    Ok(Done {
        effects: exists.then_some(deletion).into_iter().collect(),
        ..Done::with(outputs([("deleted", exists.into())]))
    })
}

pub(super) fn set(job: &Job, properties: &JsonMap) -> Result<Done, TaskFailure> {
    let entry = find(job, properties)?;
    if entry.value.is_some() && !flag(properties, "overwrite", true) {
        let message = format!("the key `{}` exists, and `overwrite` is false", entry.key);
        return Err(failure("failed", message));
    }
    let given = properties.get("value").cloned().unwrap_or_default();
    let value = typed(given, text(properties, "kvType").as_deref())?;
    let expires = match text(properties, "ttl") {
        None => None,
        Some(ttl) => {
            let length = parse_duration(&ttl).and_then(|ttl| clock::now().checked_add(ttl).ok());
            let invalid = || {
                failure(
                    "invalid-properties",
                    format!("`ttl`: `{ttl}` is no ISO 8601 duration such as PT1H"),
                )
            };
            Some(length.ok_or_else(invalid)?)
        }
    };
    let set = RunEventKind::KeySet(SetKey {
        namespace: entry.namespace,
        key: entry.key,
        value,
        expires,
    });
    Ok(Done {
        effects: vec![Effect::Record(set)],
        ..Done::default()
    })
}

/// The value as the type that the task names.
fn typed(value: Json, kind: Option<&str>) -> Result<Json, TaskFailure> {
    let as_text = |value: &Json| match value {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    };
    let wrong = |kind: &str, value: &Json| failure("invalid-properties", format!("`value` is no {kind}: `{value}`"));
    let is_kind = |fits: fn(&Json) -> bool, kind: &str| {
        let parsed = serde_json::from_str(as_text(&value).trim()).ok().filter(fits);
        parsed.ok_or_else(|| wrong(kind, &value))
    };
    match kind {
        Some("STRING" | "DATETIME" | "DATE" | "DURATION") => Ok(Json::String(as_text(&value))),
        Some("NUMBER") => is_kind(Json::is_number, "number"),
        Some("BOOLEAN") => is_kind(Json::is_boolean, "boolean"),
        Some("JSON") => is_kind(|_| true, "JSON"),
        _ => Ok(value),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::typed;

    #[test]
    fn values_become_the_type_that_is_named() {
        assert_eq!(typed(json!("7"), None), Ok(json!("7")));
        assert_eq!(typed(json!(7), Some("STRING")), Ok(json!("7")));
        assert_eq!(typed(json!("7.5"), Some("NUMBER")), Ok(json!(7.5)));
        assert_eq!(typed(json!("true"), Some("BOOLEAN")), Ok(json!(true)));
        assert_eq!(typed(json!("{\"a\": [1]}"), Some("JSON")), Ok(json!({"a": [1]})));
        let message = typed(json!("x"), Some("NUMBER")).unwrap_err().message;
        assert_eq!(message, "`value` is no number: `\"x\"`");
    }
}
