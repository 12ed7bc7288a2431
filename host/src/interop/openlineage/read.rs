//! OpenLineage events of any producer as assets and edges.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::json;

use super::{ASSET_FACET, NAMES, Name, foreign_id};
use crate::model::{
    Asset, AssetId, AssetType, Declaration, EdgeView, ForeignAsset, ForeignChange, Json, JsonMap, Metadata, Person,
};

/// What a run used and made so far.
#[derive(Debug, Clone, Default)]
struct Seen {
    inputs: BTreeMap<Name, Json>,
    outputs: BTreeMap<Name, Json>,
}

/// Reads events in the order they come. What a run told at its start counts when it has ended well.
#[derive(Debug, Default)]
pub struct Reader {
    runs: HashMap<String, Seen>,
}

impl Reader {
    /// What one event says of assets. The error says what is wrong with it.
    pub fn take(&mut self, event: &Json) -> Result<ForeignChange, String> {
        let text = |value: &Json, name: &str| value[name].as_str().map(str::to_owned);
        if !event.is_object() || event["eventTime"].as_str().is_none() {
            return Err("this is no OpenLineage event: it has no `eventTime`".to_owned());
        }
        let producer = text(event, "producer").ok_or("this is no OpenLineage event: it has no `producer`")?;
        let run = text(&event["run"], "runId");
        let by = Some(Person {
            user: format!("openlineage {producer}"),
            reason: reason(event, run.as_deref()),
        });
        let mut seen = Seen {
            inputs: datasets(&event["inputs"])?,
            outputs: datasets(&event["outputs"])?,
        };
        if event["dataset"].is_object() {
            seen.outputs.extend(datasets(&json!([event["dataset"]]))?);
        }
        let kind = text(event, "eventType").unwrap_or_default().to_uppercase();
        let run = run.unwrap_or_default();
        match kind.as_str() {
            "START" => {
                let known = self.runs.entry(run).or_default();
                known.inputs.extend(seen.inputs);
                known.outputs.extend(seen.outputs);
                return Ok(ForeignChange {
                    by,
                    ..ForeignChange::default()
                });
            }
            // What was to be made was not.
            "FAIL" | "ABORT" => {
                self.runs.remove(&run);
                seen.outputs.clear();
            }
            "COMPLETE" => {
                if let Some(mut known) = self.runs.remove(&run) {
                    known.inputs.extend(seen.inputs);
                    known.outputs.extend(seen.outputs);
                    seen = known;
                }
            }
            _ => {}
        }
        Ok(ForeignChange {
            by,
            ..change_of(event, &seen)
        })
    }
}

fn reason(event: &Json, run: Option<&str>) -> Option<String> {
    let job = &event["job"];
    let (namespace, name) = (job["namespace"].as_str()?, job["name"].as_str()?);
    Some(match run {
        Some(run) => format!("job {namespace} {name}, run {run}"),
        None => format!("job {namespace} {name}"),
    })
}

fn datasets(list: &Json) -> Result<BTreeMap<Name, Json>, String> {
    let mut found = BTreeMap::new();
    for dataset in list.as_array().into_iter().flatten() {
        let name = name_of(dataset).ok_or("a dataset has no `namespace` or no `name`")?;
        found.insert(name, dataset.clone());
    }
    Ok(found)
}

fn name_of(dataset: &Json) -> Option<Name> {
    let text = |name: &str| dataset[name].as_str().map(str::to_owned);
    Some((text("namespace")?, text("name")?))
}

fn change_of(event: &Json, seen: &Seen) -> ForeignChange {
    let mut change = ForeignChange::default();
    // What is said of a dataset as an output is newer than what is said of it as an input.
    let mut all: BTreeMap<&Name, &Json> = seen.inputs.iter().collect();
    all.extend(&seen.outputs);
    let mut ids: BTreeMap<&Name, AssetId> = BTreeMap::new();
    for (name, dataset) in all {
        let (id, asset) = asset_of(name, dataset);
        let is_dropped = dataset["facets"]["lifecycleStateChange"]["lifecycleStateChange"] == "DROP";
        match is_dropped {
            true => change.deleted.push(id.clone()),
            false => change.assets.push(asset),
        }
        ids.insert(name, id);
    }
    let id_of = |name: &Name| ids.get(name).cloned().unwrap_or_else(|| foreign_id(name));
    let edges = explicit_edges(event, seen).unwrap_or_else(|| implied_edges(seen));
    let edges: BTreeSet<EdgeView> = edges
        .into_iter()
        .map(|(from, to)| EdgeView {
            from: id_of(&from),
            to: id_of(&to),
        })
        .filter(|edge| edge.from != edge.to && !change.deleted.contains(&edge.to))
        .collect();
    change.edges = edges.into_iter().collect();
    change
}

/// Edges that are told as such: by the job, the run, or the datasets. Nothing where none is.
fn explicit_edges(event: &Json, seen: &Seen) -> Option<Vec<(Name, Name)>> {
    let mut edges = Vec::new();
    let mut is_told = false;
    for place in ["job", "run"] {
        let entries = event[place]["facets"]["lineage"]["entries"].as_array();
        is_told |= entries.is_some();
        for entry in entries.into_iter().flatten() {
            edges.extend(
                name_of(entry)
                    .into_iter()
                    .flat_map(|to| edges_into(&to, &entry["inputs"])),
            );
        }
    }
    for (to, dataset) in &seen.outputs {
        let lineage = &dataset["facets"]["lineage"];
        if lineage.is_object() {
            is_told = true;
            edges.extend(edges_into(to, &lineage["inputs"]));
        }
        let columns = dataset["facets"]["columnLineage"]["fields"].as_object();
        is_told |= columns.is_some();
        for field in columns.into_iter().flat_map(JsonMap::values) {
            edges.extend(edges_into(to, &field["inputFields"]));
        }
    }
    is_told.then_some(edges)
}

fn edges_into(to: &Name, inputs: &Json) -> Vec<(Name, Name)> {
    let inputs = inputs.as_array().into_iter().flatten();
    inputs.filter_map(name_of).map(|from| (from, to.clone())).collect()
}

/// Where nothing else is told, every output was made from every input.
fn implied_edges(seen: &Seen) -> Vec<(Name, Name)> {
    let outputs = seen.outputs.keys();
    outputs
        .flat_map(|to| seen.inputs.keys().map(|from| (from.clone(), to.clone())))
        .collect()
}

fn asset_of(name: &Name, dataset: &Json) -> (AssetId, ForeignAsset) {
    let facets = &dataset["facets"];
    if let Ok(asset) = serde_json::from_value::<Asset>(facets[ASSET_FACET]["asset"].clone()) {
        return (asset.id.clone(), ForeignAsset::Whole(Box::new(asset)));
    }
    let id = foreign_id(name);
    let text = |facet: &str, key: &str| facets[facet][key].as_str().map(str::to_owned);
    let kind = text("datasetType", "datasetType").or_else(|| facets.as_object().map(|_| "Dataset".to_owned()));
    let mut metadata = Metadata::new();
    metadata.insert(NAMES.to_owned(), json!({"namespace": name.0, "name": name.1}));
    let mut keep = |key: &str, value: &Json| {
        if !value.is_null() {
            metadata.insert(key.to_owned(), value.clone());
        }
    };
    keep("fields", &facets["schema"]["fields"]);
    keep("owners", &facets["ownership"]["owners"]);
    keep("tags", &facets["tags"]["tags"]);
    keep("version", &facets["version"]["datasetVersion"]);
    keep("uri", &facets["dataSource"]["uri"]);
    let declaration = Declaration {
        asset_type: kind.as_deref().and_then(AssetType::parse),
        display_name: Some(name.1.clone()),
        description: text("documentation", "description"),
        metadata,
        ..Declaration::of(id.clone())
    };
    (id, ForeignAsset::Declared(Box::new(declaration)))
}
