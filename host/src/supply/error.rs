//! Why a plugin could not be brought here or kept.

use std::path::PathBuf;

/// A plugin could not be brought here, or the lock file makes no sense. `hint` says what to do.
#[derive(Debug, thiserror::Error)]
pub enum SupplyError {
    #[error("`{text}` is no source of a plugin: {reason}")]
    BadSource { text: String, reason: &'static str },
    #[error("reading the plugin `{path}`")]
    Read {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("downloading the plugin `{url}`")]
    Download {
        url: String,
        #[source]
        source: Box<ureq::Error>,
    },
    #[error("the download of `{url}` broke off: {got} of {promised} bytes came")]
    Half { url: String, got: usize, promised: usize },
    #[error("the plugin from `{origin}` is larger than {limit} MiB")]
    TooLarge { origin: String, limit: u64 },
    #[error("writing `{path}`")]
    Write {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("reading the lock file `{path}`")]
    ReadLock {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("the lock file `{path}` makes no sense")]
    BadLock {
        path: PathBuf,
        #[source]
        source: serde_json::Error,
    },
    #[error("the lock file `{path}` makes no sense: {reason}")]
    BadEntry { path: PathBuf, reason: String },
    #[error("the plugin `{name}` of `begat.lock` is not here")]
    Missing { name: String },
    #[error("the plugin `{name}` is not the one of `begat.lock`: its sha256 is {actual}, not {expected}")]
    Changed {
        name: String,
        expected: String,
        actual: String,
    },
    #[error("`begat.lock` has no plugin `{name}`")]
    Unknown { name: String, near: Option<String> },
}

impl SupplyError {
    /// Something to do about it.
    pub fn hint(&self) -> Option<String> {
        let text = |text: &str| Some(text.to_owned());
        match self {
            Self::BadSource { .. } => text("name a component file, or an address that begins with `https://`"),
            Self::Read { .. } => text("check the path"),
            Self::Download { .. } | Self::Half { .. } => {
                text("nothing was installed; check the address, and try again when it answers")
            }
            Self::TooLarge { .. } => text("build it in release mode and strip debug information"),
            Self::Write { .. } => text("nothing was installed; make room or get the right to write there"),
            Self::ReadLock { .. } => None,
            Self::BadLock { .. } | Self::BadEntry { .. } => {
                text("take it back from version control; begat writes it, nobody else should")
            }
            Self::Missing { .. } => text("`begat plugin fetch` brings what `begat.lock` names"),
            Self::Changed { .. } => text(
                "do not use it unless you know why it changed; `begat plugin update` takes what its source has now",
            ),
            Self::Unknown { near, .. } => Some(near.as_ref().map_or_else(
                || "`begat plugin list` shows what there is".to_owned(),
                |near| format!("did you mean `{near}`?"),
            )),
        }
    }
}
