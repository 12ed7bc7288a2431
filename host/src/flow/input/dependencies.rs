//! How inputs stand to each other: what depends on what, and whose ids get in each other's way.

use std::collections::{HashMap, HashSet, VecDeque};

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
    let known: HashSet<&str> = declared.iter().map(String::as_str).collect();
    for Written { input, depends_on } in inputs {
        for (wanted, span) in input.depends_on.iter().zip(depends_on) {
            if !known.contains(wanted.as_str()) {
                let message = format!("the input `{}` depends on `{wanted}`, which is no input", input.id);
                let finding = Diagnostic::error("unknown-input", message, *span);
                findings.push(match closest(wanted.as_str(), declared.iter().map(String::as_str)) {
                    Some(near) => finding.with_hint(format!("did you mean `{near}`?")),
                    None => finding,
                });
            }
        }
    }
    report_cycles(inputs, findings);
}

/// Each cycle once, at the first input of it.
fn report_cycles(inputs: &[Written], findings: &mut Vec<Diagnostic>) {
    let edges = edges(inputs);
    let mut reported = vec![false; inputs.len()];
    for (place, Written { input, .. }) in inputs.iter().enumerate() {
        if reported[place] {
            continue;
        }
        let Some(cycle) = shortest_cycle(&edges, place) else {
            continue;
        };
        cycle.iter().for_each(|place| reported[*place] = true);
        let message = match cycle.as_slice() {
            [_] => format!("the input `{}` depends on itself", input.id),
            _ => {
                let ids = cycle
                    .iter()
                    .chain([&place])
                    .map(|place| format!("`{}`", inputs[*place].input.id));
                let way = ids.collect::<Vec<_>>().join(" → ");
                format!("inputs depend on each other in a circle: {way}")
            }
        };
        let finding = Diagnostic::error("input-cycle", message, input.span);
        findings.push(finding.with_hint("take one of them out of the other's `dependsOn.inputs`"));
    }
}

/// For each input the places of those it depends on.
fn edges(inputs: &[Written]) -> Vec<Vec<usize>> {
    let ids = inputs
        .iter()
        .enumerate()
        .map(|(place, written)| (&written.input.id, place));
    let places: HashMap<&InputId, usize> = ids.collect();
    let edges = |written: &Written| {
        let known = written.input.depends_on.iter().filter_map(|id| places.get(id).copied());
        known.collect()
    };
    inputs.iter().map(edges).collect()
}

/// The shortest way from a place back to itself, that place first; nothing where there is none.
fn shortest_cycle(edges: &[Vec<usize>], start: usize) -> Option<Vec<usize>> {
    let mut came_from: Vec<Option<usize>> = vec![None; edges.len()];
    let mut waiting = VecDeque::from([start]);
    while let Some(place) = waiting.pop_front() {
        for next in &edges[place] {
            if *next == start {
                let mut way: Vec<usize> = std::iter::successors(Some(place), |place| came_from[*place]).collect();
                way.reverse();
                return Some(way);
            }
            if came_from[*next].is_none() {
                came_from[*next] = Some(place);
                waiting.push_back(*next);
            }
        }
    }
    None
}
