//! A copy of the catalog while others use it, and whether the file itself is sound.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};

use super::{Catalog, StoreError};

/// How many faults of the file are told.
const FAULTS: usize = 20;

impl Catalog {
    /// Copies the catalog as it is at one moment into a file that is not there yet. Writers go on meanwhile. The copy
    /// appears under its name only when it is whole and on the disk. Gives its size in bytes.
    ///
    /// # Errors
    /// When the file is there, or cannot be written; when the catalog cannot be read.
    pub fn back_up(&self, target: &Path) -> Result<u64, StoreError> {
        if target.exists() {
            return Err(StoreError::BackupExists {
                path: target.to_owned(),
            });
        }
        let failed = |source| StoreError::Backup {
            path: target.to_owned(),
            source,
        };
        let unfinished = unfinished(target);
        remove(&unfinished).map_err(failed)?;
        let copied = self.with_connection(|connection| copy(connection, &unfinished));
        let finished = copied.map_err(|error| error.at(target)).and_then(|()| {
            let file = File::open(&unfinished).map_err(failed)?;
            file.sync_all().map_err(failed)?;
            // Unlike a rename, a link never takes the place of another file.
            fs::hard_link(&unfinished, target).map_err(failed)?;
            sync_folder_of(target).map_err(failed)?;
            Ok(file.metadata().map_err(failed)?.len())
        });
        let removed = remove(&unfinished).map_err(failed);
        let size = finished?;
        removed?;
        Ok(size)
    }

    /// What SQLite finds wrong with the file itself: pages, indexes and rows.
    ///
    /// # Errors
    /// When the catalog cannot be read at all.
    pub fn faults(&self) -> Result<Vec<String>, StoreError> {
        self.read(|connection| {
            let mut faults = Vec::new();
            look_for(&mut faults, connection)?;
            Ok(faults)
        })
    }

    /// The same of a file that is too damaged to be read as a catalog: what was found before that showed, and how it
    /// did.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub fn damage(path: &Path) -> Result<Vec<String>, StoreError> {
        let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        // Says not to mind what is wrong with the schema, so that the pages are looked at all the same.
        connection.pragma_update(None, "writable_schema", true)?;
        let mut faults = Vec::new();
        let looked = look_for(&mut faults, &connection);
        faults.extend(looked.err().map(|error| error.to_string()));
        Ok(faults)
    }
}

fn look_for(faults: &mut Vec<String>, connection: &Connection) -> rusqlite::Result<()> {
    let mut statement = connection.prepare(&format!("PRAGMA integrity_check({FAULTS})"))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        faults.push(row.get(0)?);
    }
    faults.retain(|fault| fault != "ok");
    Ok(())
}

/// The name of a copy that is not whole yet.
fn unfinished(target: &Path) -> PathBuf {
    let mut name = target.as_os_str().to_owned();
    name.push(".unfinished");
    PathBuf::from(name)
}

fn remove(path: &Path) -> std::io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn copy(connection: &Connection, target: &Path) -> Result<(), StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut copy = Connection::open_with_flags(target, flags)?;
    let backup = Backup::new(connection, &mut copy)?;
    // In one step, so that all of it is of one moment and no writer makes it begin anew.
    match backup.step(-1)? {
        StepResult::Done => Ok(()),
        _ => Err(rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY), None).into()),
    }
}

fn sync_folder_of(path: &Path) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::State;
    use crate::store::fixtures::{self, Folder, bundle};

    #[test]
    fn a_backup_is_the_catalog_as_it_was_and_never_takes_the_place_of_a_file() {
        let folder = Folder::new();
        let catalog = Catalog::open(&folder.path("catalog.db")).unwrap();
        fixtures::run(&catalog, 1, State::Success, vec![bundle(&["net"], &["vm:VM"])]);
        let target = folder.path("copy.db");
        let size = catalog.back_up(&target).unwrap();
        assert_eq!(size, target.metadata().unwrap().len());
        fixtures::run(&catalog, 2, State::Success, vec![]);
        let copy = Catalog::open_existing(&target).unwrap();
        assert_eq!(copy.verify(None).unwrap().events, 5);
        assert_eq!(copy.faults().unwrap(), Vec::<String>::new());
        let error = catalog.back_up(&target).unwrap_err();
        let expected = format!("there is a file `{}` already", target.display());
        assert_eq!(error.to_string(), expected);
        let nowhere = folder.path("not/there/copy.db");
        assert!(catalog.back_up(&nowhere).is_err());
        assert!(!unfinished(&target).exists());
    }
}
