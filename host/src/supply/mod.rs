//! Where plugins come from that are not part of the binary: sources, the lock file that pins them, and the folder they
//! are kept in.
//!
//! It knows nothing of what a component is or does; a plugin is bytes with a digest here.

mod error;
mod lock;
mod source;
mod store;

pub use error::SupplyError;
pub use lock::{Lock, LockedPlugin};
pub use source::PluginSource;
pub use store::PluginStore;
