//! Executes a plan: renders, calls the sandbox, and tells what happened as run events.
//!
//! It speaks to the catalog only through the two traits of the model, and never prints.

mod execution;
mod journal;
mod lineage;
mod schedule;
mod task;
mod variables;

pub use execution::{Observer, Outcome, RunError, Runner};
