//! Where plugins come from that are not part of the binary: files, addresses and registries, the lock file that pins
//! them, the keys that sign them, and the folder they are kept in.
//!
//! It knows nothing of what a component is or does; a plugin is bytes with a digest here.

mod artifact;
mod credentials;
mod error;
mod lock;
mod registry;
mod signature;
mod source;
mod store;

pub use artifact::Artifact;
pub use error::SupplyError;
pub use lock::{Lock, LockedPlugin};
pub use registry::{Pushed, RegistryAddress};
pub use signature::{TrustedKeys, signature_beside};
pub use source::{Brought, PluginSource};
pub use store::PluginStore;
