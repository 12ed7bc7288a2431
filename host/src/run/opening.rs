//! What a task that holds tasks decides when it begins: which branch, or which values.

use serde_json::json;

use super::schedule::Opening;
use crate::expr::{Scope, Value};
use crate::model::{Json, JsonMap};
use crate::plan::{BlockShape, PlannedTask, Property, is_truthy};

/// What a block decided.
#[derive(Debug, Clone)]
pub(super) struct Decision {
    pub opening: Opening,
    /// The values of a loop.
    pub values: Vec<Value>,
    pub outputs: JsonMap,
    /// The decision as it is recorded; nothing where there was nothing to decide.
    pub recorded: Option<Json>,
}

/// Decides how a block begins, or takes what was decided before. The error is for the operator.
pub(super) fn decide(task: &PlannedTask, scope: &Scope<'_>, earlier: Option<Json>) -> Result<Decision, String> {
    let shape = &task.task.block.as_ref().expect("only blocks are opened").shape;
    match shape {
        BlockShape::If => {
            let holds = match earlier {
                Some(recorded) => is_truthy(&recorded),
                None => is_truthy(&evaluated(task, "condition", scope)?),
            };
            let outputs = entries(json!({"evaluationResult": holds}));
            Ok(branch(Some(usize::from(!holds)), outputs, Some(holds.into())))
        }
        BlockShape::Switch { cases } => {
            let value = match earlier {
                Some(recorded) => recorded,
                None => evaluated(task, "value", scope)?,
            };
            let value = match value {
                Json::String(text) => text,
                other => other.to_string(),
            };
            let case = cases.iter().position(|case| *case == value);
            let outputs = entries(json!({"value": value, "defaults": case.is_none()}));
            Ok(branch(Some(case.unwrap_or(cases.len())), outputs, Some(value.into())))
        }
        BlockShape::Each { .. } => {
            let recorded = match earlier {
                Some(recorded) => recorded,
                None => Json::Array(values(evaluated(task, "values", scope)?)?),
            };
            let list = Value::from(&recorded);
            let values = list.as_list().unwrap_or_default().to_vec();
            Ok(Decision {
                opening: Opening::Values(values.len()),
                values,
                outputs: JsonMap::new(),
                recorded: Some(recorded),
            })
        }
        BlockShape::Sequence | BlockShape::Parallel { .. } | BlockShape::Graph { .. } | BlockShape::Until => {
            Ok(branch(Some(0), JsonMap::new(), None))
        }
    }
}

fn branch(branch: Option<usize>, outputs: JsonMap, recorded: Option<Json>) -> Decision {
    Decision {
        opening: Opening::Branch(branch),
        values: Vec::new(),
        outputs,
        recorded,
    }
}

fn entries(value: Json) -> JsonMap {
    match value {
        Json::Object(map) => map,
        _ => JsonMap::new(),
    }
}

/// The files that a `WorkingDirectory` begins with; nothing where it names none.
pub(super) fn input_files(task: &PlannedTask, scope: &Scope<'_>) -> Result<Option<Json>, String> {
    task.property("inputFiles")
        .map(|_| evaluated(task, "inputFiles", scope))
        .transpose()
}

/// The patterns of the files that a `WorkingDirectory` keeps.
pub(super) fn output_files(task: &PlannedTask, scope: &Scope<'_>) -> Result<Vec<String>, String> {
    let patterns = evaluated(task, "outputFiles", scope)?;
    let patterns = patterns.as_array().into_iter().flatten();
    Ok(patterns
        .filter_map(|pattern| pattern.as_str().map(str::to_owned))
        .collect())
}

/// A property with the type it has.
pub(super) fn evaluated(task: &PlannedTask, name: &str, scope: &Scope<'_>) -> Result<Json, String> {
    let property = task.property(name).map(|property| Property::evaluate(property, scope));
    match property {
        None => Ok(Json::Null),
        Some(Ok(value)) => Ok(value),
        Some(Err(error)) => Err(format!(
            "the property `{name}` cannot be rendered: {}",
            error.error.message
        )),
    }
}

/// The values of a loop: those of a list, the entries of a map, or either written as JSON.
fn values(given: Json) -> Result<Vec<Json>, String> {
    match given {
        Json::Array(items) => Ok(items),
        Json::Object(map) => Ok(map
            .into_iter()
            .map(|(key, value)| json!({"key": key, "value": value}))
            .collect()),
        Json::String(text) => match serde_json::from_str(&text) {
            Ok(value @ (Json::Array(_) | Json::Object(_))) => values(value),
            Ok(_) | Err(_) => Err(format!("`values` must be a list or a map, and is the text `{text}`")),
        },
        other => Err(format!("`values` must be a list or a map, and is `{other}`")),
    }
}

/// A value of a loop as tasks see it: text as it is, everything else as JSON.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.as_ref().to_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::values;

    #[test]
    fn values_are_lists_maps_or_either_as_text() {
        assert_eq!(values(json!([1, "a"])), Ok(vec![json!(1), json!("a")]));
        assert_eq!(values(json!("[1, 2]")), Ok(vec![json!(1), json!(2)]));
        assert_eq!(values(json!({"a": 1})), Ok(vec![json!({"key": "a", "value": 1})]));
        assert_eq!(
            values(json!("abc")),
            Err("`values` must be a list or a map, and is the text `abc`".to_owned())
        );
        assert_eq!(
            values(json!(null)),
            Err("`values` must be a list or a map, and is `null`".to_owned())
        );
    }
}
