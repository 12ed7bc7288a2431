//! The job that CI systems run, and what makes a run the same on every machine.

use std::path::Path;
use std::process::Command;

use crate::interop::{PRIVATE, PUBLIC};
use crate::world::{SEVEN_FLOWS, World, repository};

/// Runs the job of the repository for flows of a folder; gives its exit code and all it said.
fn job(world: &World, flows: &Path, run: &str, environment: &[(&str, &str)]) -> (Option<i32>, String) {
    let model = world.command(&[]);
    let mut command = Command::new(repository().join(".ci/job"));
    command.current_dir(&world.folder);
    for (key, value) in model.get_envs() {
        match value {
            Some(value) => command.env(key, value),
            None => command.env_remove(key),
        };
    }
    command.env_remove("GITHUB_ACTIONS").env_remove("GITHUB_STEP_SUMMARY");
    command
        .env("BEGAT", env!("CARGO_BIN_EXE_begat"))
        .env("FLOWS", flows)
        .env("RUN", run)
        .envs(environment.iter().copied());
    let output = command.output().unwrap();
    let said = [output.stderr, output.stdout].concat();
    (output.status.code(), String::from_utf8(said).unwrap())
}

#[test]
fn the_seven_flows_pass_the_job_and_leave_reports() {
    let world = World::new();
    let flows = repository().join("flows");
    let run: Vec<String> = SEVEN_FLOWS
        .map(|name| flows.join(format!("{name}.yaml")).display().to_string())
        .into();
    // As on a machine that has never seen begat.
    let (cold, home) = (World::new(), World::new());
    let cold = cold.folder.join("cache").display().to_string();
    let environment = [("BEGAT_CACHE", cold.as_str()), ("HOME", home.folder.to_str().unwrap())];
    let (code, said) = job(&world, &flows, &run.join(" "), &environment);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("compiling the plugin"), "{said}");
    assert_eq!(
        std::fs::read_dir(&home.folder).unwrap().count(),
        0,
        "nothing is written at home"
    );
    assert!(said.contains("7 tests: 7 passed"), "{said}");
    assert!(said.contains("events verified"), "{said}");
    let report = |name: &str| std::fs::read_to_string(world.folder.join("reports").join(name)).unwrap();
    assert!(report("tests.xml").contains("tests=\"7\" failures=\"0\""));
    assert!(
        report("create_vm.md").starts_with("## create_vm SUCCESS\n"),
        "{}",
        report("create_vm.md")
    );
    assert!(
        report("create_vm.md").contains("| windows-web-01 | VM | CREATED |"),
        "{}",
        report("create_vm.md")
    );
    assert!(report("catalog.jsonl").lines().count() > 30);
    let statement: serde_json::Value = serde_json::from_str(&report("create_vm.intoto.json")).unwrap();
    assert_eq!(statement["_type"], "https://in-toto.io/Statement/v1");
    assert!(
        statement["subject"].to_string().contains("windows-web-01"),
        "{statement}"
    );
    let written: Vec<_> = std::fs::read_dir(&world.folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(written, ["reports"], "nothing is written but the reports");
}

#[test]
fn a_cache_that_was_filled_ahead_of_time_leaves_nothing_to_compile() {
    let world = World::new();
    let cache = world.folder.join("cache");
    let told = world.with_cache(&cache, &["plugin", "compile"]);
    assert!(
        told.stdout.contains("plugins are compiled for this machine"),
        "{}",
        told.stdout
    );
    for name in SEVEN_FLOWS.iter().filter(|name| **name != "assign_certificate") {
        let flow = format!("flows/{name}.yaml");
        let answer = world.with_cache(&cache, &["run", &flow]);
        assert_eq!(answer.code, Some(0), "{}", answer.stderr);
        assert!(!answer.stderr.contains("compiling"), "{}", answer.stderr);
    }
}

#[test]
fn the_job_ends_with_the_code_of_what_went_wrong() {
    let world = World::new();
    let flow = |name: &str, task: &str| {
        let folder = world.folder.join(name);
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("a.yaml");
        std::fs::write(&path, format!("id: a\nnamespace: ci\ntasks:\n  - id: t\n    {task}\n")).unwrap();
        std::fs::write(
            folder.join("a.test.yaml"),
            "testCases:\n  - id: works\n    fixtures:\n      tasks: [{id: t}]\n",
        )
        .unwrap();
        (folder, path.display().to_string())
    };
    let (folder, path) = flow("failing", "type: Fail\n    errorMessage: on purpose");
    let summary = world.folder.join("summary.md");
    let github = [
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_STEP_SUMMARY", summary.to_str().unwrap()),
    ];
    let (code, said) = job(&world, &folder, &path, &github);
    assert_eq!(code, Some(1), "{said}");
    let text = std::fs::read_to_string(&summary).unwrap();
    assert!(
        text.starts_with("## a FAILED\n") && text.contains("on purpose"),
        "{text}"
    );

    let (folder, path) = flow("invalid", "type: log\n    mesage: a");
    let (code, said) = job(&world, &folder, &path, &github[..1]);
    assert_eq!(code, Some(2), "{said}");
    assert!(
        said.contains("::error file=") && said.contains("did you mean `message`?"),
        "{said}"
    );

    let needs = "type: http.request\n    uri: https://inventory.example.com/hosts";
    let (folder, path) = flow("ungranted", needs);
    let (code, said) = job(&world, &folder, &path, &[]);
    assert_eq!(code, Some(2), "{said}");
    assert!(
        said.contains("needs `net=inventory.example.com`, which is not granted"),
        "{said}"
    );

    let (folder, path) = flow("untrue", "type: log\n    message: a");
    std::fs::write(
        folder.join("a.test.yaml"),
        "testCases:\n  - {id: wrong, state: FAILED}\n",
    )
    .unwrap();
    let (code, said) = job(&world, &folder, &path, &[]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("the execution is SUCCESS, not FAILED"), "{said}");
}

#[test]
fn a_report_has_the_form_its_name_says_also_of_a_refusal() {
    let world = World::new();
    let flow = repository().join("flows/create_vm.yaml").display().to_string();
    let run = |name: &str, flow: &str| {
        let path = world.folder.join(name).display().to_string();
        let answer = world.begat(&["run", flow, "--ephemeral", "--report", &path]);
        (answer, std::fs::read_to_string(path).unwrap_or_default())
    };
    let (_, text) = run("r.json", &flow);
    let report: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(report["execution"]["state"], "SUCCESS");
    assert_eq!(report["logs"][0]["message"], "Provisionioning VM windows-web-01");
    let (_, text) = run("r.xml", &flow);
    assert!(
        text.contains("<testcase name=\"gcp_create_instance\" classname=\"company.team.create_vm\""),
        "{text}"
    );
    let (answer, text) = run("r.md", &world.file("bad.yaml", "id: a\n"));
    assert_eq!(answer.code, Some(2));
    assert!(text.contains("was refused"), "{text}");
    let (answer, _) = run("r.txt", &flow);
    assert_eq!(answer.code, Some(2));
    assert!(
        answer.stderr.contains("does not say the form of the report"),
        "{}",
        answer.stderr
    );
}

#[test]
fn a_run_can_be_attested_and_signed_also_one_that_leaves_no_catalog() {
    let world = World::new();
    let (private, public) = (world.file("key.pem", PRIVATE), world.file("key.pub", PUBLIC));
    let path = world.folder.join("made/vm.json").display().to_string();
    let run = [
        "run",
        "flows/create_vm.yaml",
        "--ephemeral",
        "--attest",
        &path,
        "--attest-key",
    ];
    world.good(&[&run[..], &[&private]].concat());
    let told = world
        .good(&["execution", "verify-attestation", &path, "--key", &public])
        .stdout;
    assert!(told.contains("windows-web-01"), "{told}");
    // A run that makes nothing leaves no attestation, also none of an earlier one.
    let nothing = world.file(
        "nothing.yaml",
        "id: a\nnamespace: ci\ntasks: [{id: t, type: log, message: a}]\n",
    );
    let answer = world.good(&["run", &nothing, "--attest", &path]);
    assert!(
        answer.stderr.contains("made nothing that could be attested"),
        "{}",
        answer.stderr
    );
    assert!(!Path::new(&path).exists());
    // With a key that signs nothing, nothing runs.
    let answer = world.begat(&[&run[..], &[&public]].concat());
    assert_eq!(answer.code, Some(2), "{}", answer.stderr);
    assert!(
        !answer.stderr.contains("SUCCESS") && !Path::new(&path).exists(),
        "{}",
        answer.stderr
    );
}

const CHANCE: &str = "id: chance\nnamespace: ci\ntasks:\n  - id: both\n    type: Parallel\n    tasks:\n      - id: one\n        \
                      type: shell\n        script: \"echo one $RANDOM $(date +%s)\"\n      - id: two\n        type: log\n        \
                      message: \"two {{ randomInt(lower=0, upper=1000000) }} {{ uuid() }} {{ now() }}\"\n        assets:\n          \
                      outputs: [{id: \"asset-{{ execution.id }}\", type: Thing}]\n      - id: three\n        type: log\n        \
                      message: three\n";

#[test]
fn a_run_with_a_fixed_clock_and_seed_is_the_same_to_the_byte() {
    let export = |seed: &str| {
        let world = World::new();
        let flow = world.file("chance.yaml", CHANCE);
        world.good(&["run", &flow, "--clock", "2026-03-01T12:00:00Z", "--seed", seed]);
        world.good(&["catalog", "export"]).stdout
    };
    let first = export("7");
    assert!(first.contains("2026-03-01T12:00:00Z"), "{first}");
    assert_eq!(first, export("7"));
    assert_ne!(first, export("8"));
    let world = World::new();
    let answer = world.begat(&["run", "flows/create_vm.yaml", "--clock", "soon"]);
    assert_eq!(answer.code, Some(2));
    assert!(answer.stderr.contains("write a time since 1970"), "{}", answer.stderr);
}

#[test]
fn a_change_of_a_flow_is_told_by_what_it_means_for_assets() {
    let world = World::new();
    let text = std::fs::read_to_string(repository().join("flows/create_vm.yaml")).unwrap();
    let base = world.file("base.yaml", &text);
    world.good(&["run", &base]);
    let changed = text.replace("us-central1", "europe-west3").replace(
        "      outputs:\n",
        "      outputs:\n        - {id: disk-1, type: Disk, size: 10}\n",
    );
    let changed = world.file("changed.yaml", changed);
    let told = world.good(&["plan", &changed, "--against", &base]).stdout;
    for words in [
        "+ disk-1 (Disk) would be made",
        "~ windows-web-01",
        "metadata.region: us-central1 → europe-west3",
    ] {
        assert!(told.contains(words), "{told}");
    }
    let told = world
        .good(&["plan", &base, "--against", &changed, "--format", "markdown"])
        .stdout;
    assert!(told.contains("| **orphaned** | `disk-1` | `Disk` |"), "{told}");
    let told = world.good(&["plan", &base, "--against", &base]).stdout;
    assert_eq!(told, "nothing is different\n");
}

#[test]
fn the_catalog_knows_what_a_digest_made() {
    let world = World::new();
    world.good(&["run", "flows/create_vm.yaml"]);
    let plugins = world.good(&["plugin", "show", "log", "--format", "json"]).json();
    let digest = plugins["digest"].as_str().unwrap();
    let made = world
        .good(&["plugin", "assets", &digest[..16], "--format", "json"])
        .json();
    assert_eq!(made[0]["id"], "windows-web-01");
    assert_eq!(made[0]["event"], "CREATED");
    assert_eq!(made[0]["plugin"]["digest"], digest);
    let full = format!("sha256:{digest}");
    assert!(
        world
            .good(&["plugin", "assets", &full])
            .stdout
            .contains("windows-web-01")
    );
    assert_eq!(world.good(&["plugin", "assets", "shell"]).stdout, "it made nothing\n");
}

#[test]
fn two_catalogs_are_compared_whenever_they_were_written() {
    let (one, other) = (World::new(), World::new());
    for world in [&one, &other] {
        world.good(&["run", "flows/create_vm.yaml"]);
    }
    other.good(&["asset", "set", "windows-web-01", "-m", "status=stopped"]);
    other.good(&["asset", "set", "disk-1", "--type", "Disk", "--from", "windows-web-01"]);
    let files = [&one, &other].map(|world| world.folder.join("catalog.db").display().to_string());
    let told = one.good(&["catalog", "diff", &files[0], &files[1]]).stdout;
    for words in [
        "+ disk-1  Disk  created",
        "metadata.status  running → stopped",
        "+ windows-web-01 → disk-1",
    ] {
        assert!(told.contains(words), "{told}");
    }
    let told = one
        .good(&["catalog", "diff", &files[1], &files[0], "--format", "markdown"])
        .stdout;
    assert!(told.contains("| **gone** | `disk-1` | `Disk` |"), "{told}");
    let told = one.good(&["catalog", "diff", &files[0], &files[0]]).stdout;
    assert_eq!(told, "nothing is different\n");
}
