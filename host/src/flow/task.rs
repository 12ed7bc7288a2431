//! The tasks of a flow.

use std::collections::HashMap;
use std::sync::Arc;

use indexmap::IndexMap;

use super::assets::AssetsBlock;
use super::block::TaskBlock;
use super::core_type::CoreType;
use super::defaults::Defaults;
use super::fields::{Fields, wrong_kind};
use super::input::{self, Input};
use super::place::Text;
use super::property::Property;
use super::schema;
use super::settings::Settings;
use super::yaml::{Node, NodeKind};
use crate::model::{Diagnostic, Span, TaskId, TaskType, closest};

/// A step of a flow.
#[derive(Debug, Clone)]
pub struct Task {
    pub id: TaskId,
    /// The task type as the flow wrote it.
    pub task_type: String,
    /// The type, where begat brings it itself.
    pub core_type: Option<CoreType>,
    pub description: Option<String>,
    pub properties: IndexMap<String, Property>,
    /// The tasks within it.
    pub block: Option<TaskBlock>,
    /// What a `Pause` asks whoever resumes it.
    pub on_resume: Vec<Input>,
    pub settings: Settings,
    pub assets: Option<AssetsBlock>,
    /// Where the id stands.
    pub span: Span,
}

impl Task {
    /// All templates of the task itself but those of its assets.
    pub fn texts(&self) -> Vec<&Text> {
        let mut texts: Vec<&Text> = self.properties.values().flat_map(Property::texts).collect();
        texts.extend(self.settings.texts());
        texts
    }
}

/// The code of the finding that a task's type is provided by no plugin; the rest of the task is checked nonetheless.
pub const MISSING_PLUGIN: &str = "missing-plugin";

const LATER_KEYS: [&str; 5] = ["logToFile", "workerGroup", "workerSelector", "taskCache", "version"];

/// Reads tasks, wherever in a flow they stand.
pub(super) struct Reader<'a> {
    pub source: &'a str,
    pub task_types: &'a [TaskType],
    pub defaults: &'a Defaults,
    pub findings: &'a mut Vec<Diagnostic>,
    places: HashMap<TaskId, Span>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(
        source: &'a str,
        task_types: &'a [TaskType],
        defaults: &'a Defaults,
        findings: &'a mut Vec<Diagnostic>,
    ) -> Self {
        Self {
            source,
            task_types,
            defaults,
            findings,
            places: HashMap::new(),
        }
    }

    /// The tasks under a key; none where it is not given.
    pub(super) fn list(&mut self, fields: &mut Fields<'_>, key: &str) -> Vec<Arc<Task>> {
        match fields.given(key) {
            Some((_, node)) => self.tasks(&format!("`{key}`"), node),
            None => Vec::new(),
        }
    }

    /// The tasks of a list.
    pub(super) fn tasks(&mut self, what: &str, node: &Node) -> Vec<Arc<Task>> {
        match &node.kind {
            NodeKind::List(items) => items.iter().filter_map(|item| self.task(item)).map(Arc::new).collect(),
            _ if node.is_null() => Vec::new(),
            _ => {
                self.findings.push(wrong_kind(what, "a list of tasks", node));
                Vec::new()
            }
        }
    }

    /// One task with all it holds.
    pub(super) fn task(&mut self, node: &Node) -> Option<Task> {
        let completed = self.defaults.complete(node);
        let node = completed.as_ref().unwrap_or(node);
        let source = self.source;
        let mut fields = Fields::of(node, "a task", self.findings)?;
        let start = fields.span;
        let id = fields.required("id", "the task", self.findings);
        let id = id.and_then(|(id, span)| Some((self.known(&id, span)?, span)));
        let type_name = fields.required("type", "the task", self.findings);
        let description = fields.text("description", self.findings).map(|(text, _)| text);
        let assets = fields
            .given("assets")
            .and_then(|(_, node)| AssetsBlock::read(source, node, self.findings));
        let core_type = type_name.as_ref().and_then(|(name, _)| CoreType::find(name));
        let found = match (&core_type, &type_name) {
            (Some(core_type), _) => Some(core_type.task_type()),
            (None, Some((name, span))) => find(name, *span, self.task_types, self.findings),
            (None, None) => None,
        };
        let own = |name: &str| found.is_some_and(|t| t.properties.pointer(&format!("/properties/{name}")).is_some());
        let mut settings = Settings::read(source, &mut fields, &own, self.findings);
        let later: Vec<&str> = LATER_KEYS.into_iter().filter(|name| !own(name)).collect();
        fields.refuse(&later, self.findings);
        let block = core_type.and_then(|core_type| TaskBlock::read(core_type, &mut fields, self));
        if core_type.is_some_and(CoreType::is_block) {
            self.refuse_on_blocks(&mut settings, start);
        }
        let on_resume = match core_type {
            Some(CoreType::Pause) => fields.list("onResume", self.findings).unwrap_or_default(),
            _ => &[],
        };
        let on_resume = input::read_all(source, on_resume, self.findings);
        let given = fields.rest();
        let mut properties = IndexMap::new();
        for (key, node) in &given {
            properties.insert(key.name.clone(), Property::read(source, node, self.findings));
        }
        if let Some(task_type) = found {
            schema::check(task_type, &given, start, self.findings);
        }
        let (id, span) = id?;
        Some(Task {
            id,
            task_type: type_name?.0,
            core_type,
            description,
            properties,
            block,
            on_resume,
            settings,
            assets,
            span,
        })
    }

    /// The id, which must be the only one of its kind in the flow.
    fn known(&mut self, id: &str, span: Span) -> Option<TaskId> {
        let id = match TaskId::parse(id) {
            Ok(id) => id,
            Err(error) => {
                self.findings
                    .push(Diagnostic::error("invalid-id", error.to_string(), span));
                return None;
            }
        };
        if let Some(first) = self.places.get(&id) {
            let message = format!("the task `{id}` is declared twice");
            let finding = Diagnostic::error("duplicate-id", message, span).with_caption("again here");
            self.findings.push(finding.with_label(*first, "first here"));
        } else {
            self.places.insert(id.clone(), span);
        }
        Some(id)
    }

    /// Tasks that hold tasks are neither tried again nor timed as a whole yet.
    fn refuse_on_blocks(&mut self, settings: &mut Settings, start: Span) {
        let given = [
            ("retry", settings.retry.take().is_some()),
            ("timeout", settings.timeout.take().is_some()),
        ];
        for (name, _) in given.into_iter().filter(|(_, is_given)| *is_given) {
            let message = format!("`{name}` on a task that holds tasks is not supported yet");
            let finding = Diagnostic::error("not-supported", message, start);
            self.findings
                .push(finding.with_hint(format!("write `{name}` on the tasks within it")));
        }
    }
}

fn find<'t>(
    name: &str,
    span: Span,
    task_types: &'t [TaskType],
    findings: &mut Vec<Diagnostic>,
) -> Option<&'t TaskType> {
    let found = task_types.iter().find(|task_type| task_type.answers_to(name));
    if found.is_none() {
        findings.push(missing(name, span, task_types));
    }
    found
}

/// Kestra's own task types begin so; they are the host's to provide, not a plugin's.
const CORE: [&str; 2] = ["io.kestra.plugin.core.", "io.kestra.core.tasks."];

fn missing(name: &str, span: Span, task_types: &[TaskType]) -> Diagnostic {
    let known = task_types.iter().chain(CoreType::task_types());
    let is_core = CORE.iter().any(|prefix| name.starts_with(prefix));
    if let Some(near) = closest(name, known.flat_map(TaskType::names))
        && (!is_core || strsim::osa_distance(name, near) <= 2)
    {
        return Diagnostic::error("unknown-task-type", format!("unknown task type `{name}`"), span)
            .with_hint(format!("did you mean `{near}`?"));
    }
    if is_core {
        let message = format!("the task type `{name}` is not supported yet");
        return Diagnostic::error("not-supported", message, span);
    }
    Diagnostic::error(MISSING_PLUGIN, format!("no plugin provides the task type `{name}`"), span).with_hint(
        "put a plugin that provides it into a folder and name that with `--plugins`; `begat plugin list` shows all there are",
    )
}
