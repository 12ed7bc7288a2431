//! The `gcp.snapshot` task: takes a snapshot of a Compute Engine disk from a simulated provider.
//!
//! The provider is part of the component and reaches no cloud. Everything it makes says so, and it invents no link and
//! no id that only the real cloud could give.

mod properties;
mod provider;

use std::collections::BTreeMap;

use begat_task::{Asset, Bundle, Context, Description, Failure, JsonMap, Plugin, TaskType};
use schemars::JsonSchema;
use serde::Serialize;

pub use properties::Properties;

/// The type given to a snapshot that the flow declares without one.
const SNAPSHOT_TYPE: &str = "io.kestra.plugin.ee.assets.VM.Snapshot";

/// What a `gcp.snapshot` task gives back.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Outputs {
    /// The snapshot's name.
    pub name: String,
    /// The project it belongs to.
    pub project: String,
    /// The zone of its source disk.
    pub zone: String,
    /// The disk it was taken of.
    pub source_disk: String,
    /// How far it is; `READY` once taken.
    pub status: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// What it is for.
    pub description: Option<String>,
    /// Where it was asked to be stored; empty means near its disk.
    pub storage_locations: Vec<String>,
    /// How many days it is to be kept; none means until it is deleted.
    pub retention_days: Option<u32>,
    /// Whether a simulated provider took it.
    pub simulated: bool,
}

/// The plugin.
pub struct GcpSnapshot;

impl Plugin for GcpSnapshot {
    type Properties = Properties;
    type Outputs = Outputs;

    fn describe() -> Description {
        Description::new(
            "gcp-snapshot",
            env!("CARGO_PKG_VERSION"),
            "Takes snapshots of Compute Engine disks (simulated)",
        )
        .task_type(
            TaskType::of::<Self>("gcp.snapshot", "Takes a snapshot of a disk, from a simulated provider")
                .alias("gcp.compute.Snapshot"),
        )
    }

    fn run(context: &Context, properties: Properties) -> Result<Outputs, Failure> {
        let wanted = properties.parse()?;
        context.log_warn("simulated: no cloud is reached and no snapshot of a real disk is taken");
        warn_of_same_name(context, &wanted);
        let snapshot = provider::take(&wanted);
        context.log_info(&format!(
            "snapshot {} of disk {} in {}/{} is {} (simulated)",
            snapshot.name, snapshot.source_disk, snapshot.project, snapshot.zone, snapshot.status
        ));
        Ok(snapshot)
    }

    /// Adds to the snapshot that the flow declared what is known of it. Only outputs that are snapshots by type, or
    /// have no type, are enriched; a flow that declares none gets none.
    fn declare(_: &Context, outputs: &JsonMap, mut declared: Vec<Bundle>) -> Result<Vec<Bundle>, Failure> {
        for asset in declared.iter_mut().flat_map(|bundle| &mut bundle.outputs) {
            if asset
                .asset_type
                .as_deref()
                .is_none_or(|name| name.ends_with("Snapshot"))
            {
                enrich(asset, outputs);
            }
        }
        Ok(declared)
    }
}

/// Says so where the catalog holds a snapshot of that name in the project: the cloud would refuse a second one.
fn warn_of_same_name(context: &Context, wanted: &properties::Wanted) {
    let known = JsonMap::from_iter([
        ("name".to_owned(), wanted.name.clone().into()),
        ("project".to_owned(), wanted.project.clone().into()),
    ]);
    match context.find_assets(None, None, &known) {
        Ok(found) if found.is_empty() => {}
        Ok(found) => context.log_warn(&format!(
            "the catalog holds a snapshot `{}` of project `{}` (asset `{}`); Compute Engine would refuse a second one with 409 (simulated)",
            wanted.name, wanted.project, found[0].id
        )),
        Err(error) => context.log(
            begat_task::Level::Debug,
            &format!("the catalog was not asked for snapshots of the same name: {} (simulated)", error.0),
        ),
    }
}

fn enrich(asset: &mut Asset, outputs: &JsonMap) {
    asset.asset_type.get_or_insert_with(|| SNAPSHOT_TYPE.to_owned());
    for (key, value) in outputs.iter().filter(|(_, value)| says_something(value)) {
        asset.metadata.entry(key.clone()).or_insert_with(|| value.clone());
    }
    // A flow cannot claim that a simulated snapshot is a real one.
    asset.metadata.insert("simulated".to_owned(), true.into());
}

fn says_something(value: &serde_json::Value) -> bool {
    !value.is_null() && value.as_array().is_none_or(|items| !items.is_empty())
}

begat_task::export!(GcpSnapshot);

#[cfg(test)]
mod tests;
