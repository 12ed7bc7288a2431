//! What is kept of a destination in the folder `.sent` beside the catalog: how far it has been told, who is at it, and why
//! the last attempt failed.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::Delivered;
use crate::model::digest;

/// The files of one destination.
#[derive(Debug, Clone)]
pub(super) struct Files {
    folder: PathBuf,
    /// The number of the last event that was told.
    offset: PathBuf,
    /// Whoever sends holds its lock, so that only one process sends at a time.
    sending: PathBuf,
    /// The process that delivers beside runs holds its lock, also while it waits.
    watching: PathBuf,
    /// What the last attempt came to, where not all of it went through.
    note: PathBuf,
}

impl Files {
    pub(super) fn of(catalog: &Path, destination: &str) -> Self {
        let mut folder = catalog.as_os_str().to_owned();
        folder.push(".sent");
        let folder = PathBuf::from(folder);
        let offset = folder.join(digest::hexadecimal(&Sha256::digest(destination)[..8]));
        Self {
            sending: offset.with_extension("lock"),
            watching: offset.with_extension("watch"),
            note: offset.with_extension("failed"),
            folder,
            offset,
        }
    }

    /// Waits until nobody else sends, and keeps others from it until the file is dropped.
    pub(super) fn lock_sending(&self) -> io::Result<File> {
        let file = self.create(&self.sending)?;
        file.lock()?;
        Ok(file)
    }

    /// Makes this process the one that delivers beside runs; nothing where another one is.
    pub(super) fn lock_watching(&self) -> io::Result<Option<File>> {
        let file = self.create(&self.watching)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(fs::TryLockError::WouldBlock) => Ok(None),
            Err(fs::TryLockError::Error(error)) => Err(error),
        }
    }

    /// Whether a process delivers beside runs.
    pub(super) fn is_watched(&self) -> bool {
        let file = File::open(&self.watching);
        file.is_ok_and(|file| matches!(file.try_lock_shared(), Err(fs::TryLockError::WouldBlock)))
    }

    /// The folder of the catalog must be there: what is gone is not made again.
    fn create(&self, path: &Path) -> io::Result<File> {
        match fs::create_dir(&self.folder) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
            Ok(()) | Err(_) => File::create(path),
        }
    }

    /// How far the destination has been told; from the beginning where nothing says so.
    pub(super) fn offset(&self) -> u64 {
        let text = fs::read_to_string(&self.offset).unwrap_or_default();
        text.trim().parse().unwrap_or_default()
    }

    /// Is on the disk when this returns, whole or as before.
    pub(super) fn write_offset(&self, sequence: u64) -> Result<(), String> {
        let fresh = self.offset.with_extension("new");
        let write = || {
            let mut file = File::create(&fresh)?;
            file.write_all(sequence.to_string().as_bytes())?;
            file.sync_data()?;
            fs::rename(&fresh, &self.offset)
        };
        write().map_err(|error| format!("writing `{}`: {error}", self.offset.display()))
    }

    /// Begins anew after an event where the destination was told of later ones: the catalog was put back to an earlier
    /// state, and what comes after has numbers that were told already.
    pub(super) fn go_back_to(&self, last: u64) {
        if self.offset() > last && self.lock_sending().is_ok() {
            // Where it cannot be written, nothing can be delivered either, and that is told then.
            drop(self.write_offset(last));
        }
    }

    /// What the last attempt came to, where not all of it went through.
    pub(super) fn note(&self) -> Option<Delivered> {
        serde_json::from_str(&fs::read_to_string(&self.note).ok()?).ok()
    }

    /// Leaves word for the next command.
    pub(super) fn write_note(&self, delivered: &Delivered) {
        // Where it cannot be written, what waits is still sent, and only the reason is not told.
        if let Ok(text) = serde_json::to_string(delivered) {
            drop(fs::write(&self.note, text));
        }
    }

    pub(super) fn remove_note(&self) {
        // There is none after most attempts.
        drop(fs::remove_file(&self.note));
    }
}
