//! Compiled plugins on disk, so that a plugin is compiled once per machine and version.
//!
//! A compiled file is machine code that the process trusts, so the folder belongs to its owner alone and nothing in it
//! ever comes from elsewhere. The name holds the component's digest and the engine's settings and version.

use std::fs;
use std::hash::{Hash, Hasher};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use wasmtime::Engine;
use wasmtime::component::Component;

use super::error::SandboxError;

/// The folder of compiled plugins.
pub(super) struct Cache {
    folder: PathBuf,
    engine_key: u64,
}

impl Cache {
    /// Uses a folder, made private to its owner when it does not exist yet.
    pub(super) fn open(folder: &Path, engine: &Engine) -> Result<Self, SandboxError> {
        let failed = |source| SandboxError::Cache {
            path: folder.to_owned(),
            source,
        };
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(failed)?;
        check_private(folder).map_err(failed)?;
        #[expect(
            deprecated,
            reason = "the only hasher in std whose result does not change between processes"
        )]
        let mut hasher = std::hash::SipHasher::new();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        Ok(Self {
            folder: folder.to_owned(),
            engine_key: hasher.finish(),
        })
    }

    /// The compiled form of a component, if it is here and usable.
    pub(super) fn load(&self, engine: &Engine, digest: &str) -> Option<Component> {
        let path = self.path(digest, "cwasm");
        check_private(&path).ok()?;
        #[expect(
            unsafe_code,
            reason = "the file was written by this user's begat into a folder no one else can write"
        )]
        // SAFETY: the folder and the file belong to this user and are writable by no other; the engine checks version
        // and settings. Whoever can write there can already act as this user.
        unsafe { Component::deserialize_file(engine, &path) }.ok()
    }

    /// Keeps the compiled form of a component. A reader sees the whole file or none.
    pub(super) fn store(&self, digest: &str, component: &Component) -> Result<(), SandboxError> {
        let bytes = component.serialize().map_err(|source| SandboxError::Compile {
            origin: digest.to_owned(),
            source,
        })?;
        self.write(&self.path(digest, "cwasm"), &bytes)
    }

    /// A kept text about a component, such as its description.
    pub(super) fn note(&self, digest: &str) -> Option<String> {
        fs::read_to_string(self.path(digest, "json")).ok()
    }

    /// Keeps a text about a component.
    pub(super) fn store_note(&self, digest: &str, text: &str) -> Result<(), SandboxError> {
        self.write(&self.path(digest, "json"), text.as_bytes())
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> Result<(), SandboxError> {
        let failed = |source| SandboxError::Cache {
            path: self.folder.clone(),
            source,
        };
        let draft = path.with_extension(format!("{}.draft", std::process::id()));
        let written = fs::write(&draft, bytes)
            .and_then(|()| fs::set_permissions(&draft, fs::Permissions::from_mode(0o600)))
            .and_then(|()| fs::rename(&draft, path));
        if written.is_err() {
            // What it holds of a full disk is given back; there may be no draft at all.
            drop(fs::remove_file(&draft));
        }
        written.map_err(failed)
    }

    fn path(&self, digest: &str, extension: &str) -> PathBuf {
        self.folder
            .join(format!("{digest}-{:016x}.{extension}", self.engine_key))
    }
}

/// Refuses what somebody else owns or may write.
fn check_private(path: &Path) -> io::Result<()> {
    let metadata = fs::symlink_metadata(path)?;
    let mine = fs::metadata("/proc/self").map_or(true, |me| me.uid() == metadata.uid());
    match mine && metadata.mode() & 0o022 == 0 && !metadata.is_symlink() {
        true => Ok(()),
        false => Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            format!("`{}` must belong to you and be writable by nobody else", path.display()),
        )),
    }
}
