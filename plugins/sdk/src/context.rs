//! What a plugin may know of the task it runs, and what it may ask of the host.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::bindings::task::Request;
use crate::{
    Asset, Backoff, Failure, HttpError, HttpRequest, HttpResponse, JsonMap, RunningTool, ToolEnd, ToolError, ToolPiece,
    ToolRun,
};

/// How much a log line matters, least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Every step.
    Trace,
    /// What helps to find a fault.
    Debug,
    /// What a reader wants to know.
    Info,
    /// What deserves a look.
    Warn,
    /// What went wrong.
    Error,
}

/// Why the catalog gave nothing, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookupError(pub String);

/// Why a secret was not handed out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretError {
    /// The operator granted no secret of that name.
    NotGranted,
    /// It is granted, but nobody has set it.
    NotSet,
    /// Any other reason.
    Other(String),
}

/// The task at hand and the host around it.
pub struct Context {
    request: Request,
    host: AnyHost,
}

/// A component knows its host, so that it imports only what the plugin uses of it.
#[cfg(target_family = "wasm")]
pub(crate) type AnyHost = crate::bindings::Imports;
#[cfg(not(target_family = "wasm"))]
pub(crate) type AnyHost = Box<dyn Host>;

/// What the host offers; the component's imports, or a test's stand-in.
pub(crate) trait Host {
    fn log(&self, level: Level, message: &str);
    fn find_assets(
        &self,
        id: Option<&str>,
        asset_type: Option<&str>,
        metadata: &JsonMap,
    ) -> Result<Vec<Asset>, LookupError>;
    fn secret(&self, name: &str) -> Result<String, SecretError>;
    fn http(&self, request: &HttpRequest) -> Result<HttpResponse, HttpError>;
    fn start(&self, run: ToolRun) -> Result<RunningTool, ToolError>;
    /// Writes to the task's standard output or error.
    fn print(&self, is_error: bool, text: &[u8]);
    fn tools(&self) -> Vec<String>;
    fn is_stopping(&self) -> bool;
    fn env(&self, name: &str) -> Option<String>;

    /// Waits, and comes back early with `false` when the task shall end.
    fn sleep(&self, length: Duration) -> bool {
        let end = Instant::now() + length;
        loop {
            if self.is_stopping() {
                return false;
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return true;
            }
            std::thread::sleep(left.min(Duration::from_millis(50)));
        }
    }

    /// How much of the sleeping was not done but only counted, as in tests.
    fn skipped(&self) -> Duration {
        Duration::ZERO
    }
}

impl Context {
    pub(crate) fn new(request: Request, host: AnyHost) -> Self {
        Self { request, host }
    }

    pub(crate) fn properties(&self) -> &str {
        &self.request.properties
    }

    /// The execution the task belongs to.
    pub fn execution_id(&self) -> &str {
        &self.request.execution_id
    }

    /// This run of the task.
    pub fn task_run_id(&self) -> &str {
        &self.request.task_run_id
    }

    /// The flow's namespace.
    pub fn namespace(&self) -> &str {
        &self.request.namespace
    }

    /// The flow's id.
    pub fn flow_id(&self) -> &str {
        &self.request.flow_id
    }

    /// The task's id within the flow.
    pub fn task_id(&self) -> &str {
        &self.request.task_id
    }

    /// The task type as the flow wrote it.
    pub fn task_type(&self) -> &str {
        &self.request.type_
    }

    /// Which attempt this is, from 1.
    pub fn attempt(&self) -> u32 {
        self.request.attempt
    }

    /// Writes lines to the log; a newline ends one.
    pub fn log(&self, level: Level, message: &str) {
        self.host.log(level, message);
    }

    /// Writes lines of level info to the log.
    pub fn log_info(&self, message: &str) {
        self.log(Level::Info, message);
    }

    /// Writes lines of level warn to the log.
    pub fn log_warn(&self, message: &str) {
        self.log(Level::Warn, message);
    }

    /// Finds assets of the flow's namespace, ordered by creation. Every part given must match.
    pub fn find_assets(
        &self,
        id: Option<&str>,
        asset_type: Option<&str>,
        metadata: &JsonMap,
    ) -> Result<Vec<Asset>, LookupError> {
        self.host.find_assets(id, asset_type, metadata)
    }

    /// Reveals a secret that the operator granted by name.
    pub fn secret(&self, name: &str) -> Result<String, SecretError> {
        self.host.secret(name)
    }

    /// Sends an HTTP request and reads the whole answer. The operator must have granted the host.
    pub fn http(&self, request: &HttpRequest) -> Result<HttpResponse, HttpError> {
        self.host.http(request)
    }

    /// Whether the operator granted a program of that name.
    pub fn has_tool(&self, name: &str) -> bool {
        self.host.tools().iter().any(|known| known == name)
    }

    /// Runs a program of the host that the operator named and granted, in the task's folder, and waits for its end.
    pub fn run_tool(&self, run: ToolRun) -> Result<ToolEnd, ToolError> {
        let mut program = self.start_tool(run)?;
        let mut end = ToolEnd::default();
        loop {
            match program.read()? {
                ToolPiece::Stdout(bytes) => end.stdout.extend(bytes),
                ToolPiece::Stderr(bytes) => end.stderr.extend(bytes),
                ToolPiece::End(exit) => {
                    (end.code, end.signal) = (exit.code, exit.signal);
                    return Ok(end);
                }
            }
        }
    }

    /// Starts a program as [`Context::run_tool`] does, to be read from while it runs.
    pub fn start_tool(&self, run: ToolRun) -> Result<RunningTool, ToolError> {
        self.host.start(run)
    }

    /// Writes to the task's standard output or error, whose lines the log gets.
    pub(crate) fn print(&self, is_error: bool, text: &[u8]) {
        self.host.print(is_error, text);
    }

    /// Whether the task shall end, because the user stops the execution. Ask between the steps of long work; once it is
    /// so, end what must not stay half done and answer with [`Failure::stopped`]. A task that has asked is given a few
    /// seconds, one that has not is cut off at once.
    pub fn is_stopping(&self) -> bool {
        self.host.is_stopping()
    }

    /// A variable of the host's environment, where the operator granted it and it is set.
    pub fn env(&self, name: &str) -> Option<String> {
        self.host.env(name)
    }

    /// Waits, and comes back early with `false` when the task shall end.
    pub fn sleep(&self, length: Duration) -> bool {
        self.host.sleep(length)
    }

    /// A clock that never goes back. Only differences mean something; a test that slept without waiting sees it pass.
    pub fn clock(&self) -> Duration {
        static START: OnceLock<Instant> = OnceLock::new();
        START.get_or_init(Instant::now).elapsed() + self.host.skipped()
    }

    /// Sends a request, and sends it again while the answer is one that `is_passing` calls so, or the other side was
    /// out of reach. The wait in between is that of the backoff, or what the answer asks for. Gives the last answer; with
    /// [`HttpError::Stopped`] when the task shall end.
    pub fn http_again(
        &self,
        request: &HttpRequest,
        backoff: &Backoff,
        is_passing: impl Fn(&HttpResponse) -> bool,
    ) -> Result<HttpResponse, HttpError> {
        let start = self.clock();
        let mut tried = 0;
        loop {
            let answer = self.host.http(request);
            tried += 1;
            let why = match &answer {
                Ok(response) if is_passing(response) => format!("answered {}", response.status),
                Err(error @ (HttpError::TimedOut(_) | HttpError::Unavailable(_))) => format!("failed: {error}"),
                _ => return answer,
            };
            let asked = answer.as_ref().ok().and_then(HttpResponse::retry_after);
            let left = (start + backoff.patience).saturating_sub(self.clock());
            let wait = backoff.wait(tried, asked, self.task_run_id());
            if tried >= backoff.attempts || wait > left {
                return answer;
            }
            self.log_info(&format!(
                "{} {} {why}; trying again in {:.1} s ({tried} of {})",
                request.method,
                request.url,
                wait.as_secs_f64(),
                backoff.attempts
            ));
            if !self.sleep(wait) {
                return Err(HttpError::Stopped);
            }
        }
    }

    /// Reads the properties again, as a plugin needs in `declare`.
    pub fn read_properties<T: serde::de::DeserializeOwned>(&self) -> Result<T, Failure> {
        serde_json::from_str(self.properties()).map_err(|error| Failure::invalid_properties(describe(&error)))
    }
}

/// A JSON error without the position in a text that the author of the flow never saw.
fn describe(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.rsplit_once(" at line ")
        .map_or(text.as_str(), |(message, _)| message)
        .to_owned()
}
