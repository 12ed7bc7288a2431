//! `begat.toml`: what the operator grants, to whom, and what that is called. Written form in, model's nouns out.
//!
//! Nothing is looked up and nothing is run here: a secret's origin is read, never the secret.

mod error;
pub mod openlineage;
mod read;
mod written;

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::model::{Grant, Grants, SecretOrigin, Tool};

pub use error::ConfigError;
pub use openlineage::OpenLineage;
pub use read::read;

/// The principal that the expressions of flows are.
pub const FLOW: &str = "flow";

/// The settings of a project.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Config {
    /// The file it was read from; nothing where there is none.
    pub file: Option<PathBuf>,
    /// Limits of every plugin by name, as they were written.
    pub limits: BTreeMap<String, String>,
    /// What is said of plugins, by name.
    pub plugins: BTreeMap<String, PluginConfig>,
    /// What the expressions of flows are granted.
    pub flow: Grants,
    pub secrets: BTreeMap<String, SecretOrigin>,
    pub tools: BTreeMap<String, Tool>,
    /// Where OpenLineage events go as they happen.
    pub openlineage: Option<OpenLineage>,
    /// Who may sign plugins.
    pub signatures: Signatures,
    /// Certificates in PEM that tasks trust beside the public ones.
    pub authorities: Option<PathBuf>,
}

/// Who may sign the plugins that are brought here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Signatures {
    /// Whether a plugin must be signed with one of the keys.
    pub required: bool,
    /// Public keys of minisign by name, in base64.
    pub keys: BTreeMap<String, String>,
}

/// What is said of one plugin.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PluginConfig {
    pub grants: Grants,
    /// Limits by name, as they were written.
    pub limits: BTreeMap<String, String>,
    /// The only component that all this is for, by its sha256 in lower-case hexadecimal.
    pub digest: Option<String>,
    /// The name of the key that it must be signed with.
    pub signed_by: Option<String>,
}

/// A grant for one run, as on the command line: `KIND=TARGET` for all, `PLUGIN:KIND=TARGET` for one.
#[derive(Debug, Clone, PartialEq)]
pub struct RunGrant {
    pub principal: Option<String>,
    pub grant: Grant,
}

impl std::str::FromStr for RunGrant {
    type Err = crate::model::GrantError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (before, _) = text.split_once('=').unwrap_or((text, ""));
        match before.split_once(':') {
            Some((principal, _)) => Ok(Self {
                principal: Some(principal.to_owned()),
                grant: text[principal.len() + 1..].parse()?,
            }),
            None => Ok(Self {
                principal: None,
                grant: text.parse()?,
            }),
        }
    }
}
