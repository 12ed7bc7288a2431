//! Giving each input its value.
//!
//! Inputs are taken in the order they are declared, each after those it depends on; its expressions see only those.

mod bind;
mod choose;
mod files;
mod findings;
mod question;
mod secrets;
#[cfg(test)]
mod tests;

pub(super) use bind::bind;
pub use bind::nested;
pub use files::{FileInput, FileOrigin};
pub use question::next_question;
