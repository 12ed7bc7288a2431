//! Rules about the execution as a whole: what it gives, how long it may take, what must hold, when a block is done.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use super::active::Passes;
use super::driver::Driver;
use super::execution::{Outcome, RunError};
use super::opening::evaluated;
use crate::expr::Scope;
use crate::model::{FinishedExecution, Json, JsonMap, RunEventKind, State, clock};
use crate::plan::{FlowOutput, OutputType, Plan, PlannedTask, SlaBehavior, SlaRule, is_truthy, parse_duration};

/// Passes of a repeated block at most, unless it says otherwise.
const PASSES: u64 = 100;
const PASS_PAUSE: Duration = Duration::from_secs(1);
const PASSES_DURATION: Duration = Duration::from_secs(3_600);

/// When the execution breaks its rules on its duration, and which rules those are, the first first.
pub(super) fn deadlines(plan: &Arc<Plan>) -> Vec<(Instant, usize)> {
    let start = Instant::now();
    let rules = plan.flow.slas.iter().enumerate();
    let mut deadlines: Vec<(Instant, usize)> = rules
        .filter_map(|(place, sla)| match sla.rule {
            SlaRule::MaxDuration(duration) => Some((start.checked_add(duration)?, place)),
            SlaRule::Assertion(_) => None,
        })
        .collect();
    deadlines.sort();
    deadlines
}

/// How long to wait before the next pass of a repeated block; nothing where it is done. The error is for the operator.
pub(super) fn next_pass(planned: &PlannedTask, passes: &Passes, scope: &Scope<'_>) -> Result<Option<Duration>, String> {
    if is_truthy(&evaluated(planned, "condition", scope)?) {
        return Ok(None);
    }
    let frequency = evaluated(planned, "checkFrequency", scope)?;
    let length = |name: &str, default: Duration| match frequency.get(name).and_then(Json::as_str) {
        None => Ok(default),
        Some(text) => parse_duration(text).ok_or_else(|| format!("`{name}`: `{text}` is no ISO 8601 duration")),
    };
    let pause = length("interval", PASS_PAUSE)?;
    let duration = length("maxDuration", PASSES_DURATION)?;
    let most = frequency.get("maxIterations").and_then(Json::as_u64).unwrap_or(PASSES);
    let reached = match (passes.count >= most, passes.begin.elapsed() + pause > duration) {
        (true, _) => format!("its condition did not become true in {most} passes"),
        (_, true) => format!("its condition did not become true in {} s", duration.as_secs_f64()),
        (false, false) => return Ok(Some(pause)),
    };
    match planned.property("failOnMaxReached").map(|property| property.source()) {
        Some(Json::Bool(true)) => Err(reached),
        _ => Ok(None),
    }
}

impl Driver {
    /// Ends an execution before any of its tasks begins.
    pub(super) fn refuse(mut self, state: State, reason: String) -> Result<Outcome, RunError> {
        let finished = FinishedExecution {
            state,
            error: Some(reason),
            outputs: JsonMap::new(),
        };
        self.tell(clock::now(), RunEventKind::ExecutionFinished(finished));
        Ok(Outcome {
            execution: self.plan.execution.clone(),
            state,
            outputs: JsonMap::new(),
            assets: self.journal.finish()?,
        })
    }

    /// The execution has ended; what runs after it follows.
    pub(super) fn finish(&mut self, state: State) {
        let (outputs, fault) = self.flow_outputs();
        let is_good = matches!(state, State::Success | State::Warning);
        let state = match &fault {
            Some(fault) if is_good => {
                self.error = Some(fault.clone());
                State::Failed
            }
            _ => state,
        };
        self.outputs = outputs;
        self.ended_as = Some(state);
        self.variables.set_state(state);
        let error = self
            .error
            .take()
            .filter(|_| !matches!(state, State::Success | State::Warning));
        let finished = FinishedExecution {
            state,
            error: error.clone(),
            outputs: self.outputs.clone(),
        };
        self.give_up_rest();
        self.tell(clock::now(), RunEventKind::ExecutionFinished(finished));
        self.error = error;
    }

    /// What the flow gives, and what keeps a required part of it from being there.
    fn flow_outputs(&self) -> (JsonMap, Option<String>) {
        let snapshot = self.variables.snapshot(Vec::new(), true);
        let scope = self.shared.scope(&snapshot);
        let (mut outputs, mut fault) = (JsonMap::new(), None);
        for output in &self.plan.flow.outputs {
            match value_of(output, &scope) {
                Ok(value) => drop(outputs.insert(output.id.clone(), value)),
                Err(message) if output.required => {
                    fault.get_or_insert(format!("the output `{}` {message}", output.id));
                }
                Err(_) => drop(outputs.insert(output.id.clone(), Json::Null)),
            }
        }
        (outputs, fault)
    }

    /// Checks what must hold after each task.
    pub(super) fn assert_rules(&mut self) {
        if self.plan.flow.slas.is_empty() || self.is_cut {
            return;
        }
        let plan = self.plan.clone();
        for (place, sla) in plan.flow.slas.iter().enumerate() {
            let SlaRule::Assertion(assertion) = &sla.rule else {
                continue;
            };
            if self.broken.contains(&place) {
                continue;
            }
            let snapshot = self.variables.snapshot(Vec::new(), true);
            let value = assertion.evaluate(&self.shared.scope(&snapshot));
            // What it reads may not be there yet.
            if value.is_ok_and(|value| !is_truthy(&value)) {
                self.break_rule(place);
            }
        }
    }

    /// Does what the flow wants where a rule is broken.
    pub(super) fn break_rule(&mut self, place: usize) {
        let plan = self.plan.clone();
        let sla = &plan.flow.slas[place];
        self.broken.push(place);
        let mut labels = sla.labels.clone();
        labels.insert("system.sla".to_owned(), json!(sla.id));
        self.variables.add_labels(&labels);
        self.tell(clock::now(), RunEventKind::LabelsAdded(labels));
        let reason = match &sla.rule {
            SlaRule::MaxDuration(duration) => {
                format!(
                    "the execution took longer than {} s (`{}`)",
                    duration.as_secs_f64(),
                    sla.id
                )
            }
            SlaRule::Assertion(_) => format!("what the execution must keep to does not hold (`{}`)", sla.id),
        };
        match sla.behavior {
            SlaBehavior::Fail => self.cut_off(State::Failed, reason),
            SlaBehavior::Cancel => self.cut_off(State::Cancelled, reason),
            SlaBehavior::None => {}
        }
    }
}

/// The value of a flow's output as its type; the error goes on where the output's name ends.
fn value_of(output: &FlowOutput, scope: &Scope<'_>) -> Result<Json, String> {
    let rendered = match output.output_type {
        OutputType::Text => output.value.render(scope),
        _ => output.value.evaluate(scope),
    };
    let value = rendered.map_err(|error| format!("cannot be rendered: {}", error.error.message))?;
    typed(value, output.output_type)
}

fn typed(value: Json, output_type: OutputType) -> Result<Json, String> {
    let wrong = |value: &Json, wanted: &str| format!("must be {wanted}, and is `{value}`");
    let read = |value: &Json| match value {
        Json::String(text) => serde_json::from_str(text.trim()).unwrap_or_else(|_| value.clone()),
        other => other.clone(),
    };
    match output_type {
        OutputType::Text => Ok(match value {
            Json::Object(_) | Json::Array(_) => Json::String(value.to_string()),
            other => other,
        }),
        OutputType::Integer => Some(read(&value))
            .filter(|read| read.is_i64() || read.is_u64())
            .ok_or_else(|| wrong(&value, "a whole number")),
        OutputType::Float => Some(read(&value))
            .filter(Json::is_number)
            .ok_or_else(|| wrong(&value, "a number")),
        OutputType::Boolean => Some(read(&value))
            .filter(Json::is_boolean)
            .ok_or_else(|| wrong(&value, "true or false")),
        OutputType::Json => Ok(read(&value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_become_their_type() {
        assert_eq!(typed(json!("7"), OutputType::Integer), Ok(json!(7)));
        assert_eq!(typed(json!("7.5"), OutputType::Float), Ok(json!(7.5)));
        assert_eq!(typed(json!(true), OutputType::Boolean), Ok(json!(true)));
        assert_eq!(typed(json!("[1]"), OutputType::Json), Ok(json!([1])));
        assert_eq!(typed(json!([1]), OutputType::Text), Ok(json!("[1]")));
        let message = typed(json!("x"), OutputType::Integer).unwrap_err();
        assert_eq!(message, "must be a whole number, and is `\"x\"`");
    }
}
