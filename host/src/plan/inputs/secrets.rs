//! What must be neither stored nor shown.

use crate::flow::Text;
use crate::model::{Diagnostic, InputId, Json, JsonMap};

const MASK: &str = "******";

/// The ids of inputs whose values are secret: those of type `SECRET`, and those whose value was made from one.
#[derive(Debug, Default)]
pub(super) struct Secrets(Vec<InputId>);

impl Secrets {
    pub(super) fn add(&mut self, id: &InputId) {
        self.0.push(id.clone());
    }

    pub(super) fn into_ids(self) -> Vec<InputId> {
        self.0
    }

    /// Whether one of the templates reads a secret.
    pub(super) fn are_read_by(&self, texts: &[&Text]) -> bool {
        texts
            .iter()
            .flat_map(|text| text.template.references())
            .any(|reference| self.are_under(&reference.path))
    }

    /// Whether a path leads to a secret, into one, or to something that holds one.
    fn are_under(&self, path: &[String]) -> bool {
        let Some((root, path)) = path.split_first() else {
            return false;
        };
        if root != "inputs" {
            return false;
        }
        let path = path.join(".");
        self.0.iter().any(|id| {
            let within = |outer: &str, inner: &str| inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with('.'));
            path.is_empty() || path == id.as_str() || within(id.as_str(), &path) || within(&path, id.as_str())
        })
    }

    /// The values as they may be recorded.
    pub(super) fn masked(&self, bound: &JsonMap) -> JsonMap {
        let mask = |(id, value): (&String, &Json)| {
            let is_secret = self.0.iter().any(|secret| secret.as_str() == id) && !value.is_null();
            (id.clone(), if is_secret { Json::from(MASK) } else { value.clone() })
        };
        bound.iter().map(mask).collect()
    }

    /// The finding with no secret in its words: what an expression says of its failure may quote what it read.
    pub(super) fn redacted(&self, finding: Diagnostic, bound: &JsonMap) -> Diagnostic {
        let mut texts = Vec::new();
        for id in &self.0 {
            texts.extend(bound.get(id.as_str()).map(strings).unwrap_or_default());
        }
        let redact = |words: String| texts.iter().fold(words, |words, secret| words.replace(secret, MASK));
        Diagnostic {
            message: redact(finding.message),
            caption: finding.caption.map(redact),
            hint: finding.hint.map(redact),
            ..finding
        }
    }
}

/// All texts in a value that say something.
fn strings(value: &Json) -> Vec<&str> {
    match value {
        Json::String(text) if !text.is_empty() => vec![text],
        Json::Array(items) => items.iter().flat_map(strings).collect(),
        Json::Object(entries) => entries.values().flat_map(strings).collect(),
        _ => Vec::new(),
    }
}
