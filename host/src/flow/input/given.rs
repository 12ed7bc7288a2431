//! What a user gives for inputs: texts of a command line, or a file of values.

use indexmap::IndexMap;

use super::read::Input;
use super::take::shown;
use crate::flow::yaml::{self, Key, Node, NodeKind};
use crate::model::{Diagnostic, Json, Source, Span, closest};

/// What was given for an input.
#[derive(Debug, Clone, PartialEq)]
pub enum GivenInput {
    /// A text, which the input's type reads.
    Text(String),
    /// Data that has a type of its own.
    Value(Json),
}

impl From<&str> for GivenInput {
    fn from(text: &str) -> Self {
        GivenInput::Text(text.to_owned())
    }
}

impl From<Json> for GivenInput {
    fn from(value: Json) -> Self {
        match value {
            Json::String(text) => GivenInput::Text(text),
            other => GivenInput::Value(other),
        }
    }
}

/// Reads a YAML or JSON text of inputs: a map of ids and values, in which `a: {b: 1}` gives the input `a.b`. A scalar
/// is kept as it is written, so that `1.10` for a `STRING` stays `1.10`. Findings are about this text.
pub fn read_inputs(source: &Source, inputs: &[Input]) -> Result<IndexMap<String, GivenInput>, Vec<Diagnostic>> {
    let mut findings = Vec::new();
    let root = yaml::parse(&source.text, &mut findings);
    let mut reader = Reader {
        text: &source.text,
        inputs,
        given: IndexMap::new(),
        findings: findings.into_iter().filter_map(about_inputs).collect(),
    };
    match root.map(|root| (root.span, root.kind)) {
        Some((_, NodeKind::Map(entries))) => reader.map(None, &entries),
        Some((_, NodeKind::Scalar(Json::Null))) | None => {}
        Some((span, NodeKind::Text(..) | NodeKind::Scalar(_) | NodeKind::List(_))) => {
            let finding = Diagnostic::error("wrong-type", "the inputs must be a map of ids and values", span);
            reader
                .findings
                .push(finding.with_hint("write `id: value`, one line for each input"));
        }
    }
    match reader.findings.is_empty() {
        true => Ok(reader.given),
        false => Err(reader.findings),
    }
}

/// A finding about a flow's text, said of a text of inputs. An empty text gives no inputs, which is no fault.
fn about_inputs(finding: Diagnostic) -> Option<Diagnostic> {
    match finding.code {
        "empty-flow" => None,
        "yaml-documents" => Some(finding.with_hint("put all inputs into one document")),
        _ => Some(finding),
    }
}

struct Reader<'a> {
    text: &'a str,
    inputs: &'a [Input],
    given: IndexMap<String, GivenInput>,
    findings: Vec<Diagnostic>,
}

impl Reader<'_> {
    /// Reads the entries of a map that stands where the id begins so.
    fn map(&mut self, start: Option<&str>, entries: &[(Key, Node)]) {
        for (key, node) in entries {
            let id = start.map_or_else(|| key.name.clone(), |start| format!("{start}.{}", key.name));
            let is_start = |input: &Input| {
                input
                    .id
                    .as_str()
                    .strip_prefix(&id)
                    .is_some_and(|rest| rest.starts_with('.'))
            };
            if self.inputs.iter().any(|input| input.id.as_str() == id) {
                self.entry(id, key, node);
            } else if let (NodeKind::Map(inner), true) = (&node.kind, self.inputs.iter().any(is_start)) {
                self.map(Some(&id), inner);
            } else {
                self.findings.push(unknown_input(&id, key.span, self.inputs));
            }
        }
    }

    fn entry(&mut self, id: String, key: &Key, node: &Node) {
        let given = match &node.kind {
            NodeKind::Text(text, _) => GivenInput::Text(text.clone()),
            NodeKind::Scalar(Json::Null) => GivenInput::Value(Json::Null),
            NodeKind::Scalar(value) => GivenInput::Text(self.written(node, value)),
            NodeKind::List(_) | NodeKind::Map(_) => GivenInput::Value(node.to_json()),
        };
        if self.given.insert(id.clone(), given).is_some() {
            let message = format!("the input `{id}` is given twice");
            self.findings
                .push(Diagnostic::error("duplicate-key", message, key.span));
        }
    }

    /// A scalar as it stands in the text, where that is the scalar and nothing else.
    fn written(&self, node: &Node, value: &Json) -> String {
        let raw = self.text.get(node.span.start..node.span.end).unwrap_or_default().trim();
        let reads_back = yaml::plain(raw) == NodeKind::Scalar(value.clone());
        // Forms such as `0x1F` mean their number to every type.
        let is_decimal = !raw.contains(|c: char| c.is_ascii_alphabetic() && !matches!(c, 'e' | 'E'));
        match reads_back && is_decimal {
            true => raw.to_owned(),
            false => value.to_string(),
        }
    }
}

/// The finding about an id that no input of the flow has.
pub fn unknown_input(id: &str, span: impl Into<Option<Span>>, inputs: &[Input]) -> Diagnostic {
    let finding = Diagnostic::error("unknown-input", format!("the flow has no input `{}`", shown(id)), span);
    let names: Vec<&str> = inputs.iter().map(|input| input.id.as_str()).collect();
    match closest(id, names.iter().copied()) {
        Some(near) => finding.with_hint(format!("did you mean `{near}`?")),
        None if names.is_empty() => finding.with_hint("it has no inputs at all"),
        None => finding.with_hint(format!("it has {}", names.join(", "))),
    }
}

impl GivenInput {
    /// Whether nothing was given after all.
    pub fn is_null(&self) -> bool {
        matches!(self, GivenInput::Value(Json::Null))
    }
}
