//! The folder that one call gets as `/work`, and how much it may hold.
//!
//! WASI knows no quota, so the folder is measured: before the call, each few milliseconds while the guest runs, and after
//! it. A guest that writes too much is stopped at the next measuring; until then it may have written what the disk takes
//! in that time, which is [`SHORTEST`] where measuring is quick and [`SHARE`] times as long as measuring takes where it is
//! not. Whoever reads the folder goes through [`Folder`]: other guests may be at work in it.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use wasmtime_wasi::{FsPerms, WasiCtxBuilder};

use super::folder::{DEPTH, Folder, Kind};
use super::limits::Limits;
use crate::model::amount;

/// What the guest calls its folder.
const NAME: &str = "/work";
/// What lies between two measurings while the guest runs, at least.
const SHORTEST: Duration = Duration::from_millis(10);
/// How much longer than measuring the time between two measurings is, at least: what it takes of a processor.
const SHARE: u32 = 20;
/// So many files are added up in less time than it takes to have another thread do it.
const LITTLE: u64 = 32;

/// A folder of the host that a guest may read and write.
#[derive(Debug, Clone)]
pub(super) struct WorkFolder {
    paths: Vec<PathBuf>,
    bytes_limit: u64,
    files_limit: u64,
}

/// Why a folder is not good for a call, or no longer.
#[derive(Debug, thiserror::Error)]
pub(super) enum WorkError {
    #[error("the task keeps more in `/work` than its limit of {} (`work_bytes`)", amount::in_bytes(*.0))]
    Bytes(u64),
    #[error("the task keeps more files in `/work` than its limit of {0} (`work_files`)")]
    Files(u64),
    #[error("the task keeps folders in `/work` that lie more than {DEPTH} deep")]
    Depth,
    #[error("the folder `{path}` cannot be given to the task: {source}")]
    Unusable { path: PathBuf, source: io::Error },
    #[error("the folder `{path}` cannot be given to the task: {reason}")]
    Preopen { path: PathBuf, reason: String },
}

impl WorkFolder {
    pub(super) fn new(paths: &[&Path], limits: &Limits) -> Self {
        Self {
            paths: paths.iter().map(|path| (*path).to_owned()).collect(),
            bytes_limit: limits.work_bytes,
            files_limit: limits.work_files,
        }
    }

    /// Gives a folder to a guest as `/work`, to read and to write.
    pub(super) fn preopen(path: &Path, wasi: &mut WasiCtxBuilder) -> Result<(), WorkError> {
        wasi.preopened_dir(path, NAME, FsPerms::ReadWrite)
            .map(|_| ())
            .map_err(|error| WorkError::Preopen {
                path: path.to_owned(),
                reason: error.to_string(),
            })
    }

    /// Waits until the folder holds too much, for ever if it never does.
    pub(super) async fn overflow(&self) -> WorkError {
        let mut pause = SHORTEST;
        loop {
            tokio::time::sleep(pause).await;
            let begin = Instant::now();
            if let Err(error) = self.measure().await {
                return error;
            }
            pause = SHORTEST.max(begin.elapsed() * SHARE);
        }
    }

    /// Adds up what the folder holds, away from the threads that run guests unless it is little.
    pub(super) async fn measure(&self) -> Result<(), WorkError> {
        if self.add_up(LITTLE)? {
            return Ok(());
        }
        let folder = self.clone();
        match tokio::task::spawn_blocking(move || folder.add_up(u64::MAX)).await {
            Ok(result) => result.map(|_| ()),
            Err(error) => Err(unusable(Path::new(NAME), io::Error::other(error))),
        }
    }

    /// Adds up no more than so many files. Says whether that was all.
    fn add_up(&self, most: u64) -> Result<bool, WorkError> {
        let (mut bytes, mut files) = (0_u64, 0_u64);
        for path in &self.paths {
            let failed = |error| Stop::For(unusable(path, error));
            let folder = Folder::open(path).map_err(|error| unusable(path, error))?;
            let walked = folder.walk(failed, |inner, entry| {
                files += 1;
                if files > most {
                    return Err(Stop::Early);
                }
                if files > self.files_limit {
                    return Err(Stop::For(WorkError::Files(self.files_limit)));
                }
                if entry.kind == Kind::Folder {
                    return match inner.iter().count() > DEPTH {
                        true => Err(Stop::For(WorkError::Depth)),
                        false => Ok(()),
                    };
                }
                bytes = bytes.saturating_add(entry.size);
                match bytes > self.bytes_limit {
                    true => Err(Stop::For(WorkError::Bytes(self.bytes_limit))),
                    false => Ok(()),
                }
            });
            match walked {
                Ok(()) => {}
                Err(Stop::Early) => return Ok(false),
                Err(Stop::For(error)) => return Err(error),
            }
        }
        Ok(true)
    }
}

/// Why adding up ends before it is done.
enum Stop {
    /// There are more files than were to be looked at.
    Early,
    For(WorkError),
}

fn unusable(path: &Path, source: io::Error) -> WorkError {
    WorkError::Unusable {
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests;
