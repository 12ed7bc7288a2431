//! What the catalog answers to questions about many assets: plans, differences, dates and numbers.

use serde::{Deserialize, Serialize};

use super::{Asset, AssetId, AssetType, EdgeView, Json, Timestamp};

/// One thing that changed in an asset.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FieldChange {
    /// A dotted path, such as `metadata.size.cpu`.
    pub field: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Json>,
}

impl FieldChange {
    /// What changed between two states of an asset, field by field; maps are looked into, lists are not.
    pub fn between(before: Option<&Asset>, after: Option<&Asset>) -> Vec<Self> {
        let mut changes = Vec::new();
        let map_of = |asset: Option<&Asset>| asset.map(fields).unwrap_or_default();
        compare("", &map_of(before), &map_of(after), &mut changes);
        changes
    }
}

fn fields(asset: &Asset) -> super::JsonMap {
    let text = |text: &Option<String>| text.clone().map(Json::from);
    let given = [
        ("type", Some(Json::from(asset.asset_type.as_str()))),
        (
            "namespace",
            asset.namespace.as_ref().map(|namespace| Json::from(namespace.as_str())),
        ),
        ("displayName", text(&asset.display_name)),
        ("description", text(&asset.description)),
        ("metadata", Some(Json::Object(asset.metadata.clone()))),
        ("labels", Some(Json::Object(asset.labels.clone()))),
        ("protected", asset.protected.then_some(Json::Bool(true))),
    ];
    given
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect()
}

fn compare(path: &str, before: &super::JsonMap, after: &super::JsonMap, changes: &mut Vec<FieldChange>) {
    let empty = super::JsonMap::new();
    let added = after.keys().filter(|key| !before.contains_key(*key));
    for key in before.keys().chain(added) {
        let field = if path.is_empty() {
            key.clone()
        } else {
            format!("{path}.{key}")
        };
        match (before.get(key), after.get(key)) {
            (Some(old), Some(new)) if old == new => {}
            (Some(Json::Object(old)), Some(Json::Object(new))) => compare(&field, old, new, changes),
            (None, Some(Json::Object(new))) => compare(&field, &empty, new, changes),
            (Some(Json::Object(old)), None) => compare(&field, old, &empty, changes),
            (old, new) => changes.push(FieldChange {
                field,
                before: old.cloned(),
                after: new.cloned(),
            }),
        }
    }
}

/// What happens to a dependent when only the asset it hangs on goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Alone {
    /// It is left without anything it was made from.
    Orphaned,
    /// Something else it was made from stays.
    Shared,
}

/// What happens to a dependent when all that would be orphaned goes too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Cascade {
    /// It goes too.
    Deleted,
    /// It stays: something else it was made from survives.
    Shared,
    /// It may not be deleted, and stops the whole.
    Protected,
}

/// One asset that hangs on another, and what a deletion would do to it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ImpactEntry {
    pub id: AssetId,
    #[serde(rename = "type")]
    pub asset_type: AssetType,
    /// How many edges away.
    pub depth: usize,
    pub alone: Alone,
    pub cascade: Cascade,
    /// What else it was made from, where that stays when only the one asset goes.
    #[serde(rename = "otherParents")]
    pub other_parents: Vec<AssetId>,
    /// What it was made from and survives a cascade.
    pub survivors: Vec<AssetId>,
}

/// The plan of a deletion. Nearest first.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ImpactView {
    pub id: AssetId,
    #[serde(rename = "type")]
    pub asset_type: AssetType,
    pub protected: bool,
    pub dependents: Vec<ImpactEntry>,
    /// Whether a limit cut the plan short.
    pub partial: bool,
}

impl ImpactView {
    /// The protected assets that would have to go with a cascade: it is refused because of them.
    pub fn held(&self) -> impl Iterator<Item = &ImpactEntry> {
        self.dependents
            .iter()
            .filter(|entry| entry.cascade == Cascade::Protected)
    }
}

/// An asset and what hangs on it, with what those were made from: what a deletion is planned on.
#[derive(Debug, Clone, PartialEq)]
pub struct Dependents {
    pub root: Asset,
    /// Nearest first; never the root itself.
    pub below: Vec<Dependent>,
    pub partial: bool,
    /// The number of the last event that was considered.
    pub sequence: u64,
}

/// One asset below another.
#[derive(Debug, Clone, PartialEq)]
pub struct Dependent {
    pub asset: Asset,
    pub depth: usize,
    pub parents: Vec<AssetId>,
}

/// The steps from one asset to another.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PathView {
    pub from: AssetId,
    pub to: AssetId,
    /// From what was there first to what was made from it; empty when neither was made from the other.
    pub steps: Vec<Asset>,
}

/// An asset that is good until some day.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ExpiryView {
    pub id: AssetId,
    #[serde(rename = "type")]
    pub asset_type: AssetType,
    /// Where in the metadata that is said.
    pub path: String,
    pub expires: Timestamp,
    /// Whole days from now; negative when it is over.
    pub days_left: i64,
    /// What it was made from.
    pub parents: Vec<AssetId>,
}

/// An asset that is there at one of two moments, or both and different.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ChangedAsset {
    pub id: AssetId,
    #[serde(rename = "type")]
    pub asset_type: AssetType,
    pub changes: Vec<FieldChange>,
}

/// The difference between two moments.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DifferenceView {
    /// The last event before the first moment.
    pub from_sequence: u64,
    pub to_sequence: u64,
    pub created: Vec<ChangedAsset>,
    pub changed: Vec<ChangedAsset>,
    pub deleted: Vec<ChangedAsset>,
    pub edges_opened: Vec<EdgeView>,
    pub edges_closed: Vec<EdgeView>,
}

/// Numbers about a catalog.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StatsView {
    pub assets: u64,
    pub by_type: Vec<TypeCount>,
    pub versions: u64,
    pub edges: u64,
    pub executions: u64,
    pub task_runs: u64,
    pub log_lines: u64,
    pub events: u64,
    pub first_event: Option<Timestamp>,
    pub last_event: Option<Timestamp>,
    /// The last event whose content was dropped.
    pub pruned_through: u64,
    /// Bytes of the database, without what it has not yet taken in from its write-ahead log.
    pub bytes: u64,
}

/// How many assets of one type there are.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TypeCount {
    #[serde(rename = "type")]
    pub asset_type: AssetType,
    pub assets: u64,
}

/// The end of the event log at one moment, to be kept outside the catalog.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    pub sequence: u64,
    /// Lower-case hexadecimal.
    pub hash: String,
    pub time: Timestamp,
}

/// What a change by hand did.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EditView {
    /// The number of the event that says so; none when nothing changed.
    pub sequence: Option<u64>,
    pub assets: Vec<EditedAsset>,
}

/// What a change by hand did to one asset.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EditedAsset {
    pub id: AssetId,
    #[serde(rename = "type")]
    pub asset_type: AssetType,
    pub event: super::AssetEvent,
    pub changes: Vec<FieldChange>,
}
