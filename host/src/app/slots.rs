//! Room for executions: a flow may say how many of it run at once, over all processes of a catalog.
//!
//! Each execution holds the lock of a file beside the catalog while it runs. The operating system gives the lock back
//! when the process ends, however it ends.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::{AppError, ErrorKind};
use crate::flow::{Concurrency, Flow};
use crate::model::{ExecutionId, digest};

/// How often a waiting execution looks for room.
const LOOK: Duration = Duration::from_millis(100);

/// Room that an execution has until this is dropped.
#[derive(Debug)]
pub(super) struct Slot {
    _lock: File,
}

/// The folder of locks of one flow.
fn folder_of(catalog: &Path, flow: &Flow) -> PathBuf {
    let name = format!("{}/{}", flow.namespace, flow.id);
    let digest = digest::hexadecimal(&Sha256::digest(name)[..8]);
    let mut folder = catalog.as_os_str().to_owned();
    folder.push(".locks");
    Path::new(&folder).join(digest)
}

/// Takes room for one execution; nothing where there is none.
pub(super) fn take(catalog: &Path, flow: &Flow, concurrency: Concurrency) -> Result<Option<Slot>, AppError> {
    let folder = folder_of(catalog, flow);
    let failed = |error: std::io::Error| AppError {
        kind: ErrorKind::Host,
        ..AppError::refused(format!("making room for the execution in `{}`", folder.display())).because(&error)
    };
    fs::create_dir_all(&folder).map_err(failed)?;
    for number in 0..concurrency.limit {
        let file = File::create(folder.join(number.to_string())).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => return Ok(Some(Slot { _lock: file })),
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
    }
    Ok(None)
}

/// Waits for room; nothing where `stop` comes first.
pub(super) async fn wait(
    catalog: &Path,
    flow: &Flow,
    concurrency: Concurrency,
    mut stop: tokio::sync::watch::Receiver<bool>,
) -> Result<Option<Slot>, AppError> {
    loop {
        if let Some(slot) = take(catalog, flow, concurrency)? {
            return Ok(Some(slot));
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            _ = stop.wait_for(|stop| *stop) => return Ok(None),
        }
    }
}

/// Shows other processes that an execution is at work, until this is dropped.
#[derive(Debug)]
pub(super) struct Running {
    file: PathBuf,
    _lock: File,
}

impl Drop for Running {
    fn drop(&mut self) {
        // A file that stays says nothing: only its lock does.
        drop(fs::remove_file(&self.file));
    }
}

/// The file whose lock an execution holds.
fn file_of(catalog: &Path, execution: &ExecutionId) -> PathBuf {
    let mut folder = catalog.as_os_str().to_owned();
    folder.push(".locks");
    Path::new(&folder).join(format!("{execution}.lock"))
}

/// Takes the lock of an execution.
pub(super) fn hold(catalog: &Path, execution: &ExecutionId) -> Result<Running, AppError> {
    let path = file_of(catalog, execution);
    let failed = |error: std::io::Error| AppError {
        kind: ErrorKind::Host,
        ..AppError::refused(format!("locking the execution in `{}`", path.display())).because(&error)
    };
    if let Some(folder) = path.parent().filter(|folder| !folder.is_dir()) {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    let file = File::create(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(Running {
            file: path,
            _lock: file,
        }),
        Err(TryLockError::WouldBlock) => Err(AppError::refused(format!(
            "the execution `{execution}` is at work in another process"
        ))),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

/// Whether a process is at work on an execution.
pub(super) fn is_held(catalog: &Path, execution: &ExecutionId) -> bool {
    let file = File::open(file_of(catalog, execution));
    file.is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
}
