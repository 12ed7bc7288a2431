//! Pure work on slices of the lineage graph: trees for reading and exports for other tools.
//!
//! It gets a graph and gives text or lines; it reads no catalog.

mod export;
mod tree;

pub use export::{dot, mermaid};
pub use tree::{TreeLine, tree};
