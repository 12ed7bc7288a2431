//! Nothing recorded is lost: not when the process is killed at any moment, not when a write or a sync fails, not when many
//! processes write at once.
//!
//! `BEGAT_KILLS` is the number of random kills, `BEGAT_EVERY` which of the writes and syncs fail (each n-th), and
//! `BEGAT_SECONDS` how long many processes write; `make endure` takes 200, each of them, and a minute.

#![allow(clippy::print_stderr, reason = "a test that is skipped says why")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::world::{Answer, World, answer};

/// How many of something, from the environment or the number for a quick test.
fn amount(variable: &str, quick: u64) -> u64 {
    let given = std::env::var(variable).ok();
    given.map_or(quick, |text| text.parse().expect("a number"))
}

/// Machines made one after the other, each from the one before.
fn chain(machines: usize) -> String {
    let mut text = "id: chain\nnamespace: test.durability\ntasks:\n".to_owned();
    for number in 0..machines {
        text += &format!(
            "  - id: make{number}\n    type: log\n    message: making {number}\n    assets:\n      outputs:\n        - id: vm{number}\n          type: VM\n"
        );
        if let Some(before) = number.checked_sub(1) {
            text += &format!("      inputs:\n        - id: vm{before}\n");
        }
    }
    text
}

/// The state of each task's last run.
fn ended(view: &Value) -> BTreeMap<String, String> {
    let tasks = view["tasks"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    tasks
        .map(|task| (text(&task["taskId"]), text(&task["state"])))
        .collect()
}

/// Looks at what a process left behind, and makes it whole: opens, verifies, resumes, and checks that all is there.
fn check_and_go_on(world: &World, flow: &str, machines: usize, answered: &Answer, moment: &str) {
    let path = world.folder.join("catalog.db");
    let is_there = path.metadata().is_ok_and(|file| file.len() > 0) || world.folder.join("catalog.db-wal").exists();
    let list = match is_there {
        false => Value::Array(Vec::new()),
        true => {
            let list = world.begat(&["execution", "list", "--format", "json"]);
            // Killed before the first table was made, there is no catalog yet.
            match list.code {
                Some(2) if list.stderr.contains("there is no catalog") => Value::Array(Vec::new()),
                _ => {
                    assert_eq!(list.code, Some(0), "{moment}: {}", list.stderr);
                    world.good(&["catalog", "check"]);
                    list.json()
                }
            }
        }
    };
    if answered.stdout.contains("SUCCESS") {
        assert_eq!(list[0]["state"], "SUCCESS", "{moment}: what was reported is recorded");
    }
    let view = match list[0]["state"].as_str() {
        None => world.good(&["run", flow, "--format", "json"]).json(),
        Some("RUNNING") => {
            assert_eq!(list[0]["interrupted"], true, "{moment}");
            let id = list[0]["id"].as_str().unwrap();
            let before = world.good(&["execution", "show", id, "--format", "json"]).json();
            let done: Vec<String> = ended(&before)
                .into_iter()
                .filter(|(_, state)| state == "SUCCESS")
                .map(|(task, _)| task)
                .collect();
            let after = world.good(&["execution", "resume", id, "--format", "json"]).json();
            for task in done {
                let runs = after["tasks"].as_array().unwrap().iter();
                let runs = runs.filter(|run| run["taskId"] == task.as_str()).count();
                assert_eq!(runs, 1, "{moment}: `{task}` was done and is not done again");
            }
            after
        }
        Some(_) => {
            let id = list[0]["id"].as_str().unwrap();
            world.good(&["execution", "show", id, "--format", "json"]).json()
        }
    };
    assert_eq!(view["execution"]["state"], "SUCCESS", "{moment}");
    assert_eq!(ended(&view).len(), machines, "{moment}");
    let assets = world.good(&["asset", "list", "--format", "json"]).json();
    assert_eq!(assets.as_array().unwrap().len(), machines, "{moment}");
    let last = format!("vm{}", machines - 1);
    let path = world.good(&["asset", "show", &last, "--format", "json"]).json();
    assert_eq!(path["parents"].as_array().unwrap().len(), 1, "{moment}");
    world.good(&["catalog", "verify"]);
}

#[test]
fn a_process_may_be_killed_at_any_moment() {
    const MACHINES: usize = 30;
    let kills = amount("BEGAT_KILLS", 10);
    let whole = {
        let world = World::new();
        let flow = world.file("chain.yaml", chain(MACHINES));
        world.good(&["run", &flow]);
        let begin = Instant::now();
        world.good(&["run", &flow]);
        begin.elapsed()
    };
    let mut random = 0x9e37_79b9_7f4a_7c15_u64 ^ u64::from(std::process::id());
    for kill in 0..kills {
        // Xorshift: any spread over the time of a run will do.
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let moment = whole.mul_f64((random % 1_100) as f64 / 1_000.0);
        let world = World::new();
        let flow = world.file("chain.yaml", chain(MACHINES));
        let mut command = world.command(&["run", &flow, "--quiet"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        std::thread::sleep(moment);
        drop(child.kill());
        let answered = answer(child.wait_with_output().unwrap());
        check_and_go_on(
            &world,
            &flow,
            MACHINES,
            &answered,
            &format!("kill {kill} after {moment:?}"),
        );
    }
}

/// The shim, compiled; nothing where there is no C compiler.
fn shim() -> Option<&'static Path> {
    static SHIM: OnceLock<Option<PathBuf>> = OnceLock::new();
    let compiled = SHIM.get_or_init(|| {
        let source = crate::world::repository().join("tests/faults/fault.c");
        let library = Path::new(env!("CARGO_TARGET_TMPDIR")).join("libfault.so");
        let compiler = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-o"])
            .args([&library, &source])
            .arg("-ldl")
            .output();
        match compiler {
            Ok(output) => {
                assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
                Some(library)
            }
            Err(error) => {
                eprintln!("skipped: faults are made by a preloaded library, and there is no C compiler: {error}");
                None
            }
        }
    });
    compiled.as_deref()
}

fn with_fault(world: &World, shim: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Answer {
    let mut command = world.command(arguments);
    command.env("LD_PRELOAD", shim).envs(variables.iter().copied());
    answer(command.output().unwrap())
}

/// How often a run that makes the catalog writes to it and syncs it.
fn calls(shim: &Path, machines: usize) -> usize {
    let world = World::new();
    let flow = world.file("chain.yaml", chain(machines));
    let trace = world.folder.join("trace");
    let told = trace.display().to_string();
    let answered = with_fault(&world, shim, &["run", &flow, "--quiet"], &[("FAULT_TRACE", &told)]);
    assert_eq!(answered.code, Some(0), "{}", answered.stderr);
    let calls = std::fs::read_to_string(&trace).unwrap();
    let calls = calls.lines().filter(|call| call.ends_with("catalog")).count();
    assert!(calls > 10, "the shim counts what is written: {calls}");
    calls
}

#[test]
fn a_process_may_be_killed_between_any_two_writes_and_syncs() {
    const MACHINES: usize = 2;
    let Some(shim) = shim() else { return };
    let every = usize::try_from(amount("BEGAT_EVERY", 5)).unwrap();
    let mut killed = 0;
    for call in (1..=calls(shim, MACHINES)).step_by(every) {
        let world = World::new();
        let flow = world.file("chain.yaml", chain(MACHINES));
        let at = call.to_string();
        let fault = [("FAULT_AT", at.as_str()), ("FAULT_KIND", "kill")];
        let answered = with_fault(&world, shim, &["run", &flow, "--quiet"], &fault);
        killed += usize::from(answered.code.is_none());
        let moment = format!("killed at call {call}");
        check_and_go_on(&world, &flow, MACHINES, &answered, &moment);
    }
    assert!(killed > 5, "{killed} were killed");
}

#[test]
fn a_write_or_sync_that_fails_is_told_and_nothing_before_it_is_lost() {
    const MACHINES: usize = 2;
    let Some(shim) = shim() else { return };
    let every = usize::try_from(amount("BEGAT_EVERY", 11)).unwrap();
    let calls = calls(shim, MACHINES);
    for kind in ["enospc", "eio"] {
        let mut told = 0;
        for call in (1..=calls).step_by(every) {
            let world = World::new();
            let flow = world.file("chain.yaml", chain(MACHINES));
            let at = call.to_string();
            let fault = [("FAULT_AT", at.as_str()), ("FAULT_KIND", kind)];
            let answered = with_fault(&world, shim, &["run", &flow, "--quiet"], &fault);
            let moment = format!("{kind} at call {call}: {}", answered.stderr);
            assert!(matches!(answered.code, Some(0 | 3)), "{moment}");
            if answered.code == Some(3) {
                told += 1;
                let words = ["no space left for the catalog", "the disk failed under the catalog"];
                assert!(words.iter().any(|words| answered.stderr.contains(words)), "{moment}");
                assert!(answered.stderr.contains("hint:"), "{moment}");
            }
            check_and_go_on(&world, &flow, MACHINES, &answered, &moment);
        }
        assert!(told > 2, "{kind} is told: {told}");
    }
}

#[test]
fn what_is_reported_as_finished_was_synced_before() {
    let Some(shim) = shim() else { return };
    let world = World::new();
    let flow = world.file("chain.yaml", chain(3));
    let trace = world.folder.join("trace");
    let told = trace.display().to_string();
    let answered = with_fault(&world, shim, &["run", &flow, "--quiet"], &[("FAULT_TRACE", &told)]);
    assert_eq!(answered.code, Some(0), "{}", answered.stderr);
    let calls = std::fs::read_to_string(&trace).unwrap();
    let calls: Vec<&str> = calls.lines().collect();
    let reported = calls
        .iter()
        .position(|call| call.ends_with("stdout"))
        .expect("it answers");
    let before = &calls[..reported];
    let written = before.iter().rposition(|call| *call == "write catalog").unwrap();
    let synced = before.iter().rposition(|call| *call == "sync catalog").unwrap();
    assert!(
        synced > written,
        "the last write before the answer is synced: {calls:?}"
    );
}

#[test]
fn a_clock_that_jumps_back_is_kept_and_order_stays() {
    let Some(shim) = shim() else { return };
    let world = World::new();
    let flow = world.file("chain.yaml", chain(3));
    world.good(&["run", &flow]);
    let back = with_fault(&world, shim, &["run", &flow, "--quiet"], &[("FAULT_CLOCK", "86400")]);
    assert_eq!(back.code, Some(0), "{}", back.stderr);
    world.good(&["catalog", "check"]);
    let log = world.good(&["catalog", "export"]).stdout;
    let events: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter_map(|line| line.get("event").map(|event| event["payload"].clone()))
        .collect();
    let time = |event: &Value, name: &str| event[name].as_str().unwrap().to_owned();
    assert!(
        events
            .windows(2)
            .all(|pair| time(&pair[0], "time") <= time(&pair[1], "time"))
    );
    let jumped = events
        .iter()
        .filter(|event| time(event, "clock") < time(event, "time"))
        .count();
    assert!(jumped > 0, "the clock was set back, and the log says so");
}

#[test]
fn many_processes_write_one_chain_while_others_read() {
    let length = Duration::from_secs(amount("BEGAT_SECONDS", 4));
    let world = World::new();
    let flow = world.file("chain.yaml", chain(3));
    world.good(&["run", &flow, "--label", "writer=0"]);
    let end = Instant::now() + length;
    let failures: Vec<String> = std::thread::scope(|scope| {
        let (world, flow) = (&world, flow.as_str());
        let writers = (1..=8).map(|writer| {
            scope.spawn(move || {
                let mut failures = Vec::new();
                for run in 0.. {
                    let (writer, run) = (format!("writer={writer}"), format!("run={run}"));
                    let answer = world.begat(&["run", flow, "--quiet", "--label", &writer, "--label", &run]);
                    if answer.code != Some(0) {
                        failures.push(format!("{writer}: {}", answer.stderr));
                    }
                    if Instant::now() > end {
                        return failures;
                    }
                }
                failures
            })
        });
        let writers: Vec<_> = writers.collect();
        let questions: [&[&str]; 4] = [
            &["catalog", "verify"],
            &["asset", "list"],
            &["execution", "list"],
            &["asset", "graph", "vm0"],
        ];
        let readers = questions.map(|question| {
            scope.spawn(move || {
                let mut failures = Vec::new();
                while Instant::now() < end {
                    let answer = world.begat(question);
                    if answer.code != Some(0) {
                        failures.push(format!("{question:?}: {}", answer.stderr));
                    }
                }
                failures
            })
        });
        let readers: Vec<_> = readers.into_iter().collect();
        writers
            .into_iter()
            .chain(readers)
            .flat_map(|thread| thread.join().unwrap())
            .collect()
    });
    assert_eq!(failures, Vec::<String>::new());
    world.good(&["catalog", "check"]);
    let list = world
        .good(&["execution", "list", "--limit", "1000000", "--format", "json"])
        .json();
    // The newest are first; each writer's own are in the order it ran them, and all of them are there.
    let mut runs: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for execution in list.as_array().unwrap().iter().rev() {
        assert_eq!(execution["state"], "SUCCESS");
        let label = |name: &str| execution["labels"][name].as_str().map(str::to_owned);
        if let (Some(writer), Some(run)) = (label("writer"), label("run")) {
            runs.entry(writer).or_default().push(run.parse().unwrap());
        }
    }
    assert_eq!(runs.len(), 8);
    for (writer, runs) in runs {
        let expected: Vec<u64> = (0..runs.len() as u64).collect();
        assert_eq!(runs, expected, "writer {writer}");
    }
}
