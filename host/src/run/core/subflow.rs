//! `Subflow`: runs another flow as an execution of its own.

use super::control::read_labels;
use super::{flag, outputs, text};
use crate::model::{ExecutionId, FlowId, Json, JsonMap, Namespace, State};
use crate::run::execution::Outcome;
use crate::run::job::{Done, Job, failure};
use crate::run::subflow::SubflowRequest;
use crate::sandbox::TaskFailure;

/// How deep flows may start flows; one that starts itself would never end.
const DEPTH: usize = 16;

pub(super) async fn run(job: &Job, properties: &JsonMap) -> Result<Done, TaskFailure> {
    let runner = &job.shared.runner;
    if runner.depth >= DEPTH {
        let message = format!("flows start flows {DEPTH} deep here, and no deeper");
        return Err(failure("failed", message));
    }
    let request = request(job, properties)?;
    let execution = request.execution.clone();
    let plan = runner
        .subflows
        .plan(request)
        .map_err(|message| failure("invalid-properties", message))?;
    let child = runner.child(job.cancelled.clone());
    let parent = job.shared.plan.execution.clone();
    let started = outputs([("executionId", execution.to_string().into())]);
    if !flag(properties, "wait", true) {
        runner.in_background(child.execute_within(plan, parent));
        return Ok(Done::with(started));
    }
    let ended = child.execute_within(plan, parent).await;
    let ended = ended.map_err(|error| failure("unavailable", error.to_string()))?;
    finished(properties, started, ended)
}

fn finished(properties: &JsonMap, mut started: JsonMap, ended: Outcome) -> Result<Done, TaskFailure> {
    let state = ended.state;
    started.insert("state".to_owned(), state.name().into());
    started.insert("outputs".to_owned(), ended.outputs.into());
    let is_failure = matches!(state, State::Failed | State::Killed | State::Cancelled);
    if is_failure && flag(properties, "transmitFailed", true) {
        let message = format!("its execution {} ended as {state}", ended.execution);
        return Err(TaskFailure {
            details: started,
            ..failure("failed", message)
        });
    }
    let warning = (state == State::Warning || is_failure)
        .then(|| format!("its execution {} ended as {state}", ended.execution))
        .filter(|_| flag(properties, "transmitFailed", true));
    Ok(Done {
        warning,
        ..Done::with(started)
    })
}

fn request(job: &Job, properties: &JsonMap) -> Result<SubflowRequest, TaskFailure> {
    let invalid = |message: String| failure("invalid-properties", message);
    let flow = text(properties, "flowId").unwrap_or_default();
    let flow = FlowId::parse(&flow).map_err(|error| invalid(error.to_string()))?;
    let namespace = match text(properties, "namespace") {
        None => job.shared.plan.flow.namespace.clone(),
        Some(name) => Namespace::parse(&name).map_err(|error| invalid(error.to_string()))?,
    };
    let mut labels = match flag(properties, "inheritLabels", false) {
        true => job.shared.plan.labels.clone(),
        false => JsonMap::new(),
    };
    labels.extend(read_labels(properties.get("labels"))?);
    labels.insert(
        "system.correlationId".to_owned(),
        job.shared.runner.root(&job.shared.plan.execution).to_string().into(),
    );
    Ok(SubflowRequest {
        namespace,
        flow,
        inputs: properties
            .get("inputs")
            .and_then(Json::as_object)
            .cloned()
            .unwrap_or_default(),
        labels,
        execution: ExecutionId::generate(),
    })
}
