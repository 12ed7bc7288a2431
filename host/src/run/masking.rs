//! Masks secrets in events, so that none is recorded, shown or exported: the one place that all events pass.

use std::borrow::Cow;

use crate::model::{AssetEdit, AssetId, Bundle, Declaration, MASK, Masker, RunEvent, RunEventKind};
use crate::sandbox::TaskFailure;

use super::job::Ended;

/// Masks all texts of an event.
pub(super) fn mask(masker: &Masker, event: &mut RunEvent) {
    if !masker.is_needed() {
        return;
    }
    match &mut event.kind {
        RunEventKind::ExecutionStarted(start) => {
            masker.mask_map(&mut start.inputs);
            masker.mask_map(&mut start.labels);
        }
        RunEventKind::TaskRunStarted(start) => {
            start.value.iter_mut().for_each(|value| masker.mask_text(value));
            start
                .decision
                .iter_mut()
                .for_each(|decision| masker.mask_json(decision));
        }
        RunEventKind::TaskLogged(line) => masker.mask_text(&mut line.message),
        RunEventKind::LineageRecorded(lineage) => lineage
            .bundles
            .iter_mut()
            .for_each(|bundle| mask_bundle(masker, bundle)),
        RunEventKind::TaskRunRetried(retried) => masker.mask_text(&mut retried.error),
        RunEventKind::TaskRunFinished(finish) => {
            masker.mask_map(&mut finish.outputs);
            finish.error.iter_mut().for_each(|error| masker.mask_text(error));
        }
        RunEventKind::LabelsAdded(labels) => masker.mask_map(labels),
        RunEventKind::KeySet(set) => {
            masker.mask_text(&mut set.key);
            masker.mask_json(&mut set.value);
        }
        RunEventKind::KeyDeleted { key, .. } => masker.mask_text(key),
        RunEventKind::AssetsEdited(edit) => mask_edit(masker, edit),
        RunEventKind::FileWritten(file) => masker.mask_text(&mut file.name),
        RunEventKind::GrantUsed(used) => masker.mask_text(&mut used.target),
        RunEventKind::ExecutionFinished(finish) => {
            masker.mask_map(&mut finish.outputs);
            finish.error.iter_mut().for_each(|error| masker.mask_text(error));
        }
        RunEventKind::TaskRunInterrupted { reason } => masker.mask_text(reason),
        RunEventKind::TaskRunPaused | RunEventKind::ExecutionPaused | RunEventKind::ExecutionResumed => {}
    }
}

/// Masks what a task run came to, before expressions see it: what is recorded and what later tasks get is the same.
pub(super) fn mask_ended(masker: &Masker, ended: &mut Ended) {
    if !masker.is_needed() {
        return;
    }
    masker.mask_map(&mut ended.outputs);
    ended.error.iter_mut().for_each(|error| masker.mask_text(error));
    if let Some(lineage) = &mut ended.lineage {
        lineage
            .bundles
            .iter_mut()
            .for_each(|bundle| mask_bundle(masker, bundle));
    }
}

/// Masks why a task run failed.
pub(super) fn mask_failure(masker: &Masker, failure: &mut TaskFailure) {
    masker.mask_text(&mut failure.message);
    masker.mask_map(&mut failure.details);
}

fn mask_bundle(masker: &Masker, bundle: &mut Bundle) {
    let declarations = bundle.inputs.iter_mut().chain(&mut bundle.outputs);
    declarations.for_each(|declaration| mask_declaration(masker, declaration));
}

fn mask_edit(masker: &Masker, edit: &mut AssetEdit) {
    match edit {
        AssetEdit::Set { declaration, inputs } => {
            mask_declaration(masker, declaration);
            inputs.iter_mut().for_each(|id| mask_id(masker, id));
        }
        AssetEdit::Delete(ids) => ids.iter_mut().for_each(|id| mask_id(masker, id)),
        AssetEdit::Restore(id) | AssetEdit::Protect { id, .. } => mask_id(masker, id),
        AssetEdit::Label { id, labels } => {
            mask_id(masker, id);
            masker.mask_map(labels);
        }
    }
}

fn mask_declaration(masker: &Masker, declaration: &mut Declaration) {
    mask_id(masker, &mut declaration.id);
    for text in [&mut declaration.display_name, &mut declaration.description]
        .into_iter()
        .flatten()
    {
        masker.mask_text(text);
    }
    masker.mask_map(&mut declaration.metadata);
}

/// An id may hold no stars, so that other letters stand for the secret.
fn mask_id(masker: &Masker, id: &mut AssetId) {
    if let Cow::Owned(masked) = masker.mask(id.as_str()) {
        let readable = masked.replace(MASK, "masked");
        *id = AssetId::parse(&readable).unwrap_or_else(|_| id.clone());
    }
}
