//! The component's border: generated bindings and the conversions between them and the SDK's own types.

use crate::context::{AnyHost, Host};
use crate::{
    Asset, Context, Failure, HttpError, HttpRequest, HttpResponse, JsonMap, Level, LookupError, Plugin, SecretError,
    ToolEnd, ToolError, ToolRun,
};

#[doc(hidden)]
pub mod generated {
    #![allow(missing_docs, unsafe_code, clippy::all, unreachable_pub)]
    wit_bindgen::generate!({
        path: "../../wit/task-0.1",
        world: "plugin",
        pub_export_macro: true,
        export_macro_name: "export",
        default_bindings_module: "begat_task::bindings::generated",
        generate_all,
    });
}

pub use generated::begat::task::types;
pub use generated::begat::task::{catalog, log, secrets, stopping, tools};
pub use generated::export;
pub use generated::exports::begat::task::task;
pub use generated::exports::begat::task::task::Guest;

/// The host that the component's imports lead to.
pub(crate) struct Imports;

#[cfg(target_family = "wasm")]
fn host() -> AnyHost {
    Imports
}

#[cfg(not(target_family = "wasm"))]
fn host() -> AnyHost {
    Box::new(Imports)
}

impl Host for Imports {
    fn log(&self, level: Level, message: &str) {
        let level = match level {
            Level::Trace => log::Level::Trace,
            Level::Debug => log::Level::Debug,
            Level::Info => log::Level::Info,
            Level::Warn => log::Level::Warn,
            Level::Error => log::Level::Error,
        };
        log::log(level, message);
    }

    fn find_assets(
        &self,
        id: Option<&str>,
        asset_type: Option<&str>,
        metadata: &JsonMap,
    ) -> Result<Vec<Asset>, LookupError> {
        let filter = catalog::Filter {
            id: id.map(str::to_owned),
            type_: asset_type.map(str::to_owned),
            metadata: serde_json::Value::Object(metadata.clone()).to_string(),
        };
        match catalog::find(&filter) {
            Ok(assets) => Ok(assets.into_iter().map(Asset::from).collect()),
            Err(
                catalog::LookupError::InvalidFilter(reason)
                | catalog::LookupError::Unavailable(reason)
                | catalog::LookupError::Other(reason),
            ) => Err(LookupError(reason)),
        }
    }

    fn secret(&self, name: &str) -> Result<String, SecretError> {
        let explain = |error| match error {
            secrets::SecretError::NotGranted => SecretError::NotGranted,
            secrets::SecretError::NotSet => SecretError::NotSet,
            secrets::SecretError::Other(reason) => SecretError::Other(reason),
        };
        secrets::get(name).and_then(|secret| secret.reveal()).map_err(explain)
    }

    fn http(&self, request: &HttpRequest) -> Result<HttpResponse, HttpError> {
        crate::http::send(request)
    }

    fn tools(&self) -> Vec<String> {
        tools::granted()
    }

    fn is_stopping(&self) -> bool {
        stopping::requested()
    }

    fn env(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn tool(&self, run: ToolRun) -> Result<ToolEnd, ToolError> {
        let program = tools::ProgramRun {
            tool: run.tool,
            values: run.values,
            variables: run.variables,
            input: run.input,
        };
        match tools::run(&program) {
            Ok(end) => Ok(ToolEnd {
                code: end.code,
                signal: end.signal,
                stdout: end.stdout,
                stderr: end.stderr,
            }),
            Err(tools::ToolError::NotGranted) => Err(ToolError::NotGranted),
            Err(tools::ToolError::TimedOut(reason)) => Err(ToolError::TimedOut(reason)),
            Err(
                tools::ToolError::Refused(reason) | tools::ToolError::TooMuch(reason) | tools::ToolError::Other(reason),
            ) => Err(ToolError::Failed(reason)),
        }
    }
}

/// Answers the host's `describe`.
pub fn describe<P: Plugin>() -> task::Description {
    P::describe().into()
}

/// Answers the host's `run`.
pub fn run<P: Plugin>(request: task::Request) -> Result<String, types::Failure> {
    let context = Context::new(request, host());
    let outputs = context
        .read_properties()
        .and_then(|properties| P::run(&context, properties))?;
    serde_json::to_string(&outputs).map_err(|error| Failure::failed(format!("writing the outputs: {error}")).into())
}

/// Answers the host's `declare`.
pub fn declare<P: Plugin>(
    request: task::Request,
    outputs: &str,
    declared: Vec<types::Bundle>,
) -> Result<Vec<types::Bundle>, types::Failure> {
    let context = Context::new(request, host());
    let outputs: JsonMap = serde_json::from_str(outputs)
        .map_err(|error| Failure::failed(format!("reading the outputs of this run: {error}")))?;
    let bundles = P::declare(&context, &outputs, declared.into_iter().map(Into::into).collect())?;
    Ok(bundles.into_iter().map(Into::into).collect())
}
