//! Why the catalog refuses what it is asked, and what can be done about it.

use crate::model::{AssetId, AssetType, Violation};

/// A request that cannot be met as it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("unknown asset `{id}`")]
    UnknownAsset { id: AssetId },
    #[error("the asset `{id}` is protected")]
    Protected { id: AssetId },
    #[error("the asset `{id}` was not deleted")]
    NotDeleted { id: AssetId },
    #[error("no asset `{id}` was ever deleted")]
    NothingToRestore { id: AssetId },
    #[error("{}", listed(violations))]
    Violations { violations: Vec<Violation> },
    #[error("the schema is none: {reason}")]
    BadSchema { reason: String },
    #[error("nobody registered the asset type `{name}`")]
    UnknownType { name: AssetType },
    #[error("what was before event {through} was pruned")]
    Pruned { through: u64 },
    #[error("there is no event {number}: the last one is {last}")]
    NoEvent { number: u64, last: u64 },
    #[error("the catalog holds {events} events, and a whole log can only be taken in by an empty one")]
    NotEmpty { events: u64 },
    #[error("line {line}: {reason}")]
    BadImport { line: u64, reason: String },
}

fn listed(violations: &[Violation]) -> String {
    violations
        .iter()
        .map(Violation::to_string)
        .collect::<Vec<_>>()
        .join("; ")
}

impl Refusal {
    /// Something to do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::UnknownAsset { .. } => "`begat asset list` shows them".to_owned(),
            Self::Protected { id } => format!("`begat asset unprotect {id}` lets it go"),
            Self::NotDeleted { id } => format!("`begat asset show {id}` shows it"),
            Self::NothingToRestore { id } => format!("`begat asset history {id}` shows what is known of it"),
            Self::Violations { violations } => {
                let name = violations.first().map(|violation| violation.asset_type.short_name());
                format!("`begat asset type show {}` shows the schema", name.unwrap_or_default())
            }
            Self::BadSchema { .. } => {
                "give a JSON Schema of the metadata, such as {\"required\": [\"owner\"]}".to_owned()
            }
            Self::UnknownType { .. } => "`begat asset type list` shows all".to_owned(),
            Self::Pruned { through } => format!("ask for `event:{through}` or later"),
            Self::NoEvent { .. } => "`begat catalog stats` shows how many there are".to_owned(),
            Self::NotEmpty { .. } => {
                "name a new file with `--catalog`, or take in assets alone: `begat catalog export --assets`".to_owned()
            }
            Self::BadImport { .. } => "`begat catalog export` writes what can be read".to_owned(),
        })
    }
}
