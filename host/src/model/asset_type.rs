//! Registered asset types: what is known of a kind of asset, and what its metadata must look like.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::{Asset, AssetEvent, AssetId, AssetType, FieldChange, Json, Metadata, Timestamp};

/// Metadata entries that say until when an asset is good, wherever they are.
pub const EXPIRY_PATHS: [&str; 3] = ["expiry", "valid_until", "expires_at"];

/// What is known of a kind of asset.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AssetTypeDefinition {
    pub name: AssetType,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// JSON Schema of the metadata.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<Json>,
    /// Dotted paths into the metadata that say until when an asset is good, beside those that every type has.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expiry: Vec<String>,
}

/// What was said of a type, oldest first.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TypeHistoryView {
    pub name: AssetType,
    /// The last event that was pruned: what was said up to there is not known any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pruned_through: Option<u64>,
    pub entries: Vec<TypeHistoryEntry>,
}

/// One thing that was said of a type.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TypeHistoryEntry {
    pub sequence: u64,
    pub time: Timestamp,
    /// Created, updated or deleted.
    pub event: AssetEvent,
    pub user: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<FieldChange>,
}

/// The types that exist without anyone adding them: full name and what they stand for.
const PREDEFINED: [(&str, &str, &[&str]); 10] = [
    ("Dataset", "a collection of data", &["system", "location", "format"]),
    ("File", "a file in a file system or bucket", &["system", "path"]),
    ("Table", "a table of a database", &["system", "database", "schema"]),
    ("VM", "a virtual machine", &["provider", "region", "state"]),
    ("VM.IP", "an address of a virtual machine", &[]),
    ("VM.User", "a user of a virtual machine", &[]),
    ("VM.License", "a licence in use on a virtual machine", &[]),
    ("VM.Ingress", "software that takes requests on a virtual machine", &[]),
    ("VM.Certificate", "a certificate of a virtual machine", &[]),
    ("VM.Snapshot", "a snapshot of a virtual machine", &[]),
];

impl AssetTypeDefinition {
    /// A type of which nothing but the name is known.
    pub fn of(name: AssetType) -> Self {
        Self {
            name,
            description: None,
            schema: None,
            expiry: Vec::new(),
        }
    }

    /// What of a type is different between two moments, field by field.
    pub fn changes(before: Option<&Self>, after: Option<&Self>) -> Vec<FieldChange> {
        let fields = |definition: Option<&Self>| {
            let definition = definition.cloned().unwrap_or_else(|| Self::of(AssetType::external()));
            let expiry = (!definition.expiry.is_empty()).then(|| Json::from(definition.expiry));
            [definition.description.map(Json::from), definition.schema, expiry]
        };
        let names = ["description", "schema", "expiry"].into_iter();
        let changed = names.zip(fields(before).into_iter().zip(fields(after)));
        changed
            .filter(|(_, (before, after))| before != after)
            .map(|(name, (before, after))| FieldChange {
                field: name.to_owned(),
                before,
                after,
            })
            .collect()
    }

    /// The types that exist without anyone adding them. The facts that Kestra documents for them are text.
    pub fn predefined() -> &'static [Self] {
        static DEFINITIONS: LazyLock<Vec<AssetTypeDefinition>> =
            LazyLock::new(|| PREDEFINED.into_iter().filter_map(predefined).collect());
        &DEFINITIONS
    }
}

fn predefined((name, description, facts): (&str, &str, &[&str])) -> Option<AssetTypeDefinition> {
    let properties: Metadata = facts
        .iter()
        .map(|fact| ((*fact).to_owned(), serde_json::json!({"type": "string"})))
        .collect();
    // Draft 7 says the same here as later ones and is made ready in a fraction of the time.
    let draft = "http://json-schema.org/draft-07/schema#";
    let schema = serde_json::json!({"$schema": draft, "type": "object", "properties": properties});
    Some(AssetTypeDefinition {
        name: AssetType::parse(&format!("io.kestra.plugin.ee.assets.{name}"))?,
        description: Some(description.to_owned()),
        schema: (!facts.is_empty()).then_some(schema),
        expiry: Vec::new(),
    })
}

/// How an asset breaks the schema of its type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Violation {
    pub asset: AssetId,
    #[serde(rename = "type")]
    pub asset_type: AssetType,
    /// Where in the metadata, as a dotted path; empty for all of it.
    pub path: String,
    pub message: String,
}

impl std::fmt::Display for Violation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let separator = if self.path.is_empty() { "" } else { "." };
        write!(
            f,
            "`metadata{separator}{}` of the asset `{}` breaks the schema of the type `{}`: {}",
            self.path, self.asset, self.asset_type, self.message
        )
    }
}

/// What stands at a dotted path of the metadata.
pub fn at_path<'a>(asset: &'a Asset, path: &str) -> Option<&'a Json> {
    if let Some(value) = asset.metadata.get(path) {
        return Some(value);
    }
    let mut parts = path.split('.');
    let first = asset.metadata.get(parts.next()?)?;
    parts.try_fold(first, |value, part| value.get(part))
}
