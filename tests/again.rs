//! Executions that are done again: from a task on, from the beginning, and only with what they began with.

use serde_json::{Value, json};

use crate::world::{World, guests};

/// Fails until the key `ready` has a value; says what came before.
const FLOW: &str = "id: steps
namespace: test.again
inputs:
  - id: name
    type: STRING
    defaults: web
tasks:
  - id: make
    type: return
    format: \"{{ inputs.name }}-{{ execution.id }}\"
  - id: keep
    type: set-variables
    variables:
      word: kept
  - id: write
    type: storage.write
    content: written once
  - id: both
    type: sequential
    tasks:
      - id: inner
        type: return
        format: inner
      - id: check
        type: assert
        conditions:
          - \"{{ kv('ready', errorOnMissing=false) is not null }}\"
  - id: last
    type: log
    message: \"{{ outputs.make.value }} {{ vars.word }} {{ outputs.inner.value }} {{ read(outputs.write.uri) }}\"
finally:
  - id: cleaned
    type: log
    message: cleaned
";

const READY: &str =
    "id: ready\nnamespace: test.again\ntasks:\n  - id: set\n    type: kv.set\n    key: ready\n    value: yes\n";

fn id(view: &Value) -> String {
    view["execution"]["id"].as_str().unwrap().to_owned()
}

fn states(view: &Value) -> Vec<String> {
    let tasks = view["tasks"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    tasks
        .map(|task| format!("{} {}", text(&task["taskId"]), text(&task["state"])))
        .collect()
}

/// A world with an execution that failed at `check`, and what failed it made good.
fn failed() -> (World, Value) {
    let world = World::new();
    let flow = world.file("steps.yaml", FLOW);
    let answer = world.begat(&["run", &flow, "-i", "name=db", "--format", "json"]);
    assert_eq!(answer.code, Some(1), "{}", answer.stderr);
    world.good(&["run", &world.file("ready.yaml", READY)]);
    (world, answer.json())
}

#[test]
fn a_restart_takes_what_came_before_from_the_record() {
    let (world, before) = failed();
    let after = world
        .good(&["execution", "restart", &id(&before), "--format", "json"])
        .json();
    assert_eq!(after["execution"]["state"], "SUCCESS");
    assert_ne!(id(&after), id(&before));
    assert_eq!(
        after["execution"]["origin"],
        json!({"execution": id(&before), "from": "check"})
    );
    assert_eq!(
        states(&after),
        ["both SUCCESS", "check SUCCESS", "last SUCCESS", "cleaned SUCCESS"]
    );
    let line = world.good(&["execution", "logs", &id(&after), "--task", "last"]).stdout;
    let expected = format!("db-{} kept inner written once", id(&before));
    assert!(line.contains(&expected), "{line}");
    let shown = world.good(&["execution", "show", &id(&after)]).stdout;
    let words = format!("does execution {} again from check on", id(&before));
    assert!(shown.contains(&words), "{shown}");
    world.good(&["catalog", "verify"]);
    world.good(&["catalog", "rebuild"]);
}

#[test]
fn a_restart_begins_where_it_is_told() {
    let (world, before) = failed();
    let restart = |of: &str, from: &str| world.begat(&["execution", "restart", of, "--from", from, "--format", "json"]);
    let after = restart(&id(&before), "write").json();
    assert_eq!(
        states(&after),
        [
            "write SUCCESS",
            "both SUCCESS",
            "inner SUCCESS",
            "check SUCCESS",
            "last SUCCESS",
            "cleaned SUCCESS"
        ]
    );
    // What it kept itself is known when it is done again in its turn.
    let again = restart(&id(&after), "last").json();
    assert_eq!(states(&again), ["last SUCCESS", "cleaned SUCCESS"]);
    let line = world.good(&["execution", "logs", &id(&again), "--task", "last"]).stdout;
    let expected = format!("db-{} kept inner written once", id(&before));
    assert!(line.contains(&expected), "{line}");
    let unknown = world.begat(&["execution", "restart", &id(&before), "--from", "lst"]);
    assert_eq!(unknown.code, Some(2));
    assert!(
        unknown.stderr.contains("the flow has no task `lst`"),
        "{}",
        unknown.stderr
    );
    assert!(unknown.stderr.contains("did you mean `last`?"), "{}", unknown.stderr);
    let whole = world.begat(&["execution", "restart", &id(&after)]);
    assert_eq!(whole.code, Some(2));
    assert!(whole.stderr.contains("no task of the execution"), "{}", whole.stderr);
}

#[test]
fn a_replay_does_all_of_it_with_the_flow_and_the_inputs_as_they_were() {
    let (world, before) = failed();
    world.file("steps.yaml", "id: steps\nnamespace: test.again\ntasks: []\n");
    let after = world
        .good(&["execution", "replay", &id(&before), "--format", "json"])
        .json();
    assert_eq!(after["execution"]["inputs"]["name"], "db");
    assert_eq!(after["execution"]["flowDigest"], before["execution"]["flowDigest"]);
    assert_eq!(after["execution"]["labels"]["system.replayOf"], id(&before));
    assert_eq!(states(&after).len(), 8);
    let line = world.good(&["execution", "logs", &id(&after), "--task", "last"]).stdout;
    assert!(line.contains(&format!("db-{}", id(&after))), "{line}");
    let other = world
        .good(&[
            "execution",
            "replay",
            &id(&before),
            "-i",
            "name=other",
            "--format",
            "json",
        ])
        .json();
    assert_eq!(other["execution"]["inputs"]["name"], "other");
}

#[test]
fn an_execution_goes_on_only_with_the_plugins_it_began_with() {
    let world = World::new();
    let text = "id: guest\nnamespace: test.again\ntasks:\n  - id: wait\n    type: pause\n  - id: attack\n    type: hostile.panic\n    allowFailure: true\n";
    let flow = world.file("guest.yaml", text);
    let plugins = guests().display().to_string();
    let view = world
        .good(&["run", &flow, "--plugins", &plugins, "--format", "json"])
        .json();
    let id = id(&view);
    let gone = world.begat(&["execution", "resume", &id]);
    assert_eq!(gone.code, Some(2));
    assert!(
        gone.stderr.contains("began with the plugin `hostile`")
            && gone.stderr.contains("there is none of that name now"),
        "{}",
        gone.stderr
    );
    // The same component with one more section that says nothing.
    let changed = world.folder.join("changed");
    std::fs::create_dir(&changed).unwrap();
    let mut component = std::fs::read(guests().join("hostile.wasm")).unwrap();
    component.extend(b"\x00\x05\x04test");
    std::fs::write(changed.join("hostile.wasm"), component).unwrap();
    let changed = changed.display().to_string();
    for command in ["resume", "replay"] {
        let refused = world.begat(&["execution", command, &id, "--plugins", &changed]);
        assert_eq!(refused.code, Some(2), "{}", refused.stderr);
        assert!(refused.stderr.contains("and now it is"), "{}", refused.stderr);
        assert!(refused.stderr.contains("--allow-changed-plugins"), "{}", refused.stderr);
    }
    let allowed = [
        "execution",
        "resume",
        &id,
        "--plugins",
        &changed,
        "--allow-changed-plugins",
    ];
    assert_eq!(world.begat(&allowed).code, Some(0));
    world.good(&["catalog", "verify"]);
}

#[test]
fn what_goes_on_takes_room_as_what_begins_does() {
    let world = World::new();
    let text = |nap: &str| {
        format!(
            "id: limited\nnamespace: test.again\nconcurrency:\n  limit: 1\n  behavior: FAIL\ninputs:\n  - id: wait\n    type: BOOLEAN\n    defaults: true\ntasks:\n  - id: wait\n    type: pause\n    runIf: \"{{{{ inputs.wait }}}}\"\n  - id: nap\n    type: sleep\n    duration: {nap}\n"
        )
    };
    let flow = world.file("limited.yaml", text("PT3S"));
    let view = world.good(&["run", &flow, "--format", "json"]).json();
    let other = world.command(&["run", &flow, "-i", "wait=false"]).spawn().unwrap();
    std::thread::sleep(std::time::Duration::from_millis(1500));
    let refused = world.begat(&["execution", "resume", &id(&view)]);
    assert_eq!(refused.code, Some(2), "{}{}", refused.stdout, refused.stderr);
    assert!(
        refused.stderr.contains("1 executions of the flow run already"),
        "{}",
        refused.stderr
    );
    assert!(other.wait_with_output().unwrap().status.success());
    world.good(&["execution", "resume", &id(&view)]);
}
