//! Reading a map key by key, so that nothing in it goes unnoticed.

use super::yaml::{Key, Node, NodeKind};
use crate::model::{Diagnostic, Span, closest};

/// The entries of a map that have not been read yet.
pub(super) struct Fields<'a> {
    entries: Vec<Option<&'a (Key, Node)>>,
    /// Where the map stands, for what is missing in it.
    pub span: Span,
}

impl<'a> Fields<'a> {
    /// The entries of a map; a finding where the node is none.
    pub(super) fn of(node: &'a Node, what: &str, findings: &mut Vec<Diagnostic>) -> Option<Self> {
        match &node.kind {
            NodeKind::Map(entries) => {
                let span = entries.first().map_or(node.span, |(key, _)| key.span);
                Some(Self {
                    entries: entries.iter().map(Some).collect(),
                    span,
                })
            }
            _ => {
                findings.push(wrong_kind(what, "a map", node));
                None
            }
        }
    }

    /// The entry of that name, taken out.
    pub(super) fn take(&mut self, name: &str) -> Option<&'a (Key, Node)> {
        self.entries
            .iter_mut()
            .find(|entry| entry.is_some_and(|(key, _)| key.name == name))
            .and_then(Option::take)
    }

    /// The entry of that name, taken out; nothing where it is null, which says as little as its absence.
    pub(super) fn given(&mut self, name: &str) -> Option<&'a (Key, Node)> {
        self.take(name).filter(|(_, node)| !node.is_null())
    }

    /// The value of that name, left where it is; nothing where it is null.
    pub(super) fn peek(&self, name: &str) -> Option<&'a Node> {
        let mut entries = self.entries.iter().flatten();
        let found = entries.find(|(key, node)| key.name == name && !node.is_null());
        found.map(|(_, node)| node)
    }

    /// Whether an entry of that name says something.
    pub(super) fn has(&self, name: &str) -> bool {
        self.peek(name).is_some()
    }

    /// A string, or a scalar read as one; a finding for other kinds.
    pub(super) fn text(&mut self, name: &str, findings: &mut Vec<Diagnostic>) -> Option<(String, Span)> {
        let (_, node) = self.given(name)?;
        let text = plain_text(node);
        if text.is_none() {
            findings.push(wrong_kind(&format!("`{name}`"), "a string", node));
        }
        text.map(|text| (text, node.span))
    }

    /// A string that must be there.
    pub(super) fn required(
        &mut self,
        name: &str,
        what: &str,
        findings: &mut Vec<Diagnostic>,
    ) -> Option<(String, Span)> {
        if !self.has(name) {
            self.take(name);
            findings.push(Diagnostic::error(
                "missing-key",
                format!("{what} has no `{name}`"),
                self.span,
            ));
            return None;
        }
        self.text(name, findings)
    }

    /// A boolean, or what stands when it is not given.
    pub(super) fn flag(&mut self, name: &str, default: bool, findings: &mut Vec<Diagnostic>) -> bool {
        let Some((_, node)) = self.given(name) else {
            return default;
        };
        match &node.kind {
            NodeKind::Scalar(value) if value.is_boolean() => value.as_bool().unwrap_or(default),
            _ => {
                findings.push(wrong_kind(&format!("`{name}`"), "true or false", node));
                default
            }
        }
    }

    /// A list, or nothing when it is not given; a finding for other kinds.
    pub(super) fn list(&mut self, name: &str, findings: &mut Vec<Diagnostic>) -> Option<&'a [Node]> {
        let (_, node) = self.given(name)?;
        match &node.kind {
            NodeKind::List(items) => Some(items),
            _ => {
                findings.push(wrong_kind(&format!("`{name}`"), "a list", node));
                None
            }
        }
    }

    /// Takes keys that the language has but this version does not support yet.
    pub(super) fn refuse(&mut self, names: &[&str], findings: &mut Vec<Diagnostic>) {
        for name in names {
            if let Some((key, _)) = self.take(name) {
                let message = format!("`{name}` is not supported yet");
                let finding = Diagnostic::error("not-supported", message, key.span);
                findings.push(finding.with_hint("remove it; nothing in a flow is accepted and then ignored"));
            }
        }
    }

    /// All that was not read.
    pub(super) fn rest(self) -> Vec<&'a (Key, Node)> {
        self.entries.into_iter().flatten().collect()
    }

    /// A finding for each key that was not read.
    pub(super) fn finish(self, what: &str, known: &[&str], findings: &mut Vec<Diagnostic>) {
        for (key, _) in self.rest() {
            findings.push(unknown_key(what, key, known.iter().copied()));
        }
    }
}

/// A scalar as text; nothing for null, lists and maps.
pub(super) fn plain_text(node: &Node) -> Option<String> {
    match &node.kind {
        NodeKind::Text(text, _) => Some(text.clone()),
        NodeKind::Scalar(value) if !value.is_null() => Some(value.to_string()),
        NodeKind::Scalar(_) | NodeKind::List(_) | NodeKind::Map(_) => None,
    }
}

/// Whether a text holds an expression or a tag of the template language.
pub(super) fn has_expression(text: &str) -> bool {
    text.contains("{{") || text.contains("{%")
}

pub(super) fn wrong_kind(what: &str, wanted: &str, node: &Node) -> Diagnostic {
    Diagnostic::error(
        "wrong-type",
        format!("{what} must be {wanted}, not {}", node.kind_name()),
        node.span,
    )
}

pub(super) fn unknown_key<'n>(what: &str, key: &Key, known: impl Iterator<Item = &'n str> + Clone) -> Diagnostic {
    let finding = Diagnostic::error("unknown-key", format!("unknown {what} `{}`", key.name), key.span);
    match closest(&key.name, known.clone()) {
        Some(near) => finding.with_hint(format!("did you mean `{near}`?")),
        None => finding.with_hint(format!("known are {}", known.collect::<Vec<_>>().join(", "))),
    }
}
