//! From YAML text to a typed flow, with every static check.
//!
//! The only room that knows YAML. It runs nothing and reads no file: it gets a text and the task types there are, and
//! gives the flow and all findings at once, each with its place.

mod assets;
mod block;
mod check;
mod core_type;
mod cron;
mod defaults;
mod duration;
mod fields;
mod input;
mod json_schema;
mod labels;
#[cfg(test)]
mod language;
mod output_keys;
mod place;
mod policies;
mod property;
mod references;
mod removed;
mod retry;
mod schema;
mod settings;
mod shape;
mod task;
mod testing;
mod trigger;
mod yaml;

#[cfg(test)]
mod tests;

pub use assets::{AssetList, AssetTemplate, AssetsBlock, FailureBehavior};
pub use block::{BlockShape, TaskBlock};
pub use check::{Checked, Flow, check};
pub use core_type::CoreType;
pub use duration::{Length, parse as parse_duration};
pub use input::{
    Condition, GivenInput, Input, InputKind, InputOption, InputType, Options, Preset, Range, Refusal, Selection,
    Validator, printable, read_inputs, shown, unknown_input,
};
pub use json_schema::json_schema;
pub use place::{RenderError, Text};
pub use policies::{
    Check, CheckBehavior, Concurrency, ConcurrencyBehavior, FlowOutput, OutputType, Sla, SlaBehavior, SlaRule,
};
pub use property::Property;
pub use retry::{Behavior as RetryBehavior, Pause, Retry};
pub use schema::Wanted;
pub use settings::{Settings, is_truthy};
pub use task::{MISSING_PLUGIN, Task};
pub use testing::{
    Assertion, FlowTest, PluginCase, TaskFixture, TestCase, flow_test_schema, plugin_case_schema, read_flow_test,
    read_plugin_case,
};
pub use trigger::Trigger;
