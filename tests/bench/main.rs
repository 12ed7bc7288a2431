//! Benchmarks of the whole program, each beside its physical floor measured in the same run.
//!
//! Machines differ and are noisy, so what counts is the ratio: the runs of both sides alternate, and medians are
//! compared.

#![allow(clippy::print_stdout, reason = "a benchmark prints what it measured")]

mod begat;
mod catalog;
mod control;
mod durability;
mod floor;
mod inventory;
mod language;
mod peak;
mod sandbox;
mod shells;

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use begat::World;

/// How often each side of a comparison runs.
const ROUNDS: usize = 60;
/// Tasks of the flow that shows what one task costs.
const TASKS: usize = 1_000;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["floor", component, database] => floor::once(component.as_ref(), database.as_ref()),
        ["floor-tasks", component, database, tasks] => {
            let each = floor::many(component.as_ref(), database.as_ref(), tasks.parse()?)?;
            println!("{}", each.as_nanos());
            Ok(())
        }
        ["start"] => one_process(&World::new()?),
        ["tasks"] => one_task(&World::new()?),
        ["durability"] => durability::measure(&World::new()?),
        ["control"] => control::measure(&World::new()?),
        ["shells"] => shells::measure(&World::new()?),
        ["sandbox"] => sandbox::measure(&World::new()?),
        ["start-plugin", cache, plugin] => sandbox::start_plugin(cache.as_ref(), plugin),
        ["start-floor", component] => sandbox::start_floor(component.into()),
        ["language"] => checking(&World::new()?),
        ["catalog"] => catalog::measure(None),
        ["catalog", machines] => catalog::measure(Some(machines.parse()?)),
        [] => compare(),
        other => anyhow::bail!("unknown arguments {other:?}"),
    }
}

fn compare() -> Result<()> {
    let world = World::new()?;
    println!("medians of {ROUNDS} runs that alternate\n");
    one_process(&world)?;
    one_task(&world)?;
    control::measure(&world)?;
    durability::measure(&world)?;
    sandbox::measure(&world)?;
    checking(&world)?;
    shells::measure(&world)?;
    memory(&world)?;
    let size = std::fs::metadata(begat::PROGRAM)?.len();
    println!(
        "size of the program            {:>9.1} MB   at most 60 MB",
        size as f64 / 1e6
    );
    Ok(())
}

/// A warm `begat run` of one task, beside a process that does the least that this takes.
fn one_process(world: &World) -> Result<()> {
    let mut sides = vec![
        ("begat run flows/create_vm.yaml", world.run("flows/create_vm.yaml")),
        ("floor", floor_process(world)?),
    ];
    match world.makefile()? {
        Some(command) => sides.push(("make rule with sqlite3", command)),
        None => println!("make or sqlite3 is missing: no comparison with a make rule"),
    }
    let mut times = vec![Vec::new(); sides.len()];
    for _ in 0..ROUNDS {
        for ((_, command), times) in sides.iter_mut().zip(&mut times) {
            times.push(timed(command)?);
        }
    }
    let medians: Vec<Duration> = times.into_iter().map(median).collect();
    println!("{:<30} {:>9.2} ms", sides[0].0, milliseconds(medians[0]));
    for ((name, _), time) in sides.iter().zip(&medians).skip(1) {
        println!(
            "{name:<30} {:>9.2} ms   begat takes {:.2}×",
            milliseconds(*time),
            ratio(medians[0], *time)
        );
    }
    println!();
    Ok(())
}

/// What one more task costs in a flow of many, beside instance, call and commit alone.
fn one_task(world: &World) -> Result<()> {
    let (many, one) = (world.log_flow(TASKS)?, world.log_flow(1)?);
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS / 6 {
        let all = timed(&mut world.run(&many))?;
        let start = timed(&mut world.run(&one))?;
        ours.push(all.saturating_sub(start) / (TASKS as u32 - 1));
        bare.push(floor_tasks(world)?);
    }
    let (ours, bare) = (median(ours), median(bare));
    println!("one of {TASKS} tasks in a row      {:>9.1} µs", microseconds(ours));
    println!(
        "{:<30} {:>9.1} µs   begat takes {:.2}×",
        "floor",
        microseconds(bare),
        ratio(ours, bare)
    );
    println!();
    Ok(())
}

/// What the language costs: checking flows in one go, and rendering one expression.
fn checking(world: &World) -> Result<()> {
    let mut command = world.validate_many()?;
    let mut times = Vec::new();
    for _ in 0..ROUNDS / 6 {
        times.push(timed(&mut command)?);
    }
    println!(
        "checking {:>5} flows           {:>9.1} ms   at most 1000 ms",
        language::FLOWS,
        milliseconds(median(times))
    );
    let (rendering, length) = language::longest_expression()?;
    println!(
        "the longest expression ({length})  {:>9.1} µs   at most 20 µs",
        microseconds(rendering)
    );
    println!();
    Ok(())
}

fn memory(world: &World) -> Result<()> {
    for flow in ["flows/create_vm.yaml".to_owned(), world.log_flow(TASKS)?] {
        let bytes = peak::of(&mut world.run(&flow))?;
        let name = flow.rsplit('/').next().unwrap_or_default().to_owned();
        println!(
            "{:<30} {:>9.1} MB   at most 60 MB",
            format!("peak memory, {name}"),
            bytes as f64 / 1e6
        );
    }
    println!();
    Ok(())
}

fn floor_process(world: &World) -> Result<Command> {
    let mut command = Command::new(world.copied("floor", &this()?)?);
    command
        .arg("floor")
        .arg(world.component()?)
        .arg(world.database("floor.db")?);
    Ok(command)
}

fn floor_tasks(world: &World) -> Result<Duration> {
    let mut command = Command::new(this()?);
    command
        .arg("floor-tasks")
        .arg(world.component()?)
        .arg(world.database("floor-tasks.db")?)
        .arg(TASKS.to_string());
    let output = command.output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let nanoseconds = text
        .trim()
        .parse()
        .with_context(|| String::from_utf8_lossy(&output.stderr).to_string())?;
    Ok(Duration::from_nanos(nanoseconds))
}

fn this() -> Result<PathBuf> {
    Ok(std::env::current_exe()?)
}

fn timed(command: &mut Command) -> Result<Duration> {
    let begin = Instant::now();
    let output = command.output()?;
    let time = begin.elapsed();
    anyhow::ensure!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(time)
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn ratio(ours: Duration, other: Duration) -> f64 {
    ours.as_secs_f64() / other.as_secs_f64()
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn microseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}
