//! Opens the catalog and lends its connection: reads see one moment, writes are all or nothing.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior, ffi};

use super::StoreError;
use super::migrate::VERSION;
use super::schema::{self, Found};
use super::types::Schemas;

/// How long a process waits for others before it says that the catalog is busy.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(60);

/// Pages of 4 KiB in the write-ahead log before SQLite copies it into the database, which waits for the disk twice. A
/// page that many commits change is copied once, so a long run gains from a long log.
const CHECKPOINT_PAGES: u32 = 8_000;

/// Bytes in the write-ahead log up to which it is left beside the database when the catalog is closed. Copying it costs
/// as much as a short run does; reading it, which the next process has to do, costs more when it is long.
const LEFT_BEHIND: u64 = 256 * 1024;

/// How much of the database SQLite may keep in memory, in KiB as it wants to be told; what walking over many assets
/// needs. Only what was read takes room.
const PAGE_CACHE: i64 = -65_536;

/// How often reads wait for a change before they get a connection of their own.
const DELAYS: u32 = 8;

/// What stands for the path of a catalog in memory.
const IN_MEMORY: &str = ":memory:";

/// More than the number of different statements of this room.
const CACHED_STATEMENTS: usize = 128;

/// The catalog: one SQLite file, or memory. Any number of processes may hold the same file.
#[derive(Debug)]
pub struct Catalog {
    path: PathBuf,
    connection: Mutex<Connection>,
    /// Reads while the other one writes; opened when that has happened some times.
    reader: Mutex<Option<Connection>>,
    /// How often a read had to wait for a change.
    delayed: AtomicU32,
    schemas: Mutex<Schemas>,
}

/// What a transaction survives once it is committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Durability {
    /// The death of the process.
    Process,
    /// The loss of power.
    Power,
}

impl Catalog {
    /// Opens a catalog to write and read it. Makes the file and its folder when they are missing.
    ///
    /// # Errors
    /// When the file is no catalog, is that of a newer begat, or cannot be used; nothing is changed then.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        make_folder_of(path)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let open = || {
            let mut connection = Connection::open_with_flags(path, flags)?;
            connection.busy_timeout(BUSY_TIMEOUT)?;
            refuse_read_only(&connection)?;
            if !schema::current(schema::inspect(&connection, path, VERSION)?, path, VERSION)? {
                schema::create(&mut connection, path)?;
            }
            connection.pragma_update(None, "synchronous", "NORMAL")?;
            connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
            Self::holding(connection, path)
        };
        open().map_err(|error| error.at(path))
    }

    /// Opens a catalog to read it. Nothing is written; a read-only file in a read-only folder will do.
    ///
    /// # Errors
    /// When there is no catalog yet, and for the same reasons as [`Catalog::open`].
    pub fn open_existing(path: &Path) -> Result<Self, StoreError> {
        let missing = || StoreError::Missing { path: path.to_owned() };
        match path.metadata() {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(missing()),
            Ok(file) if file.len() == 0 => return Err(missing()),
            Ok(_) | Err(_) => {}
        }
        let open = || {
            let (connection, found) = open_to_read(path)?;
            match schema::current(found, path, VERSION)? {
                false => Err(missing()),
                true => Self::holding(connection, path),
            }
        };
        open().map_err(|error: StoreError| error.at(path))
    }

    /// Makes a catalog that is gone when it is dropped.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn in_memory() -> Result<Self, StoreError> {
        let path = Path::new(IN_MEMORY);
        let mut connection = Connection::open_in_memory()?;
        schema::create(&mut connection, path)?;
        Self::holding(connection, path)
    }

    pub(super) fn holding(connection: Connection, path: &Path) -> Result<Self, StoreError> {
        connection.set_prepared_statement_cache_capacity(CACHED_STATEMENTS);
        connection.pragma_update(None, "cache_size", PAGE_CACHE)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        // Else SQLite plans some statements anew whenever a parameter of theirs changes, which takes longer than they do.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        Ok(Self {
            path: path.to_owned(),
            connection: Mutex::new(connection),
            reader: Mutex::new(None),
            delayed: AtomicU32::new(0),
            schemas: Mutex::default(),
        })
    }

    /// Runs queries that all see the same moment.
    pub(super) fn read<T>(&self, query: impl FnOnce(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let read = |connection: &mut Connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Deferred)?;
            query(&transaction)
        };
        let result = match self.connection.try_lock() {
            Err(TryLockError::WouldBlock) if self.is_file() && self.is_often_delayed() => self.read_beside(read),
            Err(TryLockError::WouldBlock) => read(&mut self.lock()),
            Err(TryLockError::Poisoned(poisoned)) => read(&mut poisoned.into_inner()),
            Ok(mut connection) => read(&mut connection),
        };
        result.map_err(|error| error.at(&self.path))
    }

    /// Reads what is committed while a change is made.
    fn read_beside<T>(&self, read: impl FnOnce(&mut Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let mut reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(connection) = reader.as_mut() {
            return read(connection);
        }
        let (connection, _) = open_to_read(&self.path)?;
        connection.set_prepared_statement_cache_capacity(CACHED_STATEMENTS);
        read(reader.insert(connection))
    }

    /// Another connection costs more than waiting a few times.
    fn is_often_delayed(&self) -> bool {
        self.delayed.fetch_add(1, Ordering::Relaxed) >= DELAYS
    }

    fn is_file(&self) -> bool {
        self.path != Path::new(IN_MEMORY)
    }

    /// The schemas of types that are ready to be used.
    pub(super) fn schemas(&self) -> MutexGuard<'_, Schemas> {
        // What is in there is only a copy of what the tables say, and is compared with that.
        self.schemas.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs changes while no other process writes, and commits them unless one fails.
    pub(super) fn write<T>(
        &self,
        durability: Durability,
        change: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut connection = self.lock();
        let result = match durability {
            Durability::Process => commit(&mut connection, change),
            Durability::Power => commit_and_sync(&mut connection, change),
        };
        result.map_err(|error| error.at(&self.path))
    }

    /// Makes all that was recorded up to now, by whatever process, survive the loss of power.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub fn sync(&self) -> std::io::Result<()> {
        // What is no longer in the write-ahead log was synced when it was copied into the database.
        match std::fs::File::open(write_ahead_log_of(&self.path)) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            log => log?.sync_data(),
        }
    }

    /// Lends the connection outside any transaction.
    pub(super) fn with_connection<T>(&self, work: impl FnOnce(&Connection) -> T) -> T {
        work(&self.lock())
    }

    /// Gives the room of what was dropped back to the disk.
    pub(super) fn vacuum(&self) -> Result<(), StoreError> {
        self.lock()
            .execute_batch("VACUUM")
            .map_err(|error| StoreError::from(error).at(&self.path))
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        // A panic in a transaction rolls it back, so that the connection is as good as before.
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the next process would open the catalog no slower if this one never closed it.
    pub fn is_small_to_open(&self) -> bool {
        write_ahead_log(&self.path) <= LEFT_BEHIND
    }
}

impl Drop for Catalog {
    fn drop(&mut self) {
        if !self.is_small_to_open() {
            let connection = self.connection.get_mut().unwrap_or_else(PoisonError::into_inner);
            // Nothing is lost when this fails: the log stays and the next process reads it.
            drop(connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false));
        }
    }
}

fn commit<T>(
    connection: &mut Connection,
    change: impl FnOnce(&Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let answer = change(&transaction)?;
    transaction.commit()?;
    Ok(answer)
}

/// Syncing the write-ahead log makes this commit last, and every one before it.
fn commit_and_sync<T>(
    connection: &mut Connection,
    change: impl FnOnce(&Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    connection.pragma_update(None, "synchronous", "FULL")?;
    let result = commit(connection, change);
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    result
}

/// SQLite opens for reading what it may not write, and says so at the first write only: by then a task has run.
fn refuse_read_only(connection: &Connection) -> Result<(), StoreError> {
    match connection.is_readonly(rusqlite::MAIN_DB)? {
        true => Err(rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_READONLY), None).into()),
        false => Ok(()),
    }
}

fn make_folder_of(path: &Path) -> Result<(), StoreError> {
    let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) else {
        return Ok(());
    };
    if folder.is_dir() {
        return Ok(());
    }
    let make = || {
        let there = folder.ancestors().find(|above| above.is_dir());
        std::fs::create_dir_all(folder)?;
        // SQLite syncs the folder that its files are in, and no other: a new one could be gone when the power fails.
        for above in folder.ancestors().skip(1) {
            sync_folder(above)?;
            if Some(above) == there {
                break;
            }
        }
        Ok(())
    };
    make().map_err(|source| StoreError::Folder {
        path: folder.to_owned(),
        source,
    })
}

/// Makes what was put into a folder survive the loss of power.
fn sync_folder(folder: &Path) -> std::io::Result<()> {
    let here = Path::new(".");
    let folder = if folder.as_os_str().is_empty() { here } else { folder };
    std::fs::File::open(folder)?.sync_all()
}

fn open_to_read(path: &Path) -> Result<(Connection, Found), StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let attempt = Connection::open_with_flags(path, flags).and_then(|connection| {
        connection.busy_timeout(BUSY_TIMEOUT)?;
        Ok(connection)
    });
    let inspected = attempt.map_err(StoreError::from).and_then(|connection| {
        let found = schema::inspect(&connection, path, VERSION)?;
        Ok((connection, found))
    });
    match inspected {
        Err(StoreError::Query(error)) if cannot_make_files(&error) && !has_write_ahead_log(path) => {
            open_immutable(path, flags)
        }
        other => other,
    }
}

/// A catalog uses a write-ahead log, which even readers need files for. Where none can be made nobody writes either,
/// so that the file may be taken as it is.
fn open_immutable(path: &Path, flags: OpenFlags) -> Result<(Connection, Found), StoreError> {
    let escaped = path
        .to_string_lossy()
        .replace('%', "%25")
        .replace('?', "%3f")
        .replace('#', "%23");
    let address = format!("file:{escaped}?immutable=1");
    let connection = Connection::open_with_flags(address, flags | OpenFlags::SQLITE_OPEN_URI)?;
    let found = schema::inspect(&connection, path, VERSION)?;
    Ok((connection, found))
}

fn cannot_make_files(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly)
    )
}

fn has_write_ahead_log(path: &Path) -> bool {
    write_ahead_log(path) > 0
}

/// Bytes in the write-ahead log beside a database.
fn write_ahead_log(path: &Path) -> u64 {
    write_ahead_log_of(path).metadata().map_or(0, |file| file.len())
}

fn write_ahead_log_of(path: &Path) -> PathBuf {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    PathBuf::from(log)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{AssetFilter, CatalogReader, Recorder, State};
    use crate::store::fixtures::{self, Folder, bundle};

    fn message(result: Result<Catalog, StoreError>) -> String {
        result.unwrap_err().to_string()
    }

    #[test]
    fn opening_makes_the_file_and_its_folder_and_keeps_what_is_there() {
        let folder = Folder::new();
        let path = folder.path("deep/er/catalog.db");
        let catalog = Catalog::open(&path).unwrap();
        fixtures::run(&catalog, 1, State::Success, vec![bundle(&[], &["vm:VM"])]);
        drop(catalog);
        let assets = Catalog::open(&path).unwrap().assets(&AssetFilter::default()).unwrap();
        assert_eq!(assets.len(), 1);
        let assets = CatalogReader::assets(&Catalog::open_existing(&path).unwrap(), &AssetFilter::default()).unwrap();
        assert_eq!(assets.len(), 1);
    }

    #[test]
    fn a_missing_or_empty_file_is_no_catalog_to_read_and_a_fresh_one_to_write() {
        let folder = Folder::new();
        let path = folder.path("catalog.db");
        let expected = format!("there is no catalog at `{}` yet", path.display());
        assert_eq!(message(Catalog::open_existing(&path)), expected);
        assert!(!path.exists());
        std::fs::write(&path, "").unwrap();
        assert_eq!(message(Catalog::open_existing(&path)), expected);
        let catalog = Catalog::open(&path).unwrap();
        assert_eq!(catalog.verify(None).unwrap().events, 0);
    }

    #[test]
    fn a_file_that_is_no_database_is_refused_and_kept() {
        let folder = Folder::new();
        let path = folder.path("notes.txt");
        let text = "id: a flow\n".repeat(100);
        std::fs::write(&path, &text).unwrap();
        for result in [Catalog::open(&path), Catalog::open_existing(&path)] {
            assert!(matches!(result, Err(StoreError::NotADatabase { path: named }) if named == path));
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    }

    #[test]
    fn the_database_of_another_program_is_refused_and_kept() {
        let folder = Folder::new();
        let path = folder.path("other.db");
        Connection::open(&path)
            .unwrap()
            .execute_batch("CREATE TABLE event (seq INTEGER)")
            .unwrap();
        let before = std::fs::read(&path).unwrap();
        for result in [Catalog::open(&path), Catalog::open_existing(&path)] {
            assert!(matches!(result, Err(StoreError::Foreign { .. })));
        }
        assert_eq!(std::fs::read(&path).unwrap(), before);
    }

    #[test]
    fn a_catalog_of_a_newer_begat_is_refused() {
        let folder = Folder::new();
        let path = folder.path("catalog.db");
        drop(Catalog::open(&path).unwrap());
        Connection::open(&path)
            .unwrap()
            .pragma_update(None, "user_version", 7)
            .unwrap();
        for result in [Catalog::open(&path), Catalog::open_existing(&path)] {
            assert!(matches!(
                result,
                Err(StoreError::Newer {
                    found: 7,
                    known: VERSION,
                    ..
                })
            ));
        }
    }

    #[test]
    fn what_cannot_be_opened_is_told_with_its_path() {
        let folder = Folder::new();
        let file = folder.path("file");
        std::fs::write(&file, "x").unwrap();
        assert!(matches!(
            Catalog::open(&file.join("catalog.db")),
            Err(StoreError::Folder { .. })
        ));
        for result in [
            Catalog::open(&folder.path(".")),
            Catalog::open_existing(&folder.path(".")),
        ] {
            assert!(matches!(result, Err(StoreError::NotADatabase { path }) if path == folder.path(".")));
        }
    }

    #[test]
    fn a_damaged_page_is_told_as_damage() {
        let folder = Folder::new();
        let path = folder.path("catalog.db");
        let catalog = Catalog::open(&path).unwrap();
        fixtures::run(&catalog, 1, State::Success, vec![bundle(&[], &["vm:VM"])]);
        drop(catalog);
        Connection::open(&path)
            .unwrap()
            .pragma_update(None, "wal_checkpoint", "TRUNCATE")
            .unwrap();
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[4096..].fill(0xee);
        std::fs::write(&path, bytes).unwrap();
        let error = Catalog::open_existing(&path)
            .and_then(|catalog| catalog.executions(10))
            .unwrap_err();
        assert!(matches!(error, StoreError::Corrupt { .. }), "{error}");
    }

    #[test]
    fn a_reader_cannot_write_and_says_so() {
        let folder = Folder::new();
        let path = folder.path("catalog.db");
        drop(Catalog::open(&path).unwrap());
        let event = crate::model::RunEvent {
            time: fixtures::time(0),
            actor: fixtures::actor(1),
            kind: fixtures::finished(State::Success),
        };
        let error = Catalog::open_existing(&path).unwrap().append(&[event]).unwrap_err();
        assert!(
            error
                .message
                .starts_with(&format!("the catalog `{}` may not be written", path.display())),
            "{error}"
        );
        assert!(error.source.is_some());
    }

    #[test]
    fn a_checkpointed_catalog_can_be_read_where_no_file_can_be_made() {
        let folder = Folder::new();
        let path = folder.path("catalog #1?.db");
        let catalog = Catalog::open(&path).unwrap();
        fixtures::run(&catalog, 1, State::Success, vec![bundle(&[], &["vm:VM"])]);
        drop(catalog);
        let connection = Connection::open(&path).unwrap();
        connection.pragma_update(None, "wal_checkpoint", "TRUNCATE").unwrap();
        drop(connection);
        let (connection, found) = open_immutable(&path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
        assert_eq!(found, Found::Catalog);
        let catalog = Catalog::holding(connection, &path).unwrap();
        assert_eq!(catalog.executions(10).unwrap().len(), 1);
    }

    #[test]
    fn processes_that_make_the_same_catalog_at_once_all_succeed() {
        let folder = Folder::new();
        let path = folder.path("catalog.db");
        std::thread::scope(|scope| {
            for number in 0..8 {
                let path = &path;
                scope.spawn(move || {
                    let catalog = Catalog::open(path).unwrap();
                    fixtures::run(&catalog, number, State::Success, vec![bundle(&[], &["vm:VM"])]);
                });
            }
        });
        let catalog = Catalog::open_existing(&path).unwrap();
        assert_eq!(catalog.executions(100).unwrap().len(), 8);
        assert_eq!(catalog.verify(None).unwrap().problem, None);
    }
}
