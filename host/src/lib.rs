//! The rooms of begat. `ARCHITECTURE.md` shows the way through them.

pub mod app;
pub mod author;
pub mod cli;
pub mod config;
pub mod expr;
pub mod flow;
pub mod interop;
pub mod lineage;
pub mod model;
pub mod plan;
pub mod run;
pub mod sandbox;
pub mod store;
pub mod supply;
