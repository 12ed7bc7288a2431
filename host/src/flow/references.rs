//! Whether the variables that expressions read will be there when they are rendered.

use super::check::Flow;
use super::input::{Input, InputKind, Options};
use super::place::Text;
use super::task::Task;
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

/// Checks every expression of a flow.
pub(super) fn check(flow: &Flow, findings: &mut Vec<Diagnostic>) {
    for input in &flow.inputs {
        let visible: Vec<&str> = input.depends_on.iter().map(InputId::as_str).collect();
        for text in texts_of(input) {
            for reference in text.template.references() {
                let found =
                    check_root(&reference, &INPUT_ROOTS).or_else(|| dependency(flow, input, &visible, &reference));
                report(text, &reference, found, findings);
            }
        }
    }
    let inputs: Vec<&str> = flow.inputs.iter().map(|input| input.id.as_str()).collect();
    for (place, task) in flow.tasks.iter().enumerate() {
        let before = &flow.tasks[..place];
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
                    .or_else(|| known_input(&inputs, &reference))
                    .or_else(|| earlier_task(flow, before, own_outputs.then_some(task), &reference));
                report(text, &reference, found, findings);
            }
        }
    }
}

fn texts_of(input: &Input) -> Vec<&Text> {
    let mut texts = input
        .defaults
        .as_ref()
        .map(|defaults| defaults.texts())
        .unwrap_or_default();
    if let InputKind::Select {
        options: Options::Expression(text),
        ..
    } = &input.kind
    {
        texts.push(text);
    }
    texts
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

fn dependency(flow: &Flow, input: &Input, visible: &[&str], reference: &Reference) -> Option<Fault> {
    let all: Vec<&str> = flow.inputs.iter().map(|input| input.id.as_str()).collect();
    if let Some(fault) = known_input(&all, reference) {
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

fn earlier_task(flow: &Flow, before: &[Task], own: Option<&Task>, reference: &Reference) -> Option<Fault> {
    let [root, name, ..] = reference.path.as_slice() else {
        return None;
    };
    let available = || before.iter().chain(own).map(|task| task.id.as_str());
    if root != "outputs" || available().any(|known| known == name) {
        return None;
    }
    if flow.tasks.iter().any(|task| task.id.as_str() == name) {
        let message = format!("the task `{name}` has not run at this point");
        let hint = Some("outputs are there for the tasks after it, and for its own `assets`".to_owned());
        return Some(Fault {
            code: "output-not-ready",
            message,
            hint,
        });
    }
    let message = format!("unknown task `{name}`");
    Some(Fault {
        code: "unknown-task",
        message,
        hint: near(name, available()),
    })
}
