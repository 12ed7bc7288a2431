//! Labels: a map, or a list of `key` and `value`. The values may hold expressions.

use indexmap::IndexMap;

use super::fields::{Fields, has_expression, plain_text, wrong_kind};
use super::property::Property;
use super::yaml::{Node, NodeKind};
use crate::model::{Diagnostic, Json, JsonMap};

/// Reads labels; keys and values are text.
pub(super) fn read(source: &str, node: &Node, findings: &mut Vec<Diagnostic>) -> IndexMap<String, Property> {
    let mut labels = IndexMap::new();
    match &node.kind {
        NodeKind::Map(entries) => {
            for (key, value) in entries {
                label(source, &mut labels, &key.name, value, findings);
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
                    label(source, &mut labels, &key, value, findings);
                }
            }
        }
        NodeKind::Text(..) | NodeKind::Scalar(_) => findings.push(wrong_kind("`labels`", "a map or a list", node)),
    }
    labels
}

/// Reads labels that hold no expressions.
pub(super) fn read_plain(source: &str, node: &Node, findings: &mut Vec<Diagnostic>) -> JsonMap {
    let mut plain = JsonMap::new();
    for (key, label) in read(source, node, findings) {
        match label {
            Property::Literal(value) => drop(plain.insert(key, value)),
            label => {
                let span = label.texts().first().map_or(node.span, |text| text.span());
                let message = format!("an expression in the label `{key}` is not supported here");
                findings.push(Diagnostic::error("not-supported", message, span));
            }
        }
    }
    plain
}

fn label(
    source: &str,
    labels: &mut IndexMap<String, Property>,
    key: &str,
    value: &Node,
    findings: &mut Vec<Diagnostic>,
) {
    if key.starts_with("system.") {
        let message = format!("the label `{key}` is reserved: labels that start with `system.` are begat's own");
        findings.push(Diagnostic::error("reserved-label", message, value.span));
        return;
    }
    match plain_text(value) {
        Some(text) => {
            let label = match has_expression(&text) {
                true => Property::read(source, value, findings),
                false => Property::Literal(Json::String(text)),
            };
            labels.insert(key.to_owned(), label);
        }
        None => findings.push(wrong_kind(&format!("the label `{key}`"), "a string", value)),
    }
}
