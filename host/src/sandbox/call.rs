//! One task run: a fresh instance, `run`, then `declare` on the same instance.

use std::future::{Future, pending};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::Instant;
use wasmtime::Store;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::WasiCtx;
use wasmtime_wasi_http::WasiHttpCtx;

use super::abi_0_1::{self, Guest, ReportedFailure, Request};
use super::engine::Machine;
use super::fixed;
use super::http::Gate;
use super::limits::{LimitExceeded, Limits, Meter};
use super::mounts::Mounts;
use super::output::{LineStream, LogSink, SharedSpeech, Speech, lock};
use super::policy::{Permit, UseSink};
use super::program::Places;
use super::stage::Stage;
use super::stop::StopSign;
use super::work::{WorkError, WorkFolder};
use crate::model::{
    Bundle, CatalogReader, ExecutionId, FlowId, GrantKind, Json, JsonMap, LogLevel, Namespace, PluginDescription,
    TaskId, TaskRunId, amount,
};

/// One task to run, its properties rendered.
#[derive(Debug, Clone)]
pub struct TaskRequest {
    pub execution: ExecutionId,
    pub task_run: TaskRunId,
    pub namespace: Namespace,
    pub flow: FlowId,
    pub task: TaskId,
    /// The task type as the flow wrote it.
    pub task_type: String,
    /// From 1.
    pub attempt: u32,
    pub properties: JsonMap,
}

/// What a task run gets of the host.
pub struct TaskSurroundings<'a> {
    pub sink: LogSink,
    /// Hears of each use of a grant.
    pub on_use: UseSink,
    pub catalog: Arc<dyn CatalogReader>,
    /// The namespace within which it reads the catalog.
    pub namespace: Namespace,
    /// The folder of the host that it gets as `/work`, to read and to write; without one it has no file at all.
    pub work: Option<&'a Path>,
    /// Tells it when it shall end.
    pub stop: StopSign,
    /// What it meets instead of the network and of the operator's secrets, in a test.
    pub stage: Option<Arc<Stage>>,
}

/// Why a task run failed, in words for the operator.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct TaskFailure {
    /// The kind the plugin gave, or `limit`, `trap` or `contract`.
    pub kind: String,
    pub message: String,
    pub retryable: bool,
    /// Facts for programs, recorded as outputs of the failed run.
    pub details: JsonMap,
}

impl TaskFailure {
    fn of(kind: &str, message: String) -> Self {
        Self {
            kind: kind.to_owned(),
            message,
            retryable: false,
            details: JsonMap::new(),
        }
    }
}

impl From<WorkError> for TaskFailure {
    fn from(error: WorkError) -> Self {
        let kind = match error {
            WorkError::Bytes(_) | WorkError::Files(_) | WorkError::Depth => "limit",
            WorkError::Unusable { .. } | WorkError::Preopen { .. } => "work",
        };
        Self::of(kind, error.to_string())
    }
}

impl From<ReportedFailure> for TaskFailure {
    fn from(failure: ReportedFailure) -> Self {
        let ReportedFailure {
            kind,
            message,
            retryable,
            details,
        } = failure;
        Self {
            kind,
            message,
            retryable,
            details,
        }
    }
}

/// An instance at work on one task. Dropping it ends the task.
pub struct TaskCall {
    store: Store<Guest>,
    plugin: abi_0_1::Plugin,
    limits: Limits,
    deadline: Instant,
    speech: SharedSpeech,
    streams: [LineStream; 2],
    work: Option<WorkFolder>,
    mounts: Option<Mounts>,
}

/// What a call starts with.
pub(super) struct Start<'a> {
    pub limits: Limits,
    pub permit: Permit,
    pub sink: LogSink,
    pub catalog: Option<(Arc<dyn CatalogReader>, Namespace)>,
    pub work: Option<&'a Path>,
    pub stop: StopSign,
    pub stage: Option<Arc<Stage>>,
}

impl TaskCall {
    pub(super) async fn start(
        machine: &Machine,
        pre: &abi_0_1::PluginPre<Guest>,
        start: Start<'_>,
    ) -> Result<Self, TaskFailure> {
        machine.tick();
        let Start {
            limits,
            permit,
            sink,
            catalog,
            work: folder,
            stop,
            stage,
        } = start;
        let mounts = Mounts::open(&permit, &limits)?;
        let places: Vec<&Path> = folder.into_iter().chain(mounts.as_ref().map(Mounts::path)).collect();
        let work = (!places.is_empty()).then(|| WorkFolder::new(&places, &limits));
        if let Some(work) = &work {
            work.measure().await?;
        }
        let speech = Arc::new(Mutex::new(Speech::new(sink, &limits, permit.secrets.masker().clone())));
        let streams = [LogLevel::Info, LogLevel::Warn].map(|level| LineStream::new(speech.clone(), level));
        let (catalog, namespace) = catalog.unzip();
        let mut table = ResourceTable::new();
        table.set_max_capacity(limits.handles);
        let mut http = WasiHttpCtx::new();
        // In memory a field takes more than on the wire.
        http.set_field_size_limit(limits.http_header_bytes.saturating_mul(2));
        let guest = Guest {
            wasi: wasi(&streams, &limits, &permit, folder, mounts.as_ref())?,
            table,
            meter: Meter::new(&limits),
            speech: speech.clone(),
            catalog,
            namespace,
            http,
            gate: Gate::new(permit.clone(), speech.clone(), &limits, stage),
            permit,
            places: Places::new(limits.tools_at_once),
            work: folder.map(Path::to_owned),
            stop,
        };
        let mut store = Store::new(&machine.engine, guest);
        store.limiter(|guest| &mut guest.meter);
        store.set_hostcall_fuel(limits.host_buffers);
        store.set_max_component_handles(limits.handles);
        store.epoch_deadline_async_yield_and_update(1);
        let deadline = Instant::now() + limits.time;
        let started = tokio::time::timeout_at(deadline, pre.instantiate_async(&mut store)).await;
        match started {
            Ok(Ok(plugin)) => Ok(Self {
                store,
                plugin,
                limits,
                deadline,
                speech,
                streams,
                work,
                mounts,
            }),
            Ok(Err(error)) => Err(explain(&error, "", &limits)),
            Err(_) => Err(out_of_time(limits.time)),
        }
    }

    /// Asks the plugin what it is.
    pub(super) async fn describe(&mut self) -> Result<PluginDescription, String> {
        let call = self.plugin.begat_task_task().call_describe(&mut self.store);
        match tokio::time::timeout_at(self.deadline, call).await {
            Ok(Ok(answer)) => abi_0_1::description(answer),
            Ok(Err(error)) => Err(self.failed(&error).message),
            Err(_) => Err(out_of_time(self.limits.time).message),
        }
    }

    /// Runs the task and gives its outputs.
    pub async fn run(&mut self, request: &TaskRequest) -> Result<JsonMap, TaskFailure> {
        let sent = sent(request);
        let call = self.plugin.begat_task_task().call_run(&mut self.store, &sent);
        let answer = bounded(call, self.deadline, self.limits.time, self.work.as_ref()).await;
        self.hush();
        let result = match answer {
            Ok(Ok(Ok(outputs))) => self.outputs(&outputs),
            Ok(Ok(Err(failure))) => Err(self.reported(failure)),
            Ok(Err(error)) => Err(self.failed(&error)),
            Err(failure) => Err(failure),
        };
        let outputs = result.map_err(|failure| self.advised(failure))?;
        if let Some(mounts) = &self.mounts {
            mounts.write_back()?;
        }
        Ok(outputs)
    }

    /// Has everything written that has no newline yet.
    fn hush(&self) {
        self.streams.iter().for_each(LineStream::flush);
        lock(&self.speech).release();
    }

    /// A failure with what to grant, where something was refused on the way to it.
    fn advised(&self, failure: TaskFailure) -> TaskFailure {
        let permit = &self.store.data().permit;
        let said = [permit.never(), permit.advice()].into_iter().flatten();
        let message = said.fold(failure.message, |message, words| format!("{message}; {words}"));
        TaskFailure { message, ..failure }
    }

    /// Asks the plugin what the run that just succeeded used and made.
    pub async fn declare(
        &mut self,
        request: &TaskRequest,
        outputs: &JsonMap,
        declared: Vec<Bundle>,
    ) -> Result<Vec<Bundle>, TaskFailure> {
        let outputs = Json::Object(outputs.clone()).to_string();
        let declared: Vec<_> = declared.into_iter().map(Into::into).collect();
        let sent = sent(request);
        let call = self
            .plugin
            .begat_task_task()
            .call_declare(&mut self.store, &sent, &outputs, &declared);
        let answer = bounded(call, self.deadline, self.limits.time, self.work.as_ref()).await;
        self.hush();
        match answer? {
            Ok(Ok(answer)) => abi_0_1::bundles(answer, &self.limits)
                .map_err(|reason| TaskFailure::of("contract", format!("the plugin broke its contract: {reason}"))),
            Ok(Err(failure)) => Err(self.reported(failure)),
            Err(error) => Err(self.failed(&error)),
        }
    }

    fn outputs(&self, text: &str) -> Result<JsonMap, TaskFailure> {
        if text.len() > self.limits.outputs {
            let (size, limit) = (text.len(), self.limits.outputs);
            let message = format!("the outputs are {size} bytes long, at most {limit} are allowed (`outputs`)");
            return Err(TaskFailure::of("limit", message));
        }
        abi_0_1::json_object(text, &self.limits).map_err(|reason| {
            TaskFailure::of(
                "contract",
                format!("the plugin broke its contract: its outputs {reason}"),
            )
        })
    }

    fn reported(&self, failure: abi_0_1::Failure) -> TaskFailure {
        let masker = self.store.data().permit.secrets.masker();
        ReportedFailure::read(failure, &self.limits, masker).into()
    }

    fn failed(&self, error: &wasmtime::Error) -> TaskFailure {
        self.hush();
        explain(error, &lock(&self.speech).tail(), &self.limits)
    }
}

/// Waits for a call no longer than until `deadline`, nor than its folder keeps within its limits.
async fn bounded<T>(
    call: impl Future<Output = T>,
    deadline: Instant,
    time: Duration,
    work: Option<&WorkFolder>,
) -> Result<T, TaskFailure> {
    let overflow = async {
        match work {
            Some(work) => work.overflow().await,
            None => pending().await,
        }
    };
    let answer = tokio::select! {
        answer = tokio::time::timeout_at(deadline, call) => answer.map_err(|_| out_of_time(time))?,
        error = overflow => return Err(error.into()),
    };
    if let Some(work) = work {
        work.measure().await?;
    }
    Ok(answer)
}

fn wasi(
    streams: &[LineStream; 2],
    limits: &Limits,
    permit: &Permit,
    work: Option<&Path>,
    mounts: Option<&Mounts>,
) -> Result<WasiCtx, WorkError> {
    let [stdout, stderr] = streams.clone();
    let mut wasi = WasiCtx::builder();
    wasi.stdout(stdout).stderr(stderr).max_random_size(limits.random);
    // Deny what the library may come to allow by default.
    wasi.allow_tcp(false)
        .allow_udp(false)
        .allow_ip_name_lookup(false)
        .allow_blocking_current_thread(false);
    for name in permit.grants.names(GrantKind::Env) {
        if let Ok(value) = std::env::var(name) {
            wasi.env(name, value);
            permit.used(GrantKind::Env, name);
        }
    }
    fixed::settle(&mut wasi);
    if let Some(work) = work {
        WorkFolder::preopen(work, &mut wasi)?;
    }
    if let Some(mounts) = mounts {
        mounts.preopen(&mut wasi)?;
    }
    Ok(wasi.build())
}

fn sent(request: &TaskRequest) -> Request {
    Request {
        execution_id: request.execution.to_string(),
        task_run_id: request.task_run.to_string(),
        namespace: request.namespace.to_string(),
        flow_id: request.flow.to_string(),
        task_id: request.task.to_string(),
        type_: request.task_type.clone(),
        attempt: request.attempt,
        properties: Json::Object(request.properties.clone()).to_string(),
        extra: "{}".to_owned(),
    }
}

fn out_of_time(limit: Duration) -> TaskFailure {
    let message = format!(
        "the task ran longer than its limit of {} s (`time`)",
        limit.as_secs_f64()
    );
    TaskFailure {
        retryable: true,
        ..TaskFailure::of("limit", message)
    }
}

/// Says in words why a guest was stopped. The text of a Rust panic is only on standard error, so its end is attached.
fn explain(error: &wasmtime::Error, tail: &str, limits: &Limits) -> TaskFailure {
    if let Some(exceeded) = error.downcast_ref::<LimitExceeded>() {
        return TaskFailure::of("limit", exceeded.to_string());
    }
    if let Some(trap) = error.downcast_ref::<wasmtime::Trap>() {
        if *trap == wasmtime::Trap::StackOverflow {
            return TaskFailure::of(
                "limit",
                format!(
                    "the task needs more stack than its limit of {} (`stack`)",
                    amount::in_bytes(limits.stack)
                ),
            );
        }
        let said = tail.trim();
        let tail = if said.is_empty() {
            String::new()
        } else {
            format!("; its last words: {said}")
        };
        return TaskFailure::of("trap", format!("the plugin crashed: {trap}{tail}"));
    }
    // Where in the component it was is for nobody who reads this.
    let causes: Vec<String> = error
        .chain()
        .map(ToString::to_string)
        .filter(|cause| !cause.starts_with("error while executing at wasm backtrace"))
        .collect();
    let text = causes.join(": ");
    match limit_behind(&text, limits) {
        Some(message) => TaskFailure::of("limit", message),
        None => TaskFailure::of("trap", format!("the plugin was stopped: {text}")),
    }
}

/// The limit that the engine means by its own words.
fn limit_behind(text: &str, limits: &Limits) -> Option<String> {
    let says = |words: &str| text.contains(words);
    Some(if says("resource limit exceeded") {
        let limit = limits.instances;
        format!("the task needs more core instances, memories or tables than its limit of {limit} (`instances`)")
    } else if says("fuel allocated for hostcalls") {
        let limit = amount::in_bytes(limits.host_buffers as u64);
        format!("a call to the host carries more than {limit} (`host_buffers`)")
    } else if says("no free keys") || says("handle limit exceeded") {
        let limit = limits.handles;
        format!("the task needs more handles than its limit of {limit} (`handles`)")
    } else if says("total size of fields") {
        let limit = amount::in_bytes(limits.http_header_bytes as u64);
        format!("the header fields of one request have more than {limit} (`http_header_bytes`)")
    } else if says("requested len") {
        let limit = amount::in_bytes(limits.random);
        format!("the task wants more randomness at once than its limit of {limit} (`random`)")
    } else {
        return None;
    })
}
