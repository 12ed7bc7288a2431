//! The folder in which a project keeps its plugins, each under its digest.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use super::error::SupplyError;
use super::lock::LockedPlugin;
use crate::model::digest;

/// The folder of a project's plugins.
#[derive(Debug, Clone)]
pub struct PluginStore {
    folder: PathBuf,
}

impl PluginStore {
    /// Uses a folder; it is made when something is kept in it.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// Where the component of a digest is kept.
    pub fn path(&self, sha256: &str) -> PathBuf {
        self.folder.join(format!("{sha256}.wasm"))
    }

    /// Where the component that a lock pins is kept. Its bytes are for the reader to check.
    pub fn present(&self, plugin: &LockedPlugin) -> Result<PathBuf, SupplyError> {
        let path = self.path(&plugin.sha256);
        match path.is_file() {
            true => Ok(path),
            false => Err(SupplyError::Missing {
                name: plugin.name.clone(),
            }),
        }
    }

    /// Whether the component that a lock pins is kept, with the bytes it must have.
    pub fn holds(&self, plugin: &LockedPlugin) -> bool {
        fs::read(self.path(&plugin.sha256)).is_ok_and(|bytes| digest::sha256(&bytes) == plugin.sha256)
    }

    /// Keeps a component under its digest: the whole of it, or nothing.
    pub fn keep(&self, bytes: &[u8]) -> Result<PathBuf, SupplyError> {
        let path = self.path(&digest::sha256(bytes));
        write_whole(&path, bytes)?;
        Ok(path)
    }

    /// Drops the component of a digest; one that is not here is dropped already.
    pub fn drop(&self, sha256: &str) -> Result<(), SupplyError> {
        let path = self.path(sha256);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(SupplyError::Write { path, source: error })
            }
            _ => Ok(()),
        }
    }
}

/// Writes a file so that a reader, and a machine that loses power, sees the whole of it or what was there before.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), SupplyError> {
    let failed = |source| SupplyError::Write {
        path: path.to_owned(),
        source,
    };
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    let draft = path.with_extension(format!("{}.draft", std::process::id()));
    let written = File::create(&draft)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&draft, path));
    if written.is_err() {
        // What it holds of a full disk is given back; there may be no draft at all.
        drop(fs::remove_file(&draft));
    }
    written.map_err(failed)
}
