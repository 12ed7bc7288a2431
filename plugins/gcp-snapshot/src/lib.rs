//! The `gcp.snapshot` tasks: snapshots of Compute Engine disks, from the real API where the operator grants a token for
//! it, and else from a simulated provider.
//!
//! The simulated provider is part of the component and reaches no cloud. Everything it makes says so, and it invents no
//! link, size or number that only the real cloud could give.

mod api;
mod care;
mod client;
mod explain;
mod marks;
mod outputs;
mod properties;
mod provider;
mod take;

use begat_task::{Asset, Bundle, Capability, Context, Description, Failure, JsonMap, Plugin, TaskType};
use serde_json::Value;

use client::{Client, ENDPOINT, ENDPOINT_VARIABLE};
pub use outputs::{OneOutputs, Outputs};
use properties::{Access, Simulate};
pub use properties::{LabelProperties, OneProperties, Properties};

/// The type given to a snapshot that the flow declares without one.
const SNAPSHOT_TYPE: &str = "io.kestra.plugin.ee.assets.VM.Snapshot";
/// What a snapshot's type ends with.
const SNAPSHOT: &str = "Snapshot";

/// The plugin.
pub struct GcpSnapshot;

/// What a task of this plugin does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verb {
    Take,
    Get,
    Label,
    Delete,
}

impl Verb {
    fn of(context: &Context) -> Self {
        match context.task_type() {
            "gcp.snapshot.get" => Self::Get,
            "gcp.snapshot.label" => Self::Label,
            "gcp.snapshot.delete" => Self::Delete,
            _ => Self::Take,
        }
    }
}

impl Plugin for GcpSnapshot {
    type Properties = JsonMap;
    type Outputs = JsonMap;

    fn describe() -> Description {
        Description::new(
            "gcp-snapshot",
            env!("CARGO_PKG_VERSION"),
            "Takes, labels and deletes snapshots of Compute Engine disks, or simulates it",
        )
        .task_type(
            TaskType::with::<Properties, Outputs>(
                "gcp.snapshot",
                "Takes a snapshot of a disk, and deletes those of its schedule that are too old",
            )
            .alias("gcp.compute.Snapshot"),
        )
        .task_type(TaskType::with::<OneProperties, OneOutputs>(
            "gcp.snapshot.get",
            "Tells what is known of a snapshot",
        ))
        .task_type(TaskType::with::<LabelProperties, OneOutputs>(
            "gcp.snapshot.label",
            "Sets labels of a snapshot",
        ))
        .task_type(TaskType::with::<OneProperties, OneOutputs>(
            "gcp.snapshot.delete",
            "Deletes a snapshot",
        ))
        .capability(Capability::optional(
            "secret",
            "$tokenSecret",
            "the access token (`GCP_ACCESS_TOKEN` when nothing else is said); without it the task is simulated",
        ))
        .capability(Capability::optional(
            "net",
            ENDPOINT.trim_start_matches("https://"),
            "to reach the Compute Engine API",
        ))
        .capability(Capability::optional(
            "env",
            ENDPOINT_VARIABLE,
            "to reach it at another address",
        ))
    }

    fn run(context: &Context, _: JsonMap) -> Result<JsonMap, Failure> {
        match Verb::of(context) {
            Verb::Take => written(&take(context)?),
            Verb::Get => {
                let one = context.read_properties::<OneProperties>()?.parse()?;
                written(&match access(context, &one.project, &one.access)? {
                    Some(client) => OneOutputs::of(&one.project, &care::get(&client, &one.name)?),
                    None => provider::find(context, &one.project, &one.name)?,
                })
            }
            Verb::Label => written(&label(context)?),
            Verb::Delete => written(&delete(context)?),
        }
    }

    /// Adds to the snapshot that the flow declared what is known of it. Only outputs that are snapshots by type, or
    /// have no type, are enriched; a flow that declares none gets none. The disk is among what a new snapshot was made
    /// from, and what the retention deleted is said to be deleted.
    fn declare(context: &Context, outputs: &JsonMap, mut declared: Vec<Bundle>) -> Result<Vec<Bundle>, Failure> {
        for bundle in &mut declared {
            let is_snapshot =
                |asset: &&mut Asset| asset.asset_type.as_deref().is_none_or(|name| name.ends_with(SNAPSHOT));
            let mut enriched = false;
            for asset in bundle.outputs.iter_mut().filter(is_snapshot) {
                enrich(asset, outputs);
                enriched = true;
            }
            if enriched && Verb::of(context) == Verb::Take {
                add_disk(bundle, context)?;
            }
        }
        declared.extend(deleted(context, outputs));
        Ok(declared)
    }
}

fn take(context: &Context) -> Result<Outputs, Failure> {
    let wanted = context.read_properties::<Properties>()?.parse()?;
    match access(context, &wanted.project, &wanted.access)? {
        Some(client) => take::take(&client, &wanted),
        None => Ok(provider::take(context, &wanted)),
    }
}

fn label(context: &Context) -> Result<OneOutputs, Failure> {
    let wanted = context.read_properties::<LabelProperties>()?.parse()?;
    let outputs = match access(context, &wanted.project, &wanted.access)? {
        Some(client) => OneOutputs::of(&wanted.project, &care::label(&client, &wanted.name, &wanted.labels)?),
        None => {
            let mut known = provider::find(context, &wanted.project, &wanted.name)?;
            known.labels.extend(wanted.labels);
            known
        }
    };
    tell(context, "is labelled", &outputs);
    Ok(outputs)
}

fn delete(context: &Context) -> Result<OneOutputs, Failure> {
    let one = context.read_properties::<OneProperties>()?.parse()?;
    let mut outputs = OneOutputs {
        name: one.name.clone(),
        project: one.project.clone(),
        ..OneOutputs::default()
    };
    match access(context, &one.project, &one.access)? {
        Some(client) => care::delete(&client, &one.name)?,
        None => outputs.simulated = true,
    }
    outputs.status = "DELETED".to_owned();
    tell(context, "is deleted", &outputs);
    Ok(outputs)
}

fn tell(context: &Context, what: &str, outputs: &OneOutputs) {
    let end = if outputs.simulated { " (simulated)" } else { "" };
    context.log_info(&format!("snapshot {} of {} {what}{end}", outputs.name, outputs.project));
}

/// The client, where a token is granted and wanted; nothing where the task is to be simulated, which is said.
fn access<'a>(context: &'a Context, project: &'a str, access: &'a Access) -> Result<Option<Client<'a>>, Failure> {
    let secret = access.secret.as_str();
    if access.simulate != Simulate::Always {
        match Client::open(context, project, secret, access.wait)? {
            client::Access::Granted(client) => return Ok(Some(client)),
            client::Access::NotGranted if access.simulate == Simulate::Never => {
                return Err(Failure::not_granted(format!(
                    "the secret `{secret}` is not granted, and `simulate` is NEVER"
                )));
            }
            client::Access::NotGranted => {}
        }
    }
    provider::announce(context, secret);
    Ok(None)
}

fn written<T: serde::Serialize>(outputs: &T) -> Result<JsonMap, Failure> {
    match serde_json::to_value(outputs) {
        Ok(Value::Object(outputs)) => Ok(outputs),
        Ok(other) => Err(Failure::failed(format!("the outputs are no object but {other}"))),
        Err(error) => Err(Failure::failed(format!("writing the outputs: {error}"))),
    }
}

fn enrich(asset: &mut Asset, outputs: &JsonMap) {
    asset.asset_type.get_or_insert_with(|| SNAPSHOT_TYPE.to_owned());
    let told = |key: &str| !matches!(key, "requestId" | "deleted" | "notDeleted");
    for (key, value) in outputs.iter().filter(|(key, value)| told(key) && says_something(value)) {
        // What the cloud says now stands before what the flow thought; the flow's other words stand.
        if matches!(key.as_str(), "status" | "selfLink" | "id") && !is_simulated(outputs) {
            asset.metadata.insert(key.clone(), value.clone());
        } else {
            asset.metadata.entry(key.clone()).or_insert_with(|| value.clone());
        }
    }
    // A flow cannot claim that a simulated snapshot is a real one, or the other way round.
    asset
        .metadata
        .insert("simulated".to_owned(), is_simulated(outputs).into());
}

fn is_simulated(outputs: &JsonMap) -> bool {
    outputs.get("simulated") != Some(&Value::Bool(false))
}

fn says_something(value: &Value) -> bool {
    !value.is_null() && value.as_array().is_none_or(|items| !items.is_empty())
}

/// The disk is what a snapshot is made from.
fn add_disk(bundle: &mut Bundle, context: &Context) -> Result<(), Failure> {
    let wanted = context.read_properties::<Properties>()?.parse()?;
    if bundle.inputs.iter().all(|asset| asset.id != wanted.disk) {
        bundle.inputs.push(Asset::new(wanted.disk));
    }
    Ok(())
}

/// The assets of snapshots that the retention deleted, as far as the catalog knows them.
fn deleted(context: &Context, outputs: &JsonMap) -> Option<Bundle> {
    let names = outputs.get("deleted")?.as_array()?.iter().filter_map(Value::as_str);
    let project = outputs.get("project")?.as_str()?;
    let known = names.flat_map(|name| provider::known(context, project, name));
    let outputs: Vec<Asset> = known
        .filter(|asset| asset.asset_type.as_deref().is_some_and(|name| name.ends_with(SNAPSHOT)))
        .map(|asset| {
            let gone = Asset::new(asset.id).with("status", "DELETED");
            Asset {
                asset_type: asset.asset_type,
                ..gone
            }
        })
        .collect();
    (!outputs.is_empty()).then(|| Bundle {
        inputs: Vec::new(),
        outputs,
    })
}

begat_task::export!(GcpSnapshot);

#[cfg(test)]
mod cloud_tests;
#[cfg(test)]
#[path = "../tests/cloud/compute.rs"]
mod compute;
#[cfg(test)]
mod tests;
