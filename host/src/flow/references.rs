//! Whether the variables that expressions read will be there when they are rendered.

use super::fields::plain_text;
use super::input::Input;
use super::place::Text;
use super::task::Task;
use super::yaml::{Node, NodeKind};
use crate::expr::Reference;
use crate::model::{Diagnostic, InputId, closest};

const ROOTS: [&str; 7] = ["flow", "execution", "inputs", "outputs", "labels", "task", "taskrun"];
const INPUT_ROOTS: [&str; 4] = ["flow", "execution", "inputs", "labels"];
const FIELDS: [(&str, &[&str]); 4] = [
    ("flow", &["id", "namespace"]),
    ("execution", &["id", "startDate", "state"]),
    ("task", &["id", "type"]),
    ("taskrun", &["id", "startDate", "attemptsCount"]),
];

/// The ids that a flow gives, also to inputs and tasks that have faults of their own: naming one of those is no
/// second fault.
pub(super) struct Declared {
    inputs: Vec<String>,
    tasks: Vec<String>,
}

impl Declared {
    /// Gathers the ids.
    pub(super) fn of(root: &Node) -> Self {
        let ids = |name: &str| match root.entry(name).map(|node| &node.kind) {
            Some(NodeKind::List(items)) => items.iter().filter_map(|item| plain_text(item.entry("id")?)).collect(),
            _ => Vec::new(),
        };
        Self {
            inputs: ids("inputs"),
            tasks: ids("tasks"),
        }
    }
}

/// Checks every expression of a flow.
pub(super) fn check(inputs: &[Input], tasks: &[Task], declared: &Declared, findings: &mut Vec<Diagnostic>) {
    let names: Vec<&str> = declared.inputs.iter().map(String::as_str).collect();
    for input in inputs {
        let visible: Vec<&str> = input.depends_on.iter().map(InputId::as_str).collect();
        for text in input.texts() {
            for reference in text.template.references() {
                let found =
                    check_root(&reference, &INPUT_ROOTS).or_else(|| dependency(&names, input, &visible, &reference));
                report(text, &reference, found, findings);
            }
        }
    }
    for (place, task) in tasks.iter().enumerate() {
        let available = Available {
            before: &tasks[..place],
            all: tasks,
            declared,
        };
        let texts = task
            .properties
            .values()
            .flat_map(|property| property.texts())
            .map(|text| (text, false));
        let asset_texts = task
            .assets
            .iter()
            .flat_map(|assets| assets.texts())
            .map(|text| (text, true));
        for (text, own_outputs) in texts.chain(asset_texts) {
            for reference in text.template.references() {
                let found = check_root(&reference, &ROOTS)
                    .or_else(|| known_input(&names, &reference))
                    .or_else(|| available.fault(own_outputs.then_some(task), &reference));
                report(text, &reference, found, findings);
            }
        }
    }
}

/// What is wrong with a reference.
struct Fault {
    code: &'static str,
    message: String,
    hint: Option<String>,
}

fn report(text: &Text, reference: &Reference, fault: Option<Fault>, findings: &mut Vec<Diagnostic>) {
    let Some(fault) = fault.filter(|_| !reference.guarded) else {
        return;
    };
    let finding = Diagnostic::error(fault.code, fault.message, text.span_of(reference.span));
    findings.push(Diagnostic {
        hint: fault.hint,
        ..finding
    });
}

fn near<'n>(name: &str, known: impl IntoIterator<Item = &'n str> + Clone) -> Option<String> {
    match closest(name, known.clone()) {
        Some(near) => Some(format!("did you mean `{near}`?")),
        None => {
            let names: Vec<&str> = known.into_iter().collect();
            (!names.is_empty()).then(|| format!("there are {}", names.join(", ")))
        }
    }
}

fn check_root(reference: &Reference, roots: &[&str]) -> Option<Fault> {
    let root = reference.path.first()?;
    if !roots.contains(&root.as_str()) {
        let message = format!("unknown variable `{root}`");
        return Some(Fault {
            code: "unknown-variable",
            message,
            hint: near(root, roots.iter().copied()),
        });
    }
    let (_, fields) = FIELDS.iter().find(|(name, _)| name == root)?;
    let field = reference
        .path
        .get(1)
        .filter(|field| !fields.contains(&field.as_str()))?;
    let message = format!("`{root}` has no `{field}`");
    Some(Fault {
        code: "unknown-variable",
        message,
        hint: near(field, fields.iter().copied()),
    })
}

/// The input a path means: ids may hold dots, so the longest that fits.
fn input_of<'i>(inputs: &[&'i str], path: &[String]) -> Option<&'i str> {
    let path = path.join(".");
    let fits = |id: &&str| path == **id || path.starts_with(&format!("{id}.")) || id.starts_with(&format!("{path}."));
    inputs.iter().copied().find(fits)
}

fn known_input(inputs: &[&str], reference: &Reference) -> Option<Fault> {
    let [root, path @ ..] = reference.path.as_slice() else {
        return None;
    };
    if root != "inputs" || path.is_empty() || input_of(inputs, path).is_some() {
        return None;
    }
    let message = format!("unknown input `{}`", path.join("."));
    Some(Fault {
        code: "unknown-input",
        message,
        hint: near(&path[0], inputs.iter().copied()),
    })
}

fn dependency(names: &[&str], input: &Input, visible: &[&str], reference: &Reference) -> Option<Fault> {
    if let Some(fault) = known_input(names, reference) {
        return Some(fault);
    }
    known_input(visible, reference)?;
    let wanted = reference.path[1..].join(".");
    let message = format!("the input `{}` reads `{wanted}` and does not depend on it", input.id);
    let hint = Some(format!("add `{wanted}` to `dependsOn.inputs` of `{}`", input.id));
    Some(Fault {
        code: "missing-dependency",
        message,
        hint,
    })
}

/// The tasks whose outputs an expression may read.
struct Available<'a> {
    before: &'a [Task],
    all: &'a [Task],
    declared: &'a Declared,
}

impl Available<'_> {
    fn fault(&self, own: Option<&Task>, reference: &Reference) -> Option<Fault> {
        let [root, name, ..] = reference.path.as_slice() else {
            return None;
        };
        let available = || self.before.iter().chain(own).map(|task| task.id.as_str());
        if root != "outputs" || available().any(|known| known == name) {
            return None;
        }
        if self.all.iter().any(|task| task.id.as_str() == name) {
            let message = format!("the task `{name}` has not run at this point");
            let hint = Some("outputs are there for the tasks after it, and for its own `assets`".to_owned());
            return Some(Fault {
                code: "output-not-ready",
                message,
                hint,
            });
        }
        if self.declared.tasks.contains(name) {
            return None;
        }
        let message = format!("unknown task `{name}`");
        Some(Fault {
            code: "unknown-task",
            message,
            hint: near(name, available()),
        })
    }
}
