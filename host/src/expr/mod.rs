//! The expression language: text with `{{ expressions }}` and `{% tags %}` in it, as Pebble and Kestra read them.
//!
//! A [`Template`] is parsed once, which finds every static fault, and is rendered against a [`Scope`]. Variables are
//! strict and nothing is escaped. Whatever a template says, it can neither exhaust the stack nor the memory nor run
//! without end, and it sees nothing of the machine it runs on but what its [`Surroundings`] give.

mod conditions;
mod dates;
mod error;
mod evaluate;
#[cfg(test)]
mod examples;
mod filters;
mod functions;
mod jq;
#[cfg(test)]
mod language;
mod lexer;
mod limits;
mod parser;
mod predicates;
mod references;
mod scope;
mod signature;
mod surroundings;
mod syntax;
mod template;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod torture;
mod value;
mod vocabulary;
mod yaml;

pub use conditions::{Comparator, Comparison};
pub use dates::is_time_zone;
pub use error::ExprError;
pub use references::{Call, Reference};
pub use scope::Scope;
pub use signature::Parameter;
pub use surroundings::{Refusal, Surroundings};
pub use template::Template;
pub use value::{Entries, List, Map, Value};
pub use vocabulary::{Word, WordKind, vocabulary};
