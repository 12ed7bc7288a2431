//! What hangs on an asset, what lost what it was made from, and the way between two assets.

use std::collections::{HashMap, HashSet};

use rusqlite::Connection;

use crate::model::{AsOf, Asset, AssetId, Dependent, Dependents, PathView};

use super::{Catalog, StoreError, assets, chain, columns, graph};

impl Catalog {
    /// The assets below one, nearest first, with all they were made from; none when the id is unknown.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn dependents(&self, id: &AssetId, as_of: AsOf, limit: usize) -> Result<Option<Dependents>, StoreError> {
        self.read(|connection| {
            let Some(root) = assets::find_then(connection, as_of, id)? else {
                return Ok(None);
            };
            let (below, partial) = below(connection, as_of, id, limit)?;
            let sequence = chain::last(connection)?.0.unsigned_abs();
            Ok(Some(Dependents {
                root,
                below,
                partial,
                sequence,
            }))
        })
    }

    /// Assets that were made from something that is gone, and from nothing that is left; ordered by creation, then id.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn orphans(&self) -> Result<Vec<Asset>, StoreError> {
        let query = format!(
            "SELECT {} FROM asset WHERE id IN (SELECT to_asset FROM edge WHERE to_seq IS NOT NULL)
                AND NOT EXISTS (SELECT 1 FROM edge WHERE to_asset = asset.id AND to_seq IS NULL)
                AND EXISTS (SELECT 1 FROM edge WHERE to_asset = asset.id AND from_seq >= asset.created_seq)
             ORDER BY created_seq, id",
            assets::COLUMNS
        );
        self.read(|connection| {
            let mut statement = connection.prepare_cached(&query)?;
            let rows = statement.query_map([], assets::from_row)?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// A shortest way from one asset down to another, or the other way round.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn path(&self, from: &AssetId, to: &AssetId, as_of: AsOf) -> Result<PathView, StoreError> {
        self.read(|connection| {
            let steps = match way(connection, as_of, from, to)? {
                Some(ids) => ids,
                None => way(connection, as_of, to, from)?.unwrap_or_default(),
            };
            let mut found = Vec::with_capacity(steps.len());
            for id in &steps {
                found.extend(assets::find_then(connection, as_of, id)?);
            }
            Ok(PathView {
                from: from.clone(),
                to: to.clone(),
                steps: found,
            })
        })
    }

    /// What an asset was made from, the oldest first.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn parents(&self, id: &AssetId) -> Result<Vec<AssetId>, StoreError> {
        self.read(|connection| graph::neighbours(connection, AsOf::Now, id, super::Direction::Up))
    }
}

/// Walks down level by level.
fn below(
    connection: &Connection,
    as_of: AsOf,
    root: &AssetId,
    limit: usize,
) -> Result<(Vec<Dependent>, bool), StoreError> {
    let mut seen = HashSet::from([root.clone()]);
    let mut found = Vec::new();
    let mut level = vec![root.clone()];
    let mut depth = 0;
    while !level.is_empty() {
        depth += 1;
        let mut next = Vec::new();
        for id in level {
            for child in graph::children(connection, as_of, &id)? {
                if !seen.insert(child.clone()) {
                    continue;
                }
                if found.len() == limit {
                    return Ok((found, true));
                }
                let Some(asset) = assets::find_then(connection, as_of, &child)? else {
                    continue;
                };
                let parents = graph::parents(connection, as_of, &child)?;
                found.push(Dependent { asset, depth, parents });
                next.push(child);
            }
        }
        level = next;
    }
    Ok((found, false))
}

/// The ids on a shortest way down.
fn way(connection: &Connection, as_of: AsOf, from: &AssetId, to: &AssetId) -> Result<Option<Vec<AssetId>>, StoreError> {
    let mut came_from: HashMap<AssetId, AssetId> = HashMap::new();
    let mut level = vec![from.clone()];
    while !level.is_empty() && !came_from.contains_key(to) && from != to {
        let mut next = Vec::new();
        for id in level {
            for child in graph::children(connection, as_of, &id)? {
                if child != *from && !came_from.contains_key(&child) {
                    came_from.insert(child.clone(), id.clone());
                    next.push(child);
                }
            }
        }
        level = next;
    }
    let mut steps = vec![to.clone()];
    while let Some(above) = steps.last().and_then(|id| came_from.get(id)) {
        steps.push(above.clone());
    }
    steps.reverse();
    Ok((steps.first() == Some(from)).then_some(steps))
}

/// The ids of assets that have one of these metadata paths, with what stands there, where that is at most `until`.
pub(super) fn with_values_until(
    connection: &Connection,
    path: &str,
    until: &str,
) -> Result<Vec<(AssetId, String)>, StoreError> {
    let query = "SELECT asset_id, value FROM asset_value WHERE path = ?1 AND value < ?2";
    let mut statement = connection.prepare_cached(query)?;
    let rows = statement.query_map([path, until], |row| {
        Ok((columns::noun(row, "asset_id")?, row.get("value")?))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
