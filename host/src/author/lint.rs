//! What is to be said of a plugin's own description: its schemas, its names, what it asks for.

use crate::model::{Json, PluginDescription, PluginFinding, TaskType};

/// The kinds of grants there are.
const GRANTS: [&str; 7] = ["net", "read", "write", "env", "secret", "run", "assets"];

/// Looks at a description and gives all findings.
pub fn lint(description: &PluginDescription) -> Vec<PluginFinding> {
    let mut findings = Vec::new();
    if description.version.trim().is_empty() {
        findings.push(PluginFinding::warning("the plugin has no version"));
    }
    if description.summary.trim().is_empty() {
        findings.push(PluginFinding::warning("the plugin has no summary"));
    }
    for task_type in &description.task_types {
        of_task_type(task_type, &mut findings);
    }
    for wanted in &description.capabilities {
        let kind = &wanted.kind;
        if !GRANTS.contains(&kind.as_str()) {
            let known = GRANTS.join(", ");
            findings.push(PluginFinding::error(format!(
                "it asks for `{kind}`, which is no kind of grant: {known}"
            )));
        }
        if wanted.reason.trim().is_empty() {
            findings.push(PluginFinding::warning(format!(
                "it asks for `{kind}` and does not say why"
            )));
        }
    }
    findings
}

fn of_task_type(task_type: &TaskType, findings: &mut Vec<PluginFinding>) {
    let name = &task_type.name;
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    for name in task_type.names() {
        if name.is_empty() || !name.chars().all(is_name) {
            let message = format!("the task type `{name}` may only consist of letters, digits and `.` `_` `-`");
            findings.push(PluginFinding::error(message));
        }
    }
    if task_type.summary.trim().is_empty() {
        findings.push(PluginFinding::warning(format!("`{name}` has no summary")));
    }
    of_schema(name, "properties", &task_type.properties, findings);
    of_schema(name, "outputs", &task_type.outputs, findings);
    if task_type.properties.get("additionalProperties") != Some(&Json::Bool(false)) {
        let message = format!("`{name}` takes any property, so that a misspelt one goes unnoticed");
        let advice = "forbid others with `\"additionalProperties\": false`, in Rust `#[serde(deny_unknown_fields)]`";
        findings.push(PluginFinding::warning(format!("{message}: {advice}")));
    }
}

fn of_schema(name: &str, what: &str, schema: &Json, findings: &mut Vec<PluginFinding>) {
    if schema.get("type").and_then(Json::as_str) != Some("object") {
        let message = format!("the schema of the {what} of `{name}` must say `\"type\": \"object\"`");
        findings.push(PluginFinding::error(message));
        return;
    }
    let fields = schema.get("properties").and_then(Json::as_object);
    let required = schema.get("required").and_then(Json::as_array);
    for wanted in required.into_iter().flatten().filter_map(Json::as_str) {
        if !fields.is_some_and(|fields| fields.contains_key(wanted)) {
            let message =
                format!("the schema of the {what} of `{name}` requires `{wanted}` and does not say what it is");
            findings.push(PluginFinding::error(message));
        }
    }
    for (field, schema) in fields.into_iter().flatten() {
        let described = schema.get("description").and_then(Json::as_str).unwrap_or_default();
        if described.trim().is_empty() {
            let message = format!("`{field}` in the {what} of `{name}` has no description");
            findings.push(PluginFinding::warning(message));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::{Capability, Severity};

    fn described(properties: Json) -> PluginDescription {
        PluginDescription {
            name: "greet".to_owned(),
            version: "0.1.0".to_owned(),
            summary: "Greets".to_owned(),
            task_types: vec![TaskType {
                name: "greet".to_owned(),
                aliases: Vec::new(),
                summary: "Greets".to_owned(),
                properties: properties.into(),
                outputs: json!({"type": "object"}).into(),
            }],
            capabilities: Vec::new(),
        }
    }

    fn check(properties: Json, expected: &[(Severity, &str)]) {
        let findings = lint(&described(properties));
        let found: Vec<(Severity, &str)> = findings.iter().map(|f| (f.severity, f.message.as_str())).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_good_schema_has_no_findings_and_others_are_told_what_they_lack() {
        let name = json!({"type": "string", "description": "Whom"});
        check(
            json!({"type": "object", "additionalProperties": false, "properties": {"name": name}, "required": ["name"]}),
            &[],
        );
        check(
            json!({"type": "object", "additionalProperties": false, "properties": {"name": {}}, "required": ["nam"]}),
            &[
                (
                    Severity::Error,
                    "the schema of the properties of `greet` requires `nam` and does not say what it is",
                ),
                (
                    Severity::Warning,
                    "`name` in the properties of `greet` has no description",
                ),
            ],
        );
        check(
            json!({"additionalProperties": false}),
            &[(
                Severity::Error,
                "the schema of the properties of `greet` must say `\"type\": \"object\"`",
            )],
        );
        check(
            json!({"type": "object"}),
            &[(
                Severity::Warning,
                "`greet` takes any property, so that a misspelt one goes unnoticed: forbid others with \
                 `\"additionalProperties\": false`, in Rust `#[serde(deny_unknown_fields)]`",
            )],
        );
    }

    #[test]
    fn what_is_asked_for_must_be_a_grant_and_have_a_reason() {
        let mut description = described(json!({"type": "object", "additionalProperties": false}));
        description.capabilities.push(Capability {
            kind: "internet".to_owned(),
            target: String::new(),
            reason: String::new(),
            required: true,
        });
        let findings = lint(&description);
        let messages: Vec<&str> = findings.iter().map(|finding| finding.message.as_str()).collect();
        assert_eq!(
            messages,
            [
                "it asks for `internet`, which is no kind of grant: net, read, write, env, secret, run, assets",
                "it asks for `internet` and does not say why"
            ]
        );
    }
}
