//! What values the language itself fixes look like. One table of keys serves both the checks and the JSON Schema for
//! editors, so that the two cannot disagree.

use serde_json::json;

use super::cron::Cron;
use super::fields::{Fields, has_expression, plain_text, wrong_kind};
use super::input;
use super::place::Place;
use super::yaml::{Node, NodeKind};
use crate::expr;
use crate::model::{Diagnostic, Json, Span, closest};

/// What a value may be. Everything but `Any` and `Keys` may also be an expression, which is not looked into here.
#[derive(Debug, Clone, Copy)]
pub(super) enum Shape {
    Any,
    /// A string, or a scalar read as one.
    Text,
    Boolean,
    Whole,
    /// ISO 8601, such as `PT5M`.
    Duration,
    Cron,
    TimeZone,
    /// A date and a time with a zone.
    Instant,
    Choice(&'static [&'static str]),
    List(&'static Shape),
    /// A map with any keys.
    Map,
    /// A map with these keys only.
    Keys(&'static [Key]),
}

/// A key of the language.
#[derive(Debug, Clone, Copy)]
pub(super) struct Key {
    pub name: &'static str,
    pub shape: Shape,
    pub required: bool,
    /// One line of documentation.
    pub summary: &'static str,
}

/// A key that may be left out.
pub(super) const fn key(name: &'static str, shape: Shape, summary: &'static str) -> Key {
    Key {
        name,
        shape,
        required: false,
        summary,
    }
}

/// A key that must be there.
pub(super) const fn required(name: &'static str, shape: Shape, summary: &'static str) -> Key {
    Key {
        required: true,
        ..key(name, shape, summary)
    }
}

/// The text of a template in a JSON Schema: whatever type is wanted, an expression may give it.
pub(super) fn expression_schema() -> Json {
    json!({"type": "string", "pattern": r"\{\{|\{%"})
}

/// Checks values against shapes.
pub(super) struct ShapeChecker<'a> {
    pub source: &'a str,
    pub findings: &'a mut Vec<Diagnostic>,
}

impl Shape {
    /// The shape as a JSON Schema.
    pub(super) fn json_schema(&self) -> Json {
        let closed = match self {
            Shape::Any => return json!({}),
            Shape::Text | Shape::Cron | Shape::TimeZone | Shape::Instant => {
                return json!({"type": ["string", "number", "boolean"]});
            }
            Shape::Keys(keys) => return object_schema(keys),
            Shape::Boolean => json!({"type": "boolean"}),
            Shape::Whole => json!({"type": "integer"}),
            Shape::Duration => json!({"type": "string", "pattern": "^[Pp]"}),
            Shape::Choice(values) => json!({"enum": values}),
            Shape::List(item) => json!({"type": "array", "items": item.json_schema()}),
            Shape::Map => json!({"type": "object"}),
        };
        json!({"anyOf": [closed, expression_schema()]})
    }
}

/// The JSON Schema of a map with these keys only.
pub(super) fn object_schema(keys: &[Key]) -> Json {
    let required: Vec<&str> = keys.iter().filter(|key| key.required).map(|key| key.name).collect();
    json!({
        "type": "object",
        "properties": key_schemas(keys),
        "required": required,
        "additionalProperties": false,
    })
}

/// The JSON Schema of each key.
pub(super) fn key_schemas(keys: &[Key]) -> serde_json::Map<String, Json> {
    let schema = |key: &Key| {
        let mut schema = key.shape.json_schema();
        schema["description"] = Json::from(key.summary);
        (key.name.to_owned(), schema)
    };
    keys.iter().map(schema).collect()
}

impl ShapeChecker<'_> {
    /// Checks the value of a key.
    pub(super) fn check(&mut self, name: &str, shape: Shape, node: &Node) {
        if matches!(&node.kind, NodeKind::Text(text, _) if has_expression(text)) {
            return;
        }
        let wanted = match (shape, &node.kind) {
            (Shape::Any, _) | (Shape::Map, NodeKind::Map(_)) | (Shape::Boolean, NodeKind::Scalar(Json::Bool(_))) => {
                return;
            }
            (Shape::Whole, NodeKind::Scalar(Json::Number(number))) if !number.is_f64() => return,
            (Shape::List(item), NodeKind::List(items)) => {
                for node in items {
                    self.check(&format!("an item of `{name}`"), *item, node);
                }
                return;
            }
            (Shape::Keys(keys), NodeKind::Map(_)) => {
                let what = if name.contains('`') {
                    name.to_owned()
                } else {
                    format!("`{name}`")
                };
                self.keys(&what, keys, node);
                return;
            }
            (Shape::Boolean, _) => "true or false",
            (Shape::Whole, _) => "a whole number",
            (Shape::List(_), _) => "a list",
            (Shape::Map | Shape::Keys(_), _) => "a map",
            (Shape::Text | Shape::Duration | Shape::Cron | Shape::TimeZone | Shape::Instant | Shape::Choice(_), _) => {
                match plain_text(node) {
                    Some(text) => return self.text(name, shape, &text, node),
                    None => "a string",
                }
            }
        };
        let name = if name.contains('`') {
            name.to_owned()
        } else {
            format!("`{name}`")
        };
        self.findings.push(wrong_kind(&name, wanted, node));
    }

    /// Checks a map that has these keys only.
    pub(super) fn keys(&mut self, what: &str, keys: &[Key], node: &Node) {
        let Some(mut fields) = Fields::of(node, what, self.findings) else {
            return;
        };
        self.take_keys(what, keys, &mut fields);
        let names: Vec<&str> = keys.iter().map(|key| key.name).collect();
        fields.finish(&format!("key of {what}"), &names, self.findings);
    }

    /// Checks these keys of a map and takes them out.
    pub(super) fn take_keys(&mut self, what: &str, keys: &[Key], fields: &mut Fields<'_>) {
        for key in keys {
            match fields.given(key.name) {
                Some((_, node)) => self.check(key.name, key.shape, node),
                None if key.required => {
                    let message = format!("{what} has no `{}`", key.name);
                    self.findings
                        .push(Diagnostic::error("missing-key", message, fields.span).with_hint(key.summary));
                }
                None => {}
            }
        }
    }

    fn text(&mut self, name: &str, shape: Shape, text: &str, node: &Node) {
        let finding = match shape {
            Shape::Duration if input::duration(text).is_none() => {
                let message = format!("`{name}` must be a duration such as PT5M, not `{text}`");
                Diagnostic::error("invalid-duration", message, node.span)
                    .with_hint("ISO 8601: PT30S, PT5M, PT1H, P1D; years and months have no fixed length")
            }
            Shape::TimeZone if !expr::is_time_zone(text) => {
                Diagnostic::error("invalid-time-zone", format!("unknown time zone `{text}`"), node.span)
                    .with_hint("write a name such as `Europe/Berlin`, `UTC`, or an offset such as `+02:00`")
            }
            Shape::Instant if input::instant(text).is_none() => {
                let message = format!("`{name}` must be a date and a time such as 2026-01-31T10:15:30Z, not `{text}`");
                Diagnostic::error("invalid-date", message, node.span)
            }
            Shape::Cron => return self.cron(text, false, node),
            Shape::Choice(values) if !values.contains(&text) => {
                let finding =
                    Diagnostic::error("unknown-value", format!("`{text}` is no value of `{name}`"), node.span);
                match closest(text, values.iter().copied()) {
                    Some(near) => finding.with_hint(format!("did you mean `{near}`?")),
                    None => finding.with_hint(format!("one of {}", values.join(", "))),
                }
            }
            _ => return,
        };
        self.findings.push(finding);
    }

    /// Checks a cron line.
    pub(super) fn cron(&mut self, line: &str, with_seconds: bool, node: &Node) {
        match Cron::parse(line, with_seconds) {
            Ok(cron) if cron.never_comes() => {
                let message = format!("`{line}` names a day that never comes");
                self.findings
                    .push(Diagnostic::error("invalid-cron", message, node.span));
            }
            Ok(_) => {}
            Err(error) => {
                let span: Span = match node.kind {
                    NodeKind::Text(..) => Place::of(self.source, node).span(error.span),
                    _ => node.span,
                };
                let message = format!("`{line}` is no cron line: {}", error.message);
                let finding = Diagnostic::error("invalid-cron", message, span);
                self.findings.push(Diagnostic {
                    hint: error.hint.map(str::to_owned),
                    ..finding
                });
            }
        }
    }
}
