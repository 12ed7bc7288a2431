//! The least that running a task and recording it can cost: map the compiled component, call it, commit.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use rusqlite::Connection;
use wasmtime::component::{Component, HasSelf, Linker, Resource, ResourceTable};
use wasmtime::{Config, Engine, Store};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

mod generated {
    #![allow(clippy::all, unreachable_pub)]
    wasmtime::component::bindgen!({
        path: "../wit/task-0.1",
        world: "plugin",
        with: { "begat:task/secrets.secret": super::Secret },
    });
}

use generated::begat::task::{catalog, log, secrets, stopping, tools, types};
use generated::exports::begat::task::task::Request;
use generated::{Plugin, PluginPre};

/// What is written for one task run: about as many rows and bytes as begat writes.
pub const ROWS: [&str; 14] =
    ["a row of a table that is about as long as those which begat writes for one run of a task"; 14];

pub struct Secret;

struct Guest {
    wasi: WasiCtx,
    table: ResourceTable,
    said: usize,
}

impl WasiView for Guest {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl types::Host for Guest {}

impl log::Host for Guest {
    fn log(&mut self, _: log::Level, message: String) {
        self.said += message.len();
    }
}

impl catalog::Host for Guest {
    fn find(&mut self, _: catalog::Filter) -> Result<Vec<types::Asset>, catalog::LookupError> {
        Ok(Vec::new())
    }
}

impl stopping::Host for Guest {
    fn requested(&mut self) -> bool {
        false
    }
}

impl tools::Host for Guest {
    fn granted(&mut self) -> Vec<String> {
        Vec::new()
    }

    fn run(&mut self, _: tools::ProgramRun) -> Result<tools::ProgramEnd, tools::ToolError> {
        Err(tools::ToolError::NotGranted)
    }
}

impl secrets::Host for Guest {
    fn get(&mut self, _: String) -> Result<Resource<Secret>, secrets::SecretError> {
        Err(secrets::SecretError::NotGranted)
    }
}

impl secrets::HostSecret for Guest {
    fn reveal(&mut self, _: Resource<Secret>) -> Result<String, secrets::SecretError> {
        Err(secrets::SecretError::NotGranted)
    }

    fn drop(&mut self, _: Resource<Secret>) -> wasmtime::Result<()> {
        Ok(())
    }
}

/// One process: one instance, one call, one commit that survives the loss of power.
pub fn once(component: &Path, database: &Path) -> Result<()> {
    let floor = Floor::new(component, database, "FULL")?;
    floor.task()
}

/// What one of many costs, with commits that survive the death of the process.
pub fn many(component: &Path, database: &Path, tasks: u32) -> Result<Duration> {
    let floor = Floor::new(component, database, "NORMAL")?;
    let begin = Instant::now();
    for _ in 0..tasks {
        floor.task()?;
    }
    Ok(begin.elapsed() / tasks)
}

struct Floor {
    engine: Engine,
    plugin: PluginPre<Guest>,
    database: Connection,
}

impl Floor {
    fn new(component: &Path, database: &Path, synchronous: &str) -> Result<Self> {
        let engine = Engine::new(&config()).map_err(|error| anyhow!("{error:#}"))?;
        let plugin = plugin(&engine, component).map_err(|error| anyhow!("{error:#}"))?;
        let database = Connection::open(database)?;
        database.pragma_update(None, "synchronous", synchronous)?;
        Ok(Self {
            engine,
            plugin,
            database,
        })
    }

    fn task(&self) -> Result<()> {
        self.call().map_err(|error| anyhow!("{error:#}"))?;
        self.database.execute_batch("BEGIN IMMEDIATE")?;
        let mut insert = self.database.prepare_cached("INSERT INTO row (text) VALUES (?1)")?;
        for row in ROWS {
            insert.execute([row])?;
        }
        drop(insert);
        self.database.execute_batch("COMMIT")?;
        Ok(())
    }

    fn call(&self) -> wasmtime::Result<()> {
        let guest = Guest {
            wasi: WasiCtx::builder().build(),
            table: ResourceTable::new(),
            said: 0,
        };
        let mut store = Store::new(&self.engine, guest);
        store.set_epoch_deadline(1);
        let plugin = self.plugin.instantiate(&mut store)?;
        plugin
            .begat_task_task()
            .call_run(&mut store, &request())?
            .map_err(|failure| wasmtime::Error::msg(failure.message))?;
        wasmtime::ensure!(store.data().said > 0, "the task said nothing");
        Ok(())
    }
}

/// As the host sets what the compiled form depends on.
fn config() -> Config {
    let mut config = Config::new();
    config
        .wasm_component_model(true)
        .epoch_interruption(true)
        .wasm_memory64(false)
        .concurrency_support(false);
    config
}

fn plugin(engine: &Engine, component: &Path) -> wasmtime::Result<PluginPre<Guest>> {
    #[expect(
        unsafe_code,
        reason = "the file was compiled by the program that is measured, a moment ago"
    )]
    // SAFETY: the benchmark's own folder holds it, and nobody else writes there.
    let component = unsafe { Component::deserialize_file(engine, component) }?;
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_sync(&mut linker)?;
    Plugin::add_to_linker::<_, HasSelf<Guest>>(&mut linker, |guest| guest)?;
    PluginPre::new(linker.instantiate_pre(&component)?)
}

fn request() -> Request {
    let text = str::to_owned;
    Request {
        execution_id: text("execution"),
        task_run_id: text("task-run"),
        namespace: text("company.team"),
        flow_id: text("create_vm"),
        task_id: text("create"),
        type_: text("log"),
        attempt: 1,
        properties: text("{\"message\":\"Provisioning VM\"}"),
        extra: text("{}"),
    }
}
