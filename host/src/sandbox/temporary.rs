//! Folders for the time of a task: of this user alone, under a name that nobody can foresee, and gone in the end.
//!
//! All those of a process lie in one folder, which the process holds locked: one that nobody holds is left over from a
//! process that was killed, and the next process that makes one sweeps it up.

use std::fs::{self, DirBuilder, File, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use crate::model::digest::hexadecimal;

/// How the folder of a process is called, before what chance adds.
const PREFIX: &str = "begat-tmp-";
/// Between making a folder and locking it goes less than this.
const YOUNG: Duration = Duration::from_secs(60);

/// A folder that is gone when this is dropped.
#[derive(Debug)]
pub struct Temporary {
    path: PathBuf,
    /// It must outlive this folder.
    _home: Arc<Home>,
}

impl Temporary {
    /// Makes a new, empty folder that no other user can enter; `purpose` becomes part of its name.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn new(purpose: &str) -> io::Result<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let home = Home::of_this_process()?;
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = home.path.join(format!("{purpose}-{number}"));
        make(&path)?;
        Ok(Self { path, _home: home })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // What stays is swept up later.
        drop(fs::remove_dir_all(&self.path));
    }
}

/// The folder of a process.
#[derive(Debug)]
struct Home {
    path: PathBuf,
    /// Locked for as long as it is open.
    _held: File,
}

impl Home {
    fn of_this_process() -> io::Result<Arc<Self>> {
        static HOME: Mutex<Weak<Home>> = Mutex::new(Weak::new());
        let mut known = HOME.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(home) = known.upgrade() {
            return Ok(home);
        }
        let parent = std::env::temp_dir();
        sweep(&parent, YOUNG);
        let home = Arc::new(Self::new(&parent)?);
        *known = Arc::downgrade(&home);
        Ok(home)
    }

    fn new(parent: &Path) -> io::Result<Self> {
        let mut chance = [0; 16];
        // Not the chance of a run that repeats another, which can be foreseen.
        getrandom::fill(&mut chance).map_err(io::Error::other)?;
        let path = parent.join(format!("{PREFIX}{}", hexadecimal(&chance)));
        make(&path)?;
        let held = File::open(&path)?;
        held.lock()?;
        Ok(Self { path, _held: held })
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        // What stays is swept up later.
        drop(fs::remove_dir_all(&self.path));
    }
}

/// Makes a folder, which must not be there, for this user alone.
fn make(path: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(path)
}

/// Removes what processes of this user left that are no more. What cannot be removed stays.
fn sweep(parent: &Path, young: Duration) {
    let Ok(entries) = fs::read_dir(parent) else { return };
    let me = rustix::process::geteuid().as_raw();
    for entry in entries.flatten() {
        if !entry.file_name().to_string_lossy().starts_with(PREFIX) {
            continue;
        }
        let Ok(metadata) = entry.metadata() else { continue };
        let age = metadata.modified().ok().and_then(|time| time.elapsed().ok());
        if !metadata.is_dir() || metadata.uid() != me || age.is_none_or(|age| age < young) {
            continue;
        }
        let Ok(folder) = File::open(entry.path()) else { continue };
        if !matches!(folder.try_lock(), Err(TryLockError::WouldBlock)) {
            drop(fs::remove_dir_all(entry.path()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_its_users_alone_and_is_gone_in_the_end() {
        let temporary = Temporary::new("test").unwrap();
        let path = temporary.path().to_owned();
        for folder in [&path, &path.parent().unwrap().to_owned()] {
            assert_eq!(fs::metadata(folder).unwrap().mode() & 0o777, 0o700);
        }
        drop(temporary);
        assert!(!path.exists());
    }

    #[test]
    fn what_a_process_left_that_is_no_more_is_swept_up_and_nothing_else() {
        let place = Temporary::new("test").unwrap();
        let named = |name: &str| place.path().join(format!("{PREFIX}{name}"));
        make(&named("left")).unwrap();
        fs::write(named("left").join("copy"), "of a secret").unwrap();
        let held = Home::new(place.path()).unwrap();
        make(&place.path().join("strange")).unwrap();
        std::os::unix::fs::symlink(place.path().join("strange"), named("link")).unwrap();
        sweep(place.path(), YOUNG);
        assert!(named("left").exists(), "it may be about to be locked");
        sweep(place.path(), Duration::ZERO);
        assert!(!named("left").exists());
        assert!(held.path.exists() && place.path().join("strange").exists() && named("link").is_symlink());
    }

    #[test]
    fn a_name_that_is_taken_is_not_used() {
        let place = Temporary::new("test").unwrap();
        assert_eq!(make(place.path()).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
    }
}
