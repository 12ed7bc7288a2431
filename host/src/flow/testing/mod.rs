//! The files that tests are written in: golden cases of plugins (`*.case.yaml`) and tests of flows (`*.test.yaml`).
//!
//! One table of keys for each file serves the checks and the JSON Schema for editors.

mod assertion;
mod flow_test;
mod plugin_case;
mod read;

pub use assertion::Assertion;
pub use flow_test::{FlowTest, TaskFixture, TestCase, flow_test_schema, read_flow_test};
pub use plugin_case::{PluginCase, plugin_case_schema, read_plugin_case};
