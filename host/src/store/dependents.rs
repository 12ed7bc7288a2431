//! What hangs on an asset, what lost what it was made from, and the way between two assets.

use std::collections::{BTreeSet, HashMap, HashSet};

use rusqlite::Connection;

use crate::model::{AsOf, Asset, AssetId, Dependent, Dependents, PathView};

use super::assets::Placed;
use super::{Catalog, Direction, StoreError, assets, chain, columns, graph};

impl Catalog {
    /// The assets below one, nearest first, with all they were made from; none when the id is unknown.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn dependents(&self, id: &AssetId, as_of: AsOf, limit: usize) -> Result<Option<Dependents>, StoreError> {
        self.read(|connection| {
            let Some(root) = assets::find_placed(connection, as_of, id)? else {
                return Ok(None);
            };
            let (below, partial) = below(connection, as_of, &root, limit)?;
            let sequence = chain::last(connection)?.0.unsigned_abs();
            Ok(Some(Dependents {
                root: root.asset,
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
            "SELECT {} FROM asset WHERE to_seq IS NULL
                AND number IN (SELECT to_asset FROM edge WHERE edge.to_seq IS NOT NULL)
                AND NOT EXISTS (SELECT 1 FROM edge WHERE to_asset = number AND edge.to_seq IS NULL)
                AND EXISTS (SELECT 1 FROM edge WHERE to_asset = number AND edge.from_seq >= created_seq)
             ORDER BY created_seq, created, id",
            assets::COLUMNS
        );
        self.read(|connection| {
            let mut statement = connection.prepare_cached(&query)?;
            let rows = statement.query_map([], assets::from_row)?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// The assets that would be orphans if these were deleted; ordered by id.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn left_behind(&self, ids: &[AssetId]) -> Result<Vec<AssetId>, StoreError> {
        self.read(|connection| {
            let gone: HashSet<&AssetId> = ids.iter().collect();
            let mut found = BTreeSet::new();
            for id in ids {
                for child in graph::neighbours(connection, AsOf::Now, id, Direction::Down)? {
                    let parents = graph::neighbours(connection, AsOf::Now, &child, Direction::Up)?;
                    if !gone.contains(&child) && parents.iter().all(|parent| gone.contains(parent)) {
                        found.insert(child);
                    }
                }
            }
            Ok(found.into_iter().collect())
        })
    }

    /// A shortest way from one asset down to another, or the other way round.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn path(&self, from: &AssetId, to: &AssetId, as_of: AsOf) -> Result<PathView, StoreError> {
        self.read(|connection| {
            let number = |id| assets::find_placed(connection, as_of, id).map(|found| found.map(|asset| asset.number));
            let steps = match (number(from)?, number(to)?) {
                (Some(upper), Some(lower)) => match way(connection, as_of, upper, lower)? {
                    Some(numbers) => numbers,
                    None => way(connection, as_of, lower, upper)?.unwrap_or_default(),
                },
                _ => Vec::new(),
            };
            let steps = assets::placed(connection, as_of, steps)?;
            Ok(PathView {
                from: from.clone(),
                to: to.clone(),
                steps: steps.into_iter().map(|placed| placed.asset).collect(),
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
    root: &Placed,
    limit: usize,
) -> Result<(Vec<Dependent>, bool), StoreError> {
    let mut seen = HashSet::from([root.number]);
    let mut names = Names::new(connection);
    names.known.insert(root.number, root.asset.id.clone());
    let mut found = Vec::new();
    let mut level = vec![root.number];
    let mut depth = 0;
    while !level.is_empty() {
        depth += 1;
        let mut next = Vec::new();
        for number in level {
            for child in graph::beside(connection, as_of, number, graph::CHILDREN)? {
                if seen.insert(child) {
                    next.push(child);
                }
            }
        }
        let room = limit - found.len();
        let is_full = next.len() > room;
        next.truncate(room);
        for placed in assets::placed(connection, as_of, next.iter().copied())? {
            names.known.insert(placed.number, placed.asset.id.clone());
            found.push((depth, placed));
        }
        if is_full {
            return Ok((with_parents(connection, as_of, found, names)?, true));
        }
        level = next;
    }
    Ok((with_parents(connection, as_of, found, names)?, false))
}

/// Adds to each asset the ids of what it was made from, in the order of the alphabet.
fn with_parents(
    connection: &Connection,
    as_of: AsOf,
    found: Vec<(usize, Placed)>,
    mut names: Names<'_>,
) -> Result<Vec<Dependent>, StoreError> {
    let complete = |(depth, placed): (usize, Placed)| {
        let mut parents = Vec::new();
        for number in graph::beside(connection, as_of, placed.number, graph::PARENTS)? {
            parents.push(names.of(number)?);
        }
        parents.sort_unstable();
        Ok(Dependent {
            asset: placed.asset,
            depth,
            parents,
        })
    };
    found.into_iter().map(complete).collect()
}

/// The ids behind numbers, those known already among them.
struct Names<'a> {
    connection: &'a Connection,
    known: HashMap<i64, AssetId>,
}

impl<'a> Names<'a> {
    fn new(connection: &'a Connection) -> Self {
        Self {
            connection,
            known: HashMap::new(),
        }
    }

    fn of(&mut self, number: i64) -> Result<AssetId, StoreError> {
        if let Some(id) = self.known.get(&number) {
            return Ok(id.clone());
        }
        let query = "SELECT id FROM asset WHERE number = ?1";
        let id: AssetId = self
            .connection
            .prepare_cached(query)?
            .query_row([number], |row| columns::noun(row, "id"))?;
        self.known.insert(number, id.clone());
        Ok(id)
    }
}

/// The numbers on a shortest way down.
fn way(connection: &Connection, as_of: AsOf, from: i64, to: i64) -> Result<Option<Vec<i64>>, StoreError> {
    let mut came_from: HashMap<i64, i64> = HashMap::new();
    let mut level = vec![from];
    while !level.is_empty() && !came_from.contains_key(&to) && from != to {
        let mut next = Vec::new();
        for number in level {
            for child in graph::beside(connection, as_of, number, graph::CHILDREN)? {
                if child != from && !came_from.contains_key(&child) {
                    came_from.insert(child, number);
                    next.push(child);
                }
            }
        }
        level = next;
    }
    let mut steps = vec![to];
    while let Some(above) = steps.last().and_then(|number| came_from.get(number)) {
        steps.push(*above);
    }
    steps.reverse();
    Ok((steps.first() == Some(&from)).then_some(steps))
}

/// The ids of assets that have one of these metadata paths, with what stands there, where that is at most `until`.
pub(super) fn with_values_until(
    connection: &Connection,
    path: &str,
    until: &str,
) -> Result<Vec<(AssetId, String)>, StoreError> {
    let query = "SELECT id, value FROM asset_value JOIN asset ON number = asset WHERE path = ?1 AND value < ?2";
    let mut statement = connection.prepare_cached(query)?;
    let rows = statement.query_map([path, until], |row| Ok((columns::noun(row, "id")?, row.get("value")?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
