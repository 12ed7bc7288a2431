//! The folder that one call gets as `/work`, and how much it may hold.
//!
//! WASI knows no quota, so the folder is measured: before the call, at each [`INTERVAL`] while the guest runs, and after
//! it. A guest that writes too much is stopped at the next measuring; until then it may have written what the disk takes
//! in that time. Whoever reads the folder must not follow links: a guest cannot follow one out of it, but can leave one.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fs, io};

use wasmtime_wasi::{FsPerms, WasiCtxBuilder};

use super::limits::Limits;

/// What the guest calls its folder.
const NAME: &str = "/work";
/// How often a folder is measured while its guest runs.
const INTERVAL: Duration = Duration::from_millis(100);

/// A folder of the host that a guest may read and write.
#[derive(Debug, Clone)]
pub(super) struct WorkFolder {
    path: PathBuf,
    bytes_limit: u64,
    files_limit: u64,
}

/// Why a folder is not good for a call, or no longer.
#[derive(Debug, thiserror::Error)]
pub(super) enum WorkError {
    #[error("the task keeps more in `/work` than its limit of {} MiB (`work_bytes`)", .0 >> 20)]
    Bytes(u64),
    #[error("the task keeps more files in `/work` than its limit of {0} (`work_files`)")]
    Files(u64),
    #[error("the folder for `/work`, `{path}`, cannot be used: {source}")]
    Unusable { path: PathBuf, source: io::Error },
    #[error("the folder for `/work`, `{path}`, cannot be used: {reason}")]
    Preopen { path: PathBuf, reason: String },
}

impl WorkFolder {
    pub(super) fn new(path: &Path, limits: &Limits) -> Self {
        Self {
            path: path.to_owned(),
            bytes_limit: limits.work_bytes,
            files_limit: limits.work_files,
        }
    }

    /// Gives the folder to a guest, to read and to write.
    pub(super) fn preopen(&self, wasi: &mut WasiCtxBuilder) -> Result<(), WorkError> {
        wasi.preopened_dir(&self.path, NAME, FsPerms::ReadWrite)
            .map(|_| ())
            .map_err(|error| WorkError::Preopen {
                path: self.path.clone(),
                reason: error.to_string(),
            })
    }

    /// Waits until the folder holds too much, for ever if it never does.
    pub(super) async fn overflow(&self) -> WorkError {
        loop {
            tokio::time::sleep(INTERVAL).await;
            if let Err(error) = self.measure().await {
                return error;
            }
        }
    }

    /// Adds up what the folder holds, away from the threads that run guests.
    pub(super) async fn measure(&self) -> Result<(), WorkError> {
        let folder = self.clone();
        match tokio::task::spawn_blocking(move || folder.add_up()).await {
            Ok(result) => result,
            Err(error) => Err(self.unusable(io::Error::other(error))),
        }
    }

    fn add_up(&self) -> Result<(), WorkError> {
        let (mut bytes, mut files) = (0_u64, 0_u64);
        let mut folders = vec![self.path.clone()];
        while let Some(folder) = folders.pop() {
            let entries = match fs::read_dir(&folder) {
                Ok(entries) => entries,
                Err(error) if is_gone(&error, &folder, &self.path) => continue,
                Err(error) => return Err(self.unusable(error)),
            };
            for entry in entries {
                let entry = entry.map_err(|error| self.unusable(error))?;
                let metadata = match entry.metadata() {
                    Ok(metadata) => metadata,
                    Err(error) if error.kind() == ErrorKind::NotFound => continue,
                    Err(error) => return Err(self.unusable(error)),
                };
                files += 1;
                if files > self.files_limit {
                    return Err(WorkError::Files(self.files_limit));
                }
                if metadata.is_dir() {
                    folders.push(entry.path());
                    continue;
                }
                bytes = bytes.saturating_add(metadata.len());
                if bytes > self.bytes_limit {
                    return Err(WorkError::Bytes(self.bytes_limit));
                }
            }
        }
        Ok(())
    }

    fn unusable(&self, source: io::Error) -> WorkError {
        WorkError::Unusable {
            path: self.path.clone(),
            source,
        }
    }
}

/// Whether the guest removed a folder while it was being measured.
fn is_gone(error: &io::Error, folder: &Path, root: &Path) -> bool {
    error.kind() == ErrorKind::NotFound && folder != root
}

#[cfg(test)]
mod tests;
