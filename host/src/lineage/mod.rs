//! Pure work on slices of the lineage graph: trees for reading, exports for other tools, the plan of a
//! deletion.
//!
//! It gets a graph and gives text or lines; it reads no catalog.

mod export;
mod impact;
mod svg;
mod tree;

pub use export::{dot, mermaid};
pub use impact::impact;
pub use svg::svg;
pub use tree::{TreeLine, tree};
