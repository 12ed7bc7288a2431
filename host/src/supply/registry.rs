//! Registries of the Open Container Initiative: a component is pulled and pushed as an artifact, verified by its digest.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Once;
use std::task::{Context, Poll};
use std::time::Duration;

use oci_client::client::{ClientConfig, ClientProtocol};
use oci_client::errors::OciDistributionError;
use oci_client::manifest::OCI_IMAGE_MEDIA_TYPE;
use oci_client::{Client, Reference, RegistryOperation};
use tokio::io::AsyncWrite;

use super::artifact::{self, Artifact};
use super::credentials;
use super::error::SupplyError;
use super::source::{Brought, PATIENCE, SIZE_LIMIT, USER_AGENT, is_local};
use crate::model::digest;

/// How long a registry may stay silent.
const SILENCE: Duration = Duration::from_secs(30);

/// An artifact of a registry: `oci://REGISTRY/REPOSITORY[:TAG][@sha256:DIGEST]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistryAddress {
    reference: Reference,
    /// Whether the user named a tag; an address without one means `latest` where it is read.
    has_tag: bool,
}

/// What a registry holds now.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Pushed {
    /// The address with the tag it was pushed to.
    pub address: String,
    /// The address that always means this artifact.
    pub pinned: String,
}

impl RegistryAddress {
    /// Reads what follows `oci://`. The error says what is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        let (first, rest) = text.split_once('/').ok_or("it names no registry")?;
        if !(first.contains('.') || first.contains(':') || first == "localhost") {
            return Err("it names no registry: begin with a host, such as `ghcr.io/…`");
        }
        let reference = text
            .parse()
            .map_err(|_| "write it as `oci://HOST/NAME:TAG` or `oci://HOST/NAME@sha256:DIGEST`, in lower case")?;
        let before_digest = rest.split('@').next().unwrap_or_default();
        Ok(Self {
            reference,
            has_tag: before_digest.contains(':'),
        })
    }

    fn registry(&self) -> &str {
        self.reference.registry()
    }

    /// Brings the component that the address means now.
    pub(super) async fn pull(&self) -> Result<Brought, SupplyError> {
        let pulled = async {
            let (client, auth) = self.client()?;
            let (manifest, _) = client
                .pull_image_manifest(&self.reference, &auth)
                .await
                .map_err(|error| self.failed(error))?;
            let layer = artifact::component(&manifest).map_err(|reason| SupplyError::NoComponent {
                address: self.to_string(),
                reason,
            })?;
            if u64::try_from(layer.size).is_ok_and(|size| size > SIZE_LIMIT) {
                return Err(self.too_large());
            }
            Ok(Brought {
                bytes: self.blob(&client, &layer.digest).await?,
                signature: artifact::signature(layer),
            })
        };
        self.in_time(pulled).await
    }

    /// Brings the component of a digest, whatever the tag of the address means by now.
    pub(super) async fn pull_pinned(&self, sha256: &str) -> Result<Vec<u8>, SupplyError> {
        let pulled = async {
            let (client, auth) = self.client()?;
            client
                .store_auth_if_needed(self.reference.resolve_registry(), &auth)
                .await;
            self.blob(&client, &format!("sha256:{sha256}")).await
        };
        self.in_time(pulled).await
    }

    /// Pushes a component; the tag is its version where the address has none.
    pub async fn push(&self, artifact: &Artifact) -> Result<Pushed, SupplyError> {
        if self.reference.digest().is_some() {
            return Err(SupplyError::BadSource {
                text: self.to_string(),
                reason: "a digest is what comes of pushing, so name a tag",
            });
        }
        let (registry, repository) = (self.registry().to_owned(), self.reference.repository().to_owned());
        let tag = match self.reference.tag() {
            Some(tag) if self.has_tag => tag.to_owned(),
            // What a version may have and a tag may not.
            _ => artifact.version.replace('+', "_"),
        };
        let target = Self {
            reference: Reference::with_tag(registry.clone(), repository.clone(), tag),
            has_tag: true,
        };
        let manifest = serde_json::to_vec(&artifact.manifest()).map_err(|error| target.failed(error.into()))?;
        let manifest_digest = digest::sha256(&manifest);
        target.in_time(target.upload(artifact, manifest)).await?;
        Ok(Pushed {
            address: target.to_string(),
            pinned: format!("oci://{registry}/{repository}@sha256:{manifest_digest}"),
        })
    }

    async fn upload(&self, artifact: &Artifact, manifest: Vec<u8>) -> Result<(), SupplyError> {
        let (client, auth) = self.client()?;
        let failed = |error| self.failed(error);
        let reference = &self.reference;
        client
            .auth(reference, &auth, RegistryOperation::Push)
            .await
            .map_err(failed)?;
        let (layer, config) = (artifact.layer(), artifact.config());
        let (layer_digest, config_digest) = (layer.sha256_digest(), config.sha256_digest());
        client
            .push_blob(reference, layer.data, &layer_digest)
            .await
            .map_err(failed)?;
        client
            .push_blob(reference, config.data, &config_digest)
            .await
            .map_err(failed)?;
        let kind = OCI_IMAGE_MEDIA_TYPE.parse().expect("a media type is a header value");
        client
            .push_manifest_raw(reference, manifest, kind)
            .await
            .map_err(failed)?;
        Ok(())
    }

    async fn blob(&self, client: &Client, digest: &str) -> Result<Vec<u8>, SupplyError> {
        let mut taken = Bounded::default();
        // By the digest alone: a manifest can name other addresses, which nobody has vouched for.
        let pulled = client.pull_blob(&self.reference, digest, &mut taken).await;
        match pulled {
            _ if taken.is_over => Err(self.too_large()),
            Ok(()) => Ok(taken.bytes),
            Err(error) => Err(self.failed(error)),
        }
    }

    fn client(&self) -> Result<(Client, oci_client::secrets::RegistryAuth), SupplyError> {
        static PROVIDER: Once = Once::new();
        PROVIDER.call_once(|| {
            // Another one that was chosen before is as good.
            drop(rustls::crypto::ring::default_provider().install_default());
        });
        // What does not leave this machine needs no TLS.
        let protocol = match is_local(self.registry()) {
            true => ClientProtocol::Http,
            false => ClientProtocol::Https,
        };
        let config = ClientConfig {
            protocol,
            platform_resolver: None,
            connect_timeout: Some(SILENCE),
            read_timeout: Some(SILENCE),
            user_agent: USER_AGENT,
            ..ClientConfig::default()
        };
        let client = Client::try_from(config).map_err(|error| self.failed(error))?;
        Ok((client, credentials::of(self.registry())?))
    }

    async fn in_time<T>(&self, work: impl Future<Output = Result<T, SupplyError>>) -> Result<T, SupplyError> {
        let ended = tokio::time::timeout(PATIENCE, work).await;
        ended.unwrap_or_else(|_| {
            let words = format!("it took longer than {} s", PATIENCE.as_secs());
            Err(self.failed(io::Error::new(io::ErrorKind::TimedOut, words).into()))
        })
    }

    fn failed(&self, source: OciDistributionError) -> SupplyError {
        SupplyError::Registry {
            address: self.to_string(),
            registry: self.registry().to_owned(),
            source: Box::new(source),
        }
    }

    fn too_large(&self) -> SupplyError {
        SupplyError::TooLarge {
            origin: self.to_string(),
            limit: SIZE_LIMIT >> 20,
        }
    }
}

impl fmt::Display for RegistryAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "oci://{}", self.reference.whole())
    }
}

/// Takes bytes up to the limit, and says when there were more.
#[derive(Default)]
struct Bounded {
    bytes: Vec<u8>,
    is_over: bool,
}

impl AsyncWrite for Bounded {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, some: &[u8]) -> Poll<io::Result<usize>> {
        if (self.bytes.len() + some.len()) as u64 > SIZE_LIMIT {
            self.is_over = true;
            return Poll::Ready(Err(io::ErrorKind::FileTooLarge.into()));
        }
        self.bytes.extend_from_slice(some);
        Poll::Ready(Ok(some.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<&str, &str>) {
        let parsed = RegistryAddress::parse(text).map(|address| address.to_string());
        match expected {
            Ok(shown) => assert_eq!(parsed.as_deref(), Ok(shown)),
            Err(words) => assert!(parsed.is_err_and(|reason| reason.contains(words)), "{text}"),
        }
    }

    #[test]
    fn an_address_names_its_registry() {
        check("ghcr.io/org/greet:1.0", Ok("oci://ghcr.io/org/greet:1.0"));
        check("localhost:5000/greet", Ok("oci://localhost:5000/greet:latest"));
        let pinned = format!("ghcr.io/org/greet@sha256:{}", "a".repeat(64));
        check(&pinned, Ok(&format!("oci://{pinned}")));
        check("greet:1.0", Err("names no registry"));
        check("org/greet:1.0", Err("begin with a host"));
        check("ghcr.io/Org/greet", Err("in lower case"));
        check("ghcr.io/org/greet@sha256:abc", Err("@sha256:DIGEST"));
    }
}
