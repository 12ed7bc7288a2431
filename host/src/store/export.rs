//! Writes the catalog out line by line: the whole log, or assets with the edges between them.

use std::collections::HashMap;
use std::ops::ControlFlow;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use rusqlite::{Connection, Row};

use crate::model::{
    AsOf, Asset, AssetId, EXPORT_VERSION, EdgeView, ExportHeader, ExportKind, ExportLine, ExportedContent,
    ExportedEvent, ExportedLog, LogLevel, digest,
};

use super::{AssetSearch, Catalog, StoreError, columns, contents, graph};

/// What an export of the whole log says of files that executions wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportedFiles {
    /// Their names, sizes and digests, which are in the log.
    Named,
    /// Their contents too.
    WithContent,
}

/// Takes one line of an export.
pub type LineSink<'a> = &'a mut dyn FnMut(&ExportLine) -> std::io::Result<()>;

fn header(holds: ExportKind) -> ExportLine {
    ExportLine::Begat(ExportHeader {
        version: EXPORT_VERSION,
        holds,
    })
}

fn event_from_row(row: &Row<'_>) -> rusqlite::Result<ExportedEvent> {
    let payload: Option<String> = row.get("payload")?;
    let hexadecimal = |column| Ok::<_, rusqlite::Error>(digest::hexadecimal(&row.get::<_, Vec<u8>>(column)?));
    Ok(ExportedEvent {
        sequence: row.get::<_, i64>("seq")?.unsigned_abs(),
        hash: hexadecimal("hash")?,
        payload_hash: hexadecimal("payload_hash")?,
        payload: payload.map(|_| columns::json(row, "payload")).transpose()?,
    })
}

fn log_from_row(row: &Row<'_>) -> rusqlite::Result<ExportedLog> {
    Ok(ExportedLog {
        execution_id: columns::noun(row, "execution_id")?,
        task_run_id: columns::noun(row, "task_run_id")?,
        task_id: columns::noun(row, "task_id")?,
        time: columns::time(row, "time")?,
        level: columns::name(row, "level", LogLevel::from_name)?,
        message: row.get("message")?,
    })
}

impl Catalog {
    /// Writes the whole log and the log lines beside it, and where wanted the contents of files too.
    ///
    /// # Errors
    /// When the catalog cannot be read or the sink fails.
    pub fn export_log(&self, files: ExportedFiles, sink: LineSink<'_>) -> Result<(), StoreError> {
        let mut put = |line: &ExportLine| sink(line).map_err(|source| StoreError::Export { source });
        put(&header(ExportKind::Log))?;
        self.read(|connection| {
            let mut statement =
                connection.prepare("SELECT seq, payload, payload_hash, hash FROM event ORDER BY seq")?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                put(&ExportLine::Event(event_from_row(row)?))?;
            }
            let query = "SELECT execution_id, task_run_id, task_id, time, level, message FROM log ORDER BY id";
            let mut statement = connection.prepare(query)?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                put(&ExportLine::Log(log_from_row(row)?))?;
            }
            match files {
                ExportedFiles::WithContent => put_contents(connection, &mut put),
                ExportedFiles::Named => Ok(()),
            }
        })
    }

    /// Writes the registered types, the assets that match and are wanted, and the edges between those.
    ///
    /// # Errors
    /// When the catalog cannot be read or the sink fails.
    pub fn export_assets(
        &self,
        search: &AssetSearch,
        wanted: &mut dyn FnMut(&Asset) -> bool,
        sink: LineSink<'_>,
    ) -> Result<(), StoreError> {
        let mut put = |line: &ExportLine| sink(line).map_err(|source| StoreError::Export { source });
        put(&header(ExportKind::Assets))?;
        let predefined = crate::model::AssetTypeDefinition::predefined();
        for known in self.asset_types()? {
            if !predefined.contains(&known) {
                put(&ExportLine::AssetType(known))?;
            }
        }
        let mut ids = Vec::new();
        let mut failed = None;
        self.visit_assets(search, &|_| true, &mut |asset| {
            if !wanted(&asset) {
                return ControlFlow::Continue(());
            }
            ids.push(asset.id.clone());
            match put(&ExportLine::Asset(Box::new(asset))) {
                Ok(()) => ControlFlow::Continue(()),
                Err(error) => {
                    failed = Some(error);
                    ControlFlow::Break(())
                }
            }
        })?;
        if let Some(error) = failed {
            return Err(error);
        }
        self.read(|connection| put_edges(connection, search.as_of, &ids, &mut put))
    }
}

fn put_contents(
    connection: &Connection,
    put: &mut dyn FnMut(&ExportLine) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut statement = connection.prepare("SELECT digest, content FROM content ORDER BY digest")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let content = row.get_ref("content")?.as_blob().map_err(rusqlite::Error::from)?;
        put(&ExportLine::Content(ExportedContent {
            digest: row.get("digest")?,
            base64: BASE64_STANDARD.encode(content),
        }))?;
    }
    Ok(())
}

fn put_edges(
    connection: &Connection,
    as_of: AsOf,
    ids: &[AssetId],
    put: &mut dyn FnMut(&ExportLine) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut known: HashMap<i64, &AssetId> = HashMap::with_capacity(ids.len());
    let mut numbers = Vec::with_capacity(ids.len());
    for id in ids {
        let number = contents::number_of(connection, id)?;
        known.extend(number.map(|number| (number, id)));
        numbers.extend(number);
    }
    for number in numbers {
        let beside = graph::beside(connection, as_of, number, graph::PARENTS)?;
        let mut parents: Vec<&AssetId> = beside.iter().filter_map(|upper| known.get(upper).copied()).collect();
        parents.sort_unstable();
        for from in parents {
            let (from, to) = (from.clone(), known[&number].clone());
            put(&ExportLine::Edge(EdgeView { from, to }))?;
        }
    }
    Ok(())
}
