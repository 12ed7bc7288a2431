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
mod inspect;
mod limits;
mod output;
mod registry;
mod work;

/// The contracts that components may be built against.
pub const CONTRACTS: [&str; 1] = ["begat:task@0.1.0"];

pub use call::{TaskCall, TaskFailure, TaskRequest};
pub use error::SandboxError;
pub use inspect::Border;
pub use limits::Limits;
pub use output::LogSink;
pub use registry::{PinnedFile, Plugin, PluginNotice, Registry, RegistryOptions};
