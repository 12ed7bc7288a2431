//! A plugin that means harm ends its own task run at a limit, and nothing else. Each guest has a test here.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::server::{self, Server};
use crate::world::{World, answer, guests, liar, repository};

/// How an attack must end.
enum End {
    /// The task fails with these words.
    Fails(&'static str),
    /// The task ends well, with these words in its log.
    Says(&'static str),
}

use End::{Fails, Says};

/// Every attack of the guests: its task type, what else the command line says, and how it must end.
const ATTACKS: [(&str, &[&str], End); 37] = [
    (
        "hostile.sleep",
        &["--task-timeout", "0.5"],
        Fails("longer than its limit of 0.5 s (`time`)"),
    ),
    (
        "hostile.loop",
        &["--task-timeout", "0.5"],
        Fails("longer than its limit of 0.5 s (`time`)"),
    ),
    (
        "hostile.memory",
        &["--task-memory", "64"],
        Fails("more memory than its limit of 64 MiB (`memory`)"),
    ),
    ("hostile.panic", &[], Fails("these are my last words")),
    (
        "hostile.log",
        &[],
        Says("log truncated: a task run may write 100000 lines"),
    ),
    ("hostile.line", &[], Says("… (line truncated)")),
    ("hostile.outputs", &[], Fails("at most 4194304 are allowed (`outputs`)")),
    (
        "hostile.depth",
        &[],
        Fails("nested deeper than 64 levels (`json_depth`)"),
    ),
    (
        "hostile.stranger",
        &[],
        Says("declared the asset `somebody-elses`, which the flow does not"),
    ),
    ("hostile.file", &[], Fails("no file was given")),
    (
        "hostile.stack",
        &[],
        Fails("more stack than its limit of 1 MiB (`stack`)"),
    ),
    (
        "hostile.handles",
        &[],
        Fails("more handles than its limit of 1000 (`handles`)"),
    ),
    (
        "hostile.buffers",
        &[],
        Fails("a call to the host carries more than 16 MiB (`host_buffers`)"),
    ),
    (
        "hostile.random",
        &[],
        Fails("more randomness at once than its limit of 1 MiB (`random`)"),
    ),
    ("hostile.assets", &[], Fails("at most 1000 are allowed (`assets`)")),
    ("hostile.metadata", &[], Fails("at most 65536 are allowed (`metadata`)")),
    (
        "hostile.bytes",
        &[],
        Fails("more in `/work` than its limit of 256 MiB (`work_bytes`)"),
    ),
    (
        "hostile.files",
        &[],
        Fails("more files in `/work` than its limit of 10000 (`work_files`)"),
    ),
    ("hostile.escape", &[], Says("{\"said\":[]}")),
    ("hostile.links", &[], Says("{\"said\":[\"inside\"]}")),
    ("hostile.swap", &[], Says("{\"said\":")),
    ("hostile.environment", &[], Says("{\"said\":{}}")),
    ("hostile.terminal", &[], Says("\\u{1b}[2J\\u{1b}]0;owned\\u{7}")),
    (
        "hostile.headers",
        &["--allow", "net=SERVER"],
        Fails("more than 64 KiB (`http_header_bytes`)"),
    ),
    ("hostile.net", &[], Fails("--allow hostile:net=http://SERVER")),
    ("hostile.secret", &["--allow", "secret=TOKEN"], Fails("it is ******")),
    ("hostile.echo", &["--allow", "secret=TOKEN"], Says("it is ******, or ")),
    ("hostile.split", &["--allow", "secret=TOKEN"], Says("it begins ******")),
    ("hostile.tool", &[], Fails("--allow hostile:run=env")),
    (
        "hostile.programs",
        &["--allow", "run=sleep"],
        Fails("8 programs of the task run already (`tools_at_once`)"),
    ),
    (
        "hostile.program",
        &["--allow", "run=sleep"],
        Fails("the tool `sleep` ran longer than its limit of 0.2 s (`time` of `[tools.sleep]`)"),
    ),
    (
        "liar.invalid",
        &[],
        Fails("its outputs are no JSON object: EOF while parsing"),
    ),
    (
        "liar.list",
        &[],
        Fails("its outputs are no JSON object: invalid type: sequence"),
    ),
    ("liar.deep", &[], Fails("nested deeper than 64 levels (`json_depth`)")),
    ("liar.utf8", &[], Fails("invalid utf-8")),
    ("liar.length", &[], Fails("the plugin was stopped")),
    ("liar.million", &[], Fails("(`host_buffers`)")),
];

const SECRET: &str = "hunter2-and-some-more";

/// Runs one attack, and holds what came of it against what must.
fn check(task_type: &str, extra: &[&str], end: &End) {
    let world = World::new();
    let server = Server::start(server::plain("hello"));
    let target = match task_type {
        "hostile.headers" | "hostile.net" => format!("http://{}/", server.address),
        "hostile.tool" => "env LD_PRELOAD=/tmp/evil.so".to_owned(),
        "hostile.programs" | "hostile.program" => "sleep".to_owned(),
        _ => "TOKEN".to_owned(),
    };
    let settings = world.file(
        "begat.toml",
        "[secrets.TOKEN]\nenv = \"TEST_TOKEN\"\n[tools.sleep]\npath = \"/bin/sleep\"\narguments = [\"3600\"]\ntime = 0.2\n",
    );
    let given = match task_type.starts_with("hostile") {
        true => format!("    target: '{target}'\n"),
        false => String::new(),
    };
    let flow = world.file(
        "attack.yaml",
        format!(
            "id: attack\nnamespace: company.team\ntasks:\n  - id: attack\n    type: {task_type}\n{given}    assets:\n      \
             outputs:\n        - id: victim\n          type: VM\n"
        ),
    );
    let plugins = guests().display().to_string();
    let filled: Vec<String> = extra
        .iter()
        .map(|word| word.replace("SERVER", &server.address.to_string()))
        .collect();
    let mut arguments = vec![
        "run",
        &flow,
        "--plugins",
        &plugins,
        "--format",
        "json",
        "--config",
        &settings,
    ];
    arguments.extend(filled.iter().map(String::as_str));
    let answer = world.answer(world.command(&arguments).env("TEST_TOKEN", SECRET));
    let view = answer.json();
    let id = view["execution"]["id"].as_str().unwrap().to_owned();
    let logs = world
        .good(&["execution", "logs", &id, "--format", "json", "--level", "trace"])
        .stdout;
    let (words, whole) = match end {
        Fails(words) => (
            words,
            format!("{}{}", view["tasks"][0]["error"], view["tasks"][0]["outputs"]),
        ),
        Says(words) => (
            words,
            format!("{logs}{}", view["tasks"][0]["outputs"]).replace("\\\\", "\\"),
        ),
    };
    let words = words.replace("SERVER", &server.address.to_string());
    let is_declared = matches!(task_type, "hostile.assets" | "hostile.metadata" | "liar.million");
    match (end, is_declared) {
        // What cannot be declared is a warning, unless the flow says otherwise.
        (Fails(_), true) => assert_eq!(view["tasks"][0]["state"], "WARNING", "{task_type}: {view}"),
        (Fails(_), false) => {
            assert_eq!(view["tasks"][0]["state"], "FAILED", "{task_type}: {view}");
            assert_eq!(answer.code, Some(1), "{task_type}");
        }
        (Says(_), _) => assert_eq!(answer.code, Some(0), "{task_type}: {view}"),
    }
    let whole = whole.replace("\\\"", "\"");
    assert!(
        whole.contains(&words),
        "{task_type}: wanted `{words}` in {}",
        whole.chars().take(3000).collect::<String>()
    );
    for part in [SECRET, "hunter2-an", "-some-more"] {
        assert!(
            !answer.stdout.contains(part) && !answer.stderr.contains(part) && !logs.contains(part),
            "{task_type}"
        );
    }
    world.good(&["catalog", "verify"]);
    let export = world.good(&["catalog", "export"]).stdout;
    assert!(!export.contains(SECRET), "{task_type}");
    let assets = world.good(&["asset", "list", "--format", "json"]).json();
    let expected = match end {
        Fails(_) => json!([]),
        Says(_) => json!(["victim"]),
    };
    let ids: Vec<Value> = assets
        .as_array()
        .unwrap()
        .iter()
        .map(|asset| asset["id"].clone())
        .collect();
    assert_eq!(json!(ids), expected, "{task_type}");
}

/// Floods its output, and writes down the processes there are of it.
const CHATTER: &str =
    "sleep 3600 & echo $$ $! > PIDS.new; mv PIDS.new PIDS; touch begun; while :; do echo chatter; done";

/// The processes that a program wrote down, once it runs.
fn processes(file: &Path) -> Vec<String> {
    let begin = Instant::now();
    loop {
        if let Ok(text) = std::fs::read_to_string(file) {
            return text.split_whitespace().map(str::to_owned).collect();
        }
        assert!(begin.elapsed() < Duration::from_secs(60), "the program does not run");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Whether a process is there and at work. One that nobody has buried yet is not.
fn is_alive(process: &str) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{process}/stat"));
    status.is_ok_and(|text| {
        text.rsplit_once(')')
            .is_some_and(|(_, rest)| !rest.trim_start().starts_with('Z'))
    })
}

#[test]
fn a_program_ends_with_the_task_that_started_it() {
    let plugins = guests().display().to_string();
    for (how, limit, code) in [
        ("dropped", "60", 0),
        ("forgotten", "60", 0),
        ("panic", "60", 1),
        ("unread", "4", 1),
        ("read", "4", 1),
        ("read", "60", 130),
    ] {
        let world = World::new();
        let file = world.folder.join("PIDS");
        let settings = format!(
            "[plugins.hostile]\nallow = [\"run=chatter\"]\n[tools.chatter]\npath = \"/bin/sh\"\narguments = [\"-c\", \"{}\"]\n\
             environment = {{ PATH = \"/usr/bin:/bin\" }}\noutput = \"1000 GiB\"\n",
            CHATTER.replace("PIDS", &file.display().to_string())
        );
        let settings = world.file("begat.toml", settings);
        let flow = world.file(
            "program.yaml",
            format!("id: p\nnamespace: a\ntasks:\n  - id: t\n    type: hostile.program\n    target: chatter {how}\n"),
        );
        let arguments = [
            "run",
            &flow,
            "--plugins",
            &plugins,
            "--config",
            &settings,
            "--task-timeout",
            limit,
        ];
        let mut command = world.command(&arguments);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let processes = processes(&file);
        assert_eq!(processes.len(), 2, "{how}");
        if code == 130 {
            assert!(
                processes.iter().all(|process| is_alive(process)),
                "{how}: they run while they are read from"
            );
            let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
            assert!(sent.unwrap().success());
        }
        let answer = answer(child.wait_with_output().unwrap());
        assert_eq!(answer.code, Some(code), "{how}: {}", answer.stderr);
        let begin = Instant::now();
        while processes.iter().any(|process| is_alive(process)) {
            assert!(
                begin.elapsed() < Duration::from_secs(10),
                "{how}: a process outlived its task"
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

fn check_all(place: usize) {
    // Four tests at once use both cores and show which attack broke.
    for (task_type, extra, end) in ATTACKS.iter().skip(place).step_by(4) {
        check(task_type, extra, end);
    }
}

#[test]
fn attacks_end_at_their_limits_1() {
    check_all(0);
}

#[test]
fn attacks_end_at_their_limits_2() {
    check_all(1);
}

#[test]
fn attacks_end_at_their_limits_3() {
    check_all(2);
}

#[test]
fn attacks_end_at_their_limits_4() {
    check_all(3);
}

/// The names in a list of a guest's source.
fn names_in(guest: &str, list: &str) -> Vec<String> {
    let path = repository().join("tests/guests").join(guest).join("src/lib.rs");
    let source = std::fs::read_to_string(path).unwrap();
    let start = source.find(&format!("const {list}:")).unwrap();
    let body = &source[start..start + source[start..].find("];").unwrap()];
    let body = &body[body.find('=').unwrap()..];
    body.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn every_guest_has_a_test_on_the_host() {
    let tested: Vec<&str> = ATTACKS.iter().map(|(name, ..)| *name).collect();
    let hostile = names_in("hostile", "ATTACKS")
        .into_iter()
        .map(|name| format!("hostile.{name}"));
    for name in hostile.chain(names_in("liar", "ATTACKS")) {
        assert!(tested.contains(&name.as_str()), "the guest `{name}` has no test");
    }
    for word in names_in("liar", "WORDS") {
        assert!(
            DESCRIPTIONS.iter().any(|(known, _)| *known == word),
            "the description `{word}` has no test"
        );
    }
    let folders: Vec<_> = std::fs::read_dir(repository().join("tests/guests")).unwrap().collect();
    assert_eq!(folders.len(), 2, "a guest that no test knows");
}

/// What a component may say of itself, and what becomes of it.
const DESCRIPTIONS: [(&str, Option<&str>); 10] = [
    ("honest", None),
    ("trap", Some("cannot describe itself: the plugin crashed")),
    (
        "loop",
        Some("cannot describe itself: the task ran longer than its limit of 1 s (`time`)"),
    ),
    ("nameless", Some("it has no name or no task type")),
    (
        "schema",
        Some("the schema of the properties of `liar.invalid` is no JSON object"),
    ),
    ("thief", Some("is provided by")),
    ("flood", Some("(`host_buffers`)")),
    ("impostor", Some("two plugins call themselves `http`: `embedded` and")),
    (
        "flow",
        Some("calls itself `flow`, which is the name under which flows are granted something"),
    ),
    (
        "strange",
        Some("its name `liar\\n::error::forged` holds something else than letters"),
    ),
];

#[test]
fn a_description_that_is_a_lie_keeps_the_plugin_out_and_harms_nothing() {
    let world = World::new();
    let settings = world.file("begat.toml", "[limits]\ntime = 1\n");
    for (word, expected) in DESCRIPTIONS {
        let folder: PathBuf = world.folder.join(word);
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("liar.wasm"), liar(word)).unwrap();
        let plugins = folder.display().to_string();
        let answer = world.begat(&["plugin", "list", "--plugins", &plugins, "--config", &settings]);
        match expected {
            None => assert_eq!(answer.code, Some(0), "{word}: {}", answer.stderr),
            Some(words) => {
                assert_eq!(answer.code, Some(2), "{word}: {}", answer.stdout);
                assert!(answer.stderr.contains(words), "{word}: {}", answer.stderr);
            }
        }
    }
}

#[test]
fn many_parallel_tasks_are_no_fork_bomb() {
    let world = World::new();
    let tasks: String = (0..200)
        .map(|number| format!("      - {{id: t{number}, type: hostile.panic}}\n"))
        .collect();
    let flow = world.file(
        "bomb.yaml",
        format!("id: bomb\nnamespace: a\ntasks:\n  - id: all\n    type: io.kestra.plugin.core.flow.Parallel\n    tasks:\n{tasks}"),
    );
    let plugins = guests().display().to_string();
    let answer = world.begat(&["run", &flow, "--plugins", &plugins, "--quiet"]);
    assert_eq!(answer.code, Some(1), "{}", answer.stderr);
    world.good(&["catalog", "verify"]);
}

/// Changes a component as chance wants: the same number gives the same change.
fn mutated(component: &[u8], number: u64) -> Vec<u8> {
    let mut state = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 1).unwrap()
    };
    let mut bytes = component.to_vec();
    for _ in 0..=next() % 8 {
        let place = next() % bytes.len();
        match next() % 5 {
            0 => bytes[place] ^= 1 << (next() % 8),
            1 => bytes[place] = u8::try_from(next() % 256).unwrap(),
            2 => bytes.truncate(place.max(9)),
            3 => {
                let end = (place + next() % 64).min(bytes.len());
                bytes.drain(place..end);
            }
            _ => {
                let piece = bytes[place..(place + next() % 64).min(bytes.len())].to_vec();
                let at = next() % bytes.len();
                bytes.splice(at..at, piece);
            }
        }
        if bytes.len() < 9 {
            break;
        }
    }
    bytes
}

/// Loads mutated components until the time is over, and gives how many were taken and refused.
fn load_mutated(seconds: u64) -> (u64, u64) {
    let world = World::new();
    let settings = world.file(
        "begat.toml",
        "[limits]\ntime = 1\ncompile_time = 20\nmemory = \"32 MiB\"\n",
    );
    let honest = liar("honest");
    let start = Instant::now();
    let (mut taken, mut refused, mut number) = (0, 0, 0);
    while start.elapsed().as_secs() < seconds {
        let folder = world.folder.join("mutated");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("m.wasm"), mutated(&honest, number)).unwrap();
        let plugins = folder.display().to_string();
        let cache = world.folder.join("cache");
        let mut command = world.command(&["plugin", "list", "--plugins", &plugins, "--config", &settings]);
        let answer = world.answer(command.env("BEGAT_CACHE", &cache));
        match answer.code {
            Some(0) => taken += 1,
            Some(2) => refused += 1,
            code => panic!("mutation {number} ended begat with {code:?}: {}", answer.stderr),
        }
        assert!(
            !answer.stderr.contains("panicked"),
            "mutation {number}: {}",
            answer.stderr
        );
        number += 1;
    }
    (taken, refused)
}

#[test]
fn mutated_components_are_refused_or_run_and_never_end_the_process() {
    let (taken, refused) = load_mutated(10);
    assert!(refused > 0, "{taken} taken, {refused} refused");
}

/// `make fuzz-loader`
#[test]
#[ignore = "takes ten minutes"]
fn ten_minutes_of_mutated_components() {
    let (taken, refused) = load_mutated(600);
    println!("{taken} mutated components were taken and {refused} refused; none ended begat");
}

/// `make hostile`
#[test]
#[ignore = "takes long"]
fn ten_thousand_hostile_executions_leave_the_catalog_whole() {
    let world = World::new();
    let kinds = [
        "panic", "depth", "stack", "random", "buffers", "stranger", "terminal", "escape", "handles", "assets",
    ];
    let tasks: String = (0..100)
        .map(|number| {
            format!(
                "      - {{id: t{number}, type: hostile.{}, allowFailure: true}}\n",
                kinds[number % 10]
            )
        })
        .collect();
    let flow = world.file(
        "many.yaml",
        format!("id: many\nnamespace: a\ntasks:\n  - id: all\n    type: io.kestra.plugin.core.flow.Parallel\n    tasks:\n{tasks}"),
    );
    let plugins = guests().display().to_string();
    for batch in 0..100 {
        let answer = world.begat(&["run", &flow, "--plugins", &plugins, "--quiet"]);
        assert_eq!(answer.code, Some(0), "batch {batch}: {}", answer.stderr);
        world.good(&["catalog", "verify"]);
    }
}
