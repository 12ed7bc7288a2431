//! What a script costs in the sandbox, beside bash as a process of the host; what the components weigh, and how long each
//! is compiled the first time.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use super::begat::World;
use super::{ROUNDS, median, microseconds, milliseconds, ratio, timed};

/// Scripts of the flow that shows what one more costs.
const SCRIPTS: usize = 200;
const BASH: &str = "lines=$(printf 'a\\nb\\n' | wc -l); echo $lines";
const POWERSHELL: &str = "$lines = 'a', 'b' | Measure-Object; Write-Output $lines.Count";

/// Compares the shells with bash, warm, then compiles every plugin anew.
pub fn measure(world: &World) -> Result<()> {
    let plain = || {
        let mut command = Command::new("bash");
        command.args(["--norc", "--noprofile", "-c", BASH]);
        command
    };
    for (name, script) in [("shell", BASH), ("powershell", POWERSHELL)] {
        let (one, many) = (flow(world, name, script, 1)?, flow(world, name, script, SCRIPTS)?);
        timed(&mut world.run(&one))?;
        let (mut start, mut each, mut bash) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..ROUNDS / 3 {
            let alone = timed(&mut world.run(&one))?;
            start.push(alone);
            each.push(timed(&mut world.run(&many))?.saturating_sub(alone) / (SCRIPTS as u32 - 1));
            bash.push(timed(&mut plain())?);
        }
        let (start, each, bash) = (median(start), median(each), median(bash));
        println!(
            "{:<30} {:>9.2} ms",
            format!("begat run, one {name} script"),
            milliseconds(start)
        );
        println!(
            "{:<30} {:>9.1} µs",
            format!("one of {SCRIPTS} {name} scripts"),
            microseconds(each)
        );
        println!(
            "{:<30} {:>9.1} µs   a script takes {:.2}×, a run of one {:.2}×",
            "bash -c, a process",
            microseconds(bash),
            ratio(each, bash),
            ratio(start, bash)
        );
    }
    println!();
    components(world)
}

fn flow(world: &World, name: &str, script: &str, count: usize) -> Result<String> {
    let task = |number| format!("  - id: t{number}\n    type: {name}\n    script: |\n      {script}\n");
    let tasks: String = (0..count).map(task).collect();
    let text = format!("id: {name}_{count}\nnamespace: company.team\ntasks:\n{tasks}");
    world.flow(&format!("{name}_{count}.yaml"), &text)
}

/// The size of each embedded component and the time of its first compilation, in a cache of its own.
fn components(world: &World) -> Result<()> {
    let examples = [
        ("log", "    message: hello\n"),
        ("http", "    uri: http://127.0.0.1:9/\n"),
        (
            "gcp-snapshot",
            "    project: a\n    zone: b\n    disk: c\n    name: d\n",
        ),
        ("powershell", "    script: '1'\n"),
        ("shell", "    script: echo 1\n"),
    ];
    for (name, properties) in examples {
        let size = size(world, name)?;
        let kind = match name {
            "http" => "http.request",
            "gcp-snapshot" => "gcp.snapshot",
            other => other,
        };
        let text = format!("id: first\nnamespace: company.team\ntasks:\n  - id: t\n    type: {kind}\n{properties}");
        let path = world.flow(&format!("first_{name}.yaml"), &text)?;
        let mut times = Vec::new();
        for round in 0..3 {
            let mut command = world.run(&path);
            command
                .args(["--ephemeral", "--allow", "net=127.0.0.1:9"])
                .env("BEGAT_CACHE", world.file(&format!("cache-{name}-{round}")));
            // What the task answers does not matter here: nobody listens for the one of `http`.
            let begin = std::time::Instant::now();
            command.output()?;
            times.push(begin.elapsed());
        }
        println!(
            "{:<30} {:>9.2} MB   first compile {:>8.2} s",
            format!("component {name}"),
            size as f64 / 1e6,
            Duration::as_secs_f64(&median(times))
        );
    }
    println!();
    Ok(())
}

fn size(world: &World, name: &str) -> Result<u64> {
    let mut command = Command::new(world.program());
    command.args(["plugin", "show", name, "--format", "json"]);
    world.with_environment(&mut command);
    let output = command.output()?;
    let view: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    view["size"].as_u64().with_context(|| format!("no size in {view}"))
}
