//! Functions on what the execution has done so far, read from its variables.

use super::{Function, function};
use crate::expr::error::{Problem, UNDEFINED_VARIABLE};
use crate::expr::evaluate::Host;
use crate::expr::signature::{Given, required};
use crate::expr::value::{Entries, Value};

pub(super) static FUNCTIONS: &[Function] = &[
    function(
        "currentEachOutput",
        &[required("outputs")],
        "the outputs of a task for the value that the loop around it is at",
        current_each_output,
    ),
    function(
        "tasksWithState",
        &[required("state")],
        "the tasks that are in a state such as `FAILED`",
        tasks_with_state,
    ),
];

fn variable<'h>(host: &'h Host<'_>, function: &str, name: &str) -> Result<&'h Value, Problem> {
    host.scope.variable(name).ok_or_else(|| Problem {
        code: UNDEFINED_VARIABLE,
        message: format!("`{function}` reads the variable `{name}`, which is not defined here"),
        hint: None,
    })
}

/// The value of a task run, as the name of its outputs.
fn loop_value(taskrun: &Value) -> Option<String> {
    let value = taskrun.as_map()?.get("value")?;
    (!value.is_null()).then(|| value.to_string())
}

/// Goes from the outermost loop to the innermost, taking the outputs for the value each of them is at.
fn current_each_output(given: &Given, host: &Host<'_>) -> Result<Value, Problem> {
    given.need_map(0)?;
    let taskrun = variable(host, "currentEachOutput", "taskrun")?;
    let parents = host.scope.variable("parents").and_then(Value::as_list).unwrap_or(&[]);
    let outer = parents
        .iter()
        .rev()
        .filter_map(|parent| parent.as_map()?.get("taskrun"));
    let mut found = given.need(0)?;
    // Tasks that hold others without being loops have no value.
    let values: Vec<String> = outer.chain([taskrun]).filter_map(loop_value).collect();
    if values.is_empty() {
        let problem = Problem::wrong_type("the task run has no value");
        return Err(problem.with_hint("`currentEachOutput` is for tasks within a `ForEach`"));
    }
    for value in values {
        let entries = found.as_map().and_then(|outputs| outputs.get(value.as_str()));
        found = entries.ok_or_else(|| Problem {
            code: "not-found",
            message: format!("there are no outputs for the value `{value}`"),
            hint: None,
        })?;
    }
    Ok(found.clone())
}

fn tasks_with_state(given: &Given, host: &Host<'_>) -> Result<Value, Problem> {
    let state = given.need_text(0)?.to_uppercase();
    let tasks = variable(host, "tasksWithState", "tasks")?;
    let tasks = tasks.as_map().into_iter().flatten();
    Ok(tasks
        .filter_map(|(task, runs)| Some((task, runs.as_map()?)))
        .flat_map(|(task, runs)| runs_with_state(task, runs, &state))
        .collect())
}

/// One entry for the task, or one for each value of a loop.
fn runs_with_state(task: &str, runs: &Entries, state: &str) -> Vec<Value> {
    let has_state = |found: Option<&Value>| {
        let found = found.and_then(Value::as_str);
        found.is_some_and(|found| found.eq_ignore_ascii_case(state))
    };
    let entry = |value: Option<&str>| {
        let fields = [("taskId", Some(task)), ("state", Some(state)), ("value", value)];
        let given = fields
            .into_iter()
            .filter_map(|(name, text)| Some((name, Value::from(text?))));
        given.collect::<Value>()
    };
    let found = runs.iter().filter_map(|(key, run)| match run {
        Value::Map(run) => has_state(run.get("state")).then(|| entry(Some(key))),
        run => (&**key == "state" && has_state(Some(run))).then(|| entry(None)),
    });
    found.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::expr::testing::{check_error, check_error_with, check_with, scope};

    #[test]
    fn outputs_are_those_of_the_value_at_hand() {
        let outputs = json!({"make": {"a": {"data": 1}, "b": {"data": 2}, "2": {"data": 3}}});
        let scope = scope().with("outputs", outputs).with("taskrun", json!({"value": "b"}));
        check_with(&scope, "{{ currentEachOutput(outputs.make).data }}", "2");
        let numbered = scope.clone().with("taskrun", json!({"value": 2}));
        check_with(&numbered, "{{ currentEachOutput(outputs=outputs.make).data }}", "3");
        let other = scope.clone().with("taskrun", json!({"value": "c"}));
        let message = "there are no outputs for the value `c`";
        check_error_with(&other, "{{ currentEachOutput(outputs.make) }}", "not-found", message);
        let outside = scope.clone().with("taskrun", json!({"id": "x"}));
        let message = "the task run has no value";
        check_error_with(
            &outside,
            "{{ currentEachOutput(outputs.make) }}",
            "expression-type",
            message,
        );
    }

    #[test]
    fn outputs_of_loops_within_loops_are_found_from_the_outside_in() {
        let scope = scope()
            .with("outputs", json!({"make": {"x": {"y": {"z": "deep"}}}}))
            .with("taskrun", json!({"value": "z"}))
            .with(
                "parents",
                json!([{"taskrun": {"value": "y"}}, {"taskrun": {"value": "x"}}, {"outputs": {}}]),
            );
        check_with(&scope, "{{ currentEachOutput(outputs.make) }}", "deep");
    }

    #[test]
    fn tasks_are_found_by_state() {
        let tasks = json!({
            "a": {"state": "SUCCESS"},
            "b": {"state": "FAILED"},
            "each": {"1": {"state": "FAILED"}, "2": {"state": "SUCCESS"}},
        });
        let scope = scope().with("tasks", tasks);
        check_with(
            &scope,
            "{{ tasksWithState('FAILED') }}",
            r#"[{"taskId":"b","state":"FAILED"},{"taskId":"each","state":"FAILED","value":"1"}]"#,
        );
        check_with(
            &scope,
            "{{ tasksWithState('success') | length }} {{ tasksWithState('KILLED') }}",
            "2 []",
        );
    }

    #[test]
    fn the_variables_they_read_must_be_there() {
        check_error(
            "{{ currentEachOutput(map) }}",
            "undefined-variable",
            "`currentEachOutput` reads the variable `taskrun`, which is not defined here",
        );
        check_error(
            "{{ tasksWithState('FAILED') }}",
            "undefined-variable",
            "`tasksWithState` reads the variable `tasks`, which is not defined here",
        );
        check_error(
            "{{ currentEachOutput(name) }}",
            "expression-argument",
            "the argument `outputs` of the function `currentEachOutput` must be a map, not a string",
        );
    }
}
