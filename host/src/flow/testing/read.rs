//! What both kinds of files share: how their parts are read once their keys are known to be right.

use indexmap::IndexMap;

use crate::flow::assets;
use crate::flow::fields::plain_text;
use crate::flow::shape::{Key, ShapeChecker};
use crate::flow::yaml::{self, Node, NodeKind};
use crate::model::{Declaration, Diagnostic, Json, JsonMap, Source, Timestamp, parse_time};

/// When it is in a test that says nothing of it.
pub(super) const CLOCK: &str = "2026-01-01T00:00:00Z";

/// Reads a document whose keys are those of a table; `what` names the file for messages.
pub(super) fn document(source: &Source, what: &str, keys: &[Key]) -> Result<Node, Vec<Diagnostic>> {
    let mut findings = Vec::new();
    let root = yaml::parse(&source.text, &mut findings);
    for finding in &mut findings {
        match finding.code {
            "empty-flow" => finding.message = format!("the file holds no {what}"),
            "yaml-documents" => finding.hint = Some(format!("put each {what} into a file of its own")),
            _ => {}
        }
    }
    if let Some(root) = &root {
        let mut checker = ShapeChecker {
            source: &source.text,
            findings: &mut findings,
        };
        checker.keys(&format!("the {what}"), keys, root);
    }
    match (root, findings.is_empty()) {
        (Some(root), true) => Ok(root),
        _ => Err(findings),
    }
}

/// The value of a key that says something.
pub(super) fn given<'n>(node: &'n Node, name: &str) -> Option<&'n Node> {
    node.entry(name).filter(|node| !node.is_null())
}

/// A text, where the key is given.
pub(super) fn text(node: &Node, name: &str) -> Option<String> {
    given(node, name).and_then(plain_text)
}

/// A map of any values; empty where it is not given.
pub(super) fn map(node: &Node, name: &str) -> JsonMap {
    match given(node, name).map(Node::to_json) {
        Some(Json::Object(map)) => map,
        _ => JsonMap::new(),
    }
}

/// A map of texts; a finding for values that are none.
pub(super) fn texts(node: &Node, name: &str, findings: &mut Vec<Diagnostic>) -> IndexMap<String, String> {
    let mut found = IndexMap::new();
    let Some(NodeKind::Map(entries)) = given(node, name).map(|node| &node.kind) else {
        return found;
    };
    for (key, value) in entries {
        match plain_text(value) {
            Some(text) => drop(found.insert(key.name.clone(), text)),
            None => {
                let message = format!("`{}` in `{name}` must be a string, not {}", key.name, value.kind_name());
                findings.push(Diagnostic::error("wrong-type", message, value.span));
            }
        }
    }
    found
}

/// A whole number that is not negative, or what stands where it is not given.
pub(super) fn number(node: &Node, name: &str, default: u64, findings: &mut Vec<Diagnostic>) -> u64 {
    let Some(node) = given(node, name) else {
        return default;
    };
    node.to_json().as_u64().unwrap_or_else(|| {
        let message = format!("`{name}` must be a whole number that is not negative");
        findings.push(Diagnostic::error("wrong-type", message, node.span));
        default
    })
}

/// The moment at which the test happens.
pub(super) fn clock(node: &Node, findings: &mut Vec<Diagnostic>) -> Timestamp {
    let default = || parse_time(CLOCK).unwrap_or(Timestamp::UNIX_EPOCH);
    let Some(node) = given(node, "clock") else {
        return default();
    };
    let text = plain_text(node).unwrap_or_default();
    match parse_time(&text).filter(|time| time.as_second() >= 0) {
        Some(time) => time,
        None => {
            let message = format!("`{text}` is no time of a clock");
            let finding = Diagnostic::error("invalid-date", message, node.span);
            findings.push(finding.with_hint(format!("write a time since 1970, such as `{CLOCK}`")));
            default()
        }
    }
}

/// Assets as they are declared.
pub(super) fn declarations(node: &Node, name: &str, findings: &mut Vec<Diagnostic>) -> Vec<Declaration> {
    let mut found = Vec::new();
    let Some(NodeKind::List(items)) = given(node, name).map(|node| &node.kind) else {
        return found;
    };
    for item in items {
        match assets::from_item(item.to_json(), item.span) {
            Ok(declaration) => found.push(declaration),
            Err(finding) => findings.push(*finding),
        }
    }
    found
}
