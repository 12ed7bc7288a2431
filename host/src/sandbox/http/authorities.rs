//! Whom HTTPS trusts: the public authorities that browsers trust, and those that the operator names for private services.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

/// Certificates that the certificate of a server must lead to.
#[derive(Default)]
pub struct Authorities {
    /// Certificates in PEM that are trusted beside the public ones.
    file: Option<PathBuf>,
    /// Made when the first request needs them: most runs speak to nobody.
    settings: OnceLock<Result<Arc<ClientConfig>, String>>,
}

impl Authorities {
    /// The public authorities, and those of a file.
    pub fn of(file: Option<PathBuf>) -> Self {
        Self {
            file,
            settings: OnceLock::new(),
        }
    }

    /// Reads the operator's file before anything relies on it.
    ///
    /// # Errors
    /// When it cannot be read or holds no certificate.
    pub(in crate::sandbox) fn check(&self) -> Result<(), String> {
        match self.file {
            Some(_) => self.settings().map(|_| ()),
            None => Ok(()),
        }
    }

    pub(super) fn settings(&self) -> Result<Arc<ClientConfig>, String> {
        self.settings.get_or_init(|| self.make()).clone()
    }

    fn make(&self) -> Result<Arc<ClientConfig>, String> {
        let mut roots = RootCertStore::empty();
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        if let Some(file) = &self.file {
            let wrong = |reason: String| format!("`net.ca`: `{}`: {reason}", file.display());
            for certificate in certificates(file).map_err(wrong)? {
                roots.add(certificate).map_err(|error| wrong(error.to_string()))?;
            }
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let builder = builder.map_err(|error| error.to_string())?;
        Ok(Arc::new(builder.with_root_certificates(roots).with_no_client_auth()))
    }
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let text = std::fs::read(file).map_err(|error| error.to_string())?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    let found = found.map_err(|error| error.to_string())?;
    match found.is_empty() {
        true => Err("it holds no certificate; `-----BEGIN CERTIFICATE-----` begins one".to_owned()),
        false => Ok(found),
    }
}
