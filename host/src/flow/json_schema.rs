//! The JSON Schema of the flow language, for editors: made from the tables that the checks use and from what the
//! plugins say of their properties.
//!
//! It is draft 7, which the YAML language servers of editors read. A schema cannot tell everything that `check` finds;
//! what it refuses, `check` refuses too.

use serde_json::json;

use super::core_type::CoreType;
use super::input::{InputType, keys_of};
use super::shape::{Key, Shape, expression_schema, key, key_schemas, object_schema, required};
use super::trigger;
use crate::model::{Json, JsonMap, TaskType};

/// A part of the language that is more than one shape: its name, one line of documentation, its schema.
pub(super) type Part = (&'static str, &'static str, fn() -> Json);

/// The keys of a flow.
pub(super) const FLOW: [Part; 21] = [
    ("id", "Names the flow within its namespace.", || id("._-", 100)),
    (
        "namespace",
        "Where the flow and its assets belong.",
        || json!({"type": "string", "pattern": "^[a-z0-9][a-z0-9._-]*$", "maxLength": 150}),
    ),
    ("description", "What the flow does.", text),
    ("labels", "Keys and values that executions carry.", labels),
    ("inputs", "What the flow asks for.", || list_of("input")),
    ("tasks", "The steps, in their order.", || {
        let mut list = list_of("task");
        list["minItems"] = json!(1);
        list
    }),
    ("errors", "What runs when a task failed.", || list_of("task")),
    ("finally", "What runs at the end, whatever happened.", || {
        list_of("task")
    }),
    ("afterExecution", "What runs when the execution has ended.", || {
        list_of("task")
    }),
    (
        "outputs",
        "What an execution gives.",
        || json!({"type": "array", "items": object_schema(&OUTPUT)}),
    ),
    (
        "variables",
        "Values that expressions find under `vars`.",
        || json!({"type": "object"}),
    ),
    (
        "pluginDefaults",
        "Properties of all tasks of a type.",
        || json!({"type": "array", "items": object_schema(&DEFAULT)}),
    ),
    ("concurrency", "How many executions run at once.", || {
        object_schema(&CONCURRENCY)
    }),
    ("retry", "What happens when an execution fails.", || {
        object_schema(&RETRY)
    }),
    (
        "checks",
        "What must hold before the flow runs.",
        || json!({"type": "array", "items": object_schema(&CHECK)}),
    ),
    (
        "sla",
        "What an execution must keep to.",
        || json!({"type": "array", "items": object_schema(&SLA)}),
    ),
    ("disabled", "Whether the flow must not run.", boolean),
    (
        "triggers",
        "What starts the flow elsewhere; begat starts nothing by itself.",
        || list_of("trigger"),
    ),
    ("revision", "Written by servers; left aside.", || json!({})),
    ("deleted", "Written by servers; left aside.", || json!({})),
    ("extend", "Written by servers; left aside.", || json!({})),
];

/// The keys that every task may have.
pub(super) const TASK: [Part; 11] = [
    ("id", "Names the task within its flow.", || id("_-", 256)),
    ("type", "What the task does.", text),
    ("description", "Why the task is there.", text),
    (
        "assets",
        "What the task uses and makes.",
        || json!({"$ref": "#/definitions/assets"}),
    ),
    ("disabled", "Whether the task is left out.", boolean),
    ("runIf", "An expression; the task is skipped unless it is true.", scalar),
    ("retry", "What happens when it fails.", || object_schema(&RETRY)),
    ("timeout", "How long an attempt may take, such as PT5M.", text),
    ("allowFailure", "Whether its failure is a warning.", boolean),
    ("allowWarning", "Whether its warning is a success.", boolean),
    (
        "logLevel",
        "Log lines that matter less are not kept.",
        || json!({"enum": ["TRACE", "DEBUG", "INFO", "WARN", "ERROR"]}),
    ),
];

/// Keys of tasks that hold tasks, beside the properties of their types.
const BLOCKS: [(CoreType, &[&str]); 10] = [
    (CoreType::AllowFailure, &["tasks"]),
    (CoreType::Dag, &["tasks"]),
    (CoreType::ForEach, &["tasks"]),
    (CoreType::If, &["then", "else"]),
    (CoreType::Loop, &["tasks"]),
    (CoreType::LoopUntil, &["tasks"]),
    (CoreType::Parallel, &["tasks"]),
    (CoreType::Sequential, &["tasks"]),
    (CoreType::Switch, &["cases", "defaults"]),
    (CoreType::WorkingDirectory, &["tasks"]),
];

const OUTPUT: [Key; 6] = [
    required("id", Shape::Text, "Names the output."),
    key(
        "type",
        Shape::Text,
        "What the value is turned into; STRING where it is not given.",
    ),
    required("value", Shape::Any, "The value."),
    key("required", Shape::Boolean, "Whether the execution fails without it."),
    key("displayName", Shape::Text, "What people call it."),
    key("description", Shape::Text, "What the value is."),
];
const DEFAULT: [Key; 3] = [
    required("type", Shape::Text, "A task type, or what several begin with."),
    key(
        "forced",
        Shape::Boolean,
        "Whether the values win over those of the task.",
    ),
    key("values", Shape::Map, "The properties."),
];
const CONCURRENCY: [Key; 2] = [
    required("limit", Shape::Whole, "How many executions run at once."),
    key(
        "behavior",
        Shape::Choice(&["QUEUE", "CANCEL", "FAIL"]),
        "What becomes of one more.",
    ),
];
const RETRY: [Key; 9] = [
    required(
        "type",
        Shape::Choice(&["constant", "exponential", "random"]),
        "How the pauses grow.",
    ),
    key("interval", Shape::Duration, "The first pause."),
    key("maxInterval", Shape::Duration, "The longest pause."),
    key("minInterval", Shape::Duration, "The shortest pause of random ones."),
    key(
        "delayFactor",
        Shape::Any,
        "By how much each pause is longer than the one before.",
    ),
    key("maxAttempts", Shape::Whole, "How often it runs at most."),
    key("maxDuration", Shape::Duration, "How long it is tried."),
    key(
        "warningOnRetry",
        Shape::Boolean,
        "Whether a success that took several attempts is a warning.",
    ),
    key(
        "behavior",
        Shape::Choice(&["RETRY_FAILED_TASK", "CREATE_NEW_EXECUTION"]),
        "What a flow tries again.",
    ),
];
const CHECK: [Key; 4] = [
    required("condition", Shape::Any, "An expression that must be true."),
    key("message", Shape::Text, "What to say when it is not."),
    key(
        "style",
        Shape::Choice(&["SUCCESS", "INFO", "WARNING", "ERROR"]),
        "How a form shows it.",
    ),
    key(
        "behavior",
        Shape::Choice(&["BLOCK_EXECUTION", "FAIL_EXECUTION", "CREATE_EXECUTION"]),
        "What becomes of the execution.",
    ),
];
const SLA: [Key; 6] = [
    required("id", Shape::Text, "Names the rule."),
    required(
        "type",
        Shape::Choice(&["MAX_DURATION", "EXECUTION_ASSERTION"]),
        "What kind of rule it is.",
    ),
    key("duration", Shape::Duration, "How long an execution may take."),
    key("assert", Shape::Any, "An expression that must be true after each task."),
    key(
        "behavior",
        Shape::Choice(&["FAIL", "CANCEL", "NONE"]),
        "What becomes of an execution that breaks it.",
    ),
    key("labels", Shape::Map, "Labels that such an execution gets."),
];

/// The keys of an input; which of them a type has is said where inputs are read.
pub(super) const INPUT: [Part; 20] = [
    ("id", "Names the input; dots nest.", || id("._-", 256)),
    ("type", "What values it takes.", text),
    ("required", "Whether the flow cannot run without a value.", boolean),
    ("defaults", "The value where none is given.", || json!({})),
    ("prefill", "What a form starts with; not the value by itself.", || {
        json!({})
    }),
    ("description", "What the value is for.", text),
    ("displayName", "What people call it.", text),
    (
        "dependsOn",
        "Which inputs come first, and when this one is asked for.",
        || Shape::Keys(&DEPENDS_ON).json_schema(),
    ),
    (
        "validator",
        "A regular expression that the whole value matches.",
        || json!({"type": "string", "format": "regex"}),
    ),
    ("min", "The least value.", scalar),
    ("max", "The greatest value.", scalar),
    ("after", "The first moment.", scalar),
    ("before", "The last moment.", scalar),
    ("itemType", "What the items of the list are.", || {
        let items = InputType::ALL.into_iter().filter(|known| known.is_item());
        json!({"enum": items.map(InputType::name).collect::<Vec<_>>()})
    }),
    ("values", "What can be chosen.", || {
        let labelled = object_schema(&OPTION);
        json!({"type": "array", "minItems": 1, "items": {"anyOf": [scalar(), labelled]}})
    }),
    (
        "expression",
        "An expression that gives the list to choose from.",
        || expression_schema(),
    ),
    ("allowCustomValue", "Whether other values may be given.", boolean),
    (
        "autoSelectFirst",
        "Whether the first value stands where none is given.",
        boolean,
    ),
    ("isRadio", "How a form draws the choice.", boolean),
    (
        "allowedFileExtensions",
        "What the names of files may end with.",
        || json!({"type": "array", "items": {"type": "string"}}),
    ),
];

const DEPENDS_ON: [Key; 2] = [
    key(
        "inputs",
        Shape::List(&Shape::Text),
        "The inputs whose values come first.",
    ),
    key("condition", Shape::Any, "Where this is false, the input is left out."),
];
const OPTION: [Key; 2] = [
    required("value", Shape::Text, "The value."),
    key("label", Shape::Text, "What people see."),
];
const ASSET: [Key; 6] = [
    required("id", Shape::Text, "Names the asset in the whole catalog."),
    key("type", Shape::Text, "What kind of thing it is, such as VM."),
    key("namespace", Shape::Text, "Where it belongs; the flow's own by default."),
    key("displayName", Shape::Text, "What people call it."),
    key("description", Shape::Text, "What it is, in Markdown."),
    key("metadata", Shape::Map, "Everything else that is known of it."),
];

/// Makes the JSON Schema of a flow whose tasks are of these types.
pub fn json_schema(task_types: &[TaskType]) -> Json {
    let task_types: Vec<&TaskType> = CoreType::task_types().iter().chain(task_types).collect();
    let mut definitions = JsonMap::new();
    definitions.insert("assets".into(), assets());
    definitions.insert("asset".into(), asset());
    definitions.insert("input".into(), input());
    definitions.insert("trigger".into(), trigger());
    let mut choices = Vec::new();
    for task_type in &task_types {
        let name = &task_type.name;
        definitions.insert(format!("task-{name}"), task_of(task_type));
        let names: Vec<&str> = task_type.names().collect();
        choices.push(choice(
            &json!({"enum": names}),
            &json!({"$ref": format!("#/definitions/task-{name}")}),
        ));
    }
    let names: Vec<&str> = task_types.iter().flat_map(|task_type| task_type.names()).collect();
    definitions.insert("task".into(), one_of_types(&json!({"enum": names}), choices));
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "A flow of begat",
        "type": "object",
        "properties": parts(&FLOW),
        "required": ["id", "namespace", "tasks"],
        "additionalProperties": false,
        "definitions": definitions,
    })
}

fn parts(parts: &[Part]) -> JsonMap {
    let described = |(name, summary, schema): &Part| {
        let mut schema = schema();
        // Beside a reference nothing else counts in draft 7.
        if schema.get("$ref").is_some() {
            schema = json!({"allOf": [schema]});
        }
        schema["description"] = Json::from(*summary);
        ((*name).to_owned(), schema)
    };
    parts.iter().map(described).collect()
}

fn id(marks: &str, length: usize) -> Json {
    json!({"type": ["string", "number"], "pattern": format!("^[a-zA-Z0-9][a-zA-Z0-9{marks}]*$"), "maxLength": length})
}

fn text() -> Json {
    scalar()
}

fn scalar() -> Json {
    json!({"type": ["string", "number", "boolean"]})
}

fn boolean() -> Json {
    json!({"type": "boolean"})
}

fn list_of(definition: &str) -> Json {
    json!({"type": "array", "items": {"$ref": format!("#/definitions/{definition}")}})
}

fn labels() -> Json {
    let label = [
        required("key", Shape::Text, "The label's name."),
        required("value", Shape::Text, "Its value."),
    ];
    json!({"anyOf": [
        {"type": "object", "additionalProperties": scalar()},
        {"type": "array", "items": object_schema(&label)},
    ]})
}

fn assets() -> Json {
    let list = json!({"anyOf": [list_of("asset"), expression_schema()]});
    json!({
        "type": "object",
        "properties": {
            "inputs": list,
            "outputs": list,
            "enableAuto": {"type": "boolean", "description": "Whether the plugin may declare assets that are not named here."},
            "assetFailureBehavior": {
                "enum": ["WARN", "FAIL", "IGNORE"],
                "description": "What becomes of the task when its assets cannot be recorded.",
            },
        },
        "additionalProperties": false,
    })
}

/// Unknown keys of an asset fold into its metadata.
fn asset() -> Json {
    let mut schema = object_schema(&ASSET);
    schema["additionalProperties"] = Json::Bool(true);
    schema
}

/// What holds of an object whose `type` is one of these.
fn choice(types: &Json, then: &Json) -> Json {
    json!({"if": {"properties": {"type": types}, "required": ["type"]}, "then": then})
}

fn one_of_types(types: &Json, choices: Vec<Json>) -> Json {
    json!({
        "type": "object",
        "properties": {"type": types},
        "required": ["id", "type"],
        "allOf": choices,
    })
}

fn input() -> Json {
    let choices = InputType::ALL.into_iter().map(|input_type| {
        let own: Vec<Part> = INPUT
            .into_iter()
            .filter(|(name, _, _)| keys_of(input_type).any(|known| known == *name))
            .collect();
        let then = json!({"properties": parts(&own), "additionalProperties": false});
        choice(&json!({"const": input_type.name()}), &then)
    });
    let names: Vec<&str> = InputType::ALL.into_iter().map(InputType::name).collect();
    one_of_types(&json!({"enum": names}), choices.collect())
}

fn trigger() -> Json {
    let own = [
        required("id", Shape::Text, "Names the trigger within its flow."),
        required("type", Shape::Text, "What the trigger waits for."),
        key("description", Shape::Text, "Why the trigger is there."),
        key("disabled", Shape::Boolean, "Whether it is turned off."),
    ];
    let choices = trigger::TYPES.iter().map(|known| {
        let keys: Vec<Key> = [&own, trigger::COMMON_KEYS.as_slice(), known.keys].concat();
        let mut then = object_schema(&keys);
        then["description"] = Json::from(known.summary);
        choice(&json!({"enum": known.names}), &then)
    });
    let names: Vec<&str> = trigger::TYPES
        .iter()
        .flat_map(|known| known.names.iter().copied())
        .collect();
    let mut schema = one_of_types(
        &json!({"anyOf": [{"enum": names}, {"type": "string"}]}),
        choices.collect(),
    );
    let common = [&own, trigger::COMMON_KEYS.as_slice(), trigger::PLUGIN_KEYS.as_slice()].concat();
    for (name, common) in key_schemas(&common) {
        if name != "type" {
            schema["properties"][name] = common;
        }
    }
    schema
}

/// A task of one type: the keys of every task and those of its plugin.
fn task_of(task_type: &TaskType) -> Json {
    let at = format!("#/definitions/task-{}", pointer_part(&task_type.name));
    let mut schema = match opened(&task_type.properties, &at) {
        Json::Object(schema) => schema,
        _ => JsonMap::new(),
    };
    schema.shift_remove("$schema");
    let mut properties = parts(&TASK);
    properties["type"] = json!({"enum": task_type.names().collect::<Vec<_>>(), "description": task_type.summary});
    if let Some(Json::Object(own)) = schema.shift_remove("properties") {
        properties.extend(own);
    }
    properties.extend(held_tasks(&task_type.name));
    let mut needed = vec![json!("id"), json!("type")];
    if let Some(Json::Array(own)) = schema.shift_remove("required") {
        needed.extend(own);
    }
    schema.insert("title".into(), Json::from(task_type.name.as_str()));
    schema.insert("description".into(), Json::from(task_type.summary.as_str()));
    schema.insert("type".into(), json!("object"));
    schema.insert("properties".into(), Json::Object(properties));
    schema.insert("required".into(), Json::Array(needed));
    Json::Object(schema)
}

/// The keys under which a core task holds tasks.
fn held_tasks(name: &str) -> JsonMap {
    let mut held = JsonMap::new();
    if name == CoreType::Pause.name() {
        held.insert("onResume".to_owned(), list_of("input"));
    }
    let Some((core_type, keys)) = BLOCKS.iter().find(|(core_type, _)| core_type.name() == name) else {
        return held;
    };
    for key in keys.iter().chain(&["errors", "finally"]) {
        let schema = match (core_type, *key) {
            (_, "cases") => json!({"type": "object", "additionalProperties": list_of("task")}),
            (CoreType::Dag, "tasks") => {
                let entry = json!({
                    "task": {"$ref": "#/definitions/task"},
                    "dependsOn": {"type": "array", "items": {"type": "string"}},
                });
                json!({"type": "array", "items": {
                    "type": "object", "properties": entry, "required": ["task"], "additionalProperties": false,
                }})
            }
            _ => list_of("task"),
        };
        held.insert((*key).to_owned(), schema);
    }
    held
}

/// A name within a JSON pointer in a URI fragment.
fn pointer_part(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1").replace('%', "%25")
}

/// A plugin's schema, moved to this place in another document and open to expressions wherever it wants another type
/// than a string.
fn opened(schema: &Json, at: &str) -> Json {
    let Json::Object(entries) = schema else {
        return schema.clone();
    };
    let each = |value: &Json, open: fn(&Json, &str) -> Json| match value {
        Json::Object(map) => Json::Object(
            map.iter()
                .map(|(name, value)| (name.clone(), open(value, at)))
                .collect(),
        ),
        Json::Array(items) => items.iter().map(|item| open(item, at)).collect(),
        other => other.clone(),
    };
    let moved = entries.iter().map(|(key, value)| {
        let value = match (key.as_str(), value) {
            ("$ref", Json::String(target)) if target.starts_with('#') => Json::from(format!("{at}{}", &target[1..])),
            ("properties" | "patternProperties", _) => each(value, open_value),
            ("$defs" | "definitions" | "anyOf" | "oneOf" | "allOf", _) => each(value, opened),
            ("items" | "additionalProperties", Json::Object(_)) => open_value(value, at),
            _ => value.clone(),
        };
        (key.clone(), value)
    });
    Json::Object(moved.collect())
}

/// The schema of a value that may also be given by an expression.
fn open_value(schema: &Json, at: &str) -> Json {
    let mut inner = opened(schema, at);
    let limits = ["type", "enum", "const", "$ref", "anyOf", "oneOf", "allOf"];
    let is_limited = limits.iter().any(|key| schema.get(key).is_some());
    let is_text = schema.get("type") == Some(&json!("string"));
    let has_rule = ["enum", "const", "pattern", "format", "maxLength", "minLength"]
        .iter()
        .any(|key| schema.get(key).is_some());
    if !is_limited || (is_text && !has_rule) {
        return inner;
    }
    let mut outer = JsonMap::new();
    for key in ["description", "default", "title"] {
        if let Some(value) = inner.as_object_mut().and_then(|inner| inner.shift_remove(key)) {
            outer.insert(key.to_owned(), value);
        }
    }
    outer.insert("anyOf".into(), json!([inner, expression_schema()]));
    Json::Object(outer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::check;
    use crate::model::Source;

    fn task_type() -> TaskType {
        TaskType {
            name: "log".into(),
            aliases: vec!["io.kestra.plugin.core.log.Log".into()],
            summary: "Writes a line.".into(),
            properties: json!({
                "$schema": "https://json-schema.org/draft/2020-12/schema",
                "type": "object",
                "properties": {
                    "message": {"type": "string"},
                    "level": {"$ref": "#/$defs/Level", "description": "how loud"},
                    "count": {"type": "integer"},
                },
                "required": ["message"],
                "additionalProperties": false,
                "$defs": {"Level": {"enum": ["INFO", "WARN"]}},
            })
            .into(),
            outputs: json!({}).into(),
        }
    }

    /// The schema of one key, below the definition of this name.
    fn names(schema: &Json) -> Vec<&str> {
        schema["properties"]
            .as_object()
            .map(|all| all.keys().map(String::as_str).collect())
            .unwrap_or_default()
    }

    #[test]
    fn a_task_type_brings_its_properties_and_they_take_expressions() {
        let schema = json_schema(&[task_type()]);
        let task = &schema["definitions"]["task-log"];
        assert_eq!(
            names(task),
            [
                "id",
                "type",
                "description",
                "assets",
                "disabled",
                "runIf",
                "retry",
                "timeout",
                "allowFailure",
                "allowWarning",
                "logLevel",
                "message",
                "level",
                "count"
            ]
        );
        assert_eq!(task["required"], json!(["id", "type", "message"]));
        assert_eq!(task["properties"]["message"], json!({"type": "string"}));
        assert_eq!(
            task["properties"]["level"],
            json!({
                "description": "how loud",
                "anyOf": [{"$ref": "#/definitions/task-log/$defs/Level"}, expression_schema()],
            })
        );
        let known = schema["definitions"]["task"]["properties"]["type"]["enum"]
            .as_array()
            .unwrap();
        for name in [
            "log",
            "io.kestra.plugin.core.log.Log",
            "foreach",
            "io.kestra.plugin.core.flow.ForEach",
        ] {
            assert!(known.contains(&json!(name)), "{name}");
        }
    }

    #[test]
    fn every_reference_leads_somewhere() {
        fn references<'j>(schema: &'j Json, found: &mut Vec<&'j str>) {
            match schema {
                Json::Object(map) => {
                    found.extend(map.get("$ref").and_then(Json::as_str));
                    map.values().for_each(|value| references(value, found));
                }
                Json::Array(items) => items.iter().for_each(|item| references(item, found)),
                _ => {}
            }
        }
        let schema = json_schema(&[task_type()]);
        let mut found = Vec::new();
        references(&schema, &mut found);
        assert!(found.len() > 5);
        for name in found {
            let pointer = name.strip_prefix('#').expect("a place in this document");
            assert!(schema.pointer(pointer).is_some(), "{name} leads nowhere");
        }
    }

    /// Expects that the checker knows a key: with nothing as its value, it may complain of that and of nothing else.
    fn check_is_known(flow: &str) {
        let source = Source {
            name: "f".into(),
            text: flow.to_owned(),
        };
        let unknown: Vec<String> = check(&source, &[task_type()])
            .diagnostics
            .into_iter()
            .filter(|finding| matches!(finding.code, "unknown-key" | "not-supported"))
            .map(|finding| finding.message)
            .collect();
        assert_eq!(unknown, Vec::<String>::new(), "{flow}");
    }

    #[test]
    fn what_the_schema_offers_the_checker_takes() {
        for (name, _, _) in FLOW {
            check_is_known(&format!("{name}:\n"));
        }
        let task = &json_schema(&[task_type()])["definitions"]["task-log"];
        for name in names(task).into_iter().filter(|name| *name != "type") {
            check_is_known(&format!("tasks:\n  - type: log\n    {name}:\n"));
        }
        for input_type in InputType::ALL {
            for name in keys_of(input_type).filter(|name| *name != "type") {
                check_is_known(&format!("inputs:\n  - type: {}\n    {name}:\n", input_type.name()));
            }
        }
        for trigger_type in &trigger::TYPES {
            for key in trigger_type.keys.iter().chain(&trigger::COMMON_KEYS) {
                let (type_name, name) = (trigger_type.names[0], key.name);
                check_is_known(&format!("triggers:\n  - type: {type_name}\n    {name}:\n"));
            }
        }
    }

    #[test]
    fn what_the_checker_takes_the_schema_offers() {
        let offered = |parts: &[Part]| parts.iter().map(|(name, _, _)| *name).collect::<Vec<_>>();
        let flow = offered(&FLOW);
        for name in super::super::check::KEYS
            .iter()
            .chain(&super::super::check::HARMLESS_KEYS)
        {
            assert!(flow.contains(name), "`{name}` of a flow has no entry here");
        }
        let input = offered(&INPUT);
        for name in InputType::ALL.into_iter().flat_map(keys_of) {
            assert!(input.contains(&name), "`{name}` of an input has no entry here");
        }
    }
}
