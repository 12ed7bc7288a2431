//! Findings about whole flows: what is said, and at which line and column.

use serde_json::json;

use super::check;
use crate::model::{Source, TaskType};

fn task_types() -> Vec<TaskType> {
    let schema = json!({
        "type": "object",
        "properties": {"message": {"anyOf": [{"type": "string"}, {"type": "array"}], "description": "the line"}, "level": {"type": "string", "enum": ["INFO", "WARN"]}},
        "required": ["message"],
        "additionalProperties": false,
    });
    let aliases = vec!["io.kestra.plugin.core.log.Log".to_owned()];
    vec![TaskType {
        name: "log".into(),
        aliases,
        summary: String::new(),
        properties: schema.into(),
        outputs: json!({}).into(),
    }]
}

/// Checks a flow and expects its findings as `line:column code message`.
fn check_findings(text: &str, expected: &[&str]) {
    let source = Source {
        name: "flow.yaml".into(),
        text: text.into(),
    };
    let found: Vec<String> = check(&source, &task_types())
        .diagnostics
        .iter()
        .map(|finding| {
            let (line, column) = finding.span.map_or((0, 0), |span| source.position(span.start));
            format!("{line}:{column} {} {}", finding.code, finding.message)
        })
        .collect();
    assert_eq!(found, expected, "{text}");
}

const GOOD: &str = "id: f\nnamespace: a.b\ntasks:\n  - id: t\n    type: log\n    message: hi\n";

#[test]
fn a_good_flow_has_no_finding_and_keeps_what_it_says() {
    check_findings(GOOD, &[]);
    let source = Source {
        name: "f".into(),
        text: format!("{GOOD}labels:\n  - key: k\n    value: 1\n"),
    };
    let flow = check(&source, &task_types()).flow.expect("the flow is good");
    assert_eq!(
        (flow.id.as_str(), flow.namespace.as_str(), flow.tasks.len()),
        ("f", "a.b", 1)
    );
    assert_eq!(flow.plain_labels()["k"], json!("1"));
    assert_eq!(flow.digest.len(), 64);
}

#[test]
fn keys_are_known_missing_or_not_supported_yet() {
    check_findings(
        &GOOD.replace("namespace", "namspace"),
        &[
            "1:1 missing-key the flow has no `namespace`",
            "2:1 unknown-key unknown key of a flow `namspace`",
        ],
    );
    check_findings(
        &format!("{GOOD}    taskCache: {{}}\n"),
        &["7:5 not-supported `taskCache` is not supported yet"],
    );
    check_findings(
        &format!("{GOOD}listeners: []\n"),
        &[
            "7:1 not-supported `listeners` is not supported yet",
            "7:1 removed-in-kestra-2 `listeners` is gone in Kestra 2.0",
        ],
    );
    check_findings("- a\n", &["1:1 wrong-type a flow must be a map, not a list"]);
}

#[test]
fn properties_are_held_against_the_schema() {
    check_findings(
        &GOOD.replace("message", "mesage"),
        &[
            "4:5 missing-property the property `message` of `log` is missing",
            "6:5 unknown-key unknown property of `log` `mesage`",
        ],
    );
    check_findings(
        &GOOD.replace("hi", "{a: 1}"),
        &["6:14 wrong-type `message` must be a string or a list, not a map"],
    );
    check_findings(
        &format!("{GOOD}    level: LOUD\n"),
        &["7:12 unknown-value `LOUD` is no value of `level`"],
    );
    check_findings(&format!("{GOOD}    level: \"{{{{ inputs.x ?? 'INFO' }}}}\"\n"), &[]);
}

#[test]
fn references_are_followed_to_the_character() {
    let with = |message: &str| GOOD.replace("hi", &format!("\"{message}\""));
    check_findings(&with("a {{ inputs.x }}"), &["6:20 unknown-input unknown input `x`"]);
    check_findings(
        &with("{{ outputs.t.x }}"),
        &["6:18 output-not-ready the task `t` has not run at this point"],
    );
    check_findings(&with("{{ flw.id }}"), &["6:18 unknown-variable unknown variable `flw`"]);
    check_findings(
        &with("{{ flow.name }}"),
        &["6:18 unknown-variable `flow` has no `name`"],
    );
    check_findings(&with("{{ inputs.x ?? 'd' }}"), &[]);
    check_findings(
        &with("{{ 'a' | uper }}"),
        &["6:24 unknown-filter unknown filter `uper`"],
    );
}

#[test]
fn inputs_see_only_what_they_depend_on() {
    let inputs =
        "inputs:\n  - id: a\n    type: STRING\n  - id: b\n    type: SELECT\n    expression: \"{{ [inputs.a] }}\"\n";
    check_findings(
        &format!("{GOOD}{inputs}"),
        &["12:22 missing-dependency the input `b` reads `a` and does not depend on it"],
    );
    check_findings(&format!("{GOOD}{inputs}    dependsOn:\n      inputs: [a]\n"), &[]);
    check_findings(
        &format!("{GOOD}{inputs}    dependsOn:\n      inputs: [a, b]\n"),
        &["10:9 input-cycle the input `b` depends on itself"],
    );
    check_findings(
        &format!("{GOOD}inputs:\n  - id: n\n    type: TABLE\n"),
        &["9:11 not-supported inputs of type `TABLE` are not supported yet"],
    );
}

#[test]
fn assets_are_checked_where_they_are_literal() {
    let assets = |outputs: &str| format!("{GOOD}    assets:\n      outputs:\n        - {outputs}\n");
    check_findings(&assets("id: \"{{ outputs.t.x ?? 'y' }}\""), &[]);
    check_findings(&assets("type: VM"), &["9:11 missing-key the asset has no `id`"]);
    check_findings(
        &assets("id: \"-x\""),
        &["9:15 invalid-asset the asset id `-x` must start with a letter or a digit"],
    );
    check_findings(
        &assets("vm"),
        &["9:11 wrong-type an asset must be a map with an `id`, not a string"],
    );
}

#[test]
fn faults_of_inputs_are_found_at_their_places() {
    let inputs = "inputs:
  - {id: a, type: INT, min: 9, max: 1}
  - {id: b, type: INT, defaults: ten}
  - {id: c, type: STRING, validator: 'a(', min: 1}
  - {id: d, type: SELECT, values: [x, y], defaults: z1}
  - {id: e, type: ARRAY, itemType: NUMBER}
  - {id: f, type: DATE, after: tomorrow}
  - {id: g, type: BOOL, dependsOn: {inputs: [a], condition: \"{{ inputs.b }}\"}}
  - {id: h, type: STRING, prefill: \"{{ inputs.zz }}\"}
  - {id: a.b, type: JSON}
  - {id: i, type: MULTISELECT}
";
    check_findings(
        &format!("{GOOD}{inputs}"),
        &[
            "8:37 empty-range no value can lie from 9 to 1",
            "9:34 invalid-default an input of type `INT` takes a whole number, and `defaults` is `ten`",
            "10:38 invalid-regex `a(` is no regular expression",
            "10:44 unknown-key an input of type `STRING` has no `min`",
            "11:53 invalid-default `defaults` is `z1`, which is none of the `values`",
            "12:36 unknown-type unknown type of items `NUMBER`",
            "13:32 invalid-bound `after` must be a date such as 2026-01-31, not `tomorrow`",
            "14:65 missing-dependency the input `g` reads `b` and does not depend on it",
            "15:40 unknown-input unknown input `zz`",
            "16:10 input-clash the inputs `a` and `a.b` get in each other's way: dots in ids nest",
            "17:6 missing-key an input of type `MULTISELECT` needs either `values` or `expression`",
        ],
    );
}

const SCHEDULE: &str = "io.kestra.plugin.core.trigger.Schedule";

/// Checks a flow with these triggers and expects its findings besides the note that nothing starts it here.
fn check_triggers(triggers: &str, expected: &[&str]) {
    let inputs = "inputs:\n  - {id: vm, type: STRING, defaults: x}\n  - {id: n, type: INT, max: 3, required: false}\n";
    let mut all = vec![
        "10:1 trigger-not-fired triggers are checked and start nothing here: begat runs a flow when it is told to",
    ];
    all.extend(expected);
    check_findings(&format!("{GOOD}{inputs}triggers:\n{triggers}"), &all);
}

#[test]
fn good_triggers_are_kept() {
    let text = format!(
        "{GOOD}triggers:
  - {{id: daily, type: {SCHEDULE}, cron: '@daily', timezone: Europe/Berlin, disabled: true}}
  - {{id: file, type: io.kestra.plugin.aws.s3.Trigger, interval: PT30S, bucket: b}}
"
    );
    let source = Source { name: "f".into(), text };
    let flow = check(&source, &task_types()).flow.expect("the flow is good");
    let shown: Vec<_> = flow
        .triggers
        .iter()
        .map(|trigger| (trigger.id.as_str(), trigger.disabled, trigger.properties.len()))
        .collect();
    assert_eq!(shown, [("daily", true, 2), ("file", false, 2)]);
    check_triggers(
        "  - id: hook\n    type: io.kestra.plugin.core.trigger.Webhook\n    key: k\n
  - id: after
    type: io.kestra.plugin.core.trigger.Flow
    inputs: {vm: \"{{ trigger.outputs.vm }}\", n: 2}
    preconditions:
      id: all
      timeWindow: {type: DURATION_WINDOW, window: PT1H}
      flows: [{namespace: a, flowId: b, states: [SUCCESS]}]
  - id: dates
    type: io.kestra.plugin.core.trigger.ScheduleOnDates
    dates: ['2026-01-31T10:15:30Z']
",
        &[],
    );
}

#[test]
fn faults_of_triggers_are_found_at_their_places() {
    check_triggers(
        &format!(
            "  - id: a
    type: {SCHEDULE}
    cron: 0 9 * * MOON
    timezone: Europe/Berln
    lateMaximumDelay: 5m
    recoverMissedSchedules: SOME
    inputs: {{vmm: x, n: 9}}
  - id: a
    type: {SCHEDULE}
    cron: 0 0 30 2 *
    withSecond: true
  - {{id: b, type: {SCHEDULE}, labels: {{}}}}
"
        ),
        &[
            "13:19 invalid-cron `0 9 * * MOON` is no cron line: `MOON` is no day of the week",
            "14:15 invalid-time-zone unknown time zone `Europe/Berln`",
            "15:23 invalid-duration `lateMaximumDelay` must be a duration such as PT5M, not `5m`",
            "16:29 unknown-value `SOME` is no value of `recoverMissedSchedules`",
            "17:14 unknown-input the flow has no input `vmm`",
            "17:25 invalid-input the input `n` takes a whole number up to 3, not `9`",
            "18:9 duplicate-id the trigger `a` is declared twice",
            "20:11 invalid-cron `0 0 30 2 *` names a day that never comes",
            "21:5 unknown-key unknown key of this trigger `withSecond`",
            "22:6 missing-key the trigger has no `cron`",
        ],
    );
    check_triggers(
        "  - {id: a, type: io.kestra.plugin.core.trigger.Shedule, cron: '* * * * *'}
  - {id: 'b c', type: io.kestra.plugin.core.trigger.Webhook}
  - {id: d, type: io.kestra.plugin.jdbc.Trigger, interval: often, sql: \"{{ 1 | uper }}\"}
  - e
",
        &[
            "11:19 unknown-trigger-type unknown trigger type `io.kestra.plugin.core.trigger.Shedule`",
            "12:6 missing-key the trigger has no `key`",
            "12:10 invalid-id the trigger id `b c` contains ` `; allowed are letters, digits and `_` `-`",
            "13:60 invalid-duration `interval` must be a duration such as PT5M, not `often`",
            "13:80 unknown-filter unknown filter `uper`",
            "14:5 wrong-type a trigger must be a map, not a string",
        ],
    );
    check_findings(
        &format!("{GOOD}triggers: daily\n"),
        &["7:11 wrong-type `triggers` must be a list, not a string"],
    );
}

#[test]
fn a_trigger_gives_what_the_flow_needs() {
    let inputs = "inputs:
  - {id: vm, type: STRING}
  - {id: size, type: INT}
  - {id: disk.kind, type: STRING}
  - {id: zone, type: SELECT, values: [a, b], autoSelectFirst: true}
  - {id: note, type: STRING, required: false}
  - {id: port, type: INT, defaults: 80}
  - {id: odd, type: STRING, dependsOn: {inputs: [vm], condition: \"{{ inputs.vm == 'x' }}\"}}
";
    check_findings(
        &format!(
            "{GOOD}{inputs}triggers:
  - {{id: none, type: {SCHEDULE}, cron: '@daily'}}
  - {{id: some, type: {SCHEDULE}, cron: '@daily', inputs: {{vm: x, disk: {{kind: ssd}}}}}}
  - {{id: all, type: {SCHEDULE}, cron: '@daily', inputs: {{vm: \"{{{{ trigger.date }}}}\", size: 1, disk.kind: ssd}}}}
  - {{id: off, type: {SCHEDULE}, cron: '@daily', disabled: true}}
"
        ),
        &[
            "15:1 trigger-not-fired triggers are checked and start nothing here: begat runs a flow when it is told to",
            "16:10 missing-input the trigger gives no value for the required inputs `vm`, `size`, `disk.kind`, so that nothing it starts could run",
            "17:10 missing-input the trigger gives no value for the required input `size`, so that nothing it starts could run",
        ],
    );
}

#[test]
fn labels_may_hold_expressions() {
    check_findings(
        &format!(
            "{GOOD}inputs: [{{id: vm, type: STRING}}]
labels:
  a: \"{{{{ inputs.vm }}}} of {{{{ flow.id }}}} at {{{{ execution.startDate | date('yyyy') }}}}\"
  b: \"{{{{ (trigger is defined and trigger.data is defined) ? trigger.data.id : inputs.vm }}}}\"
  c: \"{{{{ inputs.vn }}}} {{{{ outputs.t.x }}}} {{{{ trigger.date }}}}\"
  d: \"{{{{ 1 | uper }}}}\"
"
        ),
        &[
            "11:10 unknown-input unknown input `vn`",
            "11:26 unknown-variable unknown variable `outputs`",
            "11:44 no-trigger `trigger` is only there in executions that a trigger started, and begat starts none",
            "12:14 unknown-filter unknown filter `uper`",
        ],
    );
}

#[test]
fn a_task_gives_the_outputs_it_has() {
    check_findings(
        "id: f
namespace: a.b
tasks:
  - {id: l, type: log, message: hi}
  - {id: r, type: return, format: hi}
  - {id: v, type: output-values, values: {one: 1, two: 2}}
  - {id: p, type: pause, onResume: [{id: why, type: STRING}]}
  - {id: each, type: foreach, values: [1], tasks: [{id: in, type: return, format: x}]}
  - id: m
    type: log
    message:
      - \"{{ outputs.l.anything }} {{ outputs.r.value }} {{ outputs.r.valeu }} {{ outputs.r.valeu ?? 'x' }}\"
      - \"{{ outputs.v.values.one }} {{ outputs.v.values.three }} {{ outputs.v.one }}\"
      - \"{{ outputs.p.onResume.why }} {{ outputs.p.onResume.who }} {{ outputs.each.x }}\"
      - \"{{ outputs.in['1'].value }} {{ outputs['r']['valeu'] }} {{ outputs.in.valeu }}\"
      - \"{{ tasks.r.state }} {{ tasks.r.stat }} {{ tasks.q.state }} {{ tasks.m.state }}\"
errors:
  - {id: e, type: log, message: \"{{ outputs.r.valeu }}\"}
outputs:
  - {id: needed, type: STRING, value: \"{{ outputs.r.valeu }}\"}
  - {id: maybe, type: STRING, required: false, value: \"{{ outputs.r.valeu }}\"}
",
        &[
            "12:60 unknown-output the task `r` gives no output `valeu`",
            "13:40 unknown-output `outputs.v.values` has no `three`",
            "13:69 unknown-output the task `v` gives no output `one`",
            "14:42 unknown-output `outputs.p.onResume` has no `who`",
            "14:71 unknown-output the task `each` gives no outputs",
            "15:41 unknown-output the task `r` gives no output `valeu`",
            "16:33 unknown-output `tasks.r` has no `stat`",
            "16:52 unknown-task unknown task `q`",
            "16:72 output-not-ready the task `m` has not run at this point",
            "18:37 unknown-output the task `r` gives no output `valeu`",
            "20:43 unknown-output the task `r` gives no output `valeu`",
        ],
    );
}

#[test]
fn what_kestra_2_has_removed_is_noted() {
    let flow = format!(
        "{}labels: {{a: b}}\ntriggers:
  - id: t
    type: {SCHEDULE}
    cron: '@daily'
    conditions: []
",
        GOOD.replace("message: hi", "message: \"{{ json('[1]') | json }}\"")
    );
    check_findings(
        &flow,
        &[
            "6:18 removed-in-kestra-2 the function `json` is gone in Kestra 2.0",
            "6:32 removed-in-kestra-2 the filter `json` is gone in Kestra 2.0",
            "8:1 trigger-not-fired triggers are checked and start nothing here: begat runs a flow when it is told to",
            "12:5 removed-in-kestra-2 `conditions` is gone in Kestra 2.0",
        ],
    );
    check_findings(
        &format!("{GOOD}    workerGroup: {{key: k}}\n"),
        &[
            "7:5 not-supported `workerGroup` is not supported yet",
            "7:5 removed-in-kestra-2 `workerGroup` is gone in Kestra 2.0",
        ],
    );
}

#[test]
fn a_fault_in_an_expression_hides_no_other() {
    let message = |text: &str| GOOD.replace("hi", &format!("\"{text}\""));
    check_findings(
        &message("{{ inputs.x | uper }} {{ nwo() }} {{ vms }} {{ outputs.u.y | lower }}"),
        &[
            "6:18 unknown-input unknown input `x`",
            "6:29 unknown-filter unknown filter `uper`",
            "6:40 unknown-function unknown function `nwo`",
            "6:52 unknown-variable unknown variable `vms`",
            "6:62 unknown-task unknown task `u`",
        ],
    );
    check_findings(
        &message("{{ (inputs.x | uper) ?? 'y' }}"),
        &["6:30 unknown-filter unknown filter `uper`"],
    );
    check_findings(
        &message("{% set a = 1 | uper %}{{ a }}"),
        &["6:30 unknown-filter unknown filter `uper`"],
    );
}
