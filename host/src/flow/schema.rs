//! What a plugin's JSON Schema says of the properties a flow gives: their names, which must be there, and their kinds.

use super::fields::unknown_key;
use super::yaml::{Key, Node, NodeKind};
use crate::model::{Diagnostic, Json, Span, TaskType};

/// The JSON kinds a schema takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted(u8);

const KINDS: [(&str, &str); 6] = [
    ("string", "a string"),
    ("number", "a number"),
    ("boolean", "a boolean"),
    ("array", "a list"),
    ("object", "a map"),
    ("null", "nothing"),
];
const STRING: u8 = 1;
const ANY: u8 = 0b11_1111;

impl Wanted {
    /// Every kind.
    pub const ANYTHING: Wanted = Wanted(ANY);

    /// The kinds that the schema of one property of a task type takes.
    pub fn of(task_type: &TaskType, property: &str) -> Self {
        let schema = task_type.properties.get("properties").and_then(|all| all.get(property));
        schema.map_or(Self::ANYTHING, |schema| Wanted(kinds(&task_type.properties, schema, 0)))
    }

    /// Whether only strings are taken.
    pub fn is_text_only(self) -> bool {
        self.0 & !bit("null") == STRING
    }

    /// Whether values of this kind are taken.
    pub fn takes(self, value: &Json) -> bool {
        let kind = match value {
            Json::String(_) => "string",
            Json::Number(_) => "number",
            Json::Bool(_) => "boolean",
            Json::Array(_) => "array",
            Json::Object(_) => "object",
            Json::Null => "null",
        };
        self.0 & bit(kind) != 0
    }

    fn in_words(self) -> String {
        let words: Vec<&str> = KINDS
            .iter()
            .filter(|(name, _)| *name != "null" && self.0 & bit(name) != 0)
            .map(|(_, words)| *words)
            .collect();
        words.join(" or ")
    }
}

fn bit(kind: &str) -> u8 {
    let name = if kind == "integer" { "number" } else { kind };
    KINDS
        .iter()
        .position(|(known, _)| *known == name)
        .map_or(ANY, |place| 1 << place)
}

/// The kinds a schema takes; `$ref` within the document, `anyOf`, `oneOf`, `enum` and `const` are followed.
fn kinds(root: &Json, schema: &Json, depth: usize) -> u8 {
    if depth > 16 {
        return ANY;
    }
    if let Some(name) = schema.get("$ref").and_then(Json::as_str) {
        let target = name.strip_prefix('#').and_then(|pointer| root.pointer(pointer));
        return target.map_or(ANY, |target| kinds(root, target, depth + 1));
    }
    for key in ["anyOf", "oneOf"] {
        if let Some(choices) = schema.get(key).and_then(Json::as_array) {
            return choices
                .iter()
                .fold(0, |all, choice| all | kinds(root, choice, depth + 1));
        }
    }
    match schema.get("type") {
        Some(Json::String(kind)) => bit(kind),
        Some(Json::Array(list)) => list
            .iter()
            .filter_map(Json::as_str)
            .fold(0, |all, kind| all | bit(kind)),
        _ if schema.get("enum").is_some() || schema.get("const").is_some() => STRING,
        _ => ANY,
    }
}

/// Checks the properties of one task against its type.
pub(super) fn check(task_type: &TaskType, given: &[&(Key, Node)], task: Span, findings: &mut Vec<Diagnostic>) {
    let schema = &task_type.properties;
    let empty = serde_json::Map::new();
    let known = schema.get("properties").and_then(Json::as_object).unwrap_or(&empty);
    let closed = schema.get("additionalProperties") == Some(&Json::Bool(false));
    for (key, node) in given {
        match known.get(&key.name) {
            None if closed => {
                let names = known.keys().map(String::as_str);
                findings.push(unknown_key(&format!("property of `{}`", task_type.name), key, names));
            }
            None => {}
            Some(_) => check_kind(task_type, key, node, findings),
        }
    }
    let required = schema.get("required").and_then(Json::as_array);
    for name in required.into_iter().flatten().filter_map(Json::as_str) {
        if !given.iter().any(|(key, _)| key.name == name) {
            let message = format!("the property `{name}` of `{}` is missing", task_type.name);
            let words = known
                .get(name)
                .and_then(|schema| schema.get("description"))
                .and_then(Json::as_str);
            let finding = Diagnostic::error("missing-property", message, task);
            findings.push(finding.with_hint(format!("`{name}`: {}", words.unwrap_or("it is required"))));
        }
    }
}

fn check_kind(task_type: &TaskType, key: &Key, node: &Node, findings: &mut Vec<Diagnostic>) {
    let wanted = Wanted::of(task_type, &key.name);
    let has_expression = matches!(&node.kind, NodeKind::Text(text, _) if text.contains("{{") || text.contains("{%"));
    let value = node.to_json();
    if has_expression || wanted.takes(&value) {
        return check_choice(task_type, key, node, findings);
    }
    let message = format!("`{}` must be {}, not {}", key.name, wanted.in_words(), node.kind_name());
    findings.push(Diagnostic::error("wrong-type", message, node.span));
}

/// Where a schema lists the texts it takes, checks a literal against them.
fn check_choice(task_type: &TaskType, key: &Key, node: &Node, findings: &mut Vec<Diagnostic>) {
    let NodeKind::Text(text, _) = &node.kind else { return };
    if text.contains("{{") || text.contains("{%") {
        return;
    }
    let root = &task_type.properties;
    let Some(mut schema) = root.get("properties").and_then(|all| all.get(&key.name)) else {
        return;
    };
    while let Some(target) = schema
        .get("$ref")
        .and_then(Json::as_str)
        .and_then(|name| root.pointer(name.strip_prefix('#')?))
    {
        schema = target;
    }
    let Some(choices) = schema.get("enum").and_then(Json::as_array) else {
        return;
    };
    let choices: Vec<&str> = choices.iter().filter_map(Json::as_str).collect();
    if !choices.contains(&text.as_str()) {
        let message = format!("`{text}` is no value of `{}`", key.name);
        let finding = Diagnostic::error("unknown-value", message, node.span);
        findings.push(finding.with_hint(format!("one of {}", choices.join(", "))));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn kinds_follow_references_and_choices() {
        let schema = json!({
            "properties": {
                "message": {"$ref": "#/$defs/Message"},
                "count": {"type": ["integer", "null"]},
                "level": {"$ref": "#/$defs/Level"},
                "any": {},
            },
            "$defs": {
                "Message": {"anyOf": [{"type": "string"}, {"type": "array"}]},
                "Level": {"type": "string", "enum": ["INFO"]},
            },
        });
        let task_type = TaskType {
            name: "t".into(),
            aliases: vec![],
            summary: String::new(),
            properties: schema,
            outputs: json!({}),
        };
        let of = |name: &str| Wanted::of(&task_type, name);
        assert_eq!(of("message").in_words(), "a string or a list");
        assert!(of("count").takes(&json!(1)) && of("count").takes(&Json::Null) && !of("count").takes(&json!("1")));
        assert!(of("level").is_text_only());
        assert_eq!(of("any"), Wanted::ANYTHING);
    }
}
