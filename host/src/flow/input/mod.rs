//! The inputs of a flow: what is declared, which values fit, and what a user gave.

mod dependencies;
mod given;
mod kind;
mod moment;
mod options;
mod range;
mod read;
mod rules;
mod take;
#[cfg(test)]
mod tests;
mod view;

pub use given::{GivenInput, read_inputs, unknown_input};
pub use kind::{InputKind, InputType, Validator};
pub use options::{InputOption, Options, Selection};
pub use range::Range;
pub use read::{Condition, Input, Preset};
pub use take::{Refusal, printable, shown};

pub(super) use moment::{duration, instant};
pub(super) use read::read_all;
pub(super) use rules::keys_of;
