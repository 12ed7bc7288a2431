//! The catalog on disk: an append-only, hash-chained event log and the tables computed from it.
//!
//! This is the only room that knows SQL. The log is the truth; executions, task runs, assets, their versions, edges
//! and history are projections of it, written in the same transaction and recomputed by [`Catalog::rebuild`]. It must
//! not know where events come from nor how views are shown.

mod append;
mod apply;
mod assets;
mod canonical;
mod catalog;
mod chain;
mod columns;
mod error;
mod executions;
mod files;
mod graph;
mod lineage;
mod logs;
mod payload;
mod rebuild;
mod schema;
mod verify;

#[cfg(test)]
mod fixtures;

pub use catalog::Catalog;
pub use error::StoreError;
pub use graph::{Direction, GraphRequest};
