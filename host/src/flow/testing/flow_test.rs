//! A file of tests of one flow, in the form that Kestra gives them.

use indexmap::IndexMap;
use serde_json::json;

use super::assertion::{self, Assertion};
use super::read;
use crate::flow::shape::{Key, Shape, key, object_schema, required};
use crate::flow::yaml::{Node, NodeKind};
use crate::model::{Declaration, Diagnostic, FlowId, Json, JsonMap, Namespace, Source, Span, State, TaskId, Timestamp};

/// The tests of one flow.
#[derive(Debug, Clone)]
pub struct FlowTest {
    /// The flow's file, from the folder of the tests on.
    pub flow: Option<String>,
    /// The flow by its id, and its namespace where that is given, among the files of the same folder.
    pub flow_id: Option<(FlowId, Option<Namespace>)>,
    pub cases: Vec<TestCase>,
}

/// One execution of the flow, and what must come of it.
#[derive(Debug, Clone)]
pub struct TestCase {
    pub id: String,
    pub disabled: bool,
    pub clock: Timestamp,
    pub seed: u64,
    /// Values of inputs by id.
    pub inputs: JsonMap,
    pub labels: JsonMap,
    /// What tasks come to, by their ids: nobody does their work.
    pub tasks: IndexMap<TaskId, TaskFixture>,
    /// The assets that are in the catalog, oldest first.
    pub assets: Vec<Declaration>,
    /// Values of the flow's namespace.
    pub key_values: JsonMap,
    /// Task types that are stood in for.
    pub stubs: Vec<String>,
    /// The state in which the execution must end.
    pub state: State,
    pub assertions: Vec<Assertion>,
    /// Where the id stands.
    pub span: Span,
}

/// What a task comes to.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskFixture {
    pub state: State,
    pub outputs: JsonMap,
    pub error: Option<String>,
    /// Lines it writes to the log.
    pub logs: Vec<String>,
    /// Where it stands.
    pub span: Span,
}

const FILE: [Key; 6] = [
    key("id", Shape::Text, "Names the tests."),
    key("description", Shape::Text, "What the tests are for."),
    key(
        "flow",
        Shape::Text,
        "The flow's file, beside this one; `NAME.yaml` for `NAME.test.yaml` unless given.",
    ),
    key(
        "flowId",
        Shape::Text,
        "The flow by its id, among the files of this folder.",
    ),
    key(
        "namespace",
        Shape::Text,
        "The namespace of the flow that `flowId` names.",
    ),
    required(
        "testCases",
        Shape::List(&Shape::Keys(&CASE)),
        "The tests, each an execution of its own.",
    ),
];

const CASE: [Key; 9] = [
    required("id", Shape::Text, "Names the test."),
    key(
        "type",
        Shape::Choice(&["io.kestra.core.tests.flow.UnitTest"]),
        "There is only one.",
    ),
    key("description", Shape::Text, "What the test shows."),
    key("disabled", Shape::Boolean, "Whether the test is left out."),
    key(
        "clock",
        Shape::Text,
        "When it is, all through the test; 2026-01-01T00:00:00Z unless given.",
    ),
    key(
        "seed",
        Shape::Whole,
        "What random numbers and ids are made from; 0 unless given.",
    ),
    key("fixtures", Shape::Keys(&FIXTURES), "What the flow finds."),
    key(
        "state",
        Shape::Choice(&["SUCCESS", "WARNING", "FAILED", "KILLED", "CANCELLED", "PAUSED"]),
        "How the execution must end; SUCCESS unless given.",
    ),
    key(
        "assertions",
        Shape::List(&Shape::Keys(&assertion::KEYS)),
        "What must hold afterwards.",
    ),
];

const FIXTURES: [Key; 6] = [
    key("inputs", Shape::Map, "Values of inputs, by id."),
    key(
        "labels",
        Shape::Map,
        "Labels of the execution, beside those of the flow.",
    ),
    key(
        "tasks",
        Shape::List(&Shape::Keys(&TASK)),
        "What tasks come to; nobody does their work.",
    ),
    key(
        "assets",
        Shape::List(&Shape::Any),
        "The assets that are in the catalog, oldest first.",
    ),
    key(
        "keyValues",
        Shape::Map,
        "What the key-value store of the namespace holds.",
    ),
    key(
        "stubs",
        Shape::List(&Shape::Text),
        "Task types that are stood in for: their properties are their outputs.",
    ),
];

const TASK: [Key; 6] = [
    required("id", Shape::Text, "The task."),
    key("description", Shape::Text, "Why it is stood in for."),
    key(
        "state",
        Shape::Choice(&["SUCCESS", "WARNING", "FAILED"]),
        "How it ends; SUCCESS unless given.",
    ),
    key("outputs", Shape::Map, "What it gives."),
    key("error", Shape::Text, "What is said of its failure."),
    key("logs", Shape::List(&Shape::Text), "Lines it writes to the log."),
];

/// The JSON Schema of a file of tests, for editors.
pub fn flow_test_schema() -> Json {
    let mut schema = object_schema(&FILE);
    schema["$schema"] = Json::from("http://json-schema.org/draft-07/schema#");
    schema["title"] = json!("Tests of a flow");
    schema
}

/// Reads tests of a flow; all that is wrong with them is answered at once.
pub fn read_flow_test(source: &Source) -> Result<FlowTest, Vec<Diagnostic>> {
    let root = read::document(source, "test of a flow", &FILE)?;
    let mut findings = Vec::new();
    let flow_id = flow_id(&root, &mut findings);
    let mut cases: Vec<TestCase> = Vec::new();
    for node in items(&root, "testCases") {
        let case = case(&source.text, node, &mut findings);
        if cases.iter().any(|known| known.id == case.id) {
            let message = format!("the test `{}` is written twice", case.id);
            findings.push(Diagnostic::error("duplicate-id", message, case.span));
        }
        cases.push(case);
    }
    if cases.is_empty() {
        let message = "`testCases` holds no test";
        findings.push(Diagnostic::error("no-tests", message, root.span));
    }
    match findings.is_empty() {
        true => Ok(FlowTest {
            flow: read::text(&root, "flow"),
            flow_id,
            cases,
        }),
        false => Err(findings),
    }
}

fn flow_id(root: &Node, findings: &mut Vec<Diagnostic>) -> Option<(FlowId, Option<Namespace>)> {
    let mut parsed = |name: &str, error: String| {
        let span = read::given(root, name).map(|node| node.span);
        findings.push(Diagnostic::error("invalid-id", error, span));
    };
    let id = FlowId::parse(&read::text(root, "flowId")?);
    let namespace = read::text(root, "namespace").map(|text| Namespace::parse(&text));
    match (id, namespace.transpose()) {
        (Ok(id), Ok(namespace)) => Some((id, namespace)),
        (Err(error), _) => {
            parsed("flowId", error.to_string());
            None
        }
        (_, Err(error)) => {
            parsed("namespace", error.to_string());
            None
        }
    }
}

fn items<'n>(node: &'n Node, name: &str) -> &'n [Node] {
    match read::given(node, name).map(|node| &node.kind) {
        Some(NodeKind::List(items)) => items,
        _ => &[],
    }
}

fn case(source: &str, node: &Node, findings: &mut Vec<Diagnostic>) -> TestCase {
    let nothing = Node {
        span: node.span,
        kind: NodeKind::Map(Vec::new()),
    };
    let fixtures = read::given(node, "fixtures").unwrap_or(&nothing);
    let disabled = read::given(node, "disabled").is_some_and(|node| node.to_json() == json!(true));
    let mut tasks = IndexMap::new();
    for node in items(fixtures, "tasks") {
        let text = read::text(node, "id").unwrap_or_default();
        match TaskId::parse(&text) {
            Ok(id) => drop(tasks.insert(id, task_fixture(node))),
            Err(error) => findings.push(Diagnostic::error("invalid-id", error.to_string(), node.span)),
        }
    }
    TestCase {
        id: read::text(node, "id").unwrap_or_default(),
        disabled,
        clock: read::clock(node, findings),
        seed: read::number(node, "seed", 0, findings),
        inputs: read::map(fixtures, "inputs"),
        labels: read::texts(fixtures, "labels", findings)
            .into_iter()
            .map(|(key, value)| (key, value.into()))
            .collect(),
        tasks,
        assets: read::declarations(fixtures, "assets", findings),
        key_values: read::map(fixtures, "keyValues"),
        stubs: texts(fixtures, "stubs"),
        state: state(node),
        assertions: items(node, "assertions")
            .iter()
            .map(|node| Assertion::read(source, node, findings))
            .collect(),
        span: read::given(node, "id").map_or(node.span, |node| node.span),
    }
}

fn texts(node: &Node, name: &str) -> Vec<String> {
    let texts = items(node, name).iter();
    texts.filter_map(crate::flow::fields::plain_text).collect()
}

fn state(node: &Node) -> State {
    let name = read::text(node, "state");
    name.and_then(|name| State::from_name(&name)).unwrap_or(State::Success)
}

fn task_fixture(node: &Node) -> TaskFixture {
    TaskFixture {
        state: state(node),
        outputs: read::map(node, "outputs"),
        error: read::text(node, "error"),
        logs: texts(node, "logs"),
        span: node.span,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::Scope;

    fn read(text: &str) -> Result<FlowTest, Vec<String>> {
        let source = Source {
            name: "a.test.yaml".to_owned(),
            text: text.to_owned(),
        };
        read_flow_test(&source).map_err(|findings| {
            let said = |finding: Diagnostic| match finding.hint {
                Some(hint) => format!("{} ({hint})", finding.message),
                None => finding.message,
            };
            findings.into_iter().map(said).collect()
        })
    }

    #[test]
    fn a_file_of_kestra_is_read_as_it_is() {
        let test = read(
            "id: t\nflowId: create_vm\nnamespace: company.team\ntestCases:\n  - id: works\n    \
             type: io.kestra.core.tests.flow.UnitTest\n    fixtures:\n      inputs: {vm: web}\n      tasks:\n        \
             - id: create\n          outputs: {ip: 1.2.3.4}\n    assertions:\n      - value: \"{{ outputs.create.ip }}\"\n        \
             equalTo: 1.2.3.4\n",
        )
        .unwrap();
        let case = &test.cases[0];
        assert_eq!(test.flow_id.unwrap().0.as_str(), "create_vm");
        assert_eq!(case.tasks[0].outputs["ip"], "1.2.3.4");
        assert_eq!((case.state, case.inputs["vm"].as_str()), (State::Success, Some("web")));
        assert_eq!(case.assertions.len(), 1);
    }

    fn check_refused(text: &str, expected: &[&str]) {
        assert_eq!(read(text).unwrap_err(), expected, "{text}");
    }

    #[test]
    fn mistakes_are_named() {
        check_refused("testCases: []", &["`testCases` holds no test"]);
        check_refused(
            "testCases: [{id: a, asertions: []}]",
            &["unknown key of an item of `testCases` `asertions` (did you mean `assertions`?)"],
        );
        check_refused(
            "testCases: [{id: a, assertions: [{value: 1, equalsTo: 1}]}]",
            &["unknown key of an item of `assertions` `equalsTo` (did you mean `equalTo`?)"],
        );
        check_refused(
            "testCases: [{id: a, state: SUCESS}]",
            &["`SUCESS` is no value of `state` (did you mean `SUCCESS`?)"],
        );
        check_refused("testCases: [{id: a}, {id: a}]", &["the test `a` is written twice"]);
        check_refused(
            "testCases: [{id: a, assertions: [{value: '{{ x | uper }}'}]}]",
            &["unknown filter `uper` (did you mean `upper`?)"],
        );
    }

    fn check_assertion(assertion: &str, expected: Result<(), &str>) {
        let text = format!("testCases: [{{id: a, assertions: [{assertion}]}}]");
        let test = read(&text).unwrap();
        let values = json!({"n": 3, "t": "windows-web-01", "list": [1, 2], "map": {"a": 1}, "no": false});
        let scope = Scope::new(Timestamp::UNIX_EPOCH).with("x", &values);
        let answer = test.cases[0].assertions[0].check(&scope);
        assert_eq!(answer, expected.map_err(str::to_owned), "{assertion}");
    }

    #[test]
    fn assertions_hold_or_say_why_not() {
        for holds in [
            "{value: '{{ x.n }}', equalTo: 3}",
            "{value: '{{ x.n }}', equalTo: '3'}",
            "{value: '{{ x.n }}', greaterThan: 2, lessThan: 3.5, notEqualTo: 4}",
            "{value: '{{ x.n }}', greaterThanOrEqualTo: 3, lessThanOrEqualTo: 3}",
            "{value: '{{ x.n }}', in: [1, 3], notIn: [2]}",
            "{value: '{{ x.t }}', startsWith: windows, endsWith: '01', contains: web, matches: '^[a-z0-9-]+$'}",
            "{value: '{{ x.list }}', contains: 2, equalTo: [1, 2.0]}",
            "{value: '{{ x.map }}', contains: a, equalTo: {a: 1}}",
            "{value: '{{ x.zzz ?? null }}', isNull: true}",
            "{value: '{{ x.n }}', isNotNull: true, isNull: false}",
            "{value: '{{ x.n > 2 }}'}",
            "{value: '{{ x.n }}', equalTo: '{{ x.list[0] + 2 }}'}",
        ] {
            check_assertion(holds, Ok(()));
        }
        check_assertion("{value: '{{ x.n }}', equalTo: 4}", Err("`{{ x.n }}` is 3, not 4"));
        check_assertion(
            "{value: '{{ x.no }}', errorMessage: it is off}",
            Err("it is off: `{{ x.no }}` is false, which is not true"),
        );
        check_assertion(
            "{value: '{{ x.list }}', greaterThan: 1}",
            Err("`{{ x.list }}` is [1,2]: it cannot be compared with 1"),
        );
        check_assertion(
            "{value: '{{ x.t }}', matches: '['}",
            Err(
                "`{{ x.t }}` is \"windows-web-01\": `matches` is no regular expression: regex parse error:\n    [\n    ^\nerror: unclosed character class",
            ),
        );
        check_assertion(
            "{value: '{{ x.zzz }}', equalTo: 1}",
            Err("`{{ x.zzz }}` cannot be evaluated: `x` has no `zzz`"),
        );
    }
}
