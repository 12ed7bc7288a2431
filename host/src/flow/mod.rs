//! From YAML text to a typed flow, with every static check.
//!
//! The only room that knows YAML. It runs nothing and reads no file: it gets a text and the task types there are, and
//! gives the flow and all findings at once, each with its place.

mod assets;
mod check;
mod cron;
mod fields;
mod input;
mod json_schema;
#[cfg(test)]
mod language;
mod place;
mod property;
mod references;
mod removed;
mod schema;
mod shape;
mod task;
mod trigger;
mod yaml;

#[cfg(test)]
mod tests;

pub use assets::{AssetList, AssetTemplate, AssetsBlock, FailureBehavior};
pub use check::{Checked, Flow, check};
pub use input::{
    Condition, GivenInput, Input, InputKind, InputOption, InputType, Options, Preset, Range, Refusal, Selection,
    Validator, printable, read_inputs, shown, unknown_input,
};
pub use json_schema::json_schema;
pub use place::{RenderError, Text};
pub use property::Property;
pub use schema::Wanted;
pub use task::{MISSING_PLUGIN, Task};
pub use trigger::Trigger;
