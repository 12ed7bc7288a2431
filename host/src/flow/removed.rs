//! What later versions of the dialect have removed: such flows run here, and a note says what to write instead.

use super::fields::has_expression;
use super::place::Place;
use super::yaml::{Key, Node, NodeKind};
use crate::expr::{Template, WordKind};
use crate::model::{Diagnostic, Severity, Span};

/// Keys of the flow itself that Kestra 2.0 has not, and what to do.
const FLOW_KEYS: [(&str, &str); 4] = [
    ("pluginDefaults", "write the properties into the tasks"),
    ("taskDefaults", "write the properties into the tasks"),
    ("listeners", "use `errors`, `finally` or `afterExecution`"),
    ("templates", "use a subflow"),
];
/// Keys of tasks and triggers.
const KEYS: [(&str, &str); 1] = [("workerGroup", "use `workerSelector` with `tags`")];
const TRIGGER_KEYS: [(&str, &str); 2] = [
    ("conditions", "use `when`, an expression"),
    ("scheduleConditions", "use `when`, an expression"),
];
/// Task types, by the end of their names.
const TASK_TYPES: [(&str, &str); 9] = [
    ("core.flow.ForEach", "use `io.kestra.plugin.core.flow.Loop`"),
    ("core.flow.ForEachItem", "use `io.kestra.plugin.core.flow.Loop`"),
    ("core.flow.EachSequential", "use `io.kestra.plugin.core.flow.Loop`"),
    ("core.flow.EachParallel", "use `io.kestra.plugin.core.flow.Loop`"),
    ("core.flow.Template", "use `io.kestra.plugin.core.flow.Subflow`"),
    ("core.execution.Count", "ask the server's API"),
    ("core.execution.Resume", "ask the server's API"),
    ("core.trigger.Toggle", "ask the server's API"),
    ("core.log.Fetch", "ask the server's API"),
];

/// Adds a note for everything in the flow that Kestra 2.0 has removed.
pub(super) fn check(source: &str, root: &Node, findings: &mut Vec<Diagnostic>) {
    let mut finder = Finder { source, findings };
    let NodeKind::Map(entries) = &root.kind else { return };
    for (key, node) in entries {
        finder.key(key, &FLOW_KEYS);
        finder.node(node, key.name == "triggers");
    }
}

struct Finder<'a> {
    source: &'a str,
    findings: &'a mut Vec<Diagnostic>,
}

impl Finder<'_> {
    fn note(&mut self, what: &str, instead: &str, span: Span) {
        let message = format!("{what} is gone in Kestra 2.0");
        let finding = Diagnostic::error("removed-in-kestra-2", message, span).with_severity(Severity::Note);
        self.findings
            .push(finding.with_hint(format!("{instead} where the flow must also run there")));
    }

    fn key(&mut self, key: &Key, removed: &[(&str, &str)]) {
        if let Some((name, instead)) = removed.iter().find(|(name, _)| *name == key.name) {
            self.note(&format!("`{name}`"), instead, key.span);
        }
    }

    fn node(&mut self, node: &Node, in_triggers: bool) {
        match &node.kind {
            NodeKind::Scalar(_) => {}
            NodeKind::Text(text, _) => self.template(text, node),
            NodeKind::List(items) => items.iter().for_each(|item| self.node(item, in_triggers)),
            NodeKind::Map(entries) => {
                let is_step = node.entry("id").is_some() && node.entry("type").is_some();
                for (key, value) in entries {
                    if is_step {
                        self.key(key, &KEYS);
                    }
                    if is_step && in_triggers {
                        self.key(key, &TRIGGER_KEYS);
                    }
                    if is_step && key.name == "type" {
                        self.task_type(value);
                    }
                    self.node(value, in_triggers);
                }
            }
        }
    }

    fn task_type(&mut self, node: &Node) {
        let NodeKind::Text(name, _) = &node.kind else { return };
        let fits = |end: &str| name.strip_suffix(end).is_some_and(|start| start == "io.kestra.plugin.");
        if let Some((end, instead)) = TASK_TYPES.iter().find(|(end, _)| fits(end)) {
            let short = end.rsplit('.').next().unwrap_or(end);
            self.note(&format!("the task type `{short}`"), instead, node.span);
        }
    }

    fn template(&mut self, text: &str, node: &Node) {
        let is_likely = has_expression(text) && (text.contains("json") || text.contains("taskrun"));
        let Some(template) = is_likely.then(|| Template::parse(text).ok()).flatten() else {
            return;
        };
        let place = Place::of(self.source, node);
        for call in template.calls().iter().filter(|call| call.name == "json") {
            let (what, instead) = match call.kind {
                WordKind::Function => ("the function `json`", "write `fromJson`"),
                _ => ("the filter `json`", "write `toJson`"),
            };
            self.note(what, instead, place.span(call.span));
        }
        for reference in template.references() {
            if reference.path.starts_with(&["taskrun".to_owned(), "value".to_owned()]) {
                self.note("`taskrun.value`", "write `item.value`", place.span(reference.span));
            }
        }
    }
}
