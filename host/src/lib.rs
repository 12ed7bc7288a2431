//! x
pub mod model;
pub mod sandbox;
pub mod lineage;
pub mod store;
