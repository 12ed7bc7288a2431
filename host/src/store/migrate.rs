//! Brings a catalog of an older schema up to date, after a copy of it was made.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::catalog::BUSY_TIMEOUT;
use super::schema::{self, Found};
use super::{Catalog, StoreError, rebuild};

/// What makes each schema of the one before it: the first leads from 1 to 2. Only ever added to. After the last of them
/// the tables are computed anew from the log.
pub(super) const STEPS: &[&str] = &[
    "CREATE TABLE grant_use (
    execution_id TEXT NOT NULL,
    task_id      TEXT NOT NULL,
    principal    TEXT NOT NULL,
    kind         TEXT NOT NULL,
    target       TEXT NOT NULL,
    from_seq     INTEGER NOT NULL,
    uses         INTEGER NOT NULL,
    PRIMARY KEY (execution_id, task_id, principal, kind, target)
) STRICT, WITHOUT ROWID;",
    include_str!("schema-3.sql"),
];

/// The schema that `schema.sql` makes.
pub(super) const VERSION: i64 = 1 + STEPS.len() as i64;

/// A catalog that was brought up to date.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Migrated {
    pub from: i64,
    pub to: i64,
    /// The copy of the catalog as it was; none when nothing had to be done.
    pub backup: Option<PathBuf>,
}

impl Catalog {
    /// Brings the catalog up to date, all or nothing. A copy of it as it was is kept beside it.
    ///
    /// # Errors
    /// When the file is no catalog, or of a newer begat; when the copy cannot be made.
    pub fn migrate(path: &Path) -> Result<Migrated, StoreError> {
        migrate(path, STEPS).map_err(|error| error.at(path))
    }
}

fn migrate(path: &Path, steps: &[&str]) -> Result<Migrated, StoreError> {
    let known = 1 + steps.len() as i64;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    let from = match schema::inspect(&connection, path, known)? {
        Found::Fresh => return Err(StoreError::Missing { path: path.to_owned() }),
        Found::Catalog => known,
        Found::Older(version) => version,
    };
    let unchanged = Migrated {
        from,
        to: known,
        backup: None,
    };
    if from == known {
        return Ok(unchanged);
    }
    let mut backup = path.as_os_str().to_owned();
    backup.push(format!(".schema-{from}"));
    let backup = PathBuf::from(backup);
    if !backup.exists() {
        Catalog::holding(Connection::open_with_flags(path, flags)?, path)?.back_up(&backup)?;
    }
    connection.pragma_update(None, "synchronous", "FULL")?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Exclusive)?;
    // Another process may have been first.
    if let Found::Older(version) = schema::inspect(&transaction, path, known)? {
        let done = usize::try_from(version - 1).unwrap_or_default();
        for step in &steps[done..] {
            transaction.execute_batch(step)?;
        }
        rebuild::rebuild(&transaction)?;
        transaction.pragma_update(None, "user_version", known)?;
    }
    transaction.commit()?;
    Ok(Migrated {
        backup: Some(backup),
        ..unchanged
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{AsOf, AssetFilter, State};
    use crate::store::fixtures::{self, Folder, bundle};

    /// Catalogs as versions of begat left them, by schema.
    const STORED: [(i64, &str); 3] = [(1, "schema-1.db"), (2, "schema-2.db"), (3, "schema-3.db")];
    /// One of schema 2 that was pruned, and changed by hand before and after that.
    const PRUNED: &str = "schema-2-pruned.db";

    /// Puts a stored catalog where it may be changed.
    fn put(name: &str, path: &Path) {
        let stored = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/stored");
        std::fs::copy(stored.join(name), path).unwrap();
    }

    /// What made every table, index, view and trigger.
    fn made(catalog: &Catalog) -> Vec<(String, String)> {
        let query = "SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name";
        let read = |connection: &Connection| {
            let mut statement = connection.prepare(query)?;
            let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok(rows.collect::<Result<_, _>>()?)
        };
        catalog.read(read).unwrap()
    }

    #[test]
    fn a_catalog_of_every_schema_is_brought_up_to_date() {
        for (version, name) in STORED {
            let folder = Folder::new();
            let path = folder.path("catalog.db");
            put(name, &path);
            let migrated = Catalog::migrate(&path).unwrap();
            assert_eq!((migrated.from, migrated.to), (version, VERSION));
            let catalog = Catalog::open(&path).unwrap();
            assert_eq!(catalog.verify(None).unwrap().problem, None);
            assert_eq!(catalog.assets(&AssetFilter::default()).unwrap().len(), 7);
            assert_eq!(catalog.executions(100).unwrap().len(), 7);
            let before = fixtures::dump(&catalog);
            catalog.rebuild().unwrap();
            assert_eq!(fixtures::dump(&catalog), before);
            assert_eq!(made(&catalog), made(&Catalog::in_memory().unwrap()));
        }
        assert_eq!(STORED.len() as i64, VERSION, "each schema has a stored catalog");
    }

    #[test]
    fn a_snapshot_that_an_earlier_begat_took_is_still_a_place_to_start_from() {
        let folder = Folder::new();
        let path = folder.path("catalog.db");
        put(PRUNED, &path);
        assert_eq!(Catalog::migrate(&path).unwrap().from, 2);
        let catalog = Catalog::open(&path).unwrap();
        assert_eq!(catalog.verify(None).unwrap().problem, None);
        let stats = catalog.stats().unwrap();
        assert_eq!(
            (stats.assets, stats.versions, stats.edges, stats.events),
            (9, 14, 7, 55)
        );
        let id = fixtures::id;
        let sizes = |as_of| {
            let size = |name| {
                catalog
                    .asset_then(&id(name), as_of)
                    .unwrap()?
                    .metadata
                    .get("size")?
                    .as_i64()
            };
            (size("extra"), size("windows-web-01"))
        };
        assert_eq!(sizes(AsOf::Event(42)), (Some(2), None));
        assert_eq!(sizes(AsOf::Event(53)), (Some(3), None));
        assert_eq!(sizes(AsOf::Now), (None, Some(9)));
        let events = |name| {
            let history = catalog.history(&id(name), AsOf::Now).unwrap();
            history.iter().map(|entry| entry.event.name()).collect::<Vec<_>>()
        };
        assert_eq!(events("gone"), ["CREATED", "DELETED", "RESTORED"]);
        assert_eq!(events("derived"), ["CREATED", "DELETED", "CREATED"]);
        let before = fixtures::dump(&catalog);
        catalog.rebuild().unwrap();
        assert_eq!(fixtures::dump(&catalog), before);
    }

    #[test]
    fn steps_are_taken_once_after_a_copy_was_made_or_not_at_all() {
        let folder = Folder::new();
        let path = folder.path("catalog.db");
        let catalog = Catalog::open(&path).unwrap();
        fixtures::run(&catalog, 1, State::Success, vec![bundle(&[], &["vm:VM"])]);
        drop(catalog);
        let after = |steps: [&'static str; 2]| [STEPS, &steps].concat();
        let steps = after([
            "ALTER TABLE asset ADD COLUMN note TEXT;",
            "CREATE TABLE more (id INTEGER);",
        ]);
        let broken = after([
            "ALTER TABLE asset ADD COLUMN note TEXT;",
            "CREATE TABEL more (id INTEGER);",
        ]);
        assert!(migrate(&path, &broken).is_err());
        let done = migrate(&path, &steps).unwrap();
        assert_eq!((done.from, done.to), (VERSION, VERSION + 2));
        let raw = fixtures::raw(&path);
        let version: i64 = raw.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
        assert_eq!(version, VERSION + 2);
        raw.execute_batch("SELECT note FROM asset; SELECT id FROM more;")
            .unwrap();
        assert_eq!(migrate(&path, &steps).unwrap().backup, None);
        let copy = Catalog::open_existing(&done.backup.unwrap()).unwrap();
        assert_eq!(copy.verify(None).unwrap().events, 5);
        let newer = Catalog::open(&path).unwrap_err().to_string();
        let expected = format!("has schema {} and this begat knows", VERSION + 2);
        assert!(newer.contains(&expected), "{newer}");
    }

    #[test]
    fn an_older_catalog_is_not_touched_until_it_is_asked_for() {
        let folder = Folder::new();
        let path = folder.path("catalog.db");
        drop(Catalog::open(&path).unwrap());
        let raw = fixtures::raw(&path);
        let next = VERSION + 1;
        let found = schema::inspect(&raw, &path, next).unwrap();
        assert_eq!(found, Found::Older(VERSION));
        let error = schema::current(found, &path, next).unwrap_err();
        let expected = format!("has schema {VERSION}, which is older than {next}");
        assert!(error.to_string().contains(&expected), "{error}");
    }
}
