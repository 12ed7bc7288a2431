//! Why a plugin could not be loaded.

use std::path::PathBuf;

/// A plugin, the folder it should be in, or the engine is not usable. `hint` says what to do.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    #[error("the WebAssembly engine cannot start")]
    Engine(#[source] wasmtime::Error),
    #[error("the settings of plugins make no sense: {0}")]
    Policy(String),
    #[error("reading the plugin folder `{path}`")]
    ReadFolder {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("reading the plugin `{path}`")]
    ReadPlugin {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("the plugin `{origin}` is {size} bytes long, at most {limit} are allowed (`component_size`)")]
    TooLarge { origin: String, size: u64, limit: u64 },
    #[error("`{origin}` is not a WebAssembly component: {found}")]
    NotAComponent { origin: String, found: &'static str },
    #[error("the plugin `{origin}` cannot be compiled")]
    Compile {
        origin: String,
        #[source]
        source: wasmtime::Error,
    },
    #[error("the plugin `{origin}` does not fit the contract `begat:task@0.1.0`")]
    Link {
        origin: String,
        #[source]
        source: wasmtime::Error,
    },
    #[error("compiling the plugin `{origin}` took longer than its limit of {seconds} s (`compile_time`)")]
    CompileTime { origin: String, seconds: f64 },
    #[error("the plugin `{origin}` does not fit: {fault}")]
    Skew {
        origin: String,
        fault: String,
        remedy: String,
    },
    #[error("the plugin `{origin}` cannot describe itself: {reason}")]
    Describe { origin: String, reason: String },
    #[error("the task type `{name}` is provided by `{first}` and by `{second}`")]
    SameType {
        name: String,
        first: String,
        second: String,
    },
    #[error("two plugins call themselves `{name}`: `{first}` and `{second}`; grants are given by name")]
    SameName {
        name: String,
        first: String,
        second: String,
    },
    #[error("the plugin `{origin}` calls itself `flow`, which is the name under which flows are granted something")]
    ReservedName { origin: String },
    #[error("the plugin `{name}` is not the one of `begat.lock`: its sha256 is {actual}, not {expected}")]
    Changed {
        name: String,
        expected: String,
        actual: String,
    },
    #[error("the plugin `{origin}` is not in `begat.lock`")]
    NotPinned { origin: String },
    #[error("the folder for compiled plugins `{path}` cannot be used")]
    Cache {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
}

impl SandboxError {
    /// Something to do about it.
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::Engine(_) | Self::Compile { .. } => None,
            Self::Policy(_) => Some("correct it in begat.toml"),
            Self::ReadFolder { .. } | Self::ReadPlugin { .. } => Some("check the path given with `--plugins`"),
            Self::TooLarge { .. } => Some("build it in release mode and strip debug information"),
            Self::NotAComponent { .. } => Some("build it with `cargo build --release --target wasm32-wasip2`"),
            Self::CompileTime { .. } => {
                Some("raise `compile_time` under `[limits]` in begat.toml, or split the plugin")
            }
            Self::Skew { remedy, .. } => Some(remedy),
            Self::Link { .. } => Some("rebuild it against `wit/task-0.1` of this version of begat"),
            Self::Describe { .. } => Some("`describe` must answer without any grant and within the limits"),
            Self::SameType { .. } => Some("remove one of the two from the folder given with `--plugins`"),
            Self::SameName { .. } => Some("use one of the two, or have the other one built under a name of its own"),
            Self::ReservedName { .. } => Some("have it built under another name"),
            Self::Changed { .. } => {
                Some("do not use it unless you know why it changed; `begat plugin fetch` brings the pinned one")
            }
            Self::NotPinned { .. } => {
                Some("`begat plugin add` pins it, and without `--locked` it may be used as it is")
            }
            Self::Cache { .. } => Some("set `BEGAT_CACHE` to a folder that only you can write"),
        }
    }
}
