//! Runs a plugin natively, without a component and without a host, for unit tests.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use crate::bindings::task::Request;
use crate::context::Host;
use crate::{
    Asset, Bundle, Context, Failure, HttpError, HttpRequest, HttpResponse, JsonMap, Level, LookupError, Plugin,
    RunningTool, SecretError, ToolEnd, ToolError, ToolExit, ToolPiece, ToolRun,
};

/// What a test saw of a run.
#[derive(Debug)]
pub struct Outcome<T> {
    /// What `run` answered.
    pub result: Result<T, Failure>,
    /// All log lines, with their levels.
    pub logs: Vec<(Level, String)>,
    /// What `declare` answered; empty after a failure.
    pub assets: Vec<Bundle>,
    /// How long it slept. A test does not wait for it.
    pub slept: Duration,
}

impl<T> Outcome<T> {
    /// The outputs of a run that must have succeeded.
    ///
    /// # Panics
    /// When the run failed, with its message.
    pub fn outputs(&self) -> &T {
        match &self.result {
            Ok(outputs) => outputs,
            Err(failure) => panic!("the run failed: {}", failure.message),
        }
    }

    /// The failure of a run that must have failed.
    ///
    /// # Panics
    /// When the run succeeded.
    pub fn failure(&self) -> &Failure {
        match &self.result {
            Ok(_) => panic!("the run succeeded"),
            Err(failure) => failure,
        }
    }
}

type Server = Rc<dyn Fn(&HttpRequest) -> Result<HttpResponse, HttpError>>;
type Program = Rc<dyn Fn(&ToolRun) -> Result<Vec<ToolPiece>, ToolError>>;

/// What a test grants a plugin; nothing by default.
#[derive(Clone, Default)]
pub struct Granted {
    secrets: Vec<(String, String)>,
    server: Option<Server>,
    program: Option<Program>,
    tools: Vec<String>,
    env: Vec<(String, String)>,
    catalog: Vec<Asset>,
    is_stopping: bool,
}

impl Granted {
    /// The same in an execution that is being stopped.
    pub fn stopping(self) -> Self {
        Self {
            is_stopping: true,
            ..self
        }
    }

    /// The same with a variable of the environment.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same with an asset in the catalog.
    pub fn asset(mut self, asset: Asset) -> Self {
        self.catalog.push(asset);
        self
    }

    /// The same with a secret.
    pub fn secret(mut self, name: &str, text: &str) -> Self {
        self.secrets.push((name.to_owned(), text.to_owned()));
        self
    }

    /// The same with a network in which every request is answered so.
    pub fn http(self, answer: impl Fn(&HttpRequest) -> Result<HttpResponse, HttpError> + 'static) -> Self {
        Self {
            server: Some(Rc::new(answer)),
            ..self
        }
    }

    /// The same with a program that ends so.
    pub fn tool(self, name: &str, answer: impl Fn(&ToolRun) -> Result<ToolEnd, ToolError> + 'static) -> Self {
        self.running_tool(name, move |run| {
            let ToolEnd {
                code,
                signal,
                stdout,
                stderr,
            } = answer(run)?;
            Ok(vec![
                ToolPiece::Stdout(stdout),
                ToolPiece::Stderr(stderr),
                ToolPiece::End(ToolExit { code, signal }),
            ])
        })
    }

    /// The same with a program that gives these pieces, one at each reading. After the last one that is no end, reading
    /// says that it ran longer than it may.
    pub fn running_tool(
        mut self,
        name: &str,
        answer: impl Fn(&ToolRun) -> Result<Vec<ToolPiece>, ToolError> + 'static,
    ) -> Self {
        self.tools.push(name.to_owned());
        Self {
            program: Some(Rc::new(answer)),
            ..self
        }
    }
}

#[derive(Clone, Default)]
struct StandIn {
    granted: Granted,
    logs: Rc<RefCell<Vec<(Level, String)>>>,
    slept: Rc<Cell<Duration>>,
}

impl Host for StandIn {
    fn log(&self, level: Level, message: &str) {
        self.logs
            .borrow_mut()
            .extend(message.lines().map(|line| (level, line.to_owned())));
    }

    fn find_assets(
        &self,
        id: Option<&str>,
        asset_type: Option<&str>,
        metadata: &JsonMap,
    ) -> Result<Vec<Asset>, LookupError> {
        let fits = |asset: &&Asset| {
            id.is_none_or(|id| asset.id == id)
                && asset_type.is_none_or(|name| asset.asset_type.as_deref() == Some(name))
                && metadata
                    .iter()
                    .all(|(key, value)| asset.metadata.get(key) == Some(value))
        };
        Ok(self.granted.catalog.iter().filter(fits).cloned().collect())
    }

    fn secret(&self, name: &str) -> Result<String, SecretError> {
        let found = self.granted.secrets.iter().find(|(known, _)| known == name);
        found.map(|(_, text)| text.clone()).ok_or(SecretError::NotGranted)
    }

    fn http(&self, request: &HttpRequest) -> Result<HttpResponse, HttpError> {
        crate::http::parts(&request.url)?;
        match &self.granted.server {
            Some(server) => server(request),
            None => Err(HttpError::NotGranted),
        }
    }

    fn tools(&self) -> Vec<String> {
        self.granted.tools.clone()
    }

    fn is_stopping(&self) -> bool {
        self.granted.is_stopping
    }

    fn env(&self, name: &str) -> Option<String> {
        let found = self.granted.env.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.clone())
    }

    fn sleep(&self, length: Duration) -> bool {
        self.slept.set(self.slept.get() + length);
        !self.is_stopping()
    }

    fn skipped(&self) -> Duration {
        self.slept.get()
    }

    fn start(&self, run: ToolRun) -> Result<RunningTool, ToolError> {
        let Some(program) = &self.granted.program else {
            return Err(ToolError::NotGranted);
        };
        let mut pieces = program(&run)?.into_iter().peekable();
        Ok(RunningTool(Box::new(move || {
            let written = pieces.next_if(|piece| !matches!(piece, ToolPiece::End(_)));
            let piece = written.or_else(|| pieces.peek().cloned());
            piece.ok_or_else(|| ToolError::TimedOut("the tool ran longer than its limit".to_owned()))
        })))
    }

    fn print(&self, is_error: bool, text: &[u8]) {
        let level = if is_error { Level::Warn } else { Level::Info };
        self.log(level, &String::from_utf8_lossy(text));
    }
}

/// Runs a plugin on properties, with nothing declared.
pub fn run<P: Plugin>(task_type: &str, properties: serde_json::Value) -> Outcome<P::Outputs> {
    run_declaring::<P>(task_type, properties, Vec::new())
}

/// Runs a plugin on properties, then asks what it makes of a declaration.
pub fn run_declaring<P: Plugin>(
    task_type: &str,
    properties: serde_json::Value,
    declared: Vec<Bundle>,
) -> Outcome<P::Outputs> {
    run_granted::<P>(task_type, properties, declared, Granted::default())
}

/// The same with something granted.
pub fn run_granted<P: Plugin>(
    task_type: &str,
    properties: serde_json::Value,
    declared: Vec<Bundle>,
    granted: Granted,
) -> Outcome<P::Outputs> {
    let host = StandIn {
        granted,
        ..StandIn::default()
    };
    let request = Request {
        execution_id: "01k00000000000000000000000".to_owned(),
        task_run_id: "01k00000000000000000000001".to_owned(),
        namespace: "company.team".to_owned(),
        flow_id: "test".to_owned(),
        task_id: "task".to_owned(),
        type_: task_type.to_owned(),
        attempt: 1,
        properties: properties.to_string(),
        extra: "{}".to_owned(),
    };
    let context = Context::new(request, Box::new(host.clone()));
    let mut result = context
        .read_properties()
        .and_then(|properties| P::run(&context, properties));
    let mut assets = Vec::new();
    if let Ok(outputs) = &result {
        match declare::<P>(&context, outputs, declared) {
            Ok(bundles) => assets = bundles,
            Err(failure) => result = Err(failure),
        }
    }
    let logs = host.logs.borrow().clone();
    Outcome {
        result,
        logs,
        assets,
        slept: host.slept.get(),
    }
}

fn declare<P: Plugin>(context: &Context, outputs: &P::Outputs, declared: Vec<Bundle>) -> Result<Vec<Bundle>, Failure> {
    match serde_json::to_value(outputs) {
        Ok(serde_json::Value::Object(outputs)) => P::declare(context, &outputs, declared),
        Ok(other) => Err(Failure::failed(format!("the outputs are no object but {other}"))),
        Err(error) => Err(Failure::failed(format!("writing the outputs: {error}"))),
    }
}

/// Compares a plugin's description with the text of its `describe.json`, which is what the host knows without running
/// the plugin. With `BEGAT_UPDATE=1` in the environment the file is written instead.
///
/// # Panics
/// When they differ.
pub fn check_description<P: Plugin>(path: &str) {
    let actual = P::describe().to_json();
    if std::env::var_os("BEGAT_UPDATE").is_some() {
        std::fs::write(path, &actual).expect("describe.json can be written");
    }
    let expected = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        actual == expected,
        "{path} is out of date; run the tests with BEGAT_UPDATE=1\n{actual}"
    );
}
