//! `begat test`: tests of flows as their authors and their CI meet them.

use crate::world::{Answer, World, repository};

const FLOW: &str = "id: deploy\nnamespace: company.team\ninputs:\n  - id: production\n    type: BOOL\n    defaults: false\n\
                    tasks:\n  - id: fetch\n    type: http.request\n    uri: https://example.org\n  - id: decide\n    type: If\n    \
                    condition: \"{{ inputs.production and outputs.fetch.code == 200 }}\"\n    then:\n      - id: careful\n        type: log\n        \
                    message: careful\n    else:\n      - id: free\n        type: log\n        message: \"{{ randomInt(lower=0, upper=1000000) }}\"\nerrors:\n  \
                    - id: alarm\n    type: log\n    message: alarm\n";

const TESTS: &str = "testCases:\n  - id: production_is_careful\n    fixtures:\n      inputs: {production: true}\n      tasks:\n        \
                     - {id: fetch, outputs: {code: 200}}\n    assertions:\n      - value: \"{{ tasks.careful.state }}\"\n        equalTo: SUCCESS\n      \
                     - value: \"{{ tasks contains 'free' }}\"\n        equalTo: false\n  - id: a_failure_is_told\n    fixtures:\n      tasks:\n        \
                     - {id: fetch, state: FAILED, error: no answer}\n    state: FAILED\n    assertions:\n      - value: \"{{ execution.error }}\"\n        \
                     contains: no answer\n      - value: \"{{ tasks.alarm.state }}\"\n        equalTo: SUCCESS\n";

fn world(tests: &str) -> World {
    let world = World::new();
    world.file("deploy.yaml", FLOW);
    world.file("deploy.test.yaml", tests);
    world
}

fn test(world: &World, more: &[&str]) -> Answer {
    let file = world.folder.join("deploy.test.yaml").display().to_string();
    world.begat(&[&["test", &file], more].concat())
}

fn check(tests: &str, more: &[&str], code: i32, words: &[&str]) -> Answer {
    let answer = test(&world(tests), more);
    let said = format!("{}{}", answer.stdout, answer.stderr);
    assert_eq!(answer.code, Some(code), "{said}");
    for words in words {
        assert!(said.contains(words), "it does not say {words:?}:\n{said}");
    }
    answer
}

#[test]
fn fixtures_stand_in_for_tasks_and_coverage_names_what_was_not_reached() {
    check(
        TESTS,
        &[],
        0,
        &[
            "ok      production_is_careful",
            "ok      a_failure_is_told",
            "4 of 5 tasks, 2 of 3 branches; not reached: free, decide: else",
            "2 tests: 2 passed",
        ],
    );
    check(TESTS, &["--coverage", "75"], 0, &[]);
    check(
        TESTS,
        &["--coverage", "90"],
        1,
        &["the tests reach 75 % of the tasks and branches"],
    );
}

#[test]
fn a_failed_test_says_what_does_not_hold_and_shows_the_log() {
    let wrong = TESTS.replace("equalTo: false", "equalTo: true");
    let answer = check(
        &wrong,
        &[],
        1,
        &[
            "FAILED  production_is_careful",
            "`{{ tasks contains 'free' }}` is false, not true",
            "| INFO careful: careful",
            "2 tests: 1 passed, 1 failed",
        ],
    );
    assert!(
        !answer.stdout.contains("| INFO alarm"),
        "only failed tests show their log"
    );
    check(
        &TESTS.replace("    state: FAILED\n    assertions", "    assertions"),
        &[],
        1,
        &["the execution is FAILED, not SUCCESS: task `fetch`: no answer"],
    );
}

#[test]
fn machines_read_junit_json_and_annotations() {
    let wrong = TESTS.replace("equalTo: false", "equalTo: true");
    let world = world(&wrong);
    let junit = world.folder.join("out/junit.xml");
    let answer = test(&world, &["--junit", &junit.display().to_string(), "--format", "json"]);
    let view = answer.json();
    assert_eq!(view["suites"][0]["tests"][0]["state"], "FAILED");
    assert_eq!(view["suites"][0]["tests"][0]["line"], 2);
    assert_eq!(view["coverage"][0]["branches"]["missing"][0], "decide: else");
    let xml = std::fs::read_to_string(&junit).unwrap();
    assert!(xml.contains("tests=\"2\" failures=\"1\""), "{xml}");
    let answer = test(&world, &["--format", "github"]);
    let start = format!(
        "::error file={},line=2,col=1,title=test production_is_careful::",
        world.folder.join("deploy.test.yaml").display()
    );
    assert!(answer.stdout.starts_with(&start), "{}", answer.stdout);
}

#[test]
fn a_test_is_the_same_each_time_and_leaves_nothing_behind() {
    let told = "testCases:\n  - id: a\n    seed: 7\n    clock: 2030-05-06\n    fixtures:\n      tasks: [{id: fetch}]\n    assertions:\n      \
                - value: \"{{ execution.id }} {{ execution.startDate }} {{ logs[0].message }}\"\n        equalTo: nothing\n";
    let problem = |threads: &str| {
        let world = world(told);
        let answer = test(&world, &["--format", "json", "--threads", threads]);
        assert!(!world.folder.join("catalog.db").exists(), "a test writes no catalog");
        answer.json()["suites"][0]["tests"][0]["problems"][0].clone()
    };
    let first = problem("1");
    assert!(first.as_str().unwrap().contains("2030-05-06T00:00:00Z"), "{first}");
    assert_eq!(first, problem("4"));
}

#[test]
fn mistakes_in_tests_are_refused_with_their_place() {
    check(
        &TESTS.replace("assertions:", "asertions:"),
        &[],
        2,
        &[
            "unknown key of an item of `testCases` `asertions`",
            "did you mean `assertions`?",
            "deploy.test.yaml:7:",
        ],
    );
    check(
        &TESTS.replace("id: fetch", "id: fech"),
        &[],
        1,
        &["the fixture `fech` is for no task of the flow", "did you mean `fetch`?"],
    );
    check(
        &TESTS.replace("id: fetch, outputs", "id: decide, outputs"),
        &[],
        1,
        &["the fixture `decide` is for a task that holds tasks"],
    );
    check(
        &TESTS.replace("inputs: {production: true}", "inputs: {produktion: true}"),
        &[],
        1,
        &["the flow has no input `produktion`"],
    );
    check(TESTS, &["--only", "nothing"], 2, &["no test has `nothing` in its id"]);
    let world = World::new();
    let answer = world.begat(&["test", &world.folder.display().to_string()]);
    assert_eq!(answer.code, Some(2), "{}", answer.stderr);
    assert!(answer.stderr.contains("no test was found"), "{}", answer.stderr);
}

#[test]
fn the_flows_of_the_repository_pass_their_tests() {
    let world = World::new();
    let answer = world.good(&["test", "flows"]);
    assert!(answer.stdout.contains("7 tests: 7 passed"), "{}", answer.stdout);
}

#[test]
fn tests_are_no_flows_and_editors_get_their_schema() {
    let world = World::new();
    let answer = world.good(&["validate", &repository().join("flows").display().to_string()]);
    assert!(answer.stdout.contains("no errors"), "{}", answer.stdout);
    for (of, key) in [("test", "testCases"), ("case", "properties")] {
        let schema = world.good(&["flow", "schema", "--of", of]).json();
        assert!(schema["properties"][key].is_object(), "{schema}");
        assert_eq!(schema["additionalProperties"], false);
    }
}
