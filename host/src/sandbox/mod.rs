//! Runs task plugins: WebAssembly components that are given nothing they were not granted.
//!
//! The only room that knows wasmtime. It knows nothing of flows, expressions, SQL or terminals: a plugin gets rendered
//! properties as JSON, writes log lines and answers with outputs and asset declarations.

mod abi_0_1;
mod cache;
mod call;
mod embedded;
mod engine;
mod error;
mod fixed;
mod folder;
mod ground;
mod http;
mod inspect;
mod keyring;
mod limits;
mod mounts;
mod output;
mod policy;
mod process;
mod program;
mod registry;
#[cfg(test)]
mod security;
mod skew;
mod stage;
mod stop;
mod temporary;
mod tools;
mod wasi;
mod work;

/// The contracts that components may be built against.
pub const CONTRACTS: [&str; 1] = ["begat:task@0.1.0"];

pub use call::{TaskCall, TaskFailure, TaskRequest, TaskSurroundings};
pub use error::SandboxError;
pub use folder::{Folder, Kind};
pub use http::Authorities;
pub use inspect::Border;
pub use keyring::{Keyring, SecretFailure};
pub use limits::{LimitInfo, LimitScope, Limits};
pub use output::LogSink;
pub use policy::{PluginPolicy, Policy, UseSink, advice};
pub use registry::{PinnedFile, Plugin, PluginNotice, Registry, RegistryOptions};
pub use stage::Stage;
pub use stop::StopSign;
pub use temporary::Temporary;
