//! What to ask someone for, one input after the other.

use super::bind::{Binder, Settled, rendered};
use super::choose;
use crate::flow::{Flow, Input, InputKind, Preset};
use crate::model::{Diagnostic, InputOptionView, InputQuestion, Json};
use crate::plan::PlanRequest;

/// The next required input that has no value, with what is known of it by then; nothing when all have one. Values that
/// do not fit are answered at once, so that a face can ask for them again.
pub fn next_question(flow: &Flow, request: &PlanRequest<'_>) -> Result<Option<InputQuestion>, Vec<Diagnostic>> {
    let mut binder = Binder::new(flow, request);
    let mut findings: Vec<Diagnostic> = binder.unknown_names().collect();
    let mut missing = None;
    while let Some(input) = binder.next() {
        match binder.settle(input) {
            Settled::Done => {}
            Settled::Missing => missing = missing.or(Some(input)),
            Settled::Failed(finding) => findings.push(*finding),
        }
    }
    if !findings.is_empty() {
        return Err(findings);
    }
    let question = missing.map(|input| question(&binder, input));
    question.transpose().map_err(|finding| vec![*binder.redacted(*finding)])
}

fn question(binder: &Binder<'_>, input: &Input) -> Result<InputQuestion, Box<Diagnostic>> {
    let scope = binder.scope(input);
    let is_secret = input.kind.is_secret();
    let is_shown = |preset: &&Preset| !is_secret && !binder.is_secret(&preset.property.texts());
    let prefill = input.prefill.as_ref().filter(is_shown);
    let prefill = prefill
        .map(|preset| rendered(input, "prefill", preset, &scope))
        .transpose()?;
    let selection = input.kind.selection();
    let options = selection
        .map(|selection| choose::options(input, selection, &scope))
        .transpose()?;
    Ok(InputQuestion {
        id: input.id.clone(),
        input_type: input.input_type.name(),
        takes: input.kind.in_words(),
        display_name: input.display_name.clone(),
        description: input.description.clone(),
        prefill: prefill.filter(|value| *value != Json::Null),
        options: options.map(|options| options.iter().map(InputOptionView::from).collect()),
        allow_custom_value: selection.is_some_and(|selection| selection.allow_custom_value),
        is_list: matches!(input.kind, InputKind::Multiselect { .. } | InputKind::Array { .. }),
        is_secret,
    })
}
