//! `pluginDefaults`: properties that a flow gives to all its tasks of a type.

use super::fields::{Fields, plain_text, wrong_kind};
use super::yaml::{Key, Node, NodeKind};
use crate::model::Diagnostic;

/// What tasks are completed with.
#[derive(Debug, Default)]
pub(super) struct Defaults(Vec<Default>);

#[derive(Debug)]
struct Default {
    /// A task type, or what several begin with.
    task_type: String,
    /// Whether the values win over what the task says.
    is_forced: bool,
    values: Vec<(Key, Node)>,
}

const KEYS: [&str; 3] = ["type", "forced", "values"];

impl Defaults {
    /// Reads `pluginDefaults`, a list.
    pub(super) fn read(fields: &mut Fields<'_>, findings: &mut Vec<Diagnostic>) -> Self {
        let items = fields.list("pluginDefaults", findings).unwrap_or_default();
        Self(items.iter().filter_map(|item| Default::read(item, findings)).collect())
    }

    /// The task completed with all defaults that fit it; nothing where none does.
    pub(super) fn complete(&self, task: &Node) -> Option<Node> {
        let task_type = plain_text(task.entry("type")?)?;
        let NodeKind::Map(entries) = &task.kind else {
            return None;
        };
        let mut fitting = self.0.iter().filter(|default| default.fits(&task_type)).peekable();
        fitting.peek()?;
        let mut entries = entries.clone();
        for default in fitting {
            for (key, value) in &default.values {
                match entries.iter_mut().find(|(known, _)| known.name == key.name) {
                    None => entries.push((key.clone(), value.clone())),
                    Some((_, known)) => merge(known, value, default.is_forced),
                }
            }
        }
        Some(Node {
            span: task.span,
            kind: NodeKind::Map(entries),
        })
    }
}

/// Maps merge; of all else the task's own stays, unless the default is forced.
fn merge(known: &mut Node, value: &Node, is_forced: bool) {
    match (&mut known.kind, &value.kind) {
        (NodeKind::Map(known), NodeKind::Map(values)) => {
            for (key, value) in values {
                match known.iter_mut().find(|(name, _)| name.name == key.name) {
                    None => known.push((key.clone(), value.clone())),
                    Some((_, known)) => merge(known, value, is_forced),
                }
            }
        }
        _ if is_forced => *known = value.clone(),
        _ => {}
    }
}

impl Default {
    fn read(node: &Node, findings: &mut Vec<Diagnostic>) -> Option<Self> {
        let mut fields = Fields::of(node, "an entry of `pluginDefaults`", findings)?;
        let task_type = fields.required("type", "the entry of `pluginDefaults`", findings);
        let is_forced = fields.flag("forced", false, findings);
        let values = match fields.given("values") {
            None => Vec::new(),
            Some((_, node)) => match &node.kind {
                NodeKind::Map(entries) => entries.clone(),
                _ => {
                    findings.push(wrong_kind("`values`", "a map", node));
                    Vec::new()
                }
            },
        };
        fields.finish("key of `pluginDefaults`", &KEYS, findings);
        for (key, _) in values
            .iter()
            .filter(|(key, _)| ["id", "type"].contains(&key.name.as_str()))
        {
            let message = format!("`{}` cannot be a default", key.name);
            findings.push(Diagnostic::error("invalid-default", message, key.span));
        }
        Some(Self {
            task_type: task_type?.0,
            is_forced,
            values,
        })
    }

    /// Whether it is for tasks of that type: the same name, or a part of it up to a dot.
    fn fits(&self, task_type: &str) -> bool {
        let rest = task_type.strip_prefix(&self.task_type);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.') || self.task_type.ends_with('.'))
    }
}
