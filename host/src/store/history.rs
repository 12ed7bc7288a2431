//! What happened to one asset: when, by whom, and what changed field by field.

use std::collections::BTreeMap;

use rusqlite::{Connection, Row, params};

use crate::model::{AsOf, Asset, AssetEvent, AssetId, FieldChange, HistoryView};

use super::{Catalog, StoreError, assets, columns};

const COLUMNS: &str = "seq, time, event, execution_id, flow_id, task_id, user, reason";

fn from_row(row: &Row<'_>) -> rusqlite::Result<HistoryView> {
    let sequence: i64 = row.get("seq")?;
    Ok(HistoryView {
        sequence: sequence.unsigned_abs(),
        time: columns::time(row, "time")?,
        event: columns::name(row, "event", AssetEvent::from_name)?,
        execution_id: columns::optional_noun(row, "execution_id")?,
        flow_id: columns::optional_noun(row, "flow_id")?,
        task_id: columns::optional_noun(row, "task_id")?,
        user: row.get("user")?,
        reason: row.get("reason")?,
        changes: Vec::new(),
    })
}

impl Catalog {
    /// The history of an asset, oldest first, also of one that was deleted; empty when the id was never known.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn history(&self, id: &AssetId, as_of: AsOf) -> Result<Vec<HistoryView>, StoreError> {
        self.read(|connection| of(connection, as_of, id))
    }
}

/// The history of an asset up to a moment.
pub(super) fn of(connection: &Connection, as_of: AsOf, id: &AssetId) -> Result<Vec<HistoryView>, StoreError> {
    let query = format!(
        "SELECT {COLUMNS} FROM asset_event JOIN asset_change USING (seq)
            WHERE asset = (SELECT number FROM asset WHERE id = ?1) AND seq <= ?2 ORDER BY seq"
    );
    let mut statement = connection.prepare_cached(&query)?;
    let rows = statement.query_map(params![id.as_str(), assets::sequence_of(as_of)], from_row)?;
    let mut entries: Vec<HistoryView> = rows.collect::<Result<_, _>>()?;
    let versions = versions(connection, id)?;
    for entry in &mut entries {
        let sequence = entry.sequence.cast_signed();
        let Some(after) = versions.get(&sequence) else { continue };
        let before = match entry.event {
            AssetEvent::Created => None,
            _ => versions.range(..sequence).next_back().map(|(_, asset)| asset),
        };
        entry.changes = FieldChange::between(before, Some(after));
    }
    Ok(entries)
}

/// Every content the asset has had, by the event that gave it.
fn versions(connection: &Connection, id: &AssetId) -> Result<BTreeMap<i64, Asset>, StoreError> {
    let query = format!(
        "SELECT {}, from_seq FROM asset_ever WHERE id = ?2",
        assets::COLUMNS_THEN
    );
    let mut statement = connection.prepare_cached(&query)?;
    let rows = statement.query_map(params![i64::MAX, id.as_str()], |row| {
        Ok((row.get("from_seq")?, assets::from_row(row)?))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
