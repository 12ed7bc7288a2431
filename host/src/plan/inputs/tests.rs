//! What flows get from what they are given.

use indexmap::IndexMap;
use proptest::prelude::*;
use serde_json::json;
use std::path::Path;
use std::sync::Arc;

use super::{FileInput, FileOrigin, next_question};
use crate::flow::{self, Flow, GivenInput};
use crate::model::{
    Asset, AssetFilter, AssetId, CatalogReader, Diagnostic, ExecutionId, Json, RecordError, Source, TaskType, Timestamp,
};
use crate::plan::{self, Plan, PlanRequest};

static NO_STUBS: crate::plan::Stubs = crate::plan::Stubs {
    task_types: Vec::new(),
    missing: false,
    tasks: std::collections::BTreeMap::new(),
};

struct EmptyCatalog;

impl CatalogReader for EmptyCatalog {
    fn asset(&self, _id: &AssetId) -> Result<Option<Asset>, RecordError> {
        Ok(None)
    }

    fn assets(&self, _filter: &AssetFilter) -> Result<Vec<Asset>, RecordError> {
        Ok(Vec::new())
    }
}

fn task_types() -> Vec<TaskType> {
    vec![TaskType {
        name: "log".into(),
        aliases: vec![],
        summary: String::new(),
        properties: json!({}).into(),
        outputs: json!({}).into(),
    }]
}

/// The file `/data/a b.csv` is the only one there is.
fn find_file(path: &Path, origin: FileOrigin) -> Result<FileInput, String> {
    match (path.to_str(), origin) {
        (Some("/data/a b.csv"), FileOrigin::User) => Ok(FileInput::at(path)),
        (Some(path), FileOrigin::User) => Err(format!("there is no file `{path}`")),
        _ => Err("a flow may name no file".to_owned()),
    }
}

const START: &str = "id: f\nnamespace: a.b\ntasks:\n  - id: t\n    type: log\ninputs:\n";

fn source(inputs: &str) -> Source {
    Source {
        name: "f.yaml".into(),
        text: format!("{START}{inputs}"),
    }
}

fn checked(inputs: &str) -> Flow {
    let checked = flow::check(&source(inputs), &task_types());
    assert_eq!(checked.diagnostics, [], "{inputs}");
    checked.flow.expect("the flow is good")
}

fn request<'a>(given: &[(&str, &str)], task_types: &'a [TaskType]) -> PlanRequest<'a> {
    PlanRequest {
        inputs: given
            .iter()
            .map(|(id, text)| ((*id).to_owned(), GivenInput::from(*text)))
            .collect(),
        files: &find_file,
        execution: ExecutionId::from_bits(1),
        now: Timestamp::UNIX_EPOCH,
        catalog: &EmptyCatalog,
        task_types,
        stubs: &NO_STUBS,
        labels: crate::model::JsonMap::new(),
    }
}

fn build(inputs: &str, given: &[(&str, &str)]) -> Result<Plan, Vec<Diagnostic>> {
    plan::build(Arc::new(checked(inputs)), request(given, &task_types()))
}

fn check(inputs: &str, given: &[(&str, &str)], expected: Json) {
    match build(inputs, given) {
        Ok(plan) => assert_eq!(Json::Object(plan.inputs), expected, "{inputs} {given:?}"),
        Err(findings) => panic!("{inputs} {given:?}: {findings:#?}"),
    }
}

/// A finding as `line:column message`, then `^ caption` and `= hint`.
fn shown(inputs: &str, finding: &Diagnostic) -> String {
    let source = source(inputs);
    let (line, column) = finding.span.map_or((0, 0), |span| source.position(span.start));
    let mut text = format!("{line}:{column} {}", finding.message);
    for (sign, words) in [('^', &finding.caption), ('=', &finding.hint)] {
        if let Some(words) = words {
            text += &format!("\n  {sign} {words}");
        }
    }
    text
}

fn check_refused(inputs: &str, given: &[(&str, &str)], expected: &[&str]) {
    let findings = build(inputs, given).expect_err("the flow is refused");
    let findings: Vec<String> = findings.iter().map(|finding| shown(inputs, finding)).collect();
    assert_eq!(findings, expected, "{inputs} {given:?}");
}

#[test]
fn the_given_value_wins_over_the_default_and_the_first_option() {
    let select = "  - {id: s, type: SELECT, values: [a, b, c], defaults: b, autoSelectFirst: true}\n";
    check(select, &[("s", "c")], json!({"s": "c"}));
    check(select, &[], json!({"s": "b"}));
    let first = "  - {id: s, type: SELECT, expression: \"{{ [null, 1, 2] }}\", autoSelectFirst: true}\n";
    check(first, &[], json!({"s": "1"}));
    let many = "  - {id: s, type: MULTISELECT, itemType: INT, values: [1, 2], autoSelectFirst: true}\n";
    check(many, &[], json!({"s": [1]}));
    check(many, &[("s", "[2, 1]")], json!({"s": [2, 1]}));
}

#[test]
fn defaults_are_rendered_and_typed() {
    check(
        "  - {id: n, type: INT, defaults: \"{{ 2 * 3 }}\"}\n",
        &[],
        json!({"n": 6}),
    );
    check(
        "  - {id: n, type: INT, defaults: \"1{{ 2 }}\"}\n",
        &[],
        json!({"n": 12}),
    );
    check(
        "  - {id: s, type: STRING, defaults: \"{{ [1] }}\"}\n",
        &[],
        json!({"s": "[1]"}),
    );
    check(
        "  - {id: l, type: ARRAY, itemType: INT, defaults: [\"{{ 1 }}\", 2]}\n",
        &[],
        json!({"l": [1, 2]}),
    );
    check(
        "  - {id: j, type: JSON, defaults: {a: \"{{ [1] }}\"}}\n",
        &[],
        json!({"j": {"a": [1]}}),
    );
    check(
        "  - {id: j, type: JSON, defaults: \"{\\\"a\\\": 1}\"}\n",
        &[],
        json!({"j": {"a": 1}}),
    );
    check(
        "  - {id: d, type: DATETIME, defaults: \"{{ now() }}\"}\n",
        &[],
        json!({"d": "1970-01-01T00:00:00Z"}),
    );
    check(
        "  - {id: d, type: DATE, defaults: \"{{ now() | date('yyyy-MM-dd') }}\"}\n",
        &[],
        json!({"d": "1970-01-01"}),
    );
    let chain = "  - {id: b, type: STRING, defaults: \"{{ inputs.a }}!\", dependsOn: {inputs: [a]}}\n  - {id: a, type: INT, defaults: 1}\n";
    check(chain, &[("a", "2")], json!({"b": "2!", "a": 2}));
}

#[test]
fn optional_inputs_without_a_value_are_null() {
    check("  - {id: o, type: INT, required: false}\n", &[], json!({"o": null}));
    check(
        "  - {id: o, type: INT, required: false, prefill: 5}\n",
        &[],
        json!({"o": null}),
    );
    let dependent = "  - {id: o, type: INT, required: false}\n  - {id: d, type: STRING, defaults: \"{{ inputs.o ?? 'none' }}\", dependsOn: {inputs: [o]}}\n";
    check(dependent, &[], json!({"o": null, "d": "none"}));
}

#[test]
fn ids_with_dots_nest_in_expressions() {
    let inputs = "  - {id: db.host, type: STRING}\n  - {id: url, type: STRING, defaults: \"{{ inputs.db.host }}:1\", dependsOn: {inputs: [db.host]}}\n";
    check(inputs, &[("db.host", "h")], json!({"db.host": "h", "url": "h:1"}));
}

#[test]
fn a_false_condition_leaves_the_input_out_and_all_that_depends_on_it() {
    let inputs = "  - {id: kind, type: SELECT, values: [vm, app]}\n  - {id: size, type: INT, dependsOn: {inputs: [kind], condition: \"{{ inputs.kind == 'vm' }}\"}}\n  - {id: unit, type: STRING, dependsOn: {inputs: [size]}}\n";
    check(inputs, &[("kind", "app")], json!({"kind": "app"}));
    check(inputs, &[("kind", "app"), ("size", "x")], json!({"kind": "app"}));
    check(
        inputs,
        &[("kind", "vm"), ("size", "1"), ("unit", "g")],
        json!({"kind": "vm", "size": 1, "unit": "g"}),
    );
    check_refused(
        inputs,
        &[("kind", "vm")],
        &["8:10 the input `size` has no value\n  = give it with `--input size=…`: a whole number"],
    );
    let odd = "  - {id: x, type: INT, dependsOn: {condition: \"{{ 1 }} == 1\"}}\n";
    check_refused(
        odd,
        &[],
        &[
            "7:47 the input `x` has no value: its `condition` gives neither true nor false\n  ^ gives a string\n  = write one expression, such as \"{{ inputs.kind == 'VM' }}\"",
        ],
    );
}

#[test]
fn files_are_found_by_the_host() {
    let inputs = "  - {id: f, type: FILE, allowedFileExtensions: [.csv]}\n";
    let uri = json!({"f": "file:///data/a%20b.csv"});
    check(inputs, &[("f", "/data/a b.csv")], uri.clone());
    check(inputs, &[("f", "file:///data/a%20b.csv")], uri);
    check_refused(
        inputs,
        &[("f", "/data/b.csv")],
        &["7:10 the input `f` has no value: there is no file `/data/b.csv`"],
    );
    check_refused(
        inputs,
        &[("f", "nsfile:///a.csv")],
        &["7:10 the input `f` has no value: files of `nsfile://` are not supported yet"],
    );
    check_refused(
        "  - {id: f, type: FILE, defaults: \"/etc/passwd\"}\n",
        &[],
        &["7:35 the input `f` has no value: a flow may name no file"],
    );
    let many = "  - {id: f, type: ARRAY, itemType: FILE}\n";
    check(
        many,
        &[("f", "[\"/data/a b.csv\"]")],
        json!({"f": ["file:///data/a%20b.csv"]}),
    );
}

const SECRETS: &str = "  - {id: password, type: SECRET, validator: \".{7,}\"}
  - {id: url, type: STRING, defaults: \"x:{{ inputs.password }}@h\", dependsOn: {inputs: [password]}}
  - {id: host, type: STRING, defaults: h, dependsOn: {inputs: [password]}}
  - {id: port, type: INT, defaults: \"{{ inputs.password ~ 'x' }}\", dependsOn: {inputs: [password]}}
";

#[test]
fn secrets_are_for_expressions_only() {
    let plan = build(SECRETS, &[("password", "hunter2"), ("port", "1")]).expect("the inputs fit");
    assert_eq!(
        Json::Object(plan.inputs),
        json!({"password": "hunter2", "url": "x:hunter2@h", "host": "h", "port": 1})
    );
    assert_eq!(
        Json::Object(plan.recorded_inputs),
        json!({"password": "******", "url": "******", "host": "h", "port": 1})
    );
    let secret: Vec<String> = plan.secret_inputs.into_iter().map(String::from).collect();
    assert_eq!(secret, ["password", "url"]);
}

#[test]
fn what_is_chosen_from_a_secret_is_secret() {
    let inputs = "  - {id: p, type: SECRET}
  - {id: s, type: SELECT, expression: \"{{ [inputs.p ~ 1] }}\", dependsOn: {inputs: [p]}, autoSelectFirst: true}
";
    for given in [&[("p", "hunter2")][..], &[("p", "hunter2"), ("s", "hunter21")]] {
        let plan = build(inputs, given).expect("the inputs fit");
        assert_eq!(
            Json::Object(plan.recorded_inputs),
            json!({"p": "******", "s": "******"})
        );
    }
}

#[test]
fn findings_show_no_secret() {
    check_refused(
        SECRETS,
        &[("password", "hunter2")],
        &["10:37 the input `port` takes a whole number; its default is something else"],
    );
    check_refused(
        SECRETS,
        &[("password", "hunter")],
        &["7:10 the input `password` takes a string that matches `.{7,}`; something else was given"],
    );
    let quoting = "  - {id: p, type: SECRET}\n  - {id: n, type: STRING, defaults: \"{{ inputs.p | number }}\", dependsOn: {inputs: [p]}}\n";
    let findings = build(quoting, &[("p", "hunter2")]).expect_err("it is no number");
    assert!(!format!("{findings:?}").contains("hunter2"), "{findings:?}");
}

const MANY: &str = "  - {id: count, type: INT, min: 1, max: 5}
  - {id: size, type: SELECT, values: [small, large]}
  - {id: when, type: DATETIME}
  - {id: tags, type: ARRAY, itemType: STRING}
  - {id: config, type: JSON}
  - {id: on, type: BOOL, defaults: \"{{ 'perhaps' }}\"}
  - {id: vm, type: SELECT, expression: \"{{ [(assets() | first).id] }}\"}
  - {id: disk, type: STRING, dependsOn: {inputs: [vm]}}
  - {id: name, type: STRING}
  - {id: region, type: SELECT, expression: \"{{ 5 }}\"}
";

#[test]
fn all_that_is_wrong_is_told_at_once() {
    let given = [
        ("cuont", "1"),
        ("count", "7"),
        ("size", "smal"),
        ("when", "2026-01-31T10:00:00"),
        ("tags", "a,b"),
        ("config", "{"),
    ];
    check_refused(
        MANY,
        &given,
        &[
            "0:0 the flow has no input `cuont`\n  = did you mean `count`?",
            "7:10 the input `count` takes a whole number from 1 to 5; `7` was given",
            "8:10 `smal` is no option of the input `size`\n  = did you mean `small`?",
            "9:10 the input `when` takes a date and time with its zone such as 2026-01-31T10:15:30Z; `2026-01-31T10:00:00` was given\n  = say which zone: `2026-01-31T10:00:00Z` is in UTC",
            "10:10 the input `tags` takes a list of strings; `a,b` was given\n  = write it as a JSON list: '[\"a\",\"b\"]'",
            "11:10 the input `config` takes JSON; `{` was given\n  ^ this is not JSON: EOF while parsing an object at line 1 column 1",
            "12:36 the input `on` takes `true` or `false`; its default is `perhaps`",
            "13:45 the input `vm` has no value: its `expression` cannot be rendered: `id` is read from null\n  ^ what stands before `id` has no value\n  = nothing in the catalog matches yet; run the flow that creates it first",
            "15:10 the input `name` has no value\n  = give it with `--input name=…`",
            "16:44 the input `region` has no value: its `expression` gives no list\n  ^ gives a number",
        ],
    );
}

#[test]
fn options_do_not_matter_where_any_value_is_taken() {
    let inputs = "  - {id: s, type: SELECT, allowCustomValue: true, expression: \"{{ [(assets() | first).id] }}\"}\n";
    check(inputs, &[("s", "z")], json!({"s": "z"}));
    let optional = "  - {id: s, type: SELECT, values: [a], required: false}\n";
    check(optional, &[], json!({"s": null}));
    check_refused(
        "  - {id: s, type: MULTISELECT, values: [a, b]}\n",
        &[("s", "[\"a\", \"zoo\"]")],
        &["7:10 `zoo` is no option of the input `s`\n  = it must be one of a, b"],
    );
}

/// Asks for one input after the other, answering from the list, and expects the questions as `id type options prefill`.
fn check_questions(inputs: &str, answers: &[(&str, &str)], expected: &[&str]) {
    let (flow, task_types) = (checked(inputs), task_types());
    let mut request = request(&[], &task_types);
    let mut asked = Vec::new();
    while let Some(question) = next_question(&flow, &request).expect("the answers fit") {
        let options: Option<Vec<String>> = question
            .options
            .map(|options| options.into_iter().map(|option| option.label).collect());
        let prefill = question.prefill.unwrap_or_default();
        asked.push(format!("{} {} {options:?} {prefill}", question.id, question.input_type));
        let answer = answers.iter().find(|(id, _)| *id == question.id.as_str());
        let Some((id, text)) = answer else { break };
        request.inputs.insert((*id).to_owned(), GivenInput::from(*text));
    }
    assert_eq!(asked, expected, "{inputs}");
}

#[test]
fn questions_come_one_after_the_other_with_what_is_known() {
    let inputs =
        "  - {id: b, type: SELECT, expression: \"{{ [inputs.a ~ 1, inputs.a ~ 2] }}\", dependsOn: {inputs: [a]}}
  - {id: a, type: STRING, prefill: web}
  - {id: c, type: INT, defaults: 1}
  - {id: d, type: INT, required: false}
  - {id: e, type: SECRET, dependsOn: {inputs: [b], condition: \"{{ inputs.b == 'x1' }}\"}}
  - {id: f, type: SELECT, values: [{value: v, label: The V}]}
";
    check_questions(
        inputs,
        &[("a", "x"), ("b", "x2"), ("f", "v")],
        &[
            "a STRING None \"web\"",
            "b SELECT Some([\"x1\", \"x2\"]) null",
            "f SELECT Some([\"The V\"]) null",
        ],
    );
    check_questions(
        inputs,
        &[("a", "x"), ("b", "x1")],
        &[
            "a STRING None \"web\"",
            "b SELECT Some([\"x1\", \"x2\"]) null",
            "e SECRET None null",
        ],
    );
}

#[test]
fn a_question_suggests_no_secret() {
    let inputs = "  - {id: p, type: SECRET, prefill: hunter2}
  - {id: n, type: STRING, prefill: \"{{ inputs.p }}\", dependsOn: {inputs: [p]}}
";
    check_questions(
        inputs,
        &[("p", "x"), ("n", "y")],
        &["p SECRET None null", "n STRING None null"],
    );
}

#[test]
fn an_answer_that_does_not_fit_is_refused_before_the_next_question() {
    let (flow, task_types) = (
        checked("  - {id: n, type: INT}\n  - {id: m, type: INT}\n"),
        task_types(),
    );
    let findings = next_question(&flow, &request(&[("n", "x")], &task_types)).expect_err("`x` is no number");
    let messages: Vec<&str> = findings.iter().map(|finding| finding.message.as_str()).collect();
    assert_eq!(messages, ["the input `n` takes a whole number; `x` was given"]);
}

proptest! {
    #[test]
    fn no_given_text_panics(texts in prop::collection::vec("\\PC{0,20}", 10)) {
        let flow = Arc::new(checked(MANY));
        let ids = flow.inputs.iter().map(|input| input.id.to_string());
        let inputs: IndexMap<String, GivenInput> = ids.zip(texts.into_iter().map(GivenInput::Text)).collect();
        let task_types = task_types();
        let request = PlanRequest { inputs, ..request(&[], &task_types) };
        drop(next_question(&flow, &request));
        drop(plan::build(flow, request));
    }
}
