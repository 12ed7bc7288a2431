//! Walks the edges between assets, level by level from one of them.
//!
//! The walk keeps only ids it has seen: carrying the depth through a recursive query is quadratic on graphs that
//! branch and join, and a recursive query reads all neighbours of a hub before a limit on nodes can stop it.

use std::collections::{BTreeMap, HashSet};

use rusqlite::Connection;

use crate::model::{Asset, AssetId, EdgeView, GraphView};

use super::{Catalog, StoreError, assets, columns};

/// Which way to walk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// To what the asset was made from.
    Up,
    /// To what was made from the asset.
    Down,
    /// Up to what it was made from and down to what was made from it; not down again from its parents.
    Both,
}

/// Which piece of the graph to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GraphRequest {
    pub root: AssetId,
    pub direction: Direction,
    /// How many edges away from the root; no limit when absent.
    pub depth: Option<usize>,
    /// At most this many assets, the root among them.
    pub nodes: usize,
}

const PARENTS: &str = "SELECT from_asset AS id FROM edge WHERE to_asset = ?1 AND to_seq IS NULL ORDER BY from_asset";
const CHILDREN: &str = "SELECT to_asset AS id FROM edge WHERE from_asset = ?1 AND to_seq IS NULL ORDER BY to_asset";

impl Catalog {
    /// The graph around an asset, the nearest assets first in line for the limit; none when the root is unknown.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn graph(&self, request: &GraphRequest) -> Result<Option<GraphView>, StoreError> {
        self.read(|connection| {
            if assets::find(connection, &request.root)?.is_none() {
                return Ok(None);
            }
            let (reached, partial) = walk(connection, request)?;
            let nodes = nodes(connection, &reached)?;
            let edges = edges(connection, &nodes)?;
            Ok(Some(GraphView { root: request.root.clone(), nodes, edges, partial }))
        })
    }
}

/// One way to walk, and how far it got.
struct Walk {
    neighbours: &'static str,
    seen: HashSet<AssetId>,
    frontier: Vec<AssetId>,
}

impl Walk {
    fn from(root: &AssetId, neighbours: &'static str) -> Self {
        Self { neighbours, seen: HashSet::from([root.clone()]), frontier: vec![root.clone()] }
    }

    /// Takes one step from everywhere it stands. Returns whether the limit on nodes stopped it.
    fn step(&mut self, connection: &Connection, reached: &mut HashSet<AssetId>, limit: usize) -> Result<bool, StoreError> {
        let mut statement = connection.prepare_cached(self.neighbours)?;
        for id in std::mem::take(&mut self.frontier) {
            let mut rows = statement.query([id.as_str()])?;
            while let Some(row) = rows.next()? {
                let next: AssetId = columns::noun(row, "id")?;
                if self.seen.contains(&next) {
                    continue;
                }
                if reached.len() >= limit && !reached.contains(&next) {
                    return Ok(true);
                }
                reached.insert(next.clone());
                self.seen.insert(next.clone());
                self.frontier.push(next);
            }
        }
        Ok(false)
    }
}

/// The assets within the limits, and whether a limit hid others.
fn walk(connection: &Connection, request: &GraphRequest) -> Result<(HashSet<AssetId>, bool), StoreError> {
    let up = || Walk::from(&request.root, PARENTS);
    let down = || Walk::from(&request.root, CHILDREN);
    let mut walks = match request.direction {
        Direction::Up => vec![up()],
        Direction::Down => vec![down()],
        Direction::Both => vec![up(), down()],
    };
    let mut reached = HashSet::from([request.root.clone()]);
    let mut steps = 0;
    while walks.iter().any(|walk| !walk.frontier.is_empty()) && request.depth.is_none_or(|depth| steps < depth) {
        for walk in &mut walks {
            if walk.step(connection, &mut reached, request.nodes)? {
                return Ok((reached, true));
            }
        }
        steps += 1;
    }
    // One more step with no room left tells whether the limit on depth hid anything.
    let full = reached.len();
    for walk in &mut walks {
        if walk.step(connection, &mut reached, full)? {
            return Ok((reached, true));
        }
    }
    Ok((reached, false))
}

/// The assets reached, ordered by creation, then id.
fn nodes(connection: &Connection, reached: &HashSet<AssetId>) -> Result<Vec<Asset>, StoreError> {
    let mut nodes = Vec::with_capacity(reached.len());
    let mut statement = connection.prepare_cached("SELECT created_seq FROM asset WHERE id = ?1")?;
    for id in reached {
        if let Some(asset) = assets::find(connection, id)? {
            let created: i64 = statement.query_row([id.as_str()], |row| row.get("created_seq"))?;
            nodes.push((created, asset));
        }
    }
    nodes.sort_by(|(a, left), (b, right)| (a, &left.id).cmp(&(b, &right.id)));
    Ok(nodes.into_iter().map(|(_, asset)| asset).collect())
}

/// The edges between the nodes, ordered by the age of their ends. What an asset was made from is a short list, what
/// was made from it may be the whole catalog, so that edges are read from their lower end.
fn edges(connection: &Connection, nodes: &[Asset]) -> Result<Vec<EdgeView>, StoreError> {
    let ranks: BTreeMap<&AssetId, usize> = nodes.iter().enumerate().map(|(rank, asset)| (&asset.id, rank)).collect();
    let mut statement = connection.prepare_cached(PARENTS)?;
    let mut found = Vec::new();
    for (to, asset) in nodes.iter().enumerate() {
        let mut rows = statement.query([asset.id.as_str()])?;
        while let Some(row) = rows.next()? {
            let parent: AssetId = columns::noun(row, "id")?;
            found.extend(ranks.get(&parent).map(|from| (*from, to)));
        }
    }
    found.sort_unstable();
    let edge = |(from, to): (usize, usize)| EdgeView { from: nodes[from].id.clone(), to: nodes[to].id.clone() };
    Ok(found.into_iter().map(edge).collect())
}
