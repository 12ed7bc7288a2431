//! The expression language `{{ … }}`: Pebble's syntax and meaning, with Kestra's filters and functions.
//!
//! A template is parsed once, with all its static faults found, and rendered as often as needed. Nothing here knows
//! YAML, SQL or WebAssembly; the catalog is read through the model's trait.

#![expect(dead_code, reason = "filters and functions that use these parts are being added")]

mod dates;
mod error;
mod evaluate;
mod filters;
mod functions;
mod jq;
mod lexer;
mod limits;
mod parser;
mod predicates;
mod references;
mod scope;
mod signature;
mod syntax;
mod template;
#[cfg(test)]
mod testing;
mod value;

pub use error::ExprError;
pub use references::Reference;
pub use scope::Scope;
pub use template::Template;
pub use value::{Entries, List, Map, Value};
