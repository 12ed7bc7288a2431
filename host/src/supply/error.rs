//! Why a plugin could not be brought here or kept.

use std::path::PathBuf;

use oci_client::errors::OciDistributionError;

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
    #[error("the registry `{registry}` did not do what `{address}` needs")]
    Registry {
        address: String,
        registry: String,
        #[source]
        source: Box<OciDistributionError>,
    },
    #[error("`{address}` is no component: {reason}")]
    NoComponent { address: String, reason: String },
    #[error("who you are for the registry `{registry}`: {reason}")]
    Credentials { registry: String, reason: String },
    #[error("`signatures.keys.{name}` is no public key of minisign")]
    BadKey { name: String },
    #[error("signatures are required, and no key is named")]
    NoKeys,
    #[error("the plugin from `{origin}` is not signed")]
    Unsigned { origin: String },
    #[error("the signature of the plugin from `{origin}` is wrong: {reason}")]
    WrongSignature { origin: String, reason: String },
    #[error("the plugin `{name}` must be signed with the key `{wanted}`, and is signed with {actual}")]
    WrongSigner {
        name: String,
        wanted: String,
        actual: String,
    },
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
            Self::BadSource { .. } => {
                text("name a component file, or an address that begins with `https://` or `oci://`")
            }
            Self::Read { .. } => text("check the path"),
            Self::Download { .. } | Self::Half { .. } => {
                text("nothing was installed; check the address, and try again when it answers")
            }
            Self::Registry { registry, source, .. } => Some(about_registry(registry, source)),
            Self::NoComponent { .. } => text("`begat plugin push` puts components into registries"),
            Self::Credentials { .. } => {
                text("set `BEGAT_REGISTRY`, `BEGAT_REGISTRY_USER` and `BEGAT_REGISTRY_PASSWORD`, or log in with docker")
            }
            Self::BadKey { .. } => text("it is the second line of the file that ends with `.pub`, in base64"),
            Self::NoKeys => text("name one under `[signatures.keys]` in begat.toml, as `NAME = \"RW…\"`"),
            Self::Unsigned { .. } => text(
                "nothing was installed; `minisign -Sm FILE` signs a file beside it, and `begat plugin push` takes that along",
            ),
            Self::WrongSignature { .. } | Self::WrongSigner { .. } => {
                text("nothing was installed; ask who made it which key they use, and do not run it until then")
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

/// What to do about what a registry said.
fn about_registry(registry: &str, error: &OciDistributionError) -> String {
    match error {
        OciDistributionError::UnauthorizedError { .. }
        | OciDistributionError::AuthenticationFailure(_)
        | OciDistributionError::ServerError { code: 401 | 403, .. } => format!(
            "log in with `docker login {registry}`, or set BEGAT_REGISTRY={registry}, BEGAT_REGISTRY_USER and \
             BEGAT_REGISTRY_PASSWORD"
        ),
        OciDistributionError::DigestError(_) => {
            "nothing was installed; what came is not what its digest promises, so do not trust it".to_owned()
        }
        OciDistributionError::ImageManifestNotFoundError(_) | OciDistributionError::RegistryError { .. } => {
            "nothing was installed or pushed; check the name, the tag and the digest".to_owned()
        }
        _ => "nothing was installed or pushed; check the address, and try again when the registry answers".to_owned(),
    }
}
