//! How inputs stand to each other: what depends on what, and whose ids get in each other's way.

use super::read::{Input, Written};
use crate::model::{Diagnostic, InputId, closest};

/// Why two inputs cannot stand side by side: they have one id, or one would lie within the other.
pub(super) fn clash(known: &Input, later: &Input) -> Option<Diagnostic> {
    let within = |outer: &str, inner: &str| inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with('.'));
    let (first, second) = (known.id.as_str(), later.id.as_str());
    let (code, message, caption) = if first == second {
        (
            "duplicate-id",
            format!("the input `{second}` is declared twice"),
            "again here",
        )
    } else if within(first, second) || within(second, first) {
        let message = format!("the inputs `{first}` and `{second}` get in each other's way: dots in ids nest");
        ("input-clash", message, "second here")
    } else {
        return None;
    };
    let finding = Diagnostic::error(code, message, later.span).with_caption(caption);
    Some(finding.with_label(known.span, "first here"))
}

/// Checks what the inputs depend on; `declared` are the ids of all inputs, also of those with faults.
pub(super) fn check(inputs: &[Written], declared: &[String], findings: &mut Vec<Diagnostic>) {
    for Written { input, depends_on } in inputs {
        for (wanted, span) in input.depends_on.iter().zip(depends_on) {
            if !declared.iter().any(|known| known == wanted.as_str()) {
                let message = format!("the input `{}` depends on `{wanted}`, which is no input", input.id);
                let finding = Diagnostic::error("unknown-input", message, *span);
                findings.push(match closest(wanted.as_str(), declared.iter().map(String::as_str)) {
                    Some(near) => finding.with_hint(format!("did you mean `{near}`?")),
                    None => finding,
                });
            }
        }
        if depends_on_itself(inputs, input) {
            let message = format!("the input `{}` depends on itself", input.id);
            findings.push(Diagnostic::error("input-cycle", message, input.span));
        }
    }
}

fn depends_on_itself(inputs: &[Written], start: &Input) -> bool {
    let mut seen: Vec<&InputId> = Vec::new();
    let mut waiting: Vec<&InputId> = start.depends_on.iter().collect();
    while let Some(id) = waiting.pop() {
        if *id == start.id {
            return true;
        }
        if !seen.contains(&id) {
            seen.push(id);
            let next = inputs
                .iter()
                .map(|written| &written.input)
                .find(|input| input.id == *id);
            waiting.extend(next.into_iter().flat_map(|input| &input.depends_on));
        }
    }
    false
}
