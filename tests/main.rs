//! The end-to-end tests: the built program as its users meet it, and the shape of the source.

#![allow(
    clippy::unwrap_used,
    clippy::too_many_lines,
    reason = "a test may stop where it fails, and tell one story in full"
)]

mod again;
mod answers;
mod authoring;
mod bad_days;
mod cases;
mod catalog;
mod ci;
mod cli;
#[path = "../plugins/gcp-snapshot/tests/cloud/compute.rs"]
mod compute;
mod conformance;
mod control;
mod delivery;
mod durability;
mod flow_tests;
mod gcp;
mod grants;
mod host_shells;
mod hostile;
mod interop;
mod languages;
mod mistakes;
mod neighbours;
mod plugin_examples;
mod readme;
mod registries;
mod schema;
mod seed;
mod server;
mod story;
mod supply;
mod tidy;
mod tls;
mod tutorial;
mod world;
