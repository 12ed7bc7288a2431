//! Why `begat.toml` cannot be used.

use std::path::PathBuf;

/// What is wrong with the settings, and where.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("reading the settings `{path}`")]
    Read {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("`{path}`{place}: {reason}")]
    Malformed {
        path: PathBuf,
        /// ` line 3` where it is known.
        place: String,
        reason: String,
        hint: Option<String>,
    },
}

impl ConfigError {
    /// Something to do about it.
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::Read { .. } => Some("check the path given with `--config` or `BEGAT_CONFIG`"),
            Self::Malformed { hint, .. } => hint.as_deref(),
        }
    }
}
