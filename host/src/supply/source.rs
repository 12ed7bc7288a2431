//! The places that plugins come from.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

use super::error::SupplyError;

/// The largest component that is taken in, in bytes.
const SIZE_LIMIT: u64 = 64 * 1024 * 1024;

/// Where a plugin comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PluginSource {
    /// A file of this machine.
    File(PathBuf),
}

impl PluginSource {
    /// Reads a source as a user writes it.
    pub fn parse(text: &str) -> Result<Self, SupplyError> {
        let bad = |reason| {
            Err(SupplyError::BadSource {
                text: text.to_owned(),
                reason,
            })
        };
        let scheme = text.split_once("://").map(|(scheme, _)| scheme);
        match scheme {
            None if text.trim().is_empty() => bad("it is empty"),
            None => Ok(Self::File(PathBuf::from(text.strip_prefix("file:").unwrap_or(text)))),
            Some("file") => Ok(Self::File(PathBuf::from(text.trim_start_matches("file://")))),
            Some("http") => bad("what comes over `http` can be changed on its way"),
            Some(_) => bad("begat knows no way to it"),
        }
    }

    /// Brings the component's bytes.
    pub fn fetch(&self) -> Result<Vec<u8>, SupplyError> {
        match self {
            Self::File(path) => {
                let failed = |source| SupplyError::Read {
                    path: path.clone(),
                    source,
                };
                let mut bytes = Vec::new();
                let file = File::open(path).map_err(failed)?;
                file.take(SIZE_LIMIT + 1).read_to_end(&mut bytes).map_err(failed)?;
                match bytes.len() as u64 > SIZE_LIMIT {
                    true => Err(SupplyError::TooLarge {
                        origin: self.to_string(),
                        limit: SIZE_LIMIT >> 20,
                    }),
                    false => Ok(bytes),
                }
            }
        }
    }
}

impl fmt::Display for PluginSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
        }
    }
}
