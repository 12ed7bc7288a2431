//! What a plugin's author needs of begat: a new plugin that builds as it is made, and the way from its sources to a
//! component.
//!
//! The only room that starts compilers. It knows nothing of flows, of the catalog or of how a component is run.

mod carried;
mod error;
mod language;
mod lint;
mod manifest;
mod scaffold;
mod sources;
mod toolchain;
mod wrapping;

pub use error::AuthorError;
pub use language::Language;
pub use lint::lint;
pub use scaffold::{NewPlugin, create};
pub use sources::{is_stale, stamp};
pub use toolchain::{Built, build, component_of};
