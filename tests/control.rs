//! Runs that are planned, watched, stopped, interrupted and gone on with.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::world::{World, repository};

const SLEEPER: &str = "id: sleeper
namespace: test.control
tasks:
  - id: first
    type: return
    format: done
  - id: nap
    type: sleep
    duration: PT1H
finally:
  - id: cleaned
    type: log
    message: cleaned up
";

/// Starts begat and waits until its run has come to the task.
fn start(world: &World, flow: &str) -> Child {
    let mut command = world.command(&["run", flow, "--no-prompt"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let begin = Instant::now();
    while !runs(world, "nap") {
        assert!(
            begin.elapsed() < Duration::from_secs(60),
            "the run does not come to its task"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
    child
}

/// Whether the newest execution has a run of this task at work.
fn runs(world: &World, task: &str) -> bool {
    if !world.folder.join("catalog.db").exists() {
        return false;
    }
    let list = world.begat(&["execution", "list", "--format", "json"]);
    let Ok(list) = serde_json::from_str::<Value>(&list.stdout) else {
        return false;
    };
    let Some(id) = list[0]["id"].as_str() else { return false };
    let view = world.good(&["execution", "show", id, "--format", "json"]).json();
    let tasks = view["tasks"].as_array().unwrap();
    tasks
        .iter()
        .any(|run| run["taskId"] == task && run["state"] == "RUNNING")
}

fn newest(world: &World) -> Value {
    let list = world.good(&["execution", "list", "--format", "json"]).json();
    let id = list[0]["id"].as_str().unwrap();
    world.good(&["execution", "show", id, "--format", "json"]).json()
}

fn states(view: &Value) -> Vec<String> {
    let tasks = view["tasks"].as_array().unwrap();
    tasks
        .iter()
        .map(|task| {
            format!(
                "{} {}",
                task["taskId"].as_str().unwrap(),
                task["state"].as_str().unwrap()
            )
        })
        .collect()
}

fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill")
        .args([format!("-{name}"), child.id().to_string()])
        .status()
        .unwrap();
    assert!(sent.success());
}

#[test]
fn ctrl_c_ends_a_run_as_killed_and_finally_has_run() {
    let world = World::new();
    let flow = world.file("sleeper.yaml", SLEEPER);
    let child = start(&world, &flow);
    signal(&child, "INT");
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    let view = newest(&world);
    assert_eq!(view["execution"]["state"], "KILLED");
    assert_eq!(view["execution"]["error"], "it was stopped by the user");
    assert_eq!(states(&view), ["first SUCCESS", "nap KILLED", "cleaned SUCCESS"]);
    world.good(&["catalog", "verify"]);
}

#[test]
fn scripts_are_told_to_stop_and_end_what_must_not_stay_half_done() {
    let world = World::new();
    let told = "it was told to stop, and stopped before it was done";
    for (script, said) in [
        (
            "type: powershell\n    script: |\n      try { 'half'; Start-Sleep 600 } finally { 'undone again' }\n",
            Some("undone again"),
        ),
        ("type: shell\n    script: |\n      echo half\n      sleep 600\n", None),
    ] {
        let flow = world.file(
            "script.yaml",
            format!("id: script\nnamespace: test.control\ntasks:\n  - id: nap\n    {script}"),
        );
        let mut child = start(&world, &flow);
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        assert!(lines.any(|line| line.unwrap().ends_with("half")), "the script begins");
        signal(&child, "INT");
        let rest = lines.count();
        assert_eq!(child.wait().unwrap().code(), Some(130), "{rest} more lines");
        let view = newest(&world);
        assert_eq!(states(&view), ["nap KILLED"]);
        assert_eq!(view["tasks"][0]["error"], told);
        let id = view["execution"]["id"].as_str().unwrap();
        let logs = world.good(&["execution", "logs", id]).stdout;
        assert!(said.is_none_or(|said| logs.contains(said)), "{logs}");
    }
    world.good(&["catalog", "verify"]);
}

#[test]
fn a_run_that_is_told_to_end_stops_its_tasks_and_leaves_no_folder_behind() {
    use std::os::unix::fs::MetadataExt;
    for name in ["TERM", "HUP"] {
        let world = World::new();
        let flow =
            "id: script\nnamespace: test.control\ntasks:\n  - {id: nap, type: shell, script: 'echo half; sleep 600'}\n";
        let flow = world.file("script.yaml", flow);
        let temporary = world.folder.join("tmp");
        std::fs::create_dir(&temporary).unwrap();
        let mut command = world.command(&["run", &flow, "--no-prompt"]);
        command
            .env("TMPDIR", &temporary)
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        assert!(lines.any(|line| line.unwrap().ends_with("half")), "the script begins");
        let folders = || -> Vec<_> {
            std::fs::read_dir(&temporary)
                .unwrap()
                .map(|entry| entry.unwrap())
                .collect()
        };
        for folder in folders() {
            assert_eq!(folder.metadata().unwrap().mode() & 0o777, 0o700, "{folder:?}");
        }
        assert_eq!(folders().len(), 1);
        signal(&child, name);
        let rest = lines.count();
        assert_eq!(child.wait().unwrap().code(), Some(130), "{name}: {rest} more lines");
        assert_eq!(newest(&world)["execution"]["state"], "KILLED");
        assert!(folders().is_empty(), "{name}: {:?}", folders());
    }
}

#[test]
fn a_second_ctrl_c_ends_at_once() {
    let world = World::new();
    let stubborn = SLEEPER.replace(
        "  - id: cleaned\n    type: log\n    message: cleaned up\n",
        "  - id: more\n    type: sleep\n    duration: PT1H\n",
    );
    let flow = world.file("stubborn.yaml", stubborn);
    let mut child = start(&world, &flow);
    signal(&child, "INT");
    while !runs(&world, "more") {
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(child.try_wait().unwrap().is_none());
    signal(&child, "INT");
    assert_eq!(child.wait().unwrap().code(), Some(130));
    world.good(&["catalog", "verify"]);
}

#[test]
fn a_run_whose_process_was_killed_is_interrupted_and_goes_on() {
    let world = World::new();
    let flow = SLEEPER.replace("PT1H", "\"{{ kv('nap', errorOnMissing=false) ?? 'PT1H' }}\"");
    let flow = world.file("sleeper.yaml", flow);
    let mut child = start(&world, &flow);
    child.kill().unwrap();
    child.wait().unwrap();
    let view = newest(&world);
    let id = view["execution"]["id"].as_str().unwrap().to_owned();
    assert_eq!(view["execution"]["interrupted"], true);
    let shown = world.good(&["execution", "show", &id]);
    assert!(
        shown.stdout.contains("interrupted") && shown.stdout.contains("execution resume"),
        "{}",
        shown.stdout
    );
    world.good(&["catalog", "verify"]);
    let short =
        "id: short\nnamespace: test.control\ntasks:\n  - id: set\n    type: kv.set\n    key: nap\n    value: PT0.01S\n";
    world.good(&["run", &world.file("short.yaml", short)]);
    let resumed = world.good(&["execution", "resume", &id, "--format", "json"]).json();
    assert_eq!(resumed["execution"]["state"], "SUCCESS");
    assert_eq!(
        states(&resumed),
        ["first SUCCESS", "nap KILLED", "nap SUCCESS", "cleaned SUCCESS"]
    );
    world.good(&["catalog", "verify"]);
    let again = world.begat(&["execution", "resume", &id]);
    assert_eq!(again.code, Some(2), "{}", again.stderr);
}

#[test]
fn what_is_at_work_cannot_be_resumed() {
    let world = World::new();
    let flow = world.file("sleeper.yaml", SLEEPER);
    let child = start(&world, &flow);
    let id = newest(&world)["execution"]["id"].as_str().unwrap().to_owned();
    let refused = world.begat(&["execution", "resume", &id]);
    assert_eq!(refused.code, Some(2));
    assert!(
        refused.stderr.contains("at work in another process"),
        "{}",
        refused.stderr
    );
    signal(&child, "INT");
    child.wait_with_output().unwrap();
}

const APPROVAL: &str = "id: approval
namespace: test.control
inputs:
  - id: password
    type: SECRET
tasks:
  - id: each
    type: foreach
    values: [a, b]
    tasks:
      - id: make
        type: return
        format: \"{{ taskrun.value }}\"
  - id: set
    type: set-variables
    variables:
      word: kept
  - id: approve
    type: pause
    onResume:
      - id: reason
        type: STRING
      - id: days
        type: INT
        defaults: 3
  - id: show
    type: log
    message: \"{{ outputs.make.b.value }} {{ vars.word }} {{ outputs.approve.onResume.reason }} {{ outputs.approve.onResume.days + 1 }} {{ inputs.password | length }}\"
finally:
  - id: cleaned
    type: log
    message: cleaned
";

fn paused(world: &World) -> String {
    let flow = world.file("approval.yaml", APPROVAL);
    let view = world
        .good(&["run", &flow, "-i", "password=hunter2", "--format", "json"])
        .json();
    assert_eq!(view["execution"]["state"], "PAUSED");
    view["execution"]["id"].as_str().unwrap().to_owned()
}

#[test]
fn a_pause_is_resumed_with_inputs_and_knows_all_that_was_before() {
    let world = World::new();
    let id = paused(&world);
    let missing = world.begat(&["execution", "resume", &id, "-i", "reason=fine"]);
    assert_eq!(missing.code, Some(2));
    assert!(missing.stderr.contains("`password`"), "{}", missing.stderr);
    let given = ["-i", "reason=fine", "-i", "password=hunter2"];
    let arguments = [&["execution", "resume", id.as_str()][..], &given, &["--format", "json"]].concat();
    let view = world.good(&arguments).json();
    assert_eq!(view["execution"]["state"], "SUCCESS");
    let logs = world.good(&["execution", "logs", &id, "--task", "show"]).stdout;
    assert!(logs.contains("b kept fine 4 7"), "{logs}");
    assert_eq!(states(&view).iter().filter(|state| *state == "make SUCCESS").count(), 2);
    let stored = std::fs::read(world.folder.join("catalog.db")).unwrap();
    let log = std::fs::read(world.folder.join("catalog.db-wal")).unwrap_or_default();
    for bytes in [stored, log] {
        assert!(
            !bytes.windows(7).any(|window| window == b"hunter2"),
            "the secret is stored"
        );
    }
    world.good(&["catalog", "verify"]);
}

#[test]
fn a_pause_is_cancelled_and_finally_runs() {
    let world = World::new();
    let flow = APPROVAL
        .replace("inputs:\n  - id: password\n    type: SECRET\n", "")
        .replace(" {{ inputs.password | length }}", "");
    let flow = world.file(
        "approval.yaml",
        flow.replace(
            "        type: STRING\n",
            "        type: STRING\n        required: false\n",
        ),
    );
    let view = world.good(&["run", &flow, "--format", "json"]).json();
    let id = view["execution"]["id"].as_str().unwrap().to_owned();
    world.good(&["execution", "cancel", &id]);
    let view = newest(&world);
    assert_eq!(view["execution"]["state"], "KILLED");
    assert_eq!(states(&view).last().unwrap(), "cleaned SUCCESS");
    assert!(!states(&view).iter().any(|state| state.ends_with("PAUSED")), "{view}");
}

#[test]
fn executions_of_a_flow_keep_to_its_limit_over_processes() {
    for (behavior, state, code) in [("FAIL", "FAILED", 1), ("CANCEL", "CANCELLED", 1)] {
        let world = World::new();
        let limited = format!("{SLEEPER}concurrency:\n  limit: 1\n  behavior: {behavior}\n");
        let flow = world.file("limited.yaml", limited);
        let child = start(&world, &flow);
        let refused = world.begat(&["run", &flow, "--format", "json"]);
        assert_eq!(refused.code, Some(code));
        assert_eq!(refused.json()["execution"]["state"], state);
        assert_eq!(refused.json()["tasks"].as_array().unwrap().len(), 0);
        signal(&child, "INT");
        child.wait_with_output().unwrap();
    }
}

#[test]
fn a_queued_execution_runs_when_there_is_room() {
    let world = World::new();
    let short = SLEEPER.replace("PT1H", "PT0.5S");
    let flow = world.file("queued.yaml", format!("{short}concurrency:\n  limit: 1\n"));
    let child = start(&world, &flow);
    let second = world.good(&["run", &flow]);
    assert!(second.stderr.contains("waiting"), "{}", second.stderr);
    assert!(child.wait_with_output().unwrap().status.success());
    let list = world.good(&["execution", "list", "--format", "json"]).json();
    let of = |place: usize, field: &str| list[place][field].as_str().unwrap().to_owned();
    assert!(of(0, "startDate") >= of(1, "endDate"), "{list}");
}

#[test]
fn a_plan_says_what_is_known_and_writes_nothing() {
    let world = World::new();
    let plan = world.good(&["plan", "flows/create_vm.yaml", "--format", "json"]).json();
    assert!(!world.folder.join("catalog.db").exists());
    assert_eq!(plan["inputs"]["vm_name"], "windows-web-01");
    assert_eq!(plan["tasks"][0]["assets"][0]["effect"], "CREATE");
    world.good(&["run", "flows/create_vm.yaml"]);
    world.good(&["run", "flows/assign_external_ip.yaml"]);
    let before = world.good(&["catalog", "verify"]).stdout;
    let plan = world.good(&["plan", "flows/create_vm.yaml"]).stdout;
    assert!(
        plan.contains("~ update windows-web-01") && plan.contains("made from it: 35.202"),
        "{plan}"
    );
    let certificate = world.good(&["plan", "flows/assign_certificate.yaml"]).stdout;
    assert!(certificate.contains("read windows-web-01"), "{certificate}");
    assert!(certificate.contains("(known when it runs)"), "{certificate}");
    assert_eq!(world.good(&["catalog", "verify"]).stdout, before);
    let control = world.good(&["plan", "flows/control/subflow.yaml"]).stdout;
    assert!(control.contains("(known after child)"), "{control}");
    let changed = world.file(
        "changed.yaml",
        "id: c\nnamespace: company.team\ntasks:\n  - id: t\n    type: log\n    message: x\n    assets:\n      outputs:\n        - id: windows-web-01\n          metadata:\n            os: windows-server-2025\n",
    );
    let diff = world.good(&["plan", &changed]).stdout;
    assert!(
        diff.contains("metadata.os: windows-server-2022 → windows-server-2025"),
        "{diff}"
    );
}

#[test]
fn stand_ins_are_marked_wherever_they_are_told_of() {
    let world = World::new();
    let flow = repository().join("tests/cases/stub/flow.yaml").display().to_string();
    let refused = world.begat(&["run", &flow]);
    assert_eq!(refused.code, Some(2));
    let answer = world.good(&["run", &flow, "--stub", "io.example.cloud.CreateServer"]);
    assert!(answer.stdout.contains("1 of them stubbed"), "{}", answer.stdout);
    let view = newest(&world);
    assert_eq!(view["tasks"][0]["stubbed"], true);
    let id = view["execution"]["id"].as_str().unwrap();
    assert!(world.good(&["execution", "show", id]).stdout.contains("stubbed"));
    let plan = world.good(&["plan", &flow, "--stub-missing"]).stdout;
    assert!(plan.contains("nobody: it is stood in for"), "{plan}");
}

#[test]
fn a_quiet_run_says_only_how_it_ended_and_failures_come_first() {
    let world = World::new();
    let flow = repository().join("tests/cases/fail/flow.yaml").display().to_string();
    let answer = world.begat(&["run", &flow, "--quiet"]);
    assert_eq!((answer.code, answer.stderr.as_str()), (Some(1), ""));
    let mut lines = answer.stdout.lines();
    assert_eq!(lines.next(), Some("failed now: enough at fail_flow"));
    assert!(lines.next().unwrap().contains("FAILED: 2 tasks"));
    assert!(lines.next().unwrap().starts_with("next: begat execution logs"));
}

#[test]
fn every_flow_of_the_repository_is_valid_and_runs() {
    let world = World::new();
    world.good(&["validate", "flows"]);
    for name in ["create_vm", "patch_windows"] {
        world.good(&["run", &format!("flows/{name}.yaml")]);
    }
    let patch = world
        .good(&["asset", "show", "patch-kb5034441-windows-web-01", "--format", "json"])
        .json();
    assert_eq!(patch["parents"], serde_json::json!(["windows-web-01"]));
    for name in ["assign_external_ip", "assign_certificate", "decommission_vm"] {
        world.good(&["run", &format!("flows/{name}.yaml")]);
    }
    let left = world.good(&["asset", "list", "--format", "json"]).json();
    let left: Vec<&str> = left
        .as_array()
        .unwrap()
        .iter()
        .map(|asset| asset["id"].as_str().unwrap())
        .collect();
    assert_eq!(left, ["patch-kb5034441-windows-web-01"]);
    let control = std::fs::read_dir(repository().join("flows/control")).unwrap();
    for entry in control {
        let path = entry.unwrap().path().display().to_string();
        let answer = world.begat(&["run", &path, "--no-prompt"]);
        assert_eq!(answer.code, Some(0), "{path}\n{}{}", answer.stdout, answer.stderr);
    }
    world.good(&["catalog", "verify"]);
}

#[test]
fn blocks_nest_a_thousand_deep() {
    let world = World::new();
    let block = |level: usize| {
        let indent = " ".repeat(2 * level);
        format!("{indent}- id: level{level}\n{indent}  type: sequential\n{indent}  tasks:\n")
    };
    let blocks: String = (0..1000).map(block).collect();
    let indent = " ".repeat(2000);
    let leaf = format!("{indent}- id: leaf\n{indent}  type: return\n{indent}  format: x\n");
    let flow = format!("id: deep\nnamespace: test.control\ntasks:\n{blocks}{leaf}");
    let view = world
        .good(&["run", &world.file("deep.yaml", flow), "--format", "json"])
        .json();
    assert_eq!(view["execution"]["state"], "SUCCESS");
    assert_eq!(view["tasks"].as_array().unwrap().len(), 1001);
}
