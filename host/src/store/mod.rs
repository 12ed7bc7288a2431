//! The catalog on disk: an append-only, hash-chained event log and the tables computed from it.
//!
//! This is the only room that knows SQL. The log is the truth; executions, task runs, assets, their versions, edges
//! and history are projections of it, written in the same transaction and recomputed by [`Catalog::rebuild`]. It must
//! not know where events come from nor how views are shown.

mod append;
mod apply;
mod asof;
mod assets;
mod backup;
mod beginning;
mod canonical;
mod catalog;
mod chain;
mod change;
mod checkpoint;
mod columns;
mod contents;
mod dependents;
mod difference;
mod earlier;
mod error;
mod executions;
mod expiry;
mod export;
mod files;
mod foreign;
mod graph;
mod hand;
mod history;
mod import;
mod lineage;
mod list;
mod logs;
mod made;
mod migrate;
mod payload;
mod prune;
mod rebuild;
mod record;
mod refusal;
mod schema;
mod stats;
mod told;
mod types;
mod values;
mod verify;

#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod properties;

pub use beginning::Beginning;
pub use catalog::Catalog;
pub use error::StoreError;
pub use expiry::Expiring;
pub use export::ExportedFiles;
pub use graph::{Direction, GraphRequest};
pub use import::Imported;
pub use list::{AssetSearch, Lookup, LookupField};
pub use migrate::Migrated;
pub use prune::Pruned;
pub use refusal::Refusal;
pub use told::{Told, ToldRange};
