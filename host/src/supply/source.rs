//! The places that plugins come from.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::PathBuf;
use std::time::Duration;

use super::error::SupplyError;

/// The largest component that is taken in, in bytes.
const SIZE_LIMIT: u64 = 64 * 1024 * 1024;
/// How long a download may take.
const PATIENCE: Duration = Duration::from_secs(300);

/// Where a plugin comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PluginSource {
    /// A file of this machine.
    File(PathBuf),
    /// An address: `https`, or `http` on this machine.
    Web(String),
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
            Some("https") => Ok(Self::Web(text.to_owned())),
            Some("http") if is_local(text) => Ok(Self::Web(text.to_owned())),
            Some("http") => bad("what comes over `http` can be changed on its way"),
            Some(_) => bad("begat knows no way to it"),
        }
    }

    /// Brings the component's bytes.
    pub fn fetch(&self) -> Result<Vec<u8>, SupplyError> {
        match self {
            Self::Web(url) => download(url),
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

/// Whether an address is one of this machine, so that nobody stands in between.
fn is_local(url: &str) -> bool {
    let host = url.trim_start_matches("http://").split(['/', '?', '#']).next();
    let host = host.unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    matches!(name, "127.0.0.1" | "localhost" | "[::1]")
}

/// Brings the whole of what an address has, or nothing.
fn download(url: &str) -> Result<Vec<u8>, SupplyError> {
    let failed = |source: ureq::Error| SupplyError::Download {
        url: url.to_owned(),
        source: Box::new(source),
    };
    let config = ureq::Agent::config_builder()
        .timeout_global(Some(PATIENCE))
        // A redirection may not lead out of what is encrypted.
        .https_only(!is_local(url))
        .max_redirects(5)
        .user_agent(concat!("begat/", env!("CARGO_PKG_VERSION")))
        .build();
    let agent: ureq::Agent = config.into();
    let mut answer = agent.get(url).call().map_err(failed)?;
    let promised = answer
        .headers()
        .get("content-length")
        .and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    let bytes = answer.body_mut().with_config().limit(SIZE_LIMIT).read_to_vec();
    let bytes = bytes.map_err(failed)?;
    match promised {
        Some(promised) if promised != bytes.len() => Err(SupplyError::Half {
            url: url.to_owned(),
            got: bytes.len(),
            promised,
        }),
        _ => Ok(bytes),
    }
}

impl fmt::Display for PluginSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Web(url) => f.write_str(url),
        }
    }
}
