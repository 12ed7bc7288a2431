//! What a plugin says of assets.

use crate::bindings::types;

/// An object of free-form data.
pub type JsonMap = serde_json::Map<String, serde_json::Value>;

/// What is said of one asset. Everything but the id may be left out.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Asset {
    /// The asset's identity in the whole catalog.
    pub id: String,
    /// The kind of asset.
    pub asset_type: Option<String>,
    /// The namespace it belongs to; that of the flow when left out.
    pub namespace: Option<String>,
    /// A name for people.
    pub display_name: Option<String>,
    /// A description, in Markdown.
    pub description: Option<String>,
    /// Free-form facts; they are merged into what is known.
    pub metadata: JsonMap,
}

impl Asset {
    /// Names an asset and says nothing else of it.
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            ..Self::default()
        }
    }

    /// The same asset, of a type.
    pub fn of_type(self, asset_type: impl Into<String>) -> Self {
        Self {
            asset_type: Some(asset_type.into()),
            ..self
        }
    }

    /// The same asset with one more fact.
    pub fn with(mut self, key: impl Into<String>, value: impl Into<serde_json::Value>) -> Self {
        self.metadata.insert(key.into(), value.into());
        self
    }
}

/// Assets that belong together: every output was made from every input.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Bundle {
    /// What was used.
    pub inputs: Vec<Asset>,
    /// What was made or changed.
    pub outputs: Vec<Asset>,
}

impl From<types::Asset> for Asset {
    fn from(asset: types::Asset) -> Self {
        Self {
            id: asset.id,
            asset_type: asset.type_,
            namespace: asset.namespace,
            display_name: asset.display_name,
            description: asset.description,
            metadata: serde_json::from_str(&asset.metadata).unwrap_or_default(),
        }
    }
}

impl From<Asset> for types::Asset {
    fn from(asset: Asset) -> Self {
        Self {
            id: asset.id,
            type_: asset.asset_type,
            namespace: asset.namespace,
            display_name: asset.display_name,
            description: asset.description,
            metadata: serde_json::Value::Object(asset.metadata).to_string(),
        }
    }
}

impl From<types::Bundle> for Bundle {
    fn from(bundle: types::Bundle) -> Self {
        Self {
            inputs: bundle.inputs.into_iter().map(Asset::from).collect(),
            outputs: bundle.outputs.into_iter().map(Asset::from).collect(),
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
