//! What can go wrong with a catalog, told with its path and with what to do.

use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

use crate::model::{ExecutionId, RecordError};

use super::Refusal;

/// Why the catalog could not be opened, written or read.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("there is no catalog at `{}` yet", path.display())]
    Missing { path: PathBuf },
    #[error("`{}` is not a catalog, nor any other SQLite database", path.display())]
    NotADatabase { path: PathBuf },
    #[error("`{}` is the SQLite database of another program", path.display())]
    Foreign { path: PathBuf },
    #[error("the catalog `{}` has schema {found} and this begat knows {known}", path.display())]
    Newer { path: PathBuf, found: i64, known: i64 },
    #[error("could not make the folder `{}` for the catalog", path.display())]
    Folder { path: PathBuf, source: std::io::Error },
    #[error("could not open the catalog `{}`", path.display())]
    CannotOpen { path: PathBuf, source: rusqlite::Error },
    #[error("the catalog `{}` is damaged", path.display())]
    Corrupt { path: PathBuf, source: rusqlite::Error },
    #[error("there is no space left for the catalog `{}`", path.display())]
    Full { path: PathBuf, source: rusqlite::Error },
    #[error("the catalog `{}` may not be written", path.display())]
    ReadOnly { path: PathBuf, source: rusqlite::Error },
    #[error("the disk failed under the catalog `{}`", path.display())]
    Disk { path: PathBuf, source: rusqlite::Error },
    #[error("there is a file `{}` already", path.display())]
    BackupExists { path: PathBuf },
    #[error("could not write the backup `{}`", path.display())]
    Backup { path: PathBuf, source: std::io::Error },
    #[error("the catalog `{}` has schema {found}, which is older than {known}", path.display())]
    Older { path: PathBuf, found: i64, known: i64 },
    #[error("another process holds the catalog `{}`", path.display())]
    Busy { path: PathBuf, source: rusqlite::Error },
    #[error("could not use the catalog `{}`", path.display())]
    Database { path: PathBuf, source: rusqlite::Error },
    #[error("could not query the catalog")]
    Query(#[from] rusqlite::Error),
    #[error("an event cannot be recorded: its data nests too deeply or is not JSON")]
    Unrecordable { source: serde_json::Error },
    #[error("a `{kind}` event names no task run")]
    NoTaskRun { kind: &'static str },
    #[error("event {sequence} of the catalog cannot be read")]
    BadEvent { sequence: i64, source: serde_json::Error },
    #[error("the log of the catalog ends at event {tail} and its tables stand at event {head}")]
    OutOfStep { tail: i64, head: i64 },
    #[error("no execution starts with `{prefix}`")]
    NoExecution { prefix: String },
    #[error("several executions start with `{prefix}`: {}", listed(candidates))]
    AmbiguousExecution {
        prefix: String,
        candidates: Vec<ExecutionId>,
    },
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error("the catalog changed while the deletion was planned")]
    MovedOn,
    #[error("event {sequence} of the catalog cannot be read")]
    UnreadableEvent { sequence: i64 },
    #[error("the snapshot that stands for the events up to {through} is not whole")]
    NoSnapshot { through: i64 },
    #[error("the log of the catalog does not hold: {problem}")]
    BrokenLog { problem: String },
    #[error("could not write the export")]
    Export { source: std::io::Error },
}

fn listed(candidates: &[ExecutionId]) -> String {
    let quoted: Vec<_> = candidates.iter().map(|id| format!("`{id}`")).collect();
    quoted.join(", ")
}

impl StoreError {
    /// Something to do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Missing { .. } => Some("run a flow first, or name another file with `--catalog`"),
            Self::NotADatabase { .. } | Self::Foreign { .. } => Some("name another file with `--catalog`"),
            Self::Newer { .. } => Some("use a newer begat, or name another file with `--catalog`"),
            Self::Folder { .. } => Some("make it, or name another file with `--catalog`"),
            Self::CannotOpen { .. } => Some(
                "check that it is a file in a folder that exists and that you may use, or name another with `--catalog`",
            ),
            Self::Corrupt { .. } => Some(
                "keep a copy of it; `begat catalog check` tells what is damaged, and a backup (`begat catalog backup`) takes \
                 its place",
            ),
            Self::Disk { .. } => {
                Some("check the disk and the space on it; what was recorded before is kept, and the run can be resumed")
            }
            Self::BackupExists { .. } => Some("name another file, or move that one away"),
            Self::Backup { .. } => Some("check that its folder exists, may be written and has space"),
            Self::Older { .. } => Some("`begat catalog migrate` brings it up to date, and keeps a copy of it"),
            Self::Full { .. } => Some("free some and run again"),
            Self::ReadOnly { .. } => {
                Some("make the file and its folder writable, or name another file with `--catalog`")
            }
            Self::Busy { .. } => Some("wait for it to end, then run again"),
            Self::BadEvent { .. } => Some("run `begat catalog verify`"),
            Self::OutOfStep { .. } => Some("run `begat catalog verify`, then `begat catalog rebuild`"),
            Self::NoExecution { .. } => Some("see `begat execution list`"),
            Self::AmbiguousExecution { .. } => Some("give more of the id"),
            Self::UnreadableEvent { .. } | Self::NoSnapshot { .. } => Some("run `begat catalog verify`"),
            Self::BrokenLog { .. } => Some(
                "nothing was changed; put a backup in its place, or save what the tables hold with `begat catalog export \
                 --assets` and take that into a new catalog with `begat catalog import`",
            ),
            Self::MovedOn => Some("run the command again"),
            Self::Export { .. } => Some("check that there is space, and that the file may be written"),
            Self::Refused(_)
            | Self::Database { .. }
            | Self::Query(_)
            | Self::Unrecordable { .. }
            | Self::NoTaskRun { .. } => None,
        }
    }

    /// Names the catalog a query failed on, and the way out where there is one.
    pub(super) fn at(self, path: &Path) -> Self {
        let Self::Query(source) = self else { return self };
        let path = path.to_owned();
        match source.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => Self::NotADatabase { path },
            Some(ErrorCode::CannotOpen | ErrorCode::SystemIoFailure) if path.is_dir() => Self::NotADatabase { path },
            Some(ErrorCode::DatabaseCorrupt) => Self::Corrupt { path, source },
            Some(ErrorCode::DiskFull) => Self::Full { path, source },
            Some(ErrorCode::SystemIoFailure) => Self::Disk { path, source },
            Some(ErrorCode::ReadOnly) => Self::ReadOnly { path, source },
            Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => Self::CannotOpen { path, source },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy { path, source },
            _ => Self::Database { path, source },
        }
    }

    fn into_source(self) -> Option<Box<dyn std::error::Error + Send + Sync>> {
        match self {
            Self::CannotOpen { source, .. }
            | Self::Corrupt { source, .. }
            | Self::Full { source, .. }
            | Self::ReadOnly { source, .. }
            | Self::Busy { source, .. }
            | Self::Disk { source, .. }
            | Self::Database { source, .. }
            | Self::Query(source) => Some(Box::new(source)),
            Self::Folder { source, .. } | Self::Backup { source, .. } | Self::Export { source } => {
                Some(Box::new(source))
            }
            Self::Unrecordable { source } | Self::BadEvent { source, .. } => Some(Box::new(source)),
            Self::Missing { .. }
            | Self::NotADatabase { .. }
            | Self::Foreign { .. }
            | Self::Newer { .. }
            | Self::Older { .. }
            | Self::BackupExists { .. }
            | Self::NoTaskRun { .. }
            | Self::OutOfStep { .. }
            | Self::NoExecution { .. }
            | Self::AmbiguousExecution { .. }
            | Self::Refused(_)
            | Self::BrokenLog { .. }
            | Self::MovedOn
            | Self::UnreadableEvent { .. }
            | Self::NoSnapshot { .. } => None,
        }
    }
}

impl From<StoreError> for RecordError {
    fn from(error: StoreError) -> Self {
        let message = match error.hint() {
            Some(hint) => format!("{error}: {hint}"),
            None => error.to_string(),
        };
        Self {
            message,
            is_refusal: matches!(error, StoreError::Refused(_)),
            source: error.into_source(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(code: i32, expected: &str) {
        let failure = rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None);
        let error = RecordError::from(StoreError::from(failure).at(Path::new("a/catalog.db")));
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn each_failure_of_sqlite_names_the_catalog_and_the_way_out() {
        use rusqlite::ffi;
        check(
            ffi::SQLITE_BUSY,
            "another process holds the catalog `a/catalog.db`: wait for it to end, then run again",
        );
        check(
            ffi::SQLITE_FULL,
            "there is no space left for the catalog `a/catalog.db`: free some and run again",
        );
        check(
            ffi::SQLITE_CORRUPT,
            "the catalog `a/catalog.db` is damaged: keep a copy of it; `begat catalog check` tells what is damaged, and a \
             backup (`begat catalog backup`) takes its place",
        );
        check(
            ffi::SQLITE_NOTADB,
            "`a/catalog.db` is not a catalog, nor any other SQLite database: name another file with `--catalog`",
        );
        check(
            ffi::SQLITE_READONLY,
            "the catalog `a/catalog.db` may not be written: make the file and its folder writable, or name another file \
             with `--catalog`",
        );
        check(
            ffi::SQLITE_CANTOPEN,
            "could not open the catalog `a/catalog.db`: check that it is a file in a folder that exists and that you may \
             use, or name another with `--catalog`",
        );
        check(
            ffi::SQLITE_IOERR,
            "the disk failed under the catalog `a/catalog.db`: check the disk and the space on it; what was recorded \
             before is kept, and the run can be resumed",
        );
    }
}
