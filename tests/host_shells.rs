//! Scripts in shells of the host, which run only where the operator granted a tool for them.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use crate::world::World;

/// A program that stands for PowerShell: it prints how it was called and the script that it was given.
const FAKE_PWSH: &str = "#!/bin/sh\necho \"called with $1 $2, STAGE=$STAGE, HOME=$HOME\"\ncat \"$3\"\necho to-stderr >&2\nexit \"${CODE:-0}\"\n";

fn flow(kind: &str, script: &str, env: &str) -> String {
    format!(
        "id: shells\nnamespace: company.team\ntasks:\n  - id: script\n    type: {kind}\n    env: {{{env}}}\n    script: |\n      {script}\n"
    )
}

#[test]
fn a_bash_of_the_host_runs_a_script_where_it_is_granted() {
    let world = World::new();
    let settings = world.file(
        "begat.toml",
        "[plugins.shell]\nallow = [\"run=bash\"]\n[tools.bash]\npath = \"/usr/bin/bash\"\narguments = [\"--noprofile\", \"--norc\", \"{script}\"]\n\
         environment = { PATH = \"/usr/bin:/bin\" }\nvariables = [\"STAGE\"]\ntime = 10\n",
    );
    let script =
        "echo \"bash $BASH_VERSION at $STAGE, home ${HOME:-none}, pid $(readlink /proc/self/exe)\"; exit ${CODE:-0}";
    let run = |script: &str, env: &str, config: bool| {
        let file = world.file("bash.yaml", flow("shell", script, env));
        let mut arguments = vec!["run", &file, "--format", "json"];
        if config {
            arguments.extend(["--config", &settings]);
        }
        world.begat(&arguments)
    };
    let answer = run(script, "STAGE: test", true);
    assert_eq!(answer.code, Some(0), "{}{}", answer.stdout, answer.stderr);
    let view = answer.json();
    let said = view["tasks"][0]["outputs"]["stdout"].as_str().unwrap().to_owned();
    assert!(said.contains("at test, home none, pid /"), "{said}");
    assert_eq!(view["grants"][0]["target"], "bash");
    let id = view["execution"]["id"].as_str().unwrap();
    let log = world.good(&["execution", "logs", id]).stdout;
    assert!(
        log.contains("in the host's own bash, outside the sandbox") && log.contains("at test"),
        "{log}"
    );
    let failed = run("echo before; exit 3", "", true).json();
    assert_eq!(failed["execution"]["state"], "FAILED");
    assert!(
        failed["tasks"][0]["error"].as_str().unwrap().contains("exit code 3"),
        "{failed}"
    );
    // A variable that the operator did not name is not handed through, and without the grant the script stays inside.
    let smuggled = run("true", "LD_PRELOAD: /tmp/x.so", true).json();
    assert!(
        smuggled["tasks"][0]["error"].as_str().unwrap().contains("may not set"),
        "{smuggled}"
    );
    let inside = run("cat /proc/self/exe", "", false).json();
    assert!(inside["grants"].as_array().is_none_or(Vec::is_empty), "{inside}");
    let said = inside["tasks"][0]["outputs"]["stdout"].as_str().unwrap();
    assert!(said.contains("bashkit"), "{inside}");
}

#[test]
fn the_lines_of_a_script_come_while_it_runs() {
    let world = World::new();
    let go = world.folder.join("go");
    let settings = world.file(
        "begat.toml",
        "[plugins.shell]\nallow = [\"run=bash\"]\n[secrets.TOKEN]\nenv = \"TEST_TOKEN\"\n\
         [tools.bash]\npath = \"/usr/bin/bash\"\narguments = [\"--noprofile\", \"--norc\", \"{script}\"]\n\
         environment = { PATH = \"/usr/bin:/bin\" }\nvariables = [\"TOKEN\"]\ntime = 60\n",
    );
    // It goes on only once this test has seen its first lines, and ends otherwise at the limit of its time.
    let script = format!(
        "echo 'first ü'; echo \"::{{\\\"outputs\\\": {{\\\"n\\\": 1}}}}::\"; echo \"it is $TOKEN\"\n      \
         while [ ! -e {} ]; do sleep 0.02; done\n      echo third >&2\n      printf last",
        go.display()
    );
    let file = world.file("live.yaml", flow("shell", &script, "TOKEN: \"{{ secret('TOKEN') }}\""));
    let mut command = world.command(&["run", &file, "--config", &settings, "--allow", "flow:secret=TOKEN"]);
    command.env("TEST_TOKEN", "hunter2-and-some-more");
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    let mut seen: Vec<String> = Vec::new();
    while !seen.last().is_some_and(|line| line.ends_with("it is ******")) {
        seen.push(
            lines
                .next()
                .unwrap_or_else(|| panic!("it ended before its lines came: {seen:#?}")),
        );
    }
    assert!(child.try_wait().unwrap().is_none(), "it waits for the file: {seen:#?}");
    std::fs::write(&go, "").unwrap();
    seen.extend(lines);
    assert_eq!(child.wait().unwrap().code(), Some(0), "{seen:#?}");
    let id = world.good(&["execution", "list", "--format", "json"]).json()[0]["id"].clone();
    let id = id.as_str().unwrap();
    let log = world.good(&["execution", "logs", id, "--format", "json"]).json();
    let said: Vec<(&str, &str)> = log
        .as_array()
        .unwrap()
        .iter()
        .map(|line| (line["level"].as_str().unwrap(), line["message"].as_str().unwrap()))
        .collect();
    assert_eq!(
        said,
        [
            ("INFO", "the script runs in the host's own bash, outside the sandbox"),
            ("INFO", "first ü"),
            ("INFO", "it is ******"),
            ("WARN", "third"),
            ("INFO", "last"),
        ]
    );
    let view = world.good(&["execution", "show", id, "--format", "json"]).json();
    let outputs = &view["tasks"][0]["outputs"];
    assert_eq!(
        (&outputs["vars"]["n"], &outputs["stdout"]),
        (&1.into(), &"first ü\nit is ******\nlast".into())
    );
}

#[test]
fn a_pwsh_of_the_host_runs_a_script_where_it_is_granted() {
    let world = World::new();
    let program = world.file("pwsh", FAKE_PWSH);
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let settings = world.file(
        "begat.toml",
        format!(
            "[plugins.powershell]\nallow = [\"run=pwsh\"]\n[tools.pwsh]\npath = \"{program}\"\narguments = [\"-NoProfile\", \"-File\", \"{{script}}\"]\n\
             environment = {{ PATH = \"/usr/bin:/bin\" }}\nvariables = [\"STAGE\", \"CODE\"]\n"
        ),
    );
    let run = |env: &str| {
        let file = world.file("pwsh.yaml", flow("powershell", "Get-Process | Sort-Object CPU", env));
        world.begat(&["run", &file, "--config", &settings, "--format", "json"])
    };
    let answer = run("STAGE: test");
    assert_eq!(answer.code, Some(0), "{}{}", answer.stdout, answer.stderr);
    let view = answer.json();
    let outputs = &view["tasks"][0]["outputs"];
    let said = outputs["stdout"].as_str().unwrap();
    assert!(
        said.contains("called with -NoProfile -File, STAGE=test, HOME=\n"),
        "{said}"
    );
    assert!(said.contains("Get-Process | Sort-Object CPU"), "{said}");
    assert_eq!(outputs["simulated"], false);
    let failed = run("CODE: \"7\"").json();
    let error = failed["tasks"][0]["error"].as_str().unwrap();
    assert!(error.contains("exit code 7") && error.contains("to-stderr"), "{error}");
}
