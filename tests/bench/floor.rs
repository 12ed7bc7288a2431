//! The least that running a task and recording it can cost: map the compiled component, call it, commit.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use hyper::{Request, Response};
use rusqlite::Connection;
use wasmtime::component::{Component, HasSelf, Linker, Resource, ResourceTable};
use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Store};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{Error, RequestOptions, WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks, WasiHttpView};

mod generated {
    #![allow(clippy::all, unreachable_pub)]
    wasmtime::component::bindgen!({
        path: "../wit/task-0.1",
        world: "plugin",
        with: {
            "begat:task/secrets.secret": super::Secret,
            "begat:task/tools.program": super::Program,
        },
    });
}

use generated::begat::task::{catalog, log, secrets, stopping, tools, types};
use generated::exports::begat::task::task::Request as TaskRequest;
use generated::{Plugin, PluginPre};

/// What is written for one task run: about as many rows and bytes as begat writes.
pub const ROWS: [&str; 14] =
    ["a row of a table that is about as long as those which begat writes for one run of a task"; 14];

pub struct Secret;

pub struct Program;

struct Guest {
    wasi: WasiCtx,
    http: WasiHttpCtx,
    nobody: Nobody,
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

type Body = UnsyncBoxBody<Bytes, Error>;
type Driver = Box<dyn Future<Output = Result<(), Error>> + Send>;

/// Sends no request: a plugin that only says what it is asks for none.
struct Nobody;

impl WasiHttpHooks for Nobody {
    fn send_request(
        &mut self,
        _: Request<Body>,
        _: Option<RequestOptions>,
        _: Driver,
    ) -> Box<dyn Future<Output = Result<(Response<Body>, Driver), Error>> + Send> {
        Box::new(std::future::ready(Err(Error::ConnectionRefused)))
    }
}

impl WasiHttpView for Guest {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView {
            ctx: &mut self.http,
            table: &mut self.table,
            hooks: &mut self.nobody,
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

    fn start(&mut self, _: tools::ProgramRun) -> Result<Resource<Program>, tools::ToolError> {
        Err(tools::ToolError::NotGranted)
    }
}

impl tools::HostProgram for Guest {
    fn read(&mut self, _: Resource<Program>) -> Result<tools::Piece, tools::ToolError> {
        Err(tools::ToolError::NotGranted)
    }

    fn drop(&mut self, _: Resource<Program>) -> wasmtime::Result<()> {
        Ok(())
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

/// A component and the engine, with none of what guards the host.
pub struct Bare {
    engine: Engine,
    plugin: PluginPre<Guest>,
}

impl Bare {
    /// Maps a component that begat has compiled.
    pub fn mapped(component: &Path) -> Result<Self> {
        Self::of(Engine::new(&config(true)), |engine| mapped(engine, component))
    }

    /// The same with room for instances that is used again, as for many of them.
    pub fn pooled(component: &Path) -> Result<Self> {
        let mut pool = PoolingAllocationConfig::new();
        pool.linear_memory_keep_resident(64 * 1024)
            .table_keep_resident(16 * 1024);
        let mut config = config(true);
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
        Self::of(Engine::new(&config), |engine| mapped(engine, component))
    }

    /// Compiles a component without the checks that end a busy guest.
    pub fn compiled(component: &Path) -> Result<Self> {
        Self::of(Engine::new(&config(false)), |engine| {
            Component::from_file(engine, component)
        })
    }

    fn of(
        engine: wasmtime::Result<Engine>,
        component: impl FnOnce(&Engine) -> wasmtime::Result<Component>,
    ) -> Result<Self> {
        let make = || {
            let engine = engine?;
            let plugin = linked(&engine, &component(&engine)?)?;
            Ok(Self { engine, plugin })
        };
        make().map_err(|error: wasmtime::Error| anyhow!("{error:#}"))
    }

    /// Makes an instance and calls `run`; gives how many bytes it logged.
    pub fn run(&self, task_type: &str, properties: &str) -> Result<usize> {
        let call = || {
            let mut store = self.store();
            let plugin = self.plugin.instantiate(&mut store)?;
            plugin
                .begat_task_task()
                .call_run(&mut store, &request(task_type, properties))?
                .map_err(|failure| wasmtime::Error::msg(failure.message))?;
            Ok(store.data().said)
        };
        call().map_err(|error: wasmtime::Error| anyhow!("{error:#}"))
    }

    /// Makes an instance and asks it what it is.
    pub fn describe(&self) -> Result<()> {
        let call = || {
            let mut store = self.store();
            let plugin = self.plugin.instantiate(&mut store)?;
            plugin.begat_task_task().call_describe(&mut store).map(|_| ())
        };
        call().map_err(|error: wasmtime::Error| anyhow!("{error:#}"))
    }

    fn store(&self) -> Store<Guest> {
        let guest = Guest {
            wasi: WasiCtx::builder().build(),
            http: WasiHttpCtx::new(),
            nobody: Nobody,
            table: ResourceTable::new(),
            said: 0,
        };
        let mut store = Store::new(&self.engine, guest);
        store.set_epoch_deadline(1);
        store
    }
}

struct Floor {
    bare: Bare,
    database: Connection,
}

impl Floor {
    fn new(component: &Path, database: &Path, synchronous: &str) -> Result<Self> {
        let bare = Bare::mapped(component)?;
        let database = Connection::open(database)?;
        database.pragma_update(None, "synchronous", synchronous)?;
        Ok(Self { bare, database })
    }

    fn task(&self) -> Result<()> {
        let said = self.bare.run("log", "{\"message\":\"Provisioning VM\"}")?;
        anyhow::ensure!(said > 0, "the task said nothing");
        self.database.execute_batch("BEGIN IMMEDIATE")?;
        let mut insert = self.database.prepare_cached("INSERT INTO row (text) VALUES (?1)")?;
        for row in ROWS {
            insert.execute([row])?;
        }
        drop(insert);
        self.database.execute_batch("COMMIT")?;
        Ok(())
    }
}

/// As the host sets what the compiled form depends on.
fn config(epochs: bool) -> Config {
    let mut config = Config::new();
    config
        .wasm_component_model(true)
        .epoch_interruption(epochs)
        .wasm_memory64(false)
        .concurrency_support(false);
    config
}

fn mapped(engine: &Engine, component: &Path) -> wasmtime::Result<Component> {
    #[expect(
        unsafe_code,
        reason = "the file was compiled by the program that is measured, a moment ago"
    )]
    // SAFETY: the benchmark's own folder holds it, and nobody else writes there.
    unsafe {
        Component::deserialize_file(engine, component)
    }
}

fn linked(engine: &Engine, component: &Component) -> wasmtime::Result<PluginPre<Guest>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_sync(&mut linker)?;
    Plugin::add_to_linker::<_, HasSelf<Guest>>(&mut linker, |guest| guest)?;
    wasmtime_wasi_http::p2::add_only_http_to_linker_sync(&mut linker)?;
    PluginPre::new(linker.instantiate_pre(component)?)
}

fn request(task_type: &str, properties: &str) -> TaskRequest {
    let text = str::to_owned;
    TaskRequest {
        execution_id: text("execution"),
        task_run_id: text("task-run"),
        namespace: text("company.team"),
        flow_id: text("create_vm"),
        task_id: text("create"),
        type_: text(task_type),
        attempt: 1,
        properties: text(properties),
        extra: text("{}"),
    }
}
