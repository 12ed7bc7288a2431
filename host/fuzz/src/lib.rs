//! The rooms that read text of strangers, compiled for the fuzzer from the sources of the host.

#[path = "../../src/expr/mod.rs"]
pub mod expr;
#[path = "../../src/flow/mod.rs"]
pub mod flow;
#[path = "../../src/model/mod.rs"]
pub mod model;
