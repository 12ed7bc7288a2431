//! The difference between two moments of the catalog.

use std::collections::BTreeSet;

use rusqlite::{Connection, params};

use crate::model::{AsOf, AssetId, ChangedAsset, DifferenceView, EdgeView, FieldChange};

use super::{Catalog, StoreError, assets, columns};

impl Catalog {
    /// What is different at the second moment: assets by id, edges by their ends.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn difference(&self, from: AsOf, to: AsOf) -> Result<DifferenceView, StoreError> {
        self.read(|connection| difference(connection, from, to))
    }
}

fn difference(connection: &Connection, from: AsOf, to: AsOf) -> Result<DifferenceView, StoreError> {
    let (start, end) = (assets::sequence_of(from), assets::sequence_of(to));
    let mut view = DifferenceView {
        from_sequence: start.unsigned_abs(),
        to_sequence: end.unsigned_abs(),
        created: Vec::new(),
        changed: Vec::new(),
        deleted: Vec::new(),
        edges_opened: Vec::new(),
        edges_closed: Vec::new(),
    };
    for id in touched(connection, start.min(end), start.max(end))? {
        let before = assets::find_then(connection, from, &id)?;
        let after = assets::find_then(connection, to, &id)?;
        let Some(asset) = after.as_ref().or(before.as_ref()) else {
            continue;
        };
        let changes = FieldChange::between(before.as_ref(), after.as_ref());
        let entry = ChangedAsset {
            id,
            asset_type: asset.asset_type.clone(),
            changes,
        };
        match (before.is_some(), after.is_some()) {
            (false, true) => view.created.push(entry),
            (true, false) => view.deleted.push(entry),
            _ if entry.changes.is_empty() => {}
            _ => view.changed.push(entry),
        }
    }
    let (before, after) = (edges(connection, start, end)?, edges(connection, end, start)?);
    view.edges_closed = before.difference(&after).cloned().collect();
    view.edges_opened = after.difference(&before).cloned().collect();
    Ok(view)
}

/// The assets of which a version began or ended between two events.
fn touched(connection: &Connection, low: i64, high: i64) -> Result<BTreeSet<AssetId>, StoreError> {
    let query = "SELECT DISTINCT id FROM asset_event JOIN asset ON number = asset
        WHERE seq BETWEEN ?1 + 1 AND ?2 AND event != 'USED'
            AND (from_seq BETWEEN ?1 + 1 AND ?2 OR to_seq BETWEEN ?1 + 1 AND ?2 OR EXISTS
                (SELECT 1 FROM asset_version AS version WHERE version.asset = number AND
                    (version.from_seq BETWEEN ?1 + 1 AND ?2 OR version.to_seq BETWEEN ?1 + 1 AND ?2)))";
    let mut statement = connection.prepare_cached(query)?;
    let rows = statement.query_map([low, high], |row| columns::noun(row, "id"))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The edges there were after one event, among those that began or ended between it and another.
fn edges(connection: &Connection, then: i64, other: i64) -> Result<BTreeSet<EdgeView>, StoreError> {
    let query = "WITH touched AS (
            SELECT from_asset, to_asset FROM edge WHERE from_seq > ?2 AND from_seq <= ?3
                AND from_seq <= ?1 AND (to_seq IS NULL OR to_seq > ?1)
            UNION SELECT from_asset, to_asset FROM edge WHERE to_seq > ?2 AND to_seq <= ?3
                AND from_seq <= ?1 AND to_seq > ?1)
        SELECT upper.id AS from_asset, lower.id AS to_asset FROM touched
            JOIN asset AS upper ON upper.number = touched.from_asset
            JOIN asset AS lower ON lower.number = touched.to_asset";
    let mut statement = connection.prepare_cached(query)?;
    let rows = statement.query_map(params![then, then.min(other), then.max(other)], |row| {
        Ok(EdgeView {
            from: columns::noun(row, "from_asset")?,
            to: columns::noun(row, "to_asset")?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
