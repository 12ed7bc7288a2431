//! The file as it is written, key by key. Unknown keys are refused: a misspelt limit would bound nothing.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::openlineage;
use crate::model::Grant;

/// The whole file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    #[serde(default)]
    pub limits: BTreeMap<String, Amount>,
    #[serde(default)]
    pub plugins: BTreeMap<String, Plugin>,
    #[serde(default)]
    pub flow: Flow,
    #[serde(default)]
    pub secrets: BTreeMap<String, Secret>,
    #[serde(default)]
    pub tools: BTreeMap<String, Program>,
    pub openlineage: Option<openlineage::Written>,
    #[serde(default)]
    pub signatures: Signatures,
    #[serde(default)]
    pub net: Net,
}

/// `[net]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Net {
    pub ca: Option<std::path::PathBuf>,
}

/// A number, or a number with a unit.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Amount {
    Integer(u64),
    Number(f64),
    Text(String),
}

impl Amount {
    pub(super) fn into_text(self) -> String {
        match self {
            Self::Integer(number) => number.to_string(),
            Self::Number(number) => number.to_string(),
            Self::Text(text) => text,
        }
    }
}

/// `[plugins.NAME]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Plugin {
    #[serde(default)]
    pub allow: Vec<Grant>,
    #[serde(default)]
    pub limits: BTreeMap<String, Amount>,
    pub digest: Option<String>,
    pub signed_by: Option<String>,
}

/// `[signatures]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Signatures {
    #[serde(default)]
    pub required: bool,
    #[serde(default)]
    pub keys: BTreeMap<String, String>,
}

/// `[flow]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Flow {
    #[serde(default)]
    pub allow: Vec<Grant>,
}

/// `[secrets.NAME]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Secret {
    pub env: Option<String>,
    pub file: Option<String>,
    pub command: Option<Vec<String>>,
}

/// `[tools.NAME]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Program {
    pub path: String,
    pub sha256: Option<String>,
    #[serde(default)]
    pub arguments: Vec<String>,
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
    #[serde(default)]
    pub variables: Vec<String>,
    pub time: Option<Amount>,
    pub output: Option<Amount>,
}
