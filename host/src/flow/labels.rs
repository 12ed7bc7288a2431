//! Labels: a map, or a list of `key` and `value`.

use super::fields::{Fields, has_expression, plain_text, wrong_kind};
use super::yaml::{Node, NodeKind};
use crate::model::{Diagnostic, Json, JsonMap};

/// Reads labels; keys and values are text.
pub(super) fn read(node: &Node, findings: &mut Vec<Diagnostic>) -> JsonMap {
    let mut labels = JsonMap::new();
    match &node.kind {
        NodeKind::Map(entries) => {
            for (key, value) in entries {
                label(&mut labels, &key.name, value, findings);
            }
        }
        NodeKind::List(items) => {
            for item in items {
                let Some(mut fields) = Fields::of(item, "a label", findings) else {
                    continue;
                };
                let key = fields.required("key", "the label", findings);
                let value = fields.take("value").map(|(_, node)| node);
                if value.is_none() {
                    findings.push(Diagnostic::error(
                        "missing-key",
                        "the label has no `value`",
                        fields.span,
                    ));
                }
                fields.finish("key of a label", &["key", "value"], findings);
                if let (Some((key, _)), Some(value)) = (key, value) {
                    label(&mut labels, &key, value, findings);
                }
            }
        }
        NodeKind::Text(..) | NodeKind::Scalar(_) => findings.push(wrong_kind("`labels`", "a map or a list", node)),
    }
    labels
}

fn label(labels: &mut JsonMap, key: &str, value: &Node, findings: &mut Vec<Diagnostic>) {
    if key.starts_with("system.") {
        let message = format!("the label `{key}` is reserved: labels that start with `system.` are begat's own");
        findings.push(Diagnostic::error("reserved-label", message, value.span));
        return;
    }
    match plain_text(value) {
        Some(text) if has_expression(&text) => {
            let message = format!("an expression in the label `{key}` is not supported yet");
            findings.push(Diagnostic::error("not-supported", message, value.span));
        }
        Some(text) => drop(labels.insert(key.to_owned(), Json::String(text))),
        None => findings.push(wrong_kind(&format!("the label `{key}`"), "a string", value)),
    }
}
