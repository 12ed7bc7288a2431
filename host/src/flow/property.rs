//! A property of a task or of an input: data whose strings may hold expressions.

use indexmap::IndexMap;

use super::place::{RenderError, Text};
use super::schema::Wanted;
use super::yaml::{Node, NodeKind};
use crate::expr::Scope;
use crate::model::{Diagnostic, Json};

/// Data whose strings are templates.
#[derive(Debug, Clone)]
pub enum Property {
    /// A number, a boolean or null.
    Literal(Json),
    Text(Text),
    List(Vec<Property>),
    Map(IndexMap<String, Property>),
}

impl Property {
    /// Reads a property; faults in its templates are added to `findings`.
    pub(super) fn read(source: &str, node: &Node, findings: &mut Vec<Diagnostic>) -> Self {
        match &node.kind {
            NodeKind::Scalar(value) => Property::Literal(value.clone()),
            NodeKind::Text(..) => match Text::parse(source, node, findings) {
                Some(text) => Property::Text(text),
                None => Property::Literal(Json::Null),
            },
            NodeKind::List(items) => Property::List(
                items
                    .iter()
                    .map(|item| Property::read(source, item, findings))
                    .collect(),
            ),
            NodeKind::Map(entries) => Property::Map(
                entries
                    .iter()
                    .map(|(key, node)| (key.name.clone(), Property::read(source, node, findings)))
                    .collect(),
            ),
        }
    }

    /// Renders all templates as text, in depth.
    pub fn render(&self, scope: &Scope<'_>) -> Result<Json, RenderError> {
        match self {
            Property::Literal(value) => Ok(value.clone()),
            Property::Text(text) => text.render(scope).map(Json::String),
            Property::List(items) => items.iter().map(|item| item.render(scope)).collect(),
            Property::Map(entries) => {
                let rendered = entries
                    .iter()
                    .map(|(key, value)| Ok((key.clone(), value.render(scope)?)));
                Ok(Json::Object(rendered.collect::<Result<_, RenderError>>()?))
            }
        }
    }

    /// Renders a property for a schema: a single expression keeps its type where the schema wants that type.
    pub fn render_for(&self, wanted: Wanted, scope: &Scope<'_>) -> Result<Json, RenderError> {
        let Property::Text(text) = self else {
            return self.render(scope);
        };
        if wanted.is_text_only() {
            return text.render(scope).map(Json::String);
        }
        let value = Json::from(&text.evaluate(scope)?);
        match wanted.takes(&value) || !wanted.takes(&Json::String(String::new())) {
            true => Ok(value),
            false => text.render(scope).map(Json::String),
        }
    }

    /// Renders all templates, each single expression keeping its type, in depth.
    pub fn evaluate(&self, scope: &Scope<'_>) -> Result<Json, RenderError> {
        match self {
            Property::Literal(value) => Ok(value.clone()),
            Property::Text(text) => text.evaluate(scope).map(Json::from),
            Property::List(items) => items.iter().map(|item| item.evaluate(scope)).collect(),
            Property::Map(entries) => {
                let typed = entries
                    .iter()
                    .map(|(key, value)| Ok((key.clone(), value.evaluate(scope)?)));
                Ok(Json::Object(typed.collect::<Result<_, RenderError>>()?))
            }
        }
    }

    /// The data as it is written, its templates as text.
    pub fn source(&self) -> Json {
        match self {
            Property::Literal(value) => value.clone(),
            Property::Text(text) => Json::from(text.template.source()),
            Property::List(items) => items.iter().map(Property::source).collect(),
            Property::Map(entries) => Json::Object(
                entries
                    .iter()
                    .map(|(key, value)| (key.clone(), value.source()))
                    .collect(),
            ),
        }
    }

    /// All templates in it.
    pub fn texts(&self) -> Vec<&Text> {
        match self {
            Property::Literal(_) => Vec::new(),
            Property::Text(text) => vec![text],
            Property::List(items) => items.iter().flat_map(Property::texts).collect(),
            Property::Map(entries) => entries.values().flat_map(Property::texts).collect(),
        }
    }
}
