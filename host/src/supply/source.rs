//! The places that plugins come from.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};

use super::error::SupplyError;
use super::lock::LockedPlugin;
use super::registry::RegistryAddress;
use super::signature::{ENDING, LONGEST, signature_beside};

/// The largest component that is taken in, in bytes.
pub(super) const SIZE_LIMIT: u64 = 64 * 1024 * 1024;
/// How long a download may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(300);
/// What begat calls itself.
pub(super) const USER_AGENT: &str = concat!("begat/", env!("CARGO_PKG_VERSION"));

/// What came from a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Brought {
    /// The component.
    pub bytes: Vec<u8>,
    /// The signature that came with it, as minisign writes it.
    pub signature: Option<String>,
}

/// Where a plugin comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PluginSource {
    /// A file of this machine.
    File(PathBuf),
    /// An address: `https`, or `http` on this machine.
    Web(String),
    /// An artifact of a registry.
    Registry(RegistryAddress),
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
            Some("http") if is_local(host(text)) => Ok(Self::Web(text.to_owned())),
            Some("oci") => match RegistryAddress::parse(text.trim_start_matches("oci://")) {
                Ok(address) => Ok(Self::Registry(address)),
                Err(reason) => bad(reason),
            },
            Some("http") => bad("what comes over `http` can be changed on its way"),
            Some(_) => bad("begat knows no way to it"),
        }
    }

    /// Brings the component, and its signature where one is wanted.
    pub async fn fetch(&self, wants_signature: bool) -> Result<Brought, SupplyError> {
        let (bytes, signature) = match self {
            Self::Registry(address) => return address.pull().await,
            Self::Web(url) => {
                let bytes = download(url)?;
                (
                    bytes,
                    wants_signature.then(|| download_signature(url)).transpose()?.flatten(),
                )
            }
            Self::File(path) => {
                let bytes = self.read(path)?;
                (
                    bytes,
                    wants_signature.then(|| signature_beside(path)).transpose()?.flatten(),
                )
            }
        };
        Ok(Brought { bytes, signature })
    }

    /// Brings the component that a lock pins, or what now is in its place.
    pub async fn fetch_pinned(&self, plugin: &LockedPlugin) -> Result<Vec<u8>, SupplyError> {
        match self {
            Self::Registry(address) => address.pull_pinned(&plugin.sha256).await,
            Self::Web(url) => download(url),
            Self::File(path) => self.read(path),
        }
    }

    fn read(&self, path: &Path) -> Result<Vec<u8>, SupplyError> {
        let failed = |source| SupplyError::Read {
            path: path.to_owned(),
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

/// Whether a host is this machine, so that nobody stands in between.
pub(super) fn is_local(host: &str) -> bool {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    matches!(name, "127.0.0.1" | "localhost" | "[::1]")
}

/// The host of an address, with its port.
fn host(url: &str) -> &str {
    let after = url.split_once("://").map_or(url, |(_, after)| after);
    after.split(['/', '?', '#']).next().unwrap_or_default()
}

/// Brings the whole of what an address has, or nothing.
fn download(url: &str) -> Result<Vec<u8>, SupplyError> {
    let failed = |source| not_downloaded(url, source);
    let mut answer = agent(url)?.get(url).call().map_err(failed)?;
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

/// The signature that an address has beside the component; nothing where it says that there is none.
fn download_signature(url: &str) -> Result<Option<String>, SupplyError> {
    let end = url.find(['?', '#']).unwrap_or(url.len());
    let beside = format!("{}{ENDING}{}", &url[..end], &url[end..]);
    let mut answer = match agent(&beside)?.get(&beside).call() {
        Ok(answer) => answer,
        Err(ureq::Error::StatusCode(404)) => return Ok(None),
        Err(source) => return Err(not_downloaded(&beside, source)),
    };
    let text = answer.body_mut().with_config().limit(LONGEST).read_to_string();
    text.map(Some).map_err(|source| not_downloaded(&beside, source))
}

fn not_downloaded(url: &str, source: ureq::Error) -> SupplyError {
    SupplyError::Download {
        url: url.to_owned(),
        source: Box::new(source),
    }
}

fn agent(url: &str) -> Result<ureq::Agent, SupplyError> {
    let tls = TlsConfig::builder().root_certs(authorities()?).build();
    let config = ureq::Agent::config_builder()
        .timeout_global(Some(PATIENCE))
        // A redirection may not lead out of what is encrypted.
        .https_only(!is_local(host(url)))
        .max_redirects(5)
        .tls_config(tls)
        .user_agent(USER_AGENT)
        .build();
    Ok(config.into())
}

/// Who vouches for servers: those that the user's own file names, as registries are held against too, else those that
/// browsers trust.
fn authorities() -> Result<RootCerts, SupplyError> {
    let Some(path) = std::env::var_os("SSL_CERT_FILE").map(PathBuf::from) else {
        return Ok(RootCerts::WebPki);
    };
    let pem = std::fs::read(&path).map_err(|source| SupplyError::Read { path, source })?;
    let known = parse_pem(&pem).filter_map(|item| match item {
        Ok(PemItem::Certificate(certificate)) => Some(certificate),
        // What else such a file holds vouches for nobody.
        _ => None,
    });
    Ok(RootCerts::Specific(Arc::new(known.collect())))
}

impl fmt::Display for PluginSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Web(url) => f.write_str(url),
            Self::Registry(address) => address.fmt(f),
        }
    }
}
