//! An asset as a dataset with its facets.

use serde_json::json;

use super::{ASSET_FACET, ASSET_FACET_URL, facet, facet_of, name_of};
use crate::interop::digest_of;
use crate::model::{Asset, AssetEvent, Json, JsonMap, ToldChange};

/// An asset that something was made from.
pub(super) fn input(namespace: &str, asset: &Asset, change: &ToldChange) -> Json {
    let facets = facets(asset, change);
    let (namespace, name) = name_of(namespace, asset);
    json!({"namespace": namespace, "name": name, "facets": facets, "inputFacets": {}})
}

/// An asset that was made, changed or deleted.
pub(super) fn output(namespace: &str, event: AssetEvent, asset: &Asset, change: &ToldChange) -> Json {
    let mut facets = facets(asset, change);
    let lifecycle = match event {
        AssetEvent::Created | AssetEvent::Restored => Some("CREATE"),
        AssetEvent::Updated => Some("ALTER"),
        AssetEvent::Deleted => Some("DROP"),
        AssetEvent::Used => None,
    };
    if let Some(lifecycle) = lifecycle {
        let content = json!({"lifecycleStateChange": lifecycle});
        facets.insert(
            "lifecycleStateChange".to_owned(),
            facet("1-0-1", "LifecycleStateChangeDatasetFacet", content),
        );
    }
    let (namespace, name) = name_of(namespace, asset);
    json!({"namespace": namespace, "name": name, "facets": facets, "outputFacets": {}})
}

fn facets(asset: &Asset, change: &ToldChange) -> JsonMap {
    let mut facets = JsonMap::new();
    let mut put = |key: &str, version: &str, name: &str, content: Json| {
        facets.insert(key.to_owned(), facet(version, name, content));
    };
    let levels: Vec<String> = asset
        .asset_type
        .short_name()
        .split('.')
        .map(str::to_uppercase)
        .collect();
    let kind = levels.last().cloned().unwrap_or_default();
    let full = asset.asset_type.as_str();
    put(
        "datasetType",
        "1-0-1",
        "DatasetTypeDatasetFacet",
        json!({"datasetType": kind, "subType": full}),
    );
    let version = json!({"datasetVersion": digest_of(asset)});
    put("version", "1-0-1", "DatasetVersionDatasetFacet", version);
    if let Some(hierarchy) = hierarchy(asset, &levels, change) {
        let content = json!({"hierarchy": hierarchy});
        put("hierarchy", "1-0-0", "HierarchyDatasetFacet", content);
    }
    if let Some(description) = &asset.description {
        let content = json!({"description": description, "contentType": "text/plain"});
        put("documentation", "1-1-0", "DocumentationDatasetFacet", content);
    }
    let owners = owners(asset);
    if !owners.is_empty() {
        put("ownership", "1-0-1", "OwnershipDatasetFacet", json!({"owners": owners}));
    }
    if !asset.labels.is_empty() {
        let tag = |(key, value): (&String, &Json)| json!({"key": key, "value": shown(value), "source": "USER"});
        let tags: Vec<Json> = asset.labels.iter().map(tag).collect();
        put("tags", "1-0-0", "TagsDatasetFacet", json!({"tags": tags}));
    }
    let whole = facet_of(ASSET_FACET_URL, json!({"asset": asset}));
    facets.insert(ASSET_FACET.to_owned(), whole);
    facets
}

/// The assets above one whose type has several segments, such as the machine of `VM.Certificate`: named by the metadata
/// (`vm: web-01`), or the only one of that type that it was made from. Nothing where one of them is unknown.
fn hierarchy(asset: &Asset, levels: &[String], change: &ToldChange) -> Option<Vec<Json>> {
    let (last, above) = levels.split_last().filter(|(_, above)| !above.is_empty())?;
    let mut found = Vec::new();
    for (depth, level) in above.iter().enumerate() {
        let told = asset.metadata.get(&level.to_lowercase()).and_then(Json::as_str);
        let name = told.or_else(|| sole_parent(asset, &levels[..=depth], change))?;
        found.push(json!({"type": level, "name": name}));
    }
    found.push(json!({"type": last, "name": asset.id}));
    Some(found)
}

fn sole_parent<'a>(asset: &Asset, levels: &[String], change: &'a ToldChange) -> Option<&'a str> {
    let wanted = levels.join(".");
    let is_parent = |(_, other): &&(AssetEvent, Asset)| {
        other.asset_type.short_name().to_uppercase() == wanted
            && change
                .edges
                .iter()
                .any(|edge| edge.from == other.id && edge.to == asset.id)
    };
    let mut parents = change.assets.iter().filter(is_parent);
    let (_, parent) = parents.next()?;
    parents.next().is_none().then_some(parent.id.as_str())
}

/// Who the labels and the metadata say is responsible.
fn owners(asset: &Asset) -> Vec<Json> {
    let named = |key: &str| {
        let value = asset.labels.get(key).or_else(|| asset.metadata.get(key))?;
        value.as_str().map(str::to_owned)
    };
    let owner = named("owner").map(|name| json!({"name": name, "type": "OWNER"}));
    let team = named("team").map(|name| json!({"name": format!("team:{name}"), "type": "MAINTAINER"}));
    owner.into_iter().chain(team).collect()
}

fn shown(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
