//! Tests of flows: each test is an execution of its own, in a catalog in memory and a world that stands still.

mod case;
mod coverage;
mod files;
mod scope;
mod suite;

pub(super) use files::is_test;
pub use suite::FlowTestRequest;
