//! Masks secrets in events, so that none is recorded, shown or exported: the one place that all events pass.

use std::borrow::Cow;

use crate::model::{
    AssetEdit, AssetId, AssetType, Bundle, Declaration, MASK, Masker, Namespace, RunEvent, RunEventKind,
};
use crate::sandbox::TaskFailure;

use super::job::Ended;

/// What stands for a secret where stars cannot.
const STAND_IN: &str = "masked";
/// The longest id and the longest type of an asset, in characters.
const LONGEST_ID: usize = 150;
const LONGEST_TYPE: usize = 256;

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

/// Masks all that is said of assets.
pub(super) fn mask_bundle(masker: &Masker, bundle: &mut Bundle) {
    if !masker.is_needed() {
        return;
    }
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
    if let Some(known) = &mut declaration.asset_type
        && let Cow::Owned(masked) = masker.mask(known.as_str())
    {
        // One that masking made too long is shortened.
        let masked: String = masked.chars().take(LONGEST_TYPE).collect();
        declaration.asset_type = AssetType::parse(&masked);
    }
    if let Some(known) = &declaration.namespace
        && let Cow::Owned(masked) = masker.mask(known.as_str())
    {
        // Without one it has that of its flow.
        declaration.namespace = Namespace::parse(&masked.replace(MASK, STAND_IN)).ok();
    }
    for text in [&mut declaration.display_name, &mut declaration.description]
        .into_iter()
        .flatten()
    {
        masker.mask_text(text);
    }
    masker.mask_map(&mut declaration.metadata);
}

/// An id may hold no stars, so that other letters stand for the secret; one that this makes too long is shortened.
fn mask_id(masker: &Masker, id: &mut AssetId) {
    if let Cow::Owned(masked) = masker.mask(id.as_str()) {
        let readable: String = masked.replace(MASK, STAND_IN).chars().take(LONGEST_ID).collect();
        if let Ok(masked) = AssetId::parse(&readable).or_else(|_| AssetId::parse(STAND_IN)) {
            *id = masked;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_part_of_a_declaration_keeps_a_secret() {
        let masker = Masker::default();
        masker.learn("a1b2");
        let mut declaration = Declaration::of(AssetId::parse("x.a1b2").unwrap());
        declaration.asset_type = AssetType::parse("of.a1b2");
        declaration.namespace = Namespace::parse("a1b2.team").ok();
        declaration.display_name = Some("a1b2".to_owned());
        declaration.description = Some("a1b2".to_owned());
        declaration.metadata.insert("a1b2".to_owned(), "a1b2".into());
        let mut bundle = Bundle {
            inputs: vec![declaration.clone()],
            outputs: vec![declaration],
        };
        mask_bundle(&masker, &mut bundle);
        let expected = serde_json::json!({
            "id": "x.masked", "type": "of.******", "namespace": "masked.team", "displayName": "******",
            "description": "******", "metadata": {"******": "******"}
        });
        for found in [&bundle.inputs[0], &bundle.outputs[0]] {
            assert_eq!(serde_json::to_value(found).unwrap(), expected);
        }
    }

    #[test]
    fn an_id_and_a_type_that_masking_makes_too_long_are_shortened() {
        let masker = Masker::default();
        masker.learn("a1b2");
        let long = "a1b2".repeat(37);
        let mut declaration = Declaration::of(AssetId::parse(&long).unwrap());
        declaration.asset_type = AssetType::parse(&"a1b2.".repeat(51));
        mask_declaration(&masker, &mut declaration);
        assert_eq!(declaration.id.as_str(), "masked", "neighbouring secrets become one");
        let mut id = AssetId::parse(&"a1b2-".repeat(30)).unwrap();
        mask_id(&masker, &mut id);
        assert_eq!(id.as_str(), &"masked-".repeat(22)[..150]);
        let found = declaration.asset_type.unwrap();
        assert_eq!(found.as_str(), &"******.".repeat(51)[..256]);
    }
}
