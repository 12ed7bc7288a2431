//! A catalog in memory that holds what a test says.

use std::sync::Arc;

use super::AppError;
use crate::model::{
    Actor, AssetEdit, Declaration, ExecutionId, FinishedExecution, FlowId, FlowReference, JsonMap, Namespace, Person,
    Recorder, RunEvent, RunEventKind, SetKey, StartedExecution, State, clock,
};
use crate::store::Catalog;

/// Makes a catalog with assets, the oldest first; those that name no namespace belong to the one given.
pub(super) fn catalog_with(assets: &[Declaration], namespace: &Namespace) -> Result<Catalog, AppError> {
    let catalog = Catalog::in_memory()?;
    let person = Person {
        user: "test".to_owned(),
        reason: Some("a fixture".to_owned()),
    };
    for asset in assets {
        let namespace = asset.namespace.clone().or_else(|| Some(namespace.clone()));
        let edit = AssetEdit::Set {
            declaration: Declaration {
                namespace,
                ..asset.clone()
            },
            inputs: Vec::new(),
        };
        catalog.edit(&edit, &person, clock::now(), None)?;
    }
    Ok(catalog)
}

/// Puts values under keys of a namespace, as an execution of a flow named `fixtures` would.
pub(super) fn set_keys(catalog: &Catalog, namespace: &Namespace, values: &JsonMap) -> Result<(), AppError> {
    if values.is_empty() {
        return Ok(());
    }
    let id = FlowId::parse("fixtures").map_err(|error| AppError::refused(error.to_string()))?;
    let actor = Arc::new(Actor {
        flow: FlowReference {
            namespace: namespace.clone(),
            id,
            digest: String::new(),
        },
        execution: ExecutionId::generate(),
        task: None,
        task_run: None,
        plugin: None,
    });
    let set = values.iter().map(|(key, value)| {
        RunEventKind::KeySet(SetKey {
            namespace: namespace.clone(),
            key: key.clone(),
            value: value.clone(),
            expires: None,
        })
    });
    let finished = FinishedExecution {
        state: State::Success,
        ..FinishedExecution::default()
    };
    let kinds = std::iter::once(RunEventKind::ExecutionStarted(StartedExecution::default()))
        .chain(set)
        .chain([RunEventKind::ExecutionFinished(finished)]);
    let events: Vec<RunEvent> = kinds
        .map(|kind| RunEvent {
            time: clock::now(),
            actor: actor.clone(),
            kind,
        })
        .collect();
    catalog.append(&events)?;
    Ok(())
}
