//! The border of WIT track 0.1: generated bindings, what the host answers, and conversions to the model's nouns.
//!
//! Whatever a guest says is hostile until it has been parsed here.

use std::sync::Arc;

use wasmtime::component::{HasSelf, Linker, Resource, ResourceTable};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use super::limits::{Limits, Meter};
use super::output::{SharedSpeech, lock};
use crate::model::{
    Asset, AssetFilter, AssetId, AssetType, Bundle, Capability, CatalogReader, Declaration, JsonMap, LogLevel,
    Namespace, PluginDescription, TaskType,
};

mod generated {
    #![allow(clippy::all, unreachable_pub)]
    wasmtime::component::bindgen!({
        path: "../wit/task-0.1",
        world: "plugin",
        exports: { default: async },
        with: { "begat:task/secrets.secret": super::Secret },
    });
}

pub(super) use generated::exports::begat::task::task::Request;
pub(super) use generated::{Plugin, PluginPre};

use generated::begat::task::{catalog, log, secrets, types};
use generated::exports::begat::task::task;

/// How many assets one look-up may give.
const FOUND_LIMIT: usize = 1_000;

/// A secret that was handed out. None is until grants exist.
pub struct Secret;

/// What one instance may reach in the host.
pub(super) struct Guest {
    pub wasi: WasiCtx,
    pub table: ResourceTable,
    pub meter: Meter,
    pub speech: SharedSpeech,
    pub catalog: Option<Arc<dyn CatalogReader>>,
    pub namespace: Option<Namespace>,
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
    fn get(&mut self, _: String) -> Result<Resource<Secret>, secrets::SecretError> {
        Err(secrets::SecretError::NotGranted)
    }
}

impl secrets::HostSecret for Guest {
    fn reveal(&mut self, _: Resource<Secret>) -> Result<String, secrets::SecretError> {
        Err(secrets::SecretError::NotGranted)
    }

    fn drop(&mut self, secret: Resource<Secret>) -> wasmtime::Result<()> {
        self.table.delete(secret)?;
        Ok(())
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
    let metadata = serde_json::from_str(&asset.metadata)
        .map_err(|error| format!("the metadata of asset `{id}` is no JSON object: {error}"))?;
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

/// A failure as a guest reported it.
pub(super) struct ReportedFailure {
    pub kind: String,
    pub message: String,
    pub retryable: bool,
    pub details: JsonMap,
}

impl From<types::Failure> for ReportedFailure {
    fn from(failure: types::Failure) -> Self {
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
            .and_then(|text| serde_json::from_str(&text).ok())
            .unwrap_or_default();
        Self {
            kind,
            message: failure.message,
            retryable: failure.retryable,
            details,
        }
    }
}

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
        properties,
        outputs,
    })
}
