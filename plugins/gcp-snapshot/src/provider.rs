//! The simulated provider: answers as far as can be known without a cloud. What it knows of snapshots is what the catalog
//! holds.

use std::collections::BTreeMap;

use begat_task::{Asset, Context, Failure, JsonMap, Level};

use crate::marks;
use crate::outputs::{OneOutputs, Outputs};
use crate::properties::Wanted;

/// Says in the log that nothing real is done.
pub(crate) fn announce(context: &Context, secret: &str) {
    context.log_warn(&format!(
        "simulated: no cloud is reached and nothing is done to a real snapshot; with the grants `secret={secret}` and `net` for the API it is"
    ));
}

/// Takes the snapshot. It is ready at once, and has no size, link or number, since nobody measured or gave one.
pub(crate) fn take(context: &Context, wanted: &Wanted) -> Outputs {
    warn_of_same_name(context, wanted);
    let snapshot = Outputs {
        name: wanted.name.clone(),
        project: wanted.project.clone(),
        zone: wanted.zone.clone(),
        source_disk: wanted.disk.clone(),
        status: "READY".to_owned(),
        labels: marks::all(context, wanted),
        description: wanted.description.clone(),
        storage_locations: wanted.storage_locations.clone(),
        retention_days: wanted.retention_days,
        schedule: marks::schedule(context, wanted),
        simulated: true,
        ..Outputs::default()
    };
    context.log_info(&format!(
        "snapshot {} of disk {} in {}/{} is {} (simulated)",
        snapshot.name, snapshot.source_disk, snapshot.project, snapshot.zone, snapshot.status
    ));
    snapshot
}

/// The assets of the flow's namespace that stand for a snapshot, oldest first.
pub(crate) fn known(context: &Context, project: &str, name: &str) -> Vec<Asset> {
    let wanted = JsonMap::from_iter([
        ("name".to_owned(), name.to_owned().into()),
        ("project".to_owned(), project.to_owned().into()),
    ]);
    context.find_assets(None, None, &wanted).unwrap_or_else(|error| {
        let words = format!("the catalog was not asked for the snapshot `{name}`: {}", error.0);
        context.log(Level::Debug, &words);
        Vec::new()
    })
}

/// Says so where the catalog holds a snapshot of that name in the project: the cloud would refuse a second one.
fn warn_of_same_name(context: &Context, wanted: &Wanted) {
    if let Some(found) = known(context, &wanted.project, &wanted.name).first() {
        context.log_warn(&format!(
            "the catalog holds a snapshot `{}` of project `{}` (asset `{}`); Compute Engine would refuse a second one with 409 (simulated)",
            wanted.name, wanted.project, found.id
        ));
    }
}

/// What the catalog says of a snapshot.
pub(crate) fn find(context: &Context, project: &str, name: &str) -> Result<OneOutputs, Failure> {
    let found = known(context, project, name);
    let is_there = |asset: &&Asset| asset.metadata.get("status").is_none_or(|status| status != "DELETED");
    let Some(asset) = found.iter().find(is_there) else {
        return Err(Failure::failed(format!(
            "the catalog holds no snapshot `{name}` of the project `{project}`, and nothing else is known of it (simulated)"
        )));
    };
    let text = |key: &str| asset.metadata.get(key)?.as_str().map(str::to_owned);
    let labels = asset.metadata.get("labels").and_then(|labels| labels.as_object());
    let label = |(key, value): (&String, &serde_json::Value)| Some((key.clone(), value.as_str()?.to_owned()));
    let places = asset
        .metadata
        .get("storageLocations")
        .and_then(|places| places.as_array());
    let places = places.into_iter().flatten();
    Ok(OneOutputs {
        name: name.to_owned(),
        project: project.to_owned(),
        status: text("status").unwrap_or_else(|| "READY".to_owned()),
        source_disk: text("sourceDisk"),
        labels: labels
            .into_iter()
            .flatten()
            .filter_map(label)
            .collect::<BTreeMap<_, _>>(),
        description: text("description"),
        storage_locations: places.filter_map(|place| place.as_str().map(str::to_owned)).collect(),
        simulated: true,
        facts: crate::outputs::Facts::default(),
    })
}
