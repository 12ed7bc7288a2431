//! Which inputs can be declared, and which values fit them.

use indexmap::IndexMap;
use proptest::prelude::*;
use serde_json::json;

use super::{GivenInput, Input, read_all, read_inputs};
use crate::flow::yaml::{self, NodeKind};
use crate::model::{Diagnostic, InputView, Json, Source};

/// Reads inputs written as a YAML list.
fn read(text: &str) -> (Vec<Input>, Vec<Diagnostic>) {
    let mut findings = Vec::new();
    let root = yaml::parse(text, &mut findings).expect("the test is YAML");
    let NodeKind::List(items) = &root.kind else {
        panic!("a list")
    };
    let inputs = read_all(text, items, &mut findings);
    (inputs, findings)
}

fn input(rest: &str) -> Input {
    let (mut inputs, findings) = read(&format!("- id: x\n  {}\n", rest.replace("; ", "\n  ")));
    assert_eq!(findings, [], "{rest}");
    inputs.remove(0)
}

/// Reads one input, its keys apart by `; `, and expects its findings as `line message | caption | hint`.
fn check_declared(rest: &str, expected: &[&str]) {
    let text = format!("- id: x\n  {}\n", rest.replace("; ", "\n  "));
    let source = Source {
        name: String::new(),
        text: text.clone(),
    };
    let (_, mut findings) = read(&text);
    findings.sort_by_key(|finding| finding.span);
    let shown: Vec<String> = findings
        .into_iter()
        .map(|finding| {
            let at = finding.span.map_or(0, |span| source.position(span.start).0);
            let rest = [Some(finding.message), finding.caption, finding.hint];
            let rest: Vec<String> = rest.into_iter().flatten().collect();
            format!("{at} {}", rest.join(" | "))
        })
        .collect();
    assert_eq!(shown, expected, "{rest}");
}

#[test]
fn every_type_can_be_declared_with_all_it_has() {
    for good in [
        "type: STRING; validator: ^a+$; defaults: aa; displayName: A; description: An a",
        "type: INT; min: 1; max: 5; defaults: 3",
        "type: INT; min: 1; defaults: \"{{ 3 }}\"",
        "type: FLOAT; min: 0.2; max: 5.3; prefill: 3; required: false",
        "type: BOOL; defaults: true",
        "type: BOOLEAN; defaults: \"false\"",
        "type: SELECT; values: [a, {label: B, value: b}, 1]; defaults: b; isRadio: true; autoSelectFirst: true",
        "type: SELECT; values: [a]; allowCustomValue: true; defaults: z",
        "type: MULTISELECT; itemType: INT; values: [1, 2]; defaults: [2]",
        "type: MULTISELECT; itemType: FLOAT; values: [1, {value: 2.50}]; defaults: [1.0, 2.5]",
        "type: ENUM; values: [a]",
        "type: ARRAY; itemType: INT; defaults: [1, 2]",
        "type: ARRAY; itemType: STRING; defaults: '[\"a\"]'",
        "type: JSON; defaults: '[{\"a\": 1}]'",
        "type: JSON; defaults: {a: [1]}",
        "type: YAML; defaults: {a: [1]}",
        "type: FILE; allowedFileExtensions: [.csv, TXT]",
        "type: URI; defaults: https://example.org/a.csv",
        "type: SECRET; validator: \".{8,}\"",
        "type: EMAIL; defaults: ada@example.org",
        "type: DATE; after: 2024-04-10; before: \"2024-04-15\"; defaults: 2024-04-12",
        "type: TIME; after: 11:01:01; before: 11:04:01",
        "type: DATETIME; after: 2024-04-10T14:19:00Z; defaults: \"{{ now() }}\"",
        "type: DURATION; min: PT5M6S; max: PT12H58M46S; defaults: PT6M",
        "type: STRING; dependsOn: {inputs: [], condition: \"{{ true }}\"}",
    ] {
        check_declared(good, &[]);
    }
}

#[test]
fn a_key_of_another_type_is_unknown() {
    check_declared(
        "type: INT; validator: a",
        &["3 an input of type `INT` has no `validator` | `validator` belongs to STRING, SECRET"],
    );
    check_declared(
        "type: STRING; min: 1",
        &["3 an input of type `STRING` has no `min` | `min` belongs to INT, FLOAT, DURATION"],
    );
    check_declared(
        "type: ENUM; values: [a]; autoSelectFirst: true",
        &["4 an input of type `ENUM` has no `autoSelectFirst` | `autoSelectFirst` belongs to SELECT, MULTISELECT"],
    );
    check_declared(
        "type: STRING; validtor: a",
        &["3 unknown key of an input `validtor` | did you mean `validator`?"],
    );
    check_declared(
        "type: FILE; extension: .csv",
        &["3 unknown key of an input `extension` | it is called `allowedFileExtensions`"],
    );
    check_declared(
        "type: JSON; jsonSchema: {}",
        &["3 `jsonSchema` is not supported yet | remove it; nothing in a flow is accepted and then ignored"],
    );
}

#[test]
fn types_are_known() {
    check_declared(
        "type: STRNG",
        &["2 unknown input type `STRNG` | did you mean `STRING`?"],
    );
    check_declared("type: int", &["2 unknown input type `int` | did you mean `INT`?"]);
    let all = "STRING, INT, FLOAT, BOOL, BOOLEAN, SELECT, MULTISELECT, ENUM, ARRAY, JSON, YAML, FILE, URI, SECRET, \
               EMAIL, DATE, TIME, DATETIME, DURATION";
    check_declared(
        "type: TABLE; min: 1",
        &[&format!(
            "2 inputs of type `TABLE` are not supported yet | the types are {all}"
        )],
    );
    check_declared(
        "type: ARRAY; itemType: SELECT",
        &[&format!(
            "3 the items of a list cannot be of type `SELECT` | the types are {}",
            all.replace("SELECT, MULTISELECT, ENUM, ARRAY, ", "")
        )],
    );
    check_declared(
        "type: ARRAY",
        &["1 an input of type `ARRAY` needs an `itemType` | such as `itemType: STRING`"],
    );
}

#[test]
fn rules_make_sense() {
    check_declared("type: INT; min: 5; max: 1", &["4 no value can lie from 5 to 1 | `max`"]);
    check_declared("type: INT; min: 0.5", &["3 `min` must be a whole number, not `0.5`"]);
    check_declared("type: FLOAT; max: nan", &["3 `max` must be a number, not `nan`"]);
    check_declared(
        "type: DURATION; min: 5m",
        &["3 `min` must be an ISO 8601 duration such as PT5M, not `5m`"],
    );
    check_declared(
        "type: DATE; after: 2024-02-30; before: 1",
        &[
            "3 `after` must be a date such as 2026-01-31, not `2024-02-30`",
            "4 `before` must be a date such as 2026-01-31, not `1`",
        ],
    );
    check_declared(
        "type: STRING; validator: \"a(\"",
        &["3 `a(` is no regular expression | unclosed group"],
    );
    check_declared(
        "type: STRING; validator: \"(?=a)\"",
        &["3 `(?=a)` is no regular expression | look-around, including look-ahead and look-behind, is not supported"],
    );
    check_declared(
        "type: STRING; validator: \"(a{1000}){1000}\"",
        &["3 `(a{1000}){1000}` is no regular expression | it is too large"],
    );
    check_declared("type: SELECT; values: []", &["3 `values` is empty"]);
    check_declared(
        "type: SELECT",
        &["1 an input of type `SELECT` needs either `values` or `expression`"],
    );
    check_declared(
        "type: MULTISELECT; values: [a]; expression: \"{{ ['a'] }}\"",
        &["1 an input of type `MULTISELECT` needs either `values` or `expression`"],
    );
    check_declared(
        "type: MULTISELECT; itemType: INT; values: [1, a]",
        &["4 with `itemType: INT` a value is a whole number, not `a`"],
    );
    check_declared("type: ENUM", &["1 an input of type `ENUM` needs `values`"]);
    check_declared(
        "type: SELECT; expression: a",
        &["3 `expression` must be an expression that gives a list, not a string"],
    );
    check_declared(
        "type: SELECT; values: [{label: A}]",
        &["3 the value to select has no `value`"],
    );
    check_declared(
        "type: STRING; dependsOn: {condition: maybe}",
        &["3 `condition` must be an expression, true or false, not a string"],
    );
}

#[test]
fn defaults_fit_their_input() {
    check_declared(
        "type: INT; max: 5; defaults: 9",
        &["4 an input of type `INT` takes a whole number up to 5, and `defaults` is `9`"],
    );
    check_declared(
        "type: BOOL; defaults: yes",
        &["3 an input of type `BOOL` takes `true` or `false`, and `defaults` is `yes` | did you mean `true`?"],
    );
    check_declared(
        "type: SELECT; values: [small, large]; defaults: smal",
        &["4 `defaults` is `smal`, which is none of the `values` | did you mean `small`?"],
    );
    check_declared(
        "type: ARRAY; itemType: INT; prefill: [1, a]",
        &[
            "4 an input of type `ARRAY` takes a list of whole numbers, and `prefill` is `[1,\"a\"]` | item 2 is not a whole number: `a`",
        ],
    );
    check_declared(
        "type: STRING; defaults: a; prefill: b",
        &[
            "4 an input has `defaults` or `prefill`, not both | `defaults` is the value where none is given; `prefill` is only suggested",
        ],
    );
    check_declared("type: INT; defaults: \"{{ 'a' }}\"", &[]);
}

fn check_taken(rest: &str, given: &str, expected: Json) {
    let taken = input(rest).kind.take(&GivenInput::from(given));
    assert_eq!(taken, Ok(expected), "{rest} {given}");
}

/// Expects a value to be refused with `accepted | reason | hint`.
fn check_refused(rest: &str, given: impl Into<GivenInput>, expected: &str) {
    let given = given.into();
    let refusal = input(rest).kind.take(&given).expect_err("the value does not fit");
    let parts = [Some(refusal.accepted), refusal.reason, refusal.hint];
    let shown: Vec<String> = parts.into_iter().flatten().collect();
    assert_eq!(shown.join(" | "), expected, "{rest} {given:?}");
}

#[test]
fn texts_become_what_the_type_says() {
    check_taken("type: STRING", "5", json!("5"));
    check_taken("type: STRING; validator: \"a|b\"", "b", json!("b"));
    check_taken("type: INT", "-5", json!(-5));
    check_taken("type: FLOAT", "5", json!(5.0));
    check_taken("type: FLOAT", "1e3", json!(1000.0));
    check_taken("type: BOOL", "TRUE", json!(true));
    check_taken("type: ARRAY; itemType: INT", "[1, \"2\"]", json!([1, 2]));
    check_taken("type: ARRAY; itemType: STRING", "[a, b]", json!(["a", "b"]));
    check_taken(
        "type: ARRAY; itemType: JSON",
        "[{\"a\": 1}, \"[2]\"]",
        json!([{"a": 1}, "[2]"]),
    );
    check_taken("type: JSON", "{\"a\": [1, null]}", json!({"a": [1, null]}));
    check_taken("type: YAML", "a:\n  - 1\n  - b: true\n", json!({"a": [1, {"b": true}]}));
    check_taken("type: URI", "s3://bucket/key%20a", json!("s3://bucket/key%20a"));
    check_taken("type: EMAIL", "ada.l+x@example.org", json!("ada.l+x@example.org"));
    check_taken("type: DATE", "2026-01-31", json!("2026-01-31"));
    check_taken("type: TIME", "10:15", json!("10:15:00"));
    check_taken(
        "type: DATETIME",
        "2026-01-31T10:15:30+01:00",
        json!("2026-01-31T09:15:30Z"),
    );
    check_taken("type: DURATION", "P1DT1S", json!("PT24H1S"));
    check_taken("type: FILE; allowedFileExtensions: [CSV]", "a/B.Csv", json!("a/B.Csv"));
}

#[test]
fn data_is_taken_where_it_fits() {
    let check = |rest: &str, given: Json, expected: Json| {
        let taken = input(rest).kind.take(&GivenInput::Value(given.clone()));
        assert_eq!(taken, Ok(expected), "{rest} {given}");
    };
    check("type: STRING", json!(5), json!("5"));
    check("type: INT", json!("5"), json!(5));
    check("type: BOOL", json!(true), json!(true));
    check("type: JSON", json!("not JSON"), json!("not JSON"));
    check("type: YAML", json!({"a": 1}), json!({"a": 1}));
    check(
        "type: ARRAY; itemType: BOOL",
        json!([true, "false"]),
        json!([true, false]),
    );
    check_refused("type: STRING", GivenInput::Value(json!({"a": 1})), "a string");
    check_refused("type: INT", GivenInput::Value(json!(5.0)), "a whole number");
    check_refused("type: DATE", GivenInput::Value(json!([1])), "a date such as 2026-01-31");
}

#[test]
fn what_does_not_fit_is_told_what_would() {
    check_refused("type: STRING; validator: \"a|b\"", "ab", "a string that matches `a|b`");
    check_refused("type: INT; min: 1; max: 5", "6", "a whole number from 1 to 5");
    check_refused("type: INT", "99999999999999999999", "a whole number");
    check_refused("type: FLOAT; min: 0.5", "nan", "a number from 0.5 on");
    check_refused("type: BOOL", "on", "`true` or `false` | did you mean `true`?");
    check_refused("type: BOOL", "flase", "`true` or `false` | did you mean `false`?");
    check_refused(
        "type: ARRAY; itemType: STRING",
        "a, b",
        "a list of strings | write it as a JSON list: '[\"a\",\"b\"]'",
    );
    check_refused(
        "type: ARRAY; itemType: DATE",
        "[\"2026-01-31\", \"soon\"]",
        "a list of dates such as 2026-01-31 | item 2 is not a date such as 2026-01-31: `soon`",
    );
    check_refused(
        "type: JSON",
        "{a: 1}",
        "JSON | this is not JSON: key must be a string at line 1 column 2",
    );
    check_refused("type: YAML", "a: 1\na: 2", "YAML | the key `a` is given twice");
    check_refused("type: YAML", "", "YAML | there is nothing in it");
    check_refused(
        "type: URI",
        "example.org",
        "an absolute URI such as https://example.org/data.csv",
    );
    check_refused("type: EMAIL", "ada@", "an e-mail address such as ada@example.org");
    check_refused(
        "type: DATE; after: 2026-01-01",
        "2025-12-31",
        "a date from 2026-01-01 on",
    );
    check_refused("type: TIME; before: 10:00:00", "10:00:01", "a time up to 10:00:00");
    check_refused(
        "type: DATETIME",
        "2026-01-31T10:15:30",
        "a date and time with its zone such as 2026-01-31T10:15:30Z | say which zone: `2026-01-31T10:15:30Z` is in UTC",
    );
    check_refused("type: DURATION; max: PT1H", "PT61M", "an ISO 8601 duration up to PT1H");
    check_refused(
        "type: FILE; allowedFileExtensions: [.csv, .txt]",
        "a.pdf",
        "the path of a file that ends in .csv or .txt",
    );
}

#[test]
fn a_refusal_shows_no_secret_and_nothing_a_terminal_obeys() {
    let given = |rest: &str, text: &str| {
        let refusal = input(rest)
            .kind
            .take(&GivenInput::from(text))
            .expect_err("it does not fit");
        format!("{} {:?} {:?}", refusal.given, refusal.reason, refusal.hint)
    };
    assert_eq!(
        given("type: SECRET; validator: \".{8,}\"", "hunter2"),
        "****** None None"
    );
    assert_eq!(given("type: ARRAY; itemType: SECRET", "hunter2"), "****** None None");
    assert_eq!(given("type: INT", "\u{1b}[2J"), "\\u{1b}[2J None None");
    assert_eq!(
        given("type: INT", &"x".repeat(100)),
        format!("{}… None None", "x".repeat(60))
    );
}

/// Reads a text of inputs for the inputs `a` and `db.host`, and expects the values, or the findings with their places.
fn check_read(text: &str, expected: Result<Json, &[&str]>) {
    let (inputs, _) = read("- {id: a, type: STRING}\n- {id: db.host, type: STRING}\n- {id: cfg, type: JSON}\n");
    let source = Source {
        name: "i".into(),
        text: text.into(),
    };
    let shown = |given: IndexMap<String, GivenInput>| -> Json {
        let entry = |(id, given)| match given {
            GivenInput::Text(text) => (id, Json::from(text)),
            GivenInput::Value(value) => (id, json!({"data": value})),
        };
        Json::Object(given.into_iter().map(entry).collect())
    };
    let place = |finding: &Diagnostic| finding.span.map_or((0, 0), |span| source.position(span.start));
    let said = |finding: Diagnostic| {
        let (line, column) = place(&finding);
        let hint = finding.hint.map_or_else(String::new, |hint| format!(" | {hint}"));
        format!("{line}:{column} {}{hint}", finding.message)
    };
    let read = read_inputs(&source, &inputs).map(shown);
    let read = read.map_err(|findings| findings.into_iter().map(said).collect::<Vec<_>>());
    let expected = expected.map_err(|lines| lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>());
    assert_eq!(read, expected, "{text}");
}

#[test]
fn a_file_of_inputs_gives_ids_and_values() {
    check_read("a: 1.10\ndb.host: h\n", Ok(json!({"a": "1.10", "db.host": "h"})));
    check_read("db: {host: 5}\na: 0x1F\n", Ok(json!({"db.host": "5", "a": "31"})));
    check_read(
        "{\"a\": \"x\", \"cfg\": {\"k\": [1]}}",
        Ok(json!({"a": "x", "cfg": {"data": {"k": [1]}}})),
    );
    check_read("a: ~\n", Ok(json!({"a": {"data": null}})));
    check_read("a: True\n", Ok(json!({"a": "true"})));
    check_read("", Ok(json!({})));
    check_read("# nothing\n", Ok(json!({})));
    check_read(
        "aa: 1\ndb: {hst: x}\n",
        Err(&[
            "1:1 the flow has no input `aa` | did you mean `a`?",
            "2:6 the flow has no input `db.hst` | did you mean `db.host`?",
        ]),
    );
    check_read(
        "db: {host: x}\ndb.host: y\n",
        Err(&["2:1 the input `db.host` is given twice"]),
    );
    check_read(
        "- a\n",
        Err(&["1:1 the inputs must be a map of ids and values | write `id: value`, one line for each input"]),
    );
    check_read(
        "a: 1\n---\nb: 1\n",
        Err(&["2:1 the file holds more than one document | put all inputs into one document"]),
    );
}

#[test]
fn a_view_shows_what_a_form_needs_and_no_secret() {
    let view = |rest: &str| serde_json::to_value(InputView::from(&input(rest))).unwrap();
    assert_eq!(
        view("type: INT; min: 1; defaults: \"{{ 1 + 1 }}\"; displayName: How many"),
        json!({
            "id": "x", "type": "INT", "required": true, "takes": "a whole number from 1 on",
            "displayName": "How many", "defaults": "{{ 1 + 1 }}",
        })
    );
    assert_eq!(
        view("type: SELECT; values: [a, {value: b, label: B}]; required: false"),
        json!({
            "id": "x", "type": "SELECT", "required": false, "takes": "one of its values",
            "values": [{"value": "a", "label": "a"}, {"value": "b", "label": "B"}],
        })
    );
    assert_eq!(view("type: SECRET; defaults: hunter2")["defaults"], json!("******"));
}

const ALL: [&str; 20] = [
    "type: STRING; validator: \"[a-c]+\"",
    "type: INT; min: -5",
    "type: FLOAT; max: 5",
    "type: BOOL",
    "type: BOOLEAN",
    "type: SELECT; values: [a]",
    "type: MULTISELECT; values: [a]",
    "type: ENUM; values: [a]",
    "type: ARRAY; itemType: JSON",
    "type: ARRAY; itemType: DURATION",
    "type: JSON",
    "type: YAML",
    "type: FILE; allowedFileExtensions: [.c]",
    "type: URI",
    "type: SECRET",
    "type: EMAIL",
    "type: DATE",
    "type: TIME",
    "type: DATETIME",
    "type: DURATION; max: PT5M",
];

proptest! {
    #[test]
    fn no_text_panics_and_what_is_taken_is_taken_again(
        text in prop_oneof![
            "\\PC{0,30}",
            "[-+0-9:.TZPDHMSWYe]{0,24}",
            "[\\[\\]{}\",:a-c \n&*-]{0,30}",
            "[0-9]{4}-[01][0-9]-[0-3][0-9](T[0-2][0-9]:[0-5][0-9](:[0-6][0-9])?(Z|[+-][0-9]{2}:[0-9]{2}))?",
        ]
    ) {
        for rest in ALL {
            let kind = input(rest).kind;
            let Ok(taken) = kind.take(&GivenInput::from(text.as_str())) else { continue };
            let again = kind.take(&GivenInput::Value(taken.clone()));
            prop_assert_eq!(again, Ok(taken), "{} {}", rest, text);
        }
    }

    #[test]
    fn no_file_of_inputs_panics(text in "[ \\-a-z0-9:{}\\[\\]'\"|>&*\n#%é.]{0,60}") {
        let (inputs, _) = read("- {id: a, type: STRING}\n- {id: a1.b, type: JSON}\n");
        let source = Source { name: String::new(), text };
        drop(read_inputs(&source, &inputs));
    }
}
