//! Why a plugin could not be made or built.

use std::path::PathBuf;

/// A plugin could not be made or built. `hint` says what to do.
#[derive(Debug, thiserror::Error)]
pub enum AuthorError {
    #[error("`{name}` is no name of a plugin")]
    BadName { name: String },
    #[error("`{path}` exists already")]
    Exists { path: PathBuf },
    #[error("writing `{path}`")]
    Write {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("reading `{path}`")]
    Read {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("`{path}` holds no plugin")]
    NoPlugin { path: PathBuf },
    #[error("`{path}` holds several components: {names}")]
    ManyComponents { path: PathBuf, names: String },
    #[error("`{program}` cannot be started")]
    NoToolchain {
        program: String,
        hint: &'static str,
        #[source]
        source: std::io::Error,
    },
    #[error("what was compiled is no plugin: {reason}")]
    Wrapping { reason: String },
    #[error("the plugin cannot be built: `{program}` says\n{said}")]
    Build {
        program: String,
        said: String,
        hint: Option<&'static str>,
    },
}

impl AuthorError {
    /// Something to do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::BadName { .. } => Some("use lower-case letters, digits and `-`, beginning with a letter"),
            Self::Exists { .. } => Some("choose another name, or remove it"),
            Self::Write { .. } | Self::Read { .. } => None,
            Self::NoPlugin { .. } => {
                Some("name a component file, or a folder that `begat plugin new` made and `begat plugin build` built")
            }
            Self::ManyComponents { .. } => Some("name one of the files"),
            Self::NoToolchain { hint, .. } => Some(hint),
            Self::Wrapping { .. } => Some("define every function that `vendor/c/plugin.h` lists as exported"),
            Self::Build { hint, .. } => *hint,
        }
    }
}
