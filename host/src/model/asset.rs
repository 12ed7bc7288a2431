//! Assets: what a task brings into being, how it is declared, and how a declaration changes what is known.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{AssetId, Json, JsonMap, Namespace, Timestamp};

/// The names of what is known of an asset, in the order it is told.
pub const ASSET_FIELDS: [&str; 10] = [
    "id",
    "type",
    "namespace",
    "displayName",
    "description",
    "metadata",
    "labels",
    "protected",
    "created",
    "updated",
];

/// The type of an asset that was named as an input before anyone declared it.
pub const EXTERNAL_TYPE: &str = "io.kestra.core.models.assets.External";

/// Free-form facts about an asset.
pub type Metadata = JsonMap;

/// A kind of asset: any text that is not blank, at most 256 characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AssetType(String);

impl AssetType {
    /// Takes a text that is not blank; `None` for others.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        Self::fits(text).then(|| Self(text.to_owned()))
    }

    fn fits(trimmed: &str) -> bool {
        !trimmed.is_empty() && (trimmed.len() <= 256 || trimmed.chars().count() <= 256)
    }

    /// The type of assets that nobody declared.
    pub fn external() -> Self {
        Self(EXTERNAL_TYPE.to_owned())
    }

    /// Whether this is the type of assets that nobody declared, in full or by its short name.
    pub fn is_external(&self) -> bool {
        matches!(self.0.as_str(), EXTERNAL_TYPE | "External")
    }

    /// The type as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The type without the leading segments that all of its family share: what follows `assets.`, else the whole.
    pub fn short_name(&self) -> &str {
        self.0.rsplit_once("assets.").map_or(self.0.as_str(), |(_, name)| name)
    }
}

impl TryFrom<String> for AssetType {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        if text.trim().len() == text.len() && Self::fits(&text) {
            return Ok(Self(text));
        }
        Self::parse(&text).ok_or_else(|| "the asset type is blank or longer than 256 characters".to_owned())
    }
}

impl From<AssetType> for String {
    fn from(asset_type: AssetType) -> String {
        asset_type.0
    }
}

impl fmt::Display for AssetType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// What a flow or a plugin says of one asset. Everything but the id may be left out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Declaration {
    pub id: AssetId,
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub asset_type: Option<AssetType>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<Namespace>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(default, skip_serializing_if = "Metadata::is_empty")]
    pub metadata: Metadata,
}

impl Declaration {
    /// The type, unless none is said or the one that stands for none.
    fn real_type(&self) -> Option<&AssetType> {
        self.asset_type.as_ref().filter(|given| !given.is_external())
    }

    /// Names an asset and says nothing else of it.
    pub fn of(id: AssetId) -> Self {
        let metadata = Metadata::new();
        Self {
            id,
            asset_type: None,
            namespace: None,
            display_name: None,
            description: None,
            metadata,
        }
    }
}

/// Assets that belong together: every output was made from every input.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Bundle {
    #[serde(default)]
    pub inputs: Vec<Declaration>,
    #[serde(default)]
    pub outputs: Vec<Declaration>,
}

impl Bundle {
    /// Whether the bundle names no asset at all.
    pub fn is_empty(&self) -> bool {
        self.inputs.is_empty() && self.outputs.is_empty()
    }
}

/// An asset as the catalog knows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Asset {
    pub id: AssetId,
    #[serde(rename = "type")]
    pub asset_type: AssetType,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<Namespace>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    pub metadata: Metadata,
    /// What people marked it with: keys and values, both text.
    #[serde(default, skip_serializing_if = "Metadata::is_empty")]
    pub labels: JsonMap,
    /// Whether it may not be deleted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub protected: bool,
    pub created: Timestamp,
    pub updated: Timestamp,
}

impl Asset {
    /// Makes the asset that a first declaration describes. A declaration without a namespace takes that of the flow,
    /// where there is one; one without a type is external.
    pub fn created(declaration: &Declaration, flow_namespace: Option<&Namespace>, now: Timestamp) -> Self {
        let mut metadata = Metadata::new();
        merge_metadata(&mut metadata, &declaration.metadata);
        Self {
            id: declaration.id.clone(),
            asset_type: declaration.real_type().cloned().unwrap_or_else(AssetType::external),
            namespace: declaration.namespace.as_ref().or(flow_namespace).cloned(),
            display_name: declaration.display_name.clone(),
            description: declaration.description.clone(),
            metadata,
            labels: JsonMap::new(),
            protected: false,
            created: now,
            updated: now,
        }
    }

    /// Makes the asset that a later declaration leaves behind. `created` is kept; names and namespace change only
    /// when given; a real type replaces any type and the external one replaces none; metadata is merged in depth:
    /// maps merge, everything else replaces, an explicit null deletes its key.
    pub fn updated(&self, declaration: &Declaration, now: Timestamp) -> Self {
        let mut metadata = self.metadata.clone();
        merge_metadata(&mut metadata, &declaration.metadata);
        Self {
            id: self.id.clone(),
            asset_type: declaration.real_type().unwrap_or(&self.asset_type).clone(),
            namespace: declaration.namespace.clone().or_else(|| self.namespace.clone()),
            display_name: declaration.display_name.clone().or_else(|| self.display_name.clone()),
            description: declaration.description.clone().or_else(|| self.description.clone()),
            metadata,
            labels: self.labels.clone(),
            protected: self.protected,
            created: self.created,
            updated: now,
        }
    }

    /// Whether two states of an asset say the same, whenever they were written.
    pub fn same_content(&self, other: &Self) -> bool {
        let undated = |asset: &Self| Self {
            created: Timestamp::UNIX_EPOCH,
            updated: Timestamp::UNIX_EPOCH,
            ..asset.clone()
        };
        undated(self) == undated(other)
    }
}

fn merge_metadata(known: &mut Metadata, given: &Metadata) {
    for (key, value) in given {
        match (known.get_mut(key), value) {
            (_, Json::Null) => {
                known.remove(key);
            }
            (Some(Json::Object(inner)), Json::Object(changes)) => merge_metadata(inner, changes),
            (_, Json::Object(changes)) => {
                let mut inner = Metadata::new();
                merge_metadata(&mut inner, changes);
                known.insert(key.clone(), Json::Object(inner));
            }
            (_, other) => {
                known.insert(key.clone(), other.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn metadata(value: Json) -> Metadata {
        value.as_object().expect("a test gives an object").clone()
    }

    fn declaration(value: Json) -> Declaration {
        Declaration {
            metadata: metadata(value),
            ..Declaration::of(AssetId::parse("vm").unwrap())
        }
    }

    fn created(value: Json) -> Asset {
        Asset::created(
            &declaration(value),
            Namespace::parse("company.team").ok().as_ref(),
            Timestamp::UNIX_EPOCH,
        )
    }

    fn check_merge(known: Json, given: Json, expected: Json) {
        let merged = created(known).updated(&declaration(given), Timestamp::UNIX_EPOCH);
        assert_eq!(Json::Object(merged.metadata), expected);
    }

    #[test]
    fn maps_merge_lists_replace_and_null_deletes() {
        check_merge(json!({"a": 1}), json!({"b": 2}), json!({"a": 1, "b": 2}));
        check_merge(
            json!({"m": {"x": 1, "y": 2}}),
            json!({"m": {"y": 3}}),
            json!({"m": {"x": 1, "y": 3}}),
        );
        check_merge(json!({"l": [1, 2]}), json!({"l": [3]}), json!({"l": [3]}));
        check_merge(json!({"a": 1, "b": 2}), json!({"a": null}), json!({"b": 2}));
        check_merge(json!({"m": {"x": 1}}), json!({"m": {"x": null}}), json!({"m": {}}));
        check_merge(
            json!({"a": 1}),
            json!({"a": {"x": null, "y": 2}}),
            json!({"a": {"y": 2}}),
        );
    }

    #[test]
    fn a_real_type_replaces_the_external_one_and_never_the_reverse() {
        let external = created(json!({}));
        assert!(external.asset_type.is_external());
        let typed = |name: &str| Declaration {
            asset_type: AssetType::parse(name),
            ..declaration(json!({}))
        };
        let vm = external.updated(&typed("VM"), Timestamp::UNIX_EPOCH);
        assert_eq!(vm.asset_type.as_str(), "VM");
        assert_eq!(
            vm.updated(&typed(EXTERNAL_TYPE), Timestamp::UNIX_EPOCH)
                .asset_type
                .as_str(),
            "VM"
        );
        assert_eq!(
            vm.updated(&typed("Disk"), Timestamp::UNIX_EPOCH).asset_type.as_str(),
            "Disk"
        );
    }

    #[test]
    fn the_namespace_is_that_of_the_flow_until_another_is_given() {
        let asset = created(json!({}));
        assert_eq!(asset.namespace.as_ref().map(Namespace::as_str), Some("company.team"));
        let moved = Declaration {
            namespace: Namespace::parse("other").ok(),
            ..declaration(json!({}))
        };
        let asset = asset.updated(&moved, Timestamp::UNIX_EPOCH);
        assert_eq!(asset.namespace.as_ref().map(Namespace::as_str), Some("other"));
        let asset = asset.updated(&declaration(json!({})), Timestamp::UNIX_EPOCH);
        assert_eq!(asset.namespace.as_ref().map(Namespace::as_str), Some("other"));
    }

    #[test]
    fn short_names_drop_the_shared_prefix() {
        let short = |text: &str| AssetType::parse(text).unwrap().short_name().to_owned();
        assert_eq!(short("io.kestra.plugin.ee.assets.VM.IP"), "VM.IP");
        assert_eq!(short(EXTERNAL_TYPE), "External");
        assert_eq!(short("AWS_BUCKET"), "AWS_BUCKET");
    }

    fn any_json() -> impl Strategy<Value = Json> {
        let leaf = prop_oneof![
            Just(Json::Null),
            any::<bool>().prop_map(Json::from),
            any::<i32>().prop_map(Json::from)
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
                prop::collection::btree_map("[a-c]", inner, 0..4).prop_map(|m| Json::Object(m.into_iter().collect())),
            ]
        })
    }

    fn any_metadata() -> impl Strategy<Value = Metadata> {
        prop::collection::btree_map("[a-c]", any_json(), 0..4).prop_map(|m| m.into_iter().collect())
    }

    proptest! {
        #[test]
        fn merging_the_same_declaration_again_changes_nothing(known in any_metadata(), given in any_metadata()) {
            let mut once = Metadata::new();
            merge_metadata(&mut once, &known);
            merge_metadata(&mut once, &given);
            let mut twice = once.clone();
            merge_metadata(&mut twice, &given);
            prop_assert_eq!(once, twice);
        }

        #[test]
        fn no_null_key_survives_a_merge(known in any_metadata(), given in any_metadata()) {
            fn has_null_key(map: &Metadata) -> bool {
                map.values().any(|v| v.is_null() || v.as_object().is_some_and(has_null_key))
            }
            let mut merged = Metadata::new();
            merge_metadata(&mut merged, &known);
            merge_metadata(&mut merged, &given);
            prop_assert!(!has_null_key(&merged));
        }
    }
}
