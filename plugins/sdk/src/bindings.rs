//! The component's border: generated bindings and the conversions between them and the SDK's own types.

use std::io::Write;

use crate::context::{AnyHost, Host};
use crate::{
    Asset, Context, Failure, HttpError, HttpRequest, HttpResponse, JsonMap, Level, LookupError, Plugin, RunningTool,
    SecretError, ToolError, ToolExit, ToolPiece, ToolRun,
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

    fn start(&self, run: ToolRun) -> Result<RunningTool, ToolError> {
        let program = tools::start(&tools::ProgramRun {
            tool: run.tool,
            values: run.values,
            variables: run.variables,
            input: run.input,
        })?;
        Ok(RunningTool(Box::new(move || Ok(program.read()?.into()))))
    }

    fn print(&self, is_error: bool, text: &[u8]) {
        print(is_error, text);
    }
}

/// Writes to the component's standard output or error.
pub(crate) fn print(is_error: bool, text: &[u8]) {
    let written = match is_error {
        true => std::io::stderr().write_all(text),
        false => std::io::stdout().write_all(text),
    };
    // The log may be full; the host says so there, and what the task gives does not depend on it.
    drop(written);
}

impl From<tools::Piece> for ToolPiece {
    fn from(piece: tools::Piece) -> Self {
        match piece {
            tools::Piece::Stdout(bytes) => Self::Stdout(bytes),
            tools::Piece::Stderr(bytes) => Self::Stderr(bytes),
            tools::Piece::End(tools::ProgramExit { code, signal }) => Self::End(ToolExit { code, signal }),
        }
    }
}

impl From<tools::ToolError> for ToolError {
    fn from(error: tools::ToolError) -> Self {
        match error {
            tools::ToolError::NotGranted => Self::NotGranted,
            tools::ToolError::TimedOut(reason) => Self::TimedOut(reason),
            tools::ToolError::Refused(reason) | tools::ToolError::TooMuch(reason) | tools::ToolError::Other(reason) => {
                Self::Failed(reason)
            }
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
