//! The work of tasks that begat does itself, without a sandbox.

mod assets;
mod control;
mod keys;
mod subflow;
mod values;
mod wait;

use super::job::{Done, Job, failure};
use crate::model::{Json, JsonMap, RunEventKind, State};
use crate::plan::CoreType;
use crate::sandbox::TaskFailure;

/// What a task changes beside its outputs. It takes effect when the task run has ended.
#[derive(Debug, Clone)]
pub(super) enum Effect {
    /// Something to record.
    Record(RunEventKind),
    AddLabels(JsonMap),
    SetVariables(JsonMap),
    UnsetVariables(Vec<String>),
    /// The execution ends in this state.
    Exit(State),
}

/// Does the work of a core task. Those that hold tasks are the driver's.
pub(super) async fn run(core_type: CoreType, job: &Job, properties: &JsonMap) -> Result<Done, TaskFailure> {
    match core_type {
        CoreType::Return => Ok(values::give(properties)),
        CoreType::Echo => Ok(values::echo(job, properties)),
        CoreType::OutputValues => Ok(values::output(properties)),
        CoreType::StorageWrite => Ok(values::write(job, properties)),
        CoreType::Assert => control::assert(properties),
        CoreType::Exit => Ok(control::exit(properties)),
        CoreType::Fail => control::fail(properties),
        CoreType::Labels => control::labels(properties),
        CoreType::SetVariables => control::set_variables(job, properties),
        CoreType::UnsetVariables => control::unset_variables(job, properties),
        CoreType::KeyDelete => keys::delete(job, properties),
        CoreType::KeyGet => keys::get(job, properties),
        CoreType::KeySet => keys::set(job, properties),
        CoreType::AssetSet => assets::set(job, properties),
        CoreType::AssetList => assets::list(job, properties),
        CoreType::AssetDelete => assets::delete(job, properties),
        CoreType::AssetPurge => assets::purge(job, properties),
        CoreType::Sleep => wait::sleep(properties).await,
        CoreType::Pause => wait::pause(properties).await,
        CoreType::Subflow => subflow::run(job, properties).await,
        CoreType::AllowFailure
        | CoreType::Dag
        | CoreType::ForEach
        | CoreType::If
        | CoreType::Loop
        | CoreType::LoopUntil
        | CoreType::Parallel
        | CoreType::Sequential
        | CoreType::Switch
        | CoreType::WorkingDirectory => Err(failure("contract", "a block is no work of its own")),
    }
}

/// A property as text; numbers and booleans are written out.
fn text<'p>(properties: &'p JsonMap, name: &str) -> Option<std::borrow::Cow<'p, str>> {
    match properties.get(name)? {
        Json::Null => None,
        Json::String(text) => Some(text.into()),
        other => Some(other.to_string().into()),
    }
}

fn flag(properties: &JsonMap, name: &str, default: bool) -> bool {
    match properties.get(name) {
        Some(Json::Bool(flag)) => *flag,
        Some(Json::String(text)) => text == "true",
        _ => default,
    }
}

fn outputs<const N: usize>(entries: [(&str, Json); N]) -> JsonMap {
    entries
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}
