//! Durations as flows write them: ISO 8601, such as `PT5M`.

use std::time::Duration;

use super::fields::{Fields, has_expression, plain_text, wrong_kind};
use super::input;
use super::place::Text;
use super::yaml::Node;
use crate::expr::Scope;
use crate::model::Diagnostic;

/// A length of time that may hold an expression.
#[derive(Debug, Clone)]
pub enum Length {
    Fixed(Duration),
    Expression(Text),
}

impl Length {
    /// The length; the error is for the operator.
    pub fn render(&self, scope: &Scope<'_>) -> Result<Duration, String> {
        match self {
            Length::Fixed(duration) => Ok(*duration),
            Length::Expression(text) => {
                let rendered = text.render(scope).map_err(|error| error.error.message)?;
                parse(&rendered).ok_or_else(|| not_a_duration(&rendered))
            }
        }
    }

    /// The expression in it.
    pub fn text(&self) -> Option<&Text> {
        match self {
            Length::Fixed(_) => None,
            Length::Expression(text) => Some(text),
        }
    }
}

/// Reads a duration that is not negative, a day being 24 hours.
pub fn parse(text: &str) -> Option<Duration> {
    input::duration(text.trim()).and_then(|duration| duration.try_into().ok())
}

fn not_a_duration(text: &str) -> String {
    format!("`{text}` is no ISO 8601 duration such as PT5M")
}

/// Reads a key that holds a duration.
pub(super) fn fixed(fields: &mut Fields<'_>, name: &str, findings: &mut Vec<Diagnostic>) -> Option<Duration> {
    let (_, node) = fields.given(name)?;
    read(name, node, findings)
}

fn read(name: &str, node: &Node, findings: &mut Vec<Diagnostic>) -> Option<Duration> {
    let Some(text) = plain_text(node) else {
        findings.push(wrong_kind(
            &format!("`{name}`"),
            "an ISO 8601 duration such as PT5M",
            node,
        ));
        return None;
    };
    let duration = parse(&text);
    if duration.is_none() {
        let message = format!("`{name}`: {}", not_a_duration(&text));
        findings.push(Diagnostic::error("invalid-duration", message, node.span));
    }
    duration
}

/// Reads a key that holds a duration, or an expression that gives one.
pub(super) fn length(
    source: &str,
    fields: &mut Fields<'_>,
    name: &str,
    findings: &mut Vec<Diagnostic>,
) -> Option<Length> {
    let (_, node) = fields.given(name)?;
    match plain_text(node).is_some_and(|text| has_expression(&text)) {
        true => Text::parse(source, node, findings).map(Length::Expression),
        false => read(name, node, findings).map(Length::Fixed),
    }
}
