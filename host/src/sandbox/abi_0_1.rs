//! The border of WIT track 0.1: generated bindings, what the host answers, and conversions to the model's nouns.
//!
//! Whatever a guest says is hostile until it has been parsed here.

use std::path::PathBuf;
use std::sync::Arc;

use wasmtime::component::{HasSelf, Linker, Resource, ResourceTable};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use super::http::Gate;
use super::keyring::SecretFailure;

use super::limits::{Limits, Meter};
use super::output::{SharedSpeech, lock};
use super::policy::Permit;
pub use super::program::Program;
use super::program::{Piece, Places, ProgramExit};
use super::stop::StopSign;
use super::tools::{self, ToolFailure, ToolRequest};
use crate::model::{
    Asset, AssetFilter, AssetId, AssetType, Bundle, Capability, CatalogReader, Declaration, GrantKind, JsonMap,
    LogLevel, Masker, Namespace, PluginDescription, TaskType,
};

mod generated {
    #![allow(clippy::all, unreachable_pub)]
    wasmtime::component::bindgen!({
        path: "../wit/task-0.1",
        world: "plugin",
        imports: {
            "begat:task/secrets.[method]secret.reveal": async,
            "begat:task/tools.run": async,
            "begat:task/tools.start": async,
            "begat:task/tools.[method]program.read": async,
        },
        exports: { default: async },
        with: {
            "begat:task/secrets.secret": super::Secret,
            "begat:task/tools.program": super::Program,
        },
    });
}

pub(super) use generated::exports::begat::task::task::Request;
pub(super) use generated::{Plugin, PluginPre};

pub(super) use generated::begat::task::types::Failure;
use generated::begat::task::{catalog, log, secrets, stopping, tools as programs, types};
use generated::exports::begat::task::task;

/// How many assets one look-up may give.
const FOUND_LIMIT: usize = 1_000;

/// A secret that was handed out by name, and not its text.
pub struct Secret {
    name: String,
}

/// What one instance may reach in the host.
pub(super) struct Guest {
    pub wasi: WasiCtx,
    pub table: ResourceTable,
    pub meter: Meter,
    pub speech: SharedSpeech,
    pub catalog: Option<Arc<dyn CatalogReader>>,
    pub namespace: Option<Namespace>,
    pub permit: Permit,
    /// For the programs that run at the same time.
    pub places: Places,
    pub http: WasiHttpCtx,
    pub gate: Gate,
    /// The folder of the task.
    pub work: Option<PathBuf>,
    pub stop: StopSign,
}

impl WasiHttpView for Guest {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView {
            ctx: &mut self.http,
            table: &mut self.table,
            hooks: &mut self.gate,
        }
    }
}

impl WasiView for Guest {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

pub(super) fn add_to_linker(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    Plugin::add_to_linker::<_, HasSelf<Guest>>(linker, |guest| guest)
}

impl types::Host for Guest {}

impl stopping::Host for Guest {
    fn requested(&mut self) -> bool {
        self.stop.ask()
    }
}

impl log::Host for Guest {
    fn log(&mut self, level: log::Level, message: String) {
        let level = match level {
            log::Level::Trace => LogLevel::Trace,
            log::Level::Debug => LogLevel::Debug,
            log::Level::Info => LogLevel::Info,
            log::Level::Warn => LogLevel::Warn,
            log::Level::Error => LogLevel::Error,
        };
        lock(&self.speech).say(level, &message);
    }
}

impl catalog::Host for Guest {
    fn find(&mut self, filter: catalog::Filter) -> Result<Vec<types::Asset>, catalog::LookupError> {
        let Some(reader) = &self.catalog else {
            return Err(catalog::LookupError::Unavailable(
                "no catalog belongs to this call".to_owned(),
            ));
        };
        let metadata: JsonMap = serde_json::from_str(&filter.metadata)
            .map_err(|error| catalog::LookupError::InvalidFilter(format!("metadata is no JSON object: {error}")))?;
        let id = filter.id.as_deref().map(AssetId::parse).transpose();
        let filter = AssetFilter {
            id: id.map_err(|error| catalog::LookupError::InvalidFilter(error.to_string()))?,
            asset_type: filter.type_,
            namespace: self.namespace.clone(),
            metadata: metadata.into_iter().collect(),
            limit: Some(FOUND_LIMIT),
        };
        match reader.assets(&filter) {
            Ok(assets) => Ok(assets.into_iter().map(types::Asset::from).collect()),
            Err(error) => Err(catalog::LookupError::Unavailable(error.message)),
        }
    }
}

impl secrets::Host for Guest {
    fn get(&mut self, name: String) -> Result<Resource<Secret>, secrets::SecretError> {
        if self.permit.named(GrantKind::Secret, &name).is_none() {
            return Err(secrets::SecretError::NotGranted);
        }
        let pushed = self.table.push(Secret { name });
        pushed.map_err(|error| secrets::SecretError::Other(error.to_string()))
    }
}

impl secrets::HostSecret for Guest {
    async fn reveal(&mut self, secret: Resource<Secret>) -> Result<String, secrets::SecretError> {
        let secret = self.table.get(&secret);
        let name = secret
            .map_err(|error| secrets::SecretError::Other(error.to_string()))?
            .name
            .clone();
        let keyring = self.permit.secrets.clone();
        let wanted = name.clone();
        let revealed = tokio::task::spawn_blocking(move || keyring.reveal(&wanted)).await;
        let text = revealed
            .map_err(|error| secrets::SecretError::Other(error.to_string()))?
            .map_err(|failure| {
                lock(&self.speech).say(LogLevel::Warn, &failure.to_string());
                match failure {
                    SecretFailure::NotSet { .. } => secrets::SecretError::NotSet,
                    SecretFailure::NoOrigin(_) | SecretFailure::Failed { .. } => {
                        secrets::SecretError::Other(failure.to_string())
                    }
                }
            })?;
        self.permit.used(GrantKind::Secret, name);
        Ok(text)
    }

    fn drop(&mut self, secret: Resource<Secret>) -> wasmtime::Result<()> {
        self.table.delete(secret)?;
        Ok(())
    }
}

impl programs::Host for Guest {
    fn granted(&mut self) -> Vec<String> {
        let names = self.permit.grants.names(GrantKind::Run);
        names.map(str::to_owned).collect()
    }

    async fn run(&mut self, wanted: programs::ProgramRun) -> Result<programs::ProgramEnd, programs::ToolError> {
        let (permit, places) = (self.permit.clone(), self.places.clone());
        let end = tools::run(&permit, &places, wanted.into(), self.work.as_deref()).await?;
        Ok(programs::ProgramEnd {
            code: end.exit.code,
            signal: end.exit.signal,
            stdout: end.stdout,
            stderr: end.stderr,
        })
    }

    async fn start(&mut self, wanted: programs::ProgramRun) -> Result<Resource<Program>, programs::ToolError> {
        let (permit, places) = (self.permit.clone(), self.places.clone());
        let program = tools::start(&permit, &places, wanted.into(), self.work.as_deref()).await?;
        let pushed = self.table.push(program);
        pushed.map_err(|error| programs::ToolError::Other(error.to_string()))
    }
}

impl programs::HostProgram for Guest {
    async fn read(&mut self, program: Resource<Program>) -> Result<programs::Piece, programs::ToolError> {
        let program = self.table.get_mut(&program);
        let program = program.map_err(|error| programs::ToolError::Other(error.to_string()))?;
        Ok(program.read().await?.into())
    }

    fn drop(&mut self, program: Resource<Program>) -> wasmtime::Result<()> {
        self.table.delete(program)?;
        Ok(())
    }
}

impl From<programs::ProgramRun> for ToolRequest {
    fn from(wanted: programs::ProgramRun) -> Self {
        Self {
            tool: wanted.tool,
            values: wanted.values,
            variables: wanted.variables,
            input: wanted.input,
        }
    }
}

impl From<Piece> for programs::Piece {
    fn from(piece: Piece) -> Self {
        match piece {
            Piece::Stdout(bytes) => Self::Stdout(bytes),
            Piece::Stderr(bytes) => Self::Stderr(bytes),
            Piece::End(ProgramExit { code, signal }) => Self::End(programs::ProgramExit { code, signal }),
        }
    }
}

impl From<ToolFailure> for programs::ToolError {
    fn from(failure: ToolFailure) -> Self {
        let words = failure.to_string();
        match failure {
            ToolFailure::NotGranted(_) => Self::NotGranted,
            ToolFailure::NotNamed(_) | ToolFailure::Refused { .. } => Self::Refused(words),
            ToolFailure::TimedOut { .. } => Self::TimedOut(words),
            ToolFailure::Output { .. } => Self::TooMuch(words),
            ToolFailure::Failed { .. } => Self::Other(words),
        }
    }
}

impl From<Asset> for types::Asset {
    fn from(asset: Asset) -> Self {
        Self {
            id: asset.id.into(),
            type_: Some(asset.asset_type.into()),
            namespace: asset.namespace.map(String::from),
            display_name: asset.display_name,
            description: asset.description,
            metadata: serde_json::Value::Object(asset.metadata).to_string(),
        }
    }
}

impl From<Declaration> for types::Asset {
    fn from(declaration: Declaration) -> Self {
        Self {
            id: declaration.id.into(),
            type_: declaration.asset_type.map(String::from),
            namespace: declaration.namespace.map(String::from),
            display_name: declaration.display_name,
            description: declaration.description,
            metadata: serde_json::Value::Object(declaration.metadata).to_string(),
        }
    }
}

impl From<Bundle> for types::Bundle {
    fn from(bundle: Bundle) -> Self {
        Self {
            inputs: bundle.inputs.into_iter().map(types::Asset::from).collect(),
            outputs: bundle.outputs.into_iter().map(types::Asset::from).collect(),
        }
    }
}

/// Reads the declarations a guest answered with; the message of an error is for the operator.
pub(super) fn bundles(answer: Vec<types::Bundle>, limits: &Limits) -> Result<Vec<Bundle>, String> {
    let count: usize = answer
        .iter()
        .map(|bundle| bundle.inputs.len() + bundle.outputs.len())
        .sum();
    if count > limits.assets {
        return Err(format!(
            "it declared {count} assets, at most {} are allowed (`assets`)",
            limits.assets
        ));
    }
    let read = |assets: Vec<types::Asset>| -> Result<Vec<Declaration>, String> {
        assets.into_iter().map(|asset| declaration(asset, limits)).collect()
    };
    answer
        .into_iter()
        .map(|bundle| {
            Ok(Bundle {
                inputs: read(bundle.inputs)?,
                outputs: read(bundle.outputs)?,
            })
        })
        .collect()
}

fn declaration(asset: types::Asset, limits: &Limits) -> Result<Declaration, String> {
    let id = AssetId::parse(&asset.id).map_err(|error| error.to_string())?;
    if asset.metadata.len() > limits.metadata {
        let (size, limit) = (asset.metadata.len(), limits.metadata);
        return Err(format!(
            "the metadata of asset `{id}` is {size} bytes, at most {limit} are allowed (`metadata`)"
        ));
    }
    let metadata =
        json_object(&asset.metadata, limits).map_err(|reason| format!("the metadata of asset `{id}` {reason}"))?;
    let asset_type = match asset.type_ {
        Some(text) => Some(AssetType::try_from(text).map_err(|error| format!("asset `{id}`: {error}"))?),
        None => None,
    };
    let namespace = asset.namespace.as_deref().map(Namespace::parse).transpose();
    Ok(Declaration {
        asset_type,
        namespace: namespace.map_err(|error| format!("asset `{id}`: {error}"))?,
        display_name: asset.display_name,
        description: asset.description,
        metadata,
        id,
    })
}

/// Reads JSON of a guest, which may be no JSON, or nested deep enough to exhaust the stack of whoever walks it.
pub(super) fn json_object(text: &str, limits: &Limits) -> Result<JsonMap, String> {
    if depth(text) > limits.json_depth {
        return Err(format!(
            "are nested deeper than {} levels (`json_depth`)",
            limits.json_depth
        ));
    }
    serde_json::from_str(text).map_err(|error| format!("are no JSON object: {error}"))
}

/// How deep the brackets of a JSON text are nested. No tree is built to find out.
fn depth(text: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let (mut is_text, mut is_escaped) = (false, false);
    for byte in text.bytes() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_text => is_escaped = true,
            b'"' => is_text = !is_text,
            b'[' | b'{' if !is_text => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !is_text => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// A failure as a guest reported it.
pub(super) struct ReportedFailure {
    pub kind: String,
    pub message: String,
    pub retryable: bool,
    pub details: JsonMap,
}

impl ReportedFailure {
    pub(super) fn read(failure: types::Failure, limits: &Limits, masker: &Masker) -> Self {
        let kind = match failure.kind {
            types::FailureKind::InvalidProperties => "invalid-properties".to_owned(),
            types::FailureKind::Failed => "failed".to_owned(),
            types::FailureKind::NotGranted => "not-granted".to_owned(),
            types::FailureKind::Unavailable => "unavailable".to_owned(),
            types::FailureKind::TimedOut => "timed-out".to_owned(),
            types::FailureKind::Other(name) => name,
        };
        // Details are for programs; those that cannot be read are left out rather than hiding the message.
        let details = failure
            .details
            .filter(|text| text.len() <= limits.outputs)
            .and_then(|text| json_object(&text, limits).ok())
            .unwrap_or_default();
        Self {
            kind,
            // What is cut first may end in a piece of a secret that nobody recognises.
            message: shortened(masker.mask(&failure.message).into_owned(), limits.log_line),
            retryable: failure.retryable,
            details,
        }
    }
}

/// The text as far as it is allowed to be long.
fn shortened(mut text: String, limit: usize) -> String {
    if text.len() > limit {
        let mut end = limit;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        text.push_str("… (message truncated)");
    }
    text
}

/// How many characters the name of a plugin may have.
const LONGEST_NAME: usize = 64;

/// Reads what a guest says of itself; the message of an error is for the plugin's author.
pub(super) fn description(answer: task::Description) -> Result<PluginDescription, String> {
    let task_types = answer
        .task_types
        .into_iter()
        .map(task_type)
        .collect::<Result<Vec<_>, _>>()?;
    if answer.name.trim().is_empty() || task_types.is_empty() {
        return Err("it has no name or no task type".to_owned());
    }
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if answer.name.len() > LONGEST_NAME || !answer.name.chars().all(is_plain) {
        return Err(format!(
            "its name `{}` holds something else than letters, digits, `-`, `_` and `.`, or more than {LONGEST_NAME} of them",
            answer.name.escape_debug()
        ));
    }
    let capability = |wanted: task::Capability| Capability {
        kind: wanted.kind,
        target: wanted.target,
        reason: wanted.reason,
        required: wanted.required,
    };
    Ok(PluginDescription {
        name: answer.name,
        version: answer.version,
        summary: answer.summary,
        task_types,
        capabilities: answer.capabilities.into_iter().map(capability).collect(),
    })
}

fn task_type(answer: task::TaskType) -> Result<TaskType, String> {
    let schema = |what: &str, text: &str| {
        serde_json::from_str::<JsonMap>(text)
            .map(serde_json::Value::Object)
            .map_err(|error| {
                format!(
                    "the schema of the {what} of `{}` is no JSON object: {error}",
                    answer.name
                )
            })
    };
    let (properties, outputs) = (
        schema("properties", &answer.properties)?,
        schema("outputs", &answer.outputs)?,
    );
    Ok(TaskType {
        name: answer.name,
        aliases: answer.aliases,
        summary: answer.summary,
        properties: properties.into(),
        outputs: outputs.into(),
    })
}
