//! What it costs that nothing is lost: durability per task run, events that go out meanwhile, and going on.

use std::io::Write;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::begat::World;
use super::{TASKS, median, microseconds, milliseconds, timed};

const ROUNDS: usize = 15;
/// How long the process that sends events may stay after the last one.
const LINGER: Duration = Duration::from_millis(2_500);
/// Task runs of an execution that is gone on with.
const DONE: usize = 10_000;

pub fn measure(world: &World) -> Result<()> {
    let flow = world.log_flow(TASKS)?;
    let config = world.flow("begat.toml", "[openlineage]\nfile = \"events.jsonl\"\n")?;
    let run = |arguments: &[&str]| -> Command {
        let mut command = world.run(&flow);
        command.arg("--quiet").args(arguments);
        command
    };
    // What waits from the runs before is not part of this.
    let mut deliver = Command::new(super::begat::PROGRAM);
    deliver.args(["catalog", "deliver", "--config", &config]);
    world.with_environment(&mut deliver);
    timed(&mut deliver)?;
    let [mut kept, mut forgotten, mut told] = [const { Vec::new() }; 3];
    let (mut costs, mut shares) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        // What follows one another is compared: a busy machine slows both. The first after a pause is slower.
        let without = timed(&mut run(&["--ephemeral"]))?;
        let (with_records, with_events) = match round % 2 {
            0 => {
                let with_records = timed(&mut run(&[]))?;
                (with_records, timed(&mut run(&["--config", &config]))?)
            }
            _ => {
                let with_events = timed(&mut run(&["--config", &config]))?;
                // The process that sends them must not take part in the next measurement.
                timed(&mut deliver)?;
                (timed(&mut run(&[]))?, with_events)
            }
        };
        costs.push(with_records.saturating_sub(without));
        shares.push(with_events.as_secs_f64() / with_records.as_secs_f64());
        kept.push(with_records);
        told.push(with_events);
        forgotten.push(without);
        // The process that sends them ends before the next measurement.
        timed(&mut deliver)?;
        std::thread::sleep(LINGER);
    }
    shares.sort_by(f64::total_cmp);
    let (kept, told, cost, share) = (median(kept), median(told), median(costs), shares[ROUNDS / 2]);
    println!(
        "{:<30} {:>9.1} ms   in memory {:.1} ms; one sync of this disk {:.2} ms",
        format!("a flow of {TASKS} tasks, kept"),
        milliseconds(kept),
        milliseconds(median(forgotten)),
        milliseconds(sync(world)?)
    );
    println!(
        "{:<30} {:>9.1} µs   {:.0} % of the flow of {TASKS} tasks",
        "durability of one task run",
        microseconds(cost) / TASKS as f64,
        100.0 * cost.as_secs_f64() / kept.as_secs_f64()
    );
    println!(
        "{:<30} {:>9.1} ms   {:+.1} %, at most 5 %",
        "the same with OpenLineage out",
        milliseconds(told),
        100.0 * (share - 1.0)
    );
    going_on(world)
}

/// What this disk takes to keep 4 KiB for good.
fn sync(world: &World) -> Result<Duration> {
    let mut file = std::fs::File::create(world.work()?.join("synced"))?;
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        file.write_all(&[1; 4096])?;
        let begin = Instant::now();
        file.sync_data()?;
        times.push(begin.elapsed());
    }
    Ok(median(times))
}

/// Going on with an execution of which much is done.
fn going_on(world: &World) -> Result<()> {
    let text = "id: long\nnamespace: bench.durability\ntasks:\n  - id: each\n    type: foreach\n    values: \"{{ range(1, COUNT) }}\"\n    tasks:\n      - id: say\n        type: return\n        format: \"{{ taskrun.value }}\"\n  - id: wait\n    type: pause\n";
    let flow = world.flow("long.yaml", &text.replace("COUNT", &DONE.to_string()))?;
    let mut times = Vec::new();
    for _ in 0..3 {
        let mut command = world.run(&flow);
        let output = command.args(["--quiet", "--format", "json"]).output()?;
        let view: serde_json::Value = serde_json::from_slice(&output.stdout)?;
        let id = view["execution"]["id"].as_str().unwrap_or_default().to_owned();
        let mut resume = Command::new(super::begat::PROGRAM);
        resume.args(["execution", "resume", &id]);
        world.with_environment(&mut resume);
        times.push(timed(&mut resume)?);
    }
    println!(
        "{:<30} {:>9.1} ms   at most 200 ms\n",
        format!("going on after {DONE} runs"),
        milliseconds(median(times))
    );
    Ok(())
}
