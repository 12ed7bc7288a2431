//! What it costs that components from strangers are safe to run, each beside the same component without guards.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ::begat::model::{CatalogReader, ExecutionId, FlowId, Json, JsonMap, Namespace, PluginView, TaskId, TaskRunId};
use ::begat::sandbox::{Policy, Registry, RegistryOptions, StopSign, TaskRequest, TaskSurroundings};
use ::begat::store::Catalog;
use anyhow::{Context, Result, anyhow};
use tokio::runtime::Runtime;

use super::begat::World;
use super::floor::Bare;
use super::{median, microseconds, milliseconds, ratio, timed};

/// Task runs of one measurement of what a task run costs the host.
const RUNS: u32 = 2_000;
/// Task runs of the flow that shows how many there are in a second.
const MANY: usize = 10_000;
const ROUNDS: usize = 11;
const STARTS: usize = 40;
const MESSAGE: &str = "{\"message\":\"Provisioning VM\"}";
/// Guests that compute, and say nothing until their end: in loops of their own, and in an interpreter, where functions
/// are short and many.
const COMPUTING: [(&str, &str); 2] = [
    (
        "epochs and limits, packing",
        "{\"script\":\"seq 90000 > a; for i in $(seq 8); do gzip -c a | wc -c; done\"}",
    ),
    (
        "epochs and limits, a shell",
        "{\"script\":\"n=0; for i in $(seq 60000); do n=$((n + i % 7)); done; echo $n\"}",
    ),
];

pub fn measure(world: &World) -> Result<()> {
    let cache = world.cache();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let registry = runtime.block_on(open(&cache))?;
    for plugin in registry.plugins() {
        let plugin = registry
            .find(&plugin.task_types[0].name)
            .context("an embedded plugin")?;
        registry.prepare(plugin)?;
    }
    overhead(&registry, &runtime, world)?;
    rate(world)?;
    guards(&registry, &runtime)?;
    starts(world, &registry)
}

/// The least of the times of a side: both do the same work each time, and what else a machine does only adds to it.
fn least(times: Vec<Duration>) -> Duration {
    times.into_iter().min().unwrap_or_default()
}

async fn open(cache: &Path) -> Result<Registry> {
    let options = RegistryOptions {
        folder: None,
        pinned: Vec::new(),
        only_pinned: false,
        cache: cache.to_owned(),
        policy: Policy::default(),
        on_notice: Box::new(|_| ()),
    };
    Ok(Registry::open(options).await?)
}

/// Has the host run a task as it does in a flow, with all limits.
async fn run(
    registry: &Registry,
    catalog: &Arc<dyn CatalogReader>,
    work: Option<&Path>,
    task_type: &str,
    properties: &JsonMap,
) -> Result<()> {
    let namespace = Namespace::parse("company.team")?;
    let request = TaskRequest {
        execution: ExecutionId::generate(),
        task_run: TaskRunId::generate(),
        namespace: namespace.clone(),
        flow: FlowId::parse("bench")?,
        task: TaskId::parse("task")?,
        task_type: task_type.to_owned(),
        attempt: 1,
        properties: properties.clone(),
    };
    let surroundings = TaskSurroundings {
        sink: Arc::new(|_| ()),
        on_use: Arc::new(|_| ()),
        catalog: catalog.clone(),
        namespace,
        work,
        stop: StopSign::default(),
        stage: None,
    };
    let plugin = registry.find(task_type).context("an embedded plugin")?;
    let mut call = registry.start(plugin, surroundings).await?;
    call.run(&request).await?;
    Ok(())
}

fn object(text: &str) -> Result<JsonMap> {
    match serde_json::from_str(text)? {
        Json::Object(map) => Ok(map),
        other => Err(anyhow!("{other} is no object")),
    }
}

/// One task run through the host, beside an instance and a call.
fn overhead(registry: &Registry, runtime: &Runtime, world: &World) -> Result<()> {
    let bare = Bare::pooled(&world.component_of(&digest_of(registry, "log")?)?)?;
    let catalog: Arc<dyn CatalogReader> = Arc::new(Catalog::in_memory()?);
    let properties = object(MESSAGE)?;
    let folder = world.work()?;
    let each = |work: Option<&Path>| -> Result<Duration> {
        let begin = Instant::now();
        runtime.block_on(async {
            for _ in 0..RUNS {
                run(registry, &catalog, work, "log", &properties).await?;
            }
            anyhow::Ok(())
        })?;
        Ok(begin.elapsed() / RUNS)
    };
    let [mut ours, mut with_folder, mut floors] = [const { Vec::new() }; 3];
    for _ in 0..ROUNDS {
        ours.push(each(None)?);
        with_folder.push(each(Some(&folder))?);
        let begin = Instant::now();
        for _ in 0..RUNS {
            bare.run("log", MESSAGE)?;
        }
        floors.push(begin.elapsed() / RUNS);
    }
    let (ours, with_folder, floor) = (least(ours), least(with_folder), least(floors));
    println!(
        "{:<30} {:>9.1} µs   bare instance and call {:.1} µs, {:.2}×, at most 2×",
        "a task run with all limits",
        microseconds(ours),
        microseconds(floor),
        ratio(ours, floor)
    );
    println!(
        "{:<30} {:>9.1} µs   {:.2}×",
        "the same with a folder",
        microseconds(with_folder),
        ratio(with_folder, floor)
    );
    Ok(())
}

/// Durable task runs in a second.
fn rate(world: &World) -> Result<()> {
    let text = format!(
        "id: rate\nnamespace: bench.sandbox\ntasks:\n  - id: each\n    type: foreach\n    values: \"{{{{ range(1, {MANY}) }}}}\"\n    \
         concurrencyLimit: 2\n    tasks:\n      - id: say\n        type: log\n        message: \"number {{{{ taskrun.value }}}}\"\n"
    );
    let flow = world.flow("rate.yaml", &text)?;
    let mut times = Vec::new();
    for _ in 0..3 {
        let mut command = world.run(&flow);
        times.push(timed(command.arg("--quiet"))?);
    }
    println!(
        "{:<30} {:>9.0} /s   at least 2000, each recorded",
        "task runs in a second",
        MANY as f64 / median(times).as_secs_f64()
    );
    Ok(())
}

/// Guests that compute, with their time and memory watched and without.
fn guards(registry: &Registry, runtime: &Runtime) -> Result<()> {
    let component = Path::new(env!("OUT_DIR")).join("plugins/wasm32-wasip2/release/begat_plugin_shell.wasm");
    let bare = Bare::compiled(&component)?;
    let catalog: Arc<dyn CatalogReader> = Arc::new(Catalog::in_memory()?);
    for (name, script) in COMPUTING {
        let properties = object(script)?;
        let [mut watched, mut unwatched] = [const { Vec::new() }; 2];
        for _ in 0..ROUNDS {
            let begin = Instant::now();
            runtime.block_on(run(registry, &catalog, None, "shell", &properties))?;
            watched.push(begin.elapsed());
            let begin = Instant::now();
            bare.run("shell", script)?;
            unwatched.push(begin.elapsed());
        }
        let (watched, unwatched) = (least(watched), least(unwatched));
        println!(
            "{name:<30} {:>9.1} ms   without {:.1} ms, {:+.1} %, at most 15 %",
            milliseconds(watched),
            milliseconds(unwatched),
            100.0 * (ratio(watched, unwatched) - 1.0)
        );
    }
    Ok(())
}

/// A process that gets one plugin ready and asks it what it is, beside one that does no more than that.
fn starts(world: &World, registry: &Registry) -> Result<()> {
    let this = world.copied("starts", &std::env::current_exe()?)?;
    for plugin in registry.plugins() {
        let compiled = world.component_of(&plugin.digest)?;
        let mut ours = Command::new(&this);
        ours.arg("start-plugin").arg(world.cache()).arg(&plugin.name);
        let mut floor = Command::new(&this);
        floor.arg("start-floor").arg(compiled);
        let (mut with_host, mut without) = (Vec::new(), Vec::new());
        for _ in 0..STARTS {
            with_host.push(timed(&mut ours)?);
            without.push(timed(&mut floor)?);
        }
        let (with_host, without) = (least(with_host), least(without));
        println!(
            "{:<30} {:>9.2} ms   floor {:.2} ms, {:+.2} ms, at most 2 ms",
            format!("warm start of {}", plugin.name),
            milliseconds(with_host),
            milliseconds(without),
            milliseconds(with_host) - milliseconds(without)
        );
    }
    println!();
    Ok(())
}

/// The work of one process that `starts` measures.
pub fn start_plugin(cache: &Path, name: &str) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let registry = open(cache).await?;
        registry.expect_few();
        let view = plugin_of(&registry, name)?;
        let plugin = registry.find(&view.task_types[0].name).context("an embedded plugin")?;
        registry.describe(plugin).await?;
        anyhow::Ok(())
    })?;
    runtime.shutdown_background();
    Ok(())
}

fn plugin_of(registry: &Registry, name: &str) -> Result<PluginView> {
    let found = registry.plugins().into_iter().find(|plugin| plugin.name == name);
    found.with_context(|| format!("no plugin `{name}`"))
}

fn digest_of(registry: &Registry, name: &str) -> Result<String> {
    Ok(plugin_of(registry, name)?.digest)
}

/// The least that starting a plugin takes.
pub fn start_floor(component: PathBuf) -> Result<()> {
    Bare::mapped(&component)?.describe()
}
