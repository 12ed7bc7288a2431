//! Executes a plan: renders, calls the sandbox, and tells what happened as run events.
//!
//! It speaks to the catalog only through the two traits of the model, and never prints. What runs next is decided by
//! the schedule, a pure state machine; the driver asks it, starts the work, and tells it what came of that.

mod active;
mod begin;
mod core;
mod driver;
mod earlier;
mod ending;
mod execution;
mod guard;
mod job;
mod journal;
mod lineage;
mod lines;
mod masking;
mod opening;
mod schedule;
mod subflow;
mod surroundings;
mod variables;
mod workers;
mod workplace;

pub use earlier::{Again, Earlier, EarlierRun};
pub use execution::{Observer, Outcome, RunError, Runner};
pub use subflow::{SubflowRequest, Subflows};
