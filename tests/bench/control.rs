//! What control tasks cost: loops beside rows of tasks, tasks side by side beside one after the other, large plans.

use std::process::Command;

use anyhow::Result;

use super::begat::World;
use super::{median, microseconds, milliseconds, peak, ratio, timed};

const ITERATIONS: usize = 10_000;
const ROW: usize = 1_000;
const PLANNED: usize = 5_000;
const ROUNDS: usize = 5;

fn header(id: &str) -> String {
    format!("id: {id}\nnamespace: bench.control\ntasks:\n")
}

fn each(iterations: usize) -> String {
    let text = header("each") + "  - id: each\n    type: foreach\n    values: \"{{ range(1, COUNT) }}\"\n    tasks:\n";
    let text = text + "      - id: say\n        type: log\n        message: \"number {{ taskrun.value }}\"\n";
    text.replace("COUNT", &iterations.to_string())
}

fn row(tasks: usize) -> String {
    let task = |number| format!("  - id: t{number}\n    type: log\n    message: \"number {{{{ {number} + 1 }}}}\"\n");
    header("row") + &(0..tasks).map(task).collect::<String>()
}

/// Two scripts that count, in a block of this type.
fn two(block: &str) -> String {
    let script = |name: &str| {
        format!("      - id: {name}\n        type: shell\n        script: for i in $(seq 20000); do :; done\n")
    };
    let text = header("two") + &format!("  - id: both\n    type: {block}\n    tasks:\n");
    text + &script("first") + &script("second")
}

pub fn measure(world: &World) -> Result<()> {
    let quiet = |flow: &str| -> Command {
        let mut command = world.run(flow);
        command.arg("--quiet");
        command
    };
    let many = world.flow("each.yaml", &each(ITERATIONS))?;
    let few = world.flow("each_one.yaml", &each(1))?;
    let (row_many, row_one) = (world.flow("row.yaml", &row(ROW))?, world.flow("row_one.yaml", &row(1))?);
    let (one_after, side_by_side) = (
        world.flow("sequential.yaml", &two("sequential"))?,
        world.flow("parallel.yaml", &two("parallel"))?,
    );
    let planned = world.flow("planned.yaml", &row(PLANNED))?;
    let mut plan = Command::new(super::begat::PROGRAM);
    plan.args(["plan", &planned]);
    world.with_environment(&mut plan);
    let [mut loops, mut rows, mut after, mut beside, mut plans] = [const { Vec::new() }; 5];
    for _ in 0..ROUNDS {
        let whole = timed(&mut quiet(&many))?;
        loops.push(whole.saturating_sub(timed(&mut quiet(&few))?) / (ITERATIONS as u32 - 1));
        let whole = timed(&mut quiet(&row_many))?;
        rows.push(whole.saturating_sub(timed(&mut quiet(&row_one))?) / (ROW as u32 - 1));
        after.push(timed(&mut quiet(&one_after))?);
        beside.push(timed(&mut quiet(&side_by_side))?);
        plans.push(timed(&mut plan)?);
    }
    let (loops, rows) = (median(loops), median(rows));
    println!(
        "{:<30} {:>9.1} µs   {:.2}× of one of {ROW} in a row",
        format!("one of {ITERATIONS} iterations"),
        microseconds(loops),
        ratio(loops, rows)
    );
    let memory = peak::of(&mut quiet(&many))?;
    println!(
        "{:<30} {:>9.1} MB   at most 100 MB",
        "peak memory of the loop",
        memory as f64 / 1e6
    );
    let (after, beside) = (median(after), median(beside));
    println!(
        "{:<30} {:>9.1} ms   {:.2}× of one after the other",
        "two tasks side by side",
        milliseconds(beside),
        ratio(beside, after)
    );
    println!(
        "{:<30} {:>9.1} ms   at most 100 ms\n",
        format!("planning {PLANNED} tasks"),
        milliseconds(median(plans))
    );
    Ok(())
}
